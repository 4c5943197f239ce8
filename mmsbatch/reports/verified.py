"""What `status --verify` found, as text and JSON."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmsbatch.reports.wording import count


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that must not be; the message begins with file and line where one is at fault."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """One journal, how many whole lines it has, what is worth knowing, and what is wrong."""

    journal: str
    lines: int = 0
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def verified_text(found: Sequence[Verified]) -> str:
    """Say of each record whether it is whole."""
    return "\n".join(line for each in found for line in _lines(each)) or "no record: nothing was sent yet"


def verified_json(found: Sequence[Verified]) -> str:
    """Return `{"version": 1, "records": [{"journal", "lines", "notes", "problems": [{"message", "hint"}]}]}`."""
    records: list[dict[str, Any]] = [
        {
            "journal": each.journal,
            "lines": each.lines,
            "notes": list(each.notes),
            "problems": [{"message": problem.message, "hint": problem.hint} for problem in each.problems],
        }
        for each in found
    ]
    return json.dumps({"version": 1, "records": records}, ensure_ascii=False, indent=2)


FORMATS: Mapping[str, Callable[[Sequence[Verified]], str]] = {"text": verified_text, "json": verified_json}


def _lines(found: Verified) -> Iterator[str]:
    told = "whole" if not found.problems else count(len(found.problems), "problem")
    yield f"{found.journal}: {told}" + (f", {count(found.lines, 'line')}" if found.lines else "")
    yield from (f"  note: {note}" for note in found.notes)
    for problem in found.problems:
        yield f"  error: {problem.message}"
        if problem.hint:
            yield f"      {problem.hint}"
