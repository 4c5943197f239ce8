"""The hand-written pages name what exists."""

import re
import tomllib
from pathlib import Path

import pytest

import mmsbatch
from mmsbatch.cli.main import COMMANDS, NOT_BUILT
from mmsbatch.cli.options import _LATER_FORMATS
from mmsbatch.record.events import EVENTS
from mmsbatch.record.states import ChunkState, RevisionStatus

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = Path(mmsbatch.__file__).parent
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "CHANGELOG.md"]


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


ARCHITECTURE = read("architecture.md")
PLACES = sorted(set(re.findall(r"[a-z_]+(?:/[a-z_.]+)*(?:/(?![\w])|\.(?:py|json|j2|toml)\b)", ARCHITECTURE)))


@pytest.mark.parametrize("place", PLACES)
def test_place_in_the_architecture_exists(place):
    assert (PACKAGE / place).exists() or (ROOT / place).exists()


def test_architecture_names_every_package():
    packages = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert {f"{name}/" for name in packages} <= set(PLACES)


def test_architecture_names_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[a-z-]+", each)[0] for each in wanted}
    named = set(re.findall(r"[a-z-]+", ARCHITECTURE.partition("## Dependencies")[2]))
    assert names - named == set()


@pytest.mark.parametrize("word", [*EVENTS, *ChunkState, *RevisionStatus])
def test_record_page_names_every_event_and_state(word):
    assert f"`{word}`" in read("record.md")


@pytest.mark.parametrize("word", [*NOT_BUILT, *sorted(_LATER_FORMATS)])
def test_what_is_not_built_is_said(word):
    assert f"`{word}`" in read("README.md").partition("## Not built yet")[2]


def test_what_is_said_not_to_be_built_is_no_command():
    row = next(line for line in read("README.md").splitlines() if line.startswith("| commands"))
    assert set(re.findall(r"`([a-z]+)`", row)) == set(NOT_BUILT)
    assert not set(NOT_BUILT) & COMMANDS.keys()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", path.read_text(encoding="utf-8")):
        page = path.parent / target if target else path
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
