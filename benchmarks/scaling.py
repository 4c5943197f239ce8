"""`python -m benchmarks.scaling [--rows N] [--page]`: one runner or several, a slow remote, a gateway with a limit.

Simulated with whole processes over a gateway that takes its time; in each run every number must have been sent once.
Ends with exit code 1 where a record on the branch costs more than it may. `--page` puts the tables into the page.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from benchmarks.fleet import Outcome, Setting, simulate
from benchmarks.report import align
from benchmarks.workplace import KEPT, ROOT, Workplace, open_workplace

PAGE = ROOT / "docs" / "scaling.md"
BEGIN, END = "<!-- measured: -->\n", "<!-- :measured -->"
ROWS = 200_000
#: With a record on the branch, a push of 2 s and requests of 100 ms: the most it may take of the folder's time.
MOST = 1.25
_HEAD = ("runners × in flight", "record", "time", "of the first", "requests/s", "pushes", "tries", "claims")


@dataclass(frozen=True, slots=True)
class Block:
    """Settings that are compared with the first of them; `most` bounds the ratios of the first runner's."""

    title: str
    settings: Sequence[Setting]
    most: float | None = None


def blocks(rows: int) -> list[Block]:
    """Return what is simulated, of so many recipients and of a fifth of them."""
    quick = Setting(rows, latency=0.1, in_flight=4)
    slow = Setting(rows // 5, latency=1, in_flight=4)
    limited = Setting(rows // 5, latency=0.1, in_flight=4, limit=20)
    many, slow_many = replace(quick, in_flight=32), replace(slow, recipients=rows, in_flight=32)
    return [
        Block(f"One runner: {_told(quick)}", [quick, *_on_branch(quick, 0, 0.5, 2)], most=MOST),
        Block(f"More in flight: {_told(many)}", [many, *_on_branch(many, 0.5, 2)]),
        Block(f"More in flight: {_told(slow_many)}", [slow_many, *_on_branch(slow_many, 2)]),
        Block(
            f"Shards: {_told(quick)}",
            [
                quick,
                replace(quick, runners=8),
                *(replace(each, runners=count) for each in _on_branch(quick, 0.5, 2) for count in (2, 4, 8)),
                replace(quick, runners=8, push=2, claim=200),
            ],
        ),
        Block(
            f"Shards: {_told(slow)}",
            [
                slow,
                replace(slow, in_flight=32),
                replace(slow, in_flight=32, push=2),
                *(replace(slow, runners=8, push=push) for push in (None, 0.5, 2)),
                replace(slow, runners=2, push=2),
            ],
        ),
        Block(
            f"A limit: {_told(limited)}",
            [limited, replace(limited, in_flight=32), replace(limited, runners=8)],
        ),
    ]


def _on_branch(setting: Setting, *pushes: float) -> list[Setting]:
    return [replace(setting, push=push) for push in pushes]


def _told(setting: Setting) -> str:
    limit = "" if math.isinf(setting.limit) else f", of which the gateway takes up {setting.limit:g} a second"
    return f"{setting.recipients:,} recipients, {setting.chunks:,} requests of {setting.latency:g} s{limit}"


def run_block(place: Workplace, block: Block) -> list[Outcome]:
    """Simulate one block, saying what is under way."""
    outcomes = []
    for setting in block.settings:
        print(f"{block.title}; {_runners(setting)}, {_record(setting)} …", file=sys.stderr, flush=True)
        outcomes.append(simulate(place, setting))
    return outcomes


def is_within(block: Block, outcomes: Sequence[Outcome]) -> bool:
    """Whether no setting took more than it may of the first one's time."""
    return block.most is None or all(each.seconds <= block.most * outcomes[0].seconds for each in outcomes)


def table(block: Block, outcomes: Sequence[Outcome]) -> str:
    """Return the block's title and its table as Markdown."""
    rows = [_row(setting, each, outcomes[0]) for setting, each in zip(block.settings, outcomes, strict=True)]
    return f"**{block.title}**\n\n{align([_HEAD, *rows])}\n"


def _row(setting: Setting, outcome: Outcome, first: Outcome) -> tuple[str, ...]:
    pushes = ("–", "–") if setting.push is None else (f"{outcome.pushes}", f"{outcome.tries}")
    ratio = f"{outcome.seconds / first.seconds:.2f}"
    return (
        _runners(setting),
        _record(setting),
        f"{outcome.seconds:.1f} s",
        ratio,
        f"{outcome.rate:.1f}",
        *pushes,
        outcome.window,
    )


def _runners(setting: Setting) -> str:
    return f"{setting.runners} × {setting.in_flight}"


def _record(setting: Setting) -> str:
    if setting.push is None:
        return "folder" if setting.runners == 1 else "folders"
    claim = "" if setting.claim == 50 else f", `claim.chunks: {setting.claim}`"
    return f"git, push {setting.push:g} s{claim}"


def keep(measured: Iterable[tuple[Block, Sequence[Outcome]]]) -> None:
    """Write what was measured as JSON into the git-ignored folder."""
    found = [
        {"title": block.title, "setting": asdict(setting) | {"limit": str(setting.limit)}, "outcome": asdict(outcome)}
        for block, outcomes in measured
        for setting, outcome in zip(block.settings, outcomes, strict=True)
    ]
    KEPT.mkdir(exist_ok=True)
    (KEPT / "scaling.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def write_page(tables: str) -> None:
    """Put the tables between the page's marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}{tables}{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Simulate, print and keep; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--page", action="store_true", help="put the tables into docs/scaling.md")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"how many recipients; default: {ROWS:,}")
    asked = parser.parse_args(arguments)
    if asked.page and asked.rows != ROWS:
        parser.error(f"the page tells of {ROWS:,} recipients: --page without --rows")
    with open_workplace(asked.rows) as place:
        measured = [(block, run_block(place, block)) for block in blocks(asked.rows)]
    tables = "\n".join(table(block, outcomes) for block, outcomes in measured)
    print(tables)
    keep(measured)
    if asked.page:
        write_page(tables)
    return 0 if all(is_within(block, outcomes) for block, outcomes in measured) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
