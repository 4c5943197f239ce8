"""A plan as a comment on a pull request, and the summary of a CI step."""

import re
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import pytest
from campaign_repo import CampaignRepo, Serve, number, wire
from cmarkgfm.cmark import Options

from mmsbatch.reports.plan_markdown import MARKER
from mmsbatch.sandbox import Sandbox

SPEC = "campaigns/sale.yaml"
#: A hundred characters, and all of them meant literally.
NASTY = [
    "| a | `b` | <b>c</b> | @octocat #1 | ![x](http://www.example.com/x.png) | <!-- d --> | **e** _f_ | z",
    "``` ~~~ <details><summary>x</summary> @org/team owner/repo#12 GH-7 www.example.com https://example.com",
    "<script>alert(1)</script> &lt; &amp; &#64;octocat \\| \\` $x$ :smile: - [ ] todo 1234567 a@example.com",
]
_NASTY = [(text + "." * 100)[:100] for text in NASTY]


class Page(HTMLParser):
    """A rendered page: its tags, what stands in blocks of code, and what stands outside of any code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.blocks: list[str] = []
        self.comments: list[str] = []
        self.plain, self._open = "", list[str]()
        self.feed(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._open.append(tag)
        if tag == "pre":
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open.remove(tag)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if "pre" in self._open:
            self.blocks[-1] += data
        elif "code" not in self._open:
            self.plain += data


OURS = {"h2", "h3", "p", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"}


def test_forty_campaigns_of_nasty_texts_are_shown_literally_and_fit(repo: CampaignRepo) -> None:
    repo.configure({"send_url": "http://127.0.0.1:1/", "account_url": "http://127.0.0.1:1/"})
    for place in range(40):
        text = _NASTY[place % len(_NASTY)]
        name = f"c{place:02}"
        repo.write_yaml(
            f"campaigns/{name}.yaml",
            {
                "name": text[:40],
                "message": {"type": "image", "text": text, "image": {"url": "http://www.example.com/a.jpg"}},
                "recipients": {"file": f"{name}.csv"},
                "variables": {"unused | `x` @octocat": "y"},
            },
        )
        repo.write_rows(range(place * 10, place * 10 + 10), name)
    ended = repo.run("plan", "campaigns", "--offline", "--format", "markdown")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0] == MARKER
    assert len(ended.out) < 65_536
    page = Page(ended.out)
    assert page.tags <= OURS
    assert page.comments == [MARKER[4:-3]]
    assert not re.search(r"@|#[0-9]|GH-|www|http|<|\||`|\$|:smile:", page.plain)
    assert "MMS plan: sends to 400 recipients" in page.plain
    assert [block for block in page.blocks if "warning" not in block] == [
        f"{_NASTY[place % len(_NASTY)]}\n" for place in range(40)
    ]
    assert "left out" not in page.plain


def test_a_page_that_is_too_long_keeps_its_verdict(repo: CampaignRepo) -> None:
    repo.configure({"send_url": "http://127.0.0.1:1/", "account_url": "http://127.0.0.1:1/"})
    for place in range(90):
        repo.write_campaign(f"c{place:02}", message={"type": "text", "text": "Bonjour é" * 100})
        repo.write_rows([place], f"c{place:02}")
    ended = repo.run("plan", "campaigns", "--offline", "--format", "markdown", "-o", "comment.md")
    assert ended.code == 0, ended.err
    text = (repo.root / "comment.md").read_text(encoding="utf-8")
    assert 50_000 < len(text) < 65_536
    assert text.startswith(f"{MARKER}\n## MMS plan: sends to 90 recipients\n")
    assert re.search(r"\*[0-9]+ parts are left out for length: `mmsbatch plan` shows them all\.\*$", text.strip())
    assert text.count("### `campaigns/") == 90


@pytest.fixture
def gateway(repo: CampaignRepo, serve: Serve) -> Sandbox:
    gateway = serve(reject=frozenset({wire(3)}))
    repo.configure(gateway, chunk_size=2)
    repo.write_campaign()
    repo.write_rows(range(6), names=["Inès", "Maximilienne"])
    return gateway


def test_samples_are_invented_and_as_long_as_the_longest(repo: CampaignRepo, gateway: Sandbox) -> None:
    text = repo.run("plan", SPEC, "--format", "markdown").out
    assert "Inès" not in text
    assert "Maximilienne" not in text
    blocks = [block.strip() for block in Page(text).blocks]
    longest = "Bonjour CamilleCamil, -30 % demain. STOP au 36180"
    assert blocks == [longest, *(f"Bonjour {name}, -30 % demain. STOP au 36180" for name in ("Camille", "Lou"))]
    assert len(longest) == len("Bonjour Maximilienne, -30 % demain. STOP au 36180")
    assert f"Longest, {len(longest)} of 1000 characters" in text


def test_the_same_plan_gives_the_same_page(repo: CampaignRepo, gateway: Sandbox) -> None:
    first, second = (repo.run("plan", SPEC, "--format", "markdown").out for _ in range(2))
    assert first == second


def test_the_page_says_what_changed_since_the_last_send(repo: CampaignRepo, gateway: Sandbox) -> None:
    assert repo.run("apply", SPEC, "--yes").code == 0
    repo.write_campaign(message={"type": "text", "text": "Bonsoir {{ prenom }}"}, revision=2)
    text = repo.run("plan", SPEC, "--format", "markdown").out
    assert re.search(r"^Since the last send \(revision 1, `20.*Z`\) changed: `template`\.$", text, re.MULTILINE)
    assert "sends AGAIN to 5 who got revision 1" in text


def test_errors_stand_behind_the_verdict(repo: CampaignRepo, gateway: Sandbox) -> None:
    repo.write_campaign(limits={"recipients": 5})
    ended = repo.run("plan", SPEC, "--format", "markdown")
    assert ended.code == 1
    page = Page(ended.out)
    assert "MMS plan: refused, 1 error" in page.plain
    assert "6 recipients, and the limit is 5" in page.blocks[0]


def test_other_commands_have_no_markdown(repo: CampaignRepo, gateway: Sandbox) -> None:
    for command in ("validate", "apply"):
        assert repo.run(command, SPEC, "--format", "markdown").code == 2


# --- the summary of a step


def summary_of(repo: CampaignRepo) -> tuple[Path, dict[str, str]]:
    path = repo.home / "summary.md"
    return path, {"GITHUB_STEP_SUMMARY": str(path)}


def test_plan_and_apply_write_the_summary_of_their_step(repo: CampaignRepo, gateway: Sandbox) -> None:
    path, env = summary_of(repo)
    path.write_text("# Before, without a line end", encoding="utf-8")
    assert repo.run("plan", SPEC, "--format", "json", env=env).code == 0
    planned = path.read_text(encoding="utf-8")
    assert planned.startswith(f"# Before, without a line end\n\n{MARKER}\n## MMS plan: sends to 6 recipients\n")
    assert repo.run("apply", SPEC, "--yes", "-q", env=env).code == 0
    applied = path.read_text(encoding="utf-8").removeprefix(planned)
    assert "## MMS apply: 5 recipients accepted, exit code 0" in applied
    assert "| 6 | 5 | 1 | 0 | 0 | 0 |" in applied
    assert Page(applied).tags <= OURS
    assert not re.search(r"@|<|http", Page(applied).plain)
    assert number(3) not in applied


def test_a_refusal_is_in_the_summary(repo: CampaignRepo, gateway: Sandbox) -> None:
    path, env = summary_of(repo)
    repo.write_campaign(limits={"recipients": 5})
    assert repo.run("apply", SPEC, "--yes", env=env).code == 1
    text = path.read_text(encoding="utf-8")
    assert "## MMS plan: refused, 1 error" in text
    assert "## MMS apply: refused, exit code 1" in text
    repo.write("campaigns/sale.csv", "phone;prenom\nx;y\n")
    assert repo.run("plan", SPEC, env=env).code == 1
    assert "[number-letters]" in path.read_text(encoding="utf-8").removeprefix(text)


def test_a_summary_that_cannot_be_written_changes_nothing_else(repo: CampaignRepo, gateway: Sandbox) -> None:
    ended = repo.run("plan", SPEC, env={"GITHUB_STEP_SUMMARY": str(repo.home)})
    assert ended.code == 0
    assert "warning: the step summary cannot be written: Is a directory" in ended.err
    path, env = summary_of(repo)
    path.write_text("x" * 900 * 1024, encoding="utf-8")
    ended = repo.run("apply", SPEC, "--yes", env=env)
    assert ended.code == 0
    assert "warning: the step summary is full" in ended.err
    assert path.stat().st_size == 900 * 1024


def test_a_summary_has_the_room_that_is_left(repo: CampaignRepo, gateway: Sandbox) -> None:
    path, env = summary_of(repo)
    before = 900 * 1024 - 800
    path.write_text("x" * before, encoding="utf-8")
    assert repo.run("plan", SPEC, env=env).code == 0
    added = path.read_text(encoding="utf-8")[before:]
    assert len(added.encode()) <= 800
    assert "MMS plan: sends to 6 recipients" in added
    assert "parts are left out" in added
