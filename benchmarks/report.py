"""The table of what was measured: for people as Markdown, for machines as JSON."""

from collections.abc import Sequence
from typing import Any

from benchmarks.case import Run
from benchmarks.measure import Measured

_HEAD = ("work", "peer", "mmsbatch", "peer's", "ratio", "at most", "memory", "at most", "")


def table(results: Sequence[Measured]) -> str:
    """Return a Markdown table, a line for each case."""
    return align([_HEAD, *map(_row, results)])


def align(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table of a head and its rows, whose columns are abreast in plain text too."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _row(each: Measured) -> tuple[str, ...]:
    case = each.case
    return (
        case.work,
        f"`{case.peer.name}`" if case.peer else "–",
        _seconds(each.ours),
        _seconds(each.peer) if each.peer else "–",
        "–" if each.ratio is None else f"{each.ratio:.2f}",
        "–" if case.most is None or not case.peer else f"{case.most:g}",
        f"{each.ours.memory:,.0f} MB",
        f"{case.most_memory:,} MB" if case.most_memory else "–",
        "" if each.is_within else "**over**",
    )


def _seconds(run: Run) -> str:
    if run.seconds >= 1:
        return f"{run.seconds:.2f} s"
    return f"{run.seconds * 1000:.{0 if run.seconds >= 0.01 else 2}f} ms"


def to_json(results: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return the results as plain data: seconds, MB and ratios."""
    return [
        {
            "work": each.case.work,
            "runs": each.case.runs,
            "ours": _run(each.ours),
            "peer": each.case.peer and {"name": each.case.peer.name},
            "peer_run": each.peer and _run(each.peer),
            "ratio": each.ratio,
            "processor_ratio": each.processor_ratio,
            "most": each.case.most,
            "aim": each.case.aim,
            "most_memory": each.case.most_memory,
            "is_within": each.is_within,
        }
        for each in results
    ]


def _run(run: Run) -> dict[str, float]:
    return {"seconds": run.seconds, "processor": run.processor, "memory": run.memory}
