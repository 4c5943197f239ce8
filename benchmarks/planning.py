"""Reading recipients and planning without a gateway: beside a bare loop over the same rows, which does nothing else."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.case import Case, WrongOutcome
from benchmarks.process import Command
from benchmarks.rows import Counts, write_mixed, write_plain
from benchmarks.workplace import Workplace

_TEXTS = {
    "constant text": ("Bonjour, -30 % dès demain. STOP au 36180", 1.5),
    "first names": ("Bonjour {{ prenom }}, -30 % dès demain. STOP au 36180", 2.5),
}
_MB_FOR_A_MILLION, _MB_FOR_MANY = 200, 1_200


def cases(place: Workplace) -> Iterator[Case]:
    """Plan many rows, tidy ones and such as people send."""
    files = {"tidy rows": write_plain, "mixed rows": write_mixed}
    for kind, write in files.items():
        csv = place.folder / f"{kind.split()[0]}.csv"
        counts = write(csv, place.rows)
        for text in _TEXTS:
            work = f"`plan --offline`, {place.rows:,} {kind}, {text}"
            yield _case(place, csv, counts, text, work=work, most_memory=_MB_FOR_A_MILLION, runs=5)


def many_cases(place: Workplace) -> Iterator[Case]:
    """Plan ten times as many, for the memory that it takes."""
    csv = place.folder / "many.csv"
    counts = write_mixed(csv, place.rows * 10)
    for text in _TEXTS:
        work = f"`plan --offline`, {counts.rows:,} mixed rows, {text}"
        yield _case(place, csv, counts, text, work=work, most_memory=_MB_FOR_MANY, runs=1)


def _case(place: Workplace, csv: Path, counts: Counts, text: str, *, work: str, most_memory: int, runs: int) -> Case:
    written, most = _TEXTS[text]
    campaign = csv.with_name(f"{csv.stem}-{text.replace(' ', '-')}.yaml")
    campaign.write_text(
        f"version: 1\nname: Soldes\nmessage: {{type: text, text: {json.dumps(written)}}}\n"
        f"recipients: {{file: {csv.name}, phone: mobile}}\n",
        encoding="utf-8",
    )
    plan = [place.mmsbatch, "plan", str(campaign), "--offline", "--format", "json"]
    loop = place.bare_loop("read_rows.py")
    bare = [place.python, str(loop), str(csv), "mobile"]
    peer = Command(loop.name, bare, partial(_check_loop, counts)) if loop else None
    ours = Command("mmsbatch plan", plan, partial(_check_plan, counts))
    return Case(work, ours, peer, most=most, most_memory=most_memory, runs=runs)


def _check_plan(counts: Counts, printed: str) -> None:
    plan = json.loads(printed)["campaigns"][0]
    found = Counts(plan["rows"], plan["to_send"], plan["duplicates"])
    if found != counts or plan["invalid"]:
        raise WrongOutcome(f"planned {found}, written were {counts}")


def _check_loop(counts: Counts, printed: str) -> None:
    found = [int(count) for count in printed.split()]
    if found != [counts.numbers, counts.duplicates, 0]:
        raise WrongOutcome(f"the bare loop found {found}, written were {counts}")
