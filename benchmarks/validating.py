"""Checking campaign files: beside check-jsonschema, which reads no recipients and renders no text."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.case import Case, WrongOutcome
from benchmarks.process import Command
from benchmarks.workplace import ROOT, Workplace

FILES = 1_000
_TEXTS = (
    "Bonjour {{{{ prenom }}}}, -30 % dès demain à {ville}. STOP au 36180",
    "Soldes à {ville} : rendez-vous samedi ! STOP au 36180",
    "Bonjour {{{{ prenom|default('à vous') }}}}, {ville} vous attend. STOP au 36180",
)
_TYPES = (
    "type: text",
    'type: image\n  image: {{url: "http://www.example.com/mms/soldes-{number}.jpg"}}',
    'type: video\n  video: {{url: "http://www.example.com/mms/soldes-{number}.3gp", duration: 12}}',
)


def cases(place: Workplace) -> Iterator[Case]:
    """Compare a thousand small files, and one alone."""
    folder = place.folder / "campaigns"
    write_campaigns(folder)
    files = sorted(folder.iterdir())
    of_many, of_one = f"`validate`, {FILES:,} files", "`validate`, one file"
    yield Case(of_many, _ours(place, folder, FILES), _peer(place, files), most=0.25, aim=0.125, runs=5)
    yield Case(of_one, _ours(place, files[0], 1), _peer(place, files[:1]), most=0.5, runs=21)


def _ours(place: Workplace, path: Path, files: int) -> Command:
    def check(printed: str) -> None:
        if f"{files:,} file{'s' if files > 1 else ''} checked: 0 errors" not in printed:
            raise WrongOutcome(printed[-2000:])

    return Command("mmsbatch validate", [place.mmsbatch, "validate", str(path)], check)


def _peer(place: Workplace, files: list[Path]) -> Command:
    schema = str(ROOT / "schemas" / "campaign.schema.json")
    program = place.peer("check-jsonschema")
    return Command("check-jsonschema", [program, "--schemafile", schema, *map(str, files)])


def write_campaigns(folder: Path) -> None:
    """Write small campaigns, no two alike: each has three recipients of its own."""
    folder.mkdir()
    for number in range(FILES):
        (folder / f"sale-{number:04}.yaml").write_text(_campaign(number), encoding="utf-8")


def _campaign(number: int) -> str:
    text = _TEXTS[number % len(_TEXTS)].format(ville=f"Ville {number}")
    phones = [f"06{number:04}{place:04}" for place in range(3)]
    return f"""\
version: 1
name: Soldes {number}
message:
  {_TYPES[number // 3 % len(_TYPES)].format(number=number)}
  text: |
    {text}
recipients:
  list:
    - {{phone: "{phones[0]}", prenom: Anne}}
    - {{phone: "{phones[1]}", prenom: Zoé}}
    - {{phone: "{phones[2]}", prenom: Camille}}
limits: {{recipients: 10, canary: 2}}
"""
