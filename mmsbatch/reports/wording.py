"""Counts, lists of chunks, and why nothing is to send, as every report words them."""

from collections.abc import Sequence

from mmsbatch.record.events import Totals

#: More chunks than these are not named one by one.
SHOWN_CHUNKS = 5


def count(number: int, noun: str) -> str:
    """Write a count with its noun: `1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def list_chunks(ids: Sequence[str]) -> str:
    """Name chunks by their ids; of many the first, the last and how many."""
    return ", ".join(ids) if len(ids) <= SHOWN_CHUNKS else f"{ids[0]} to {ids[-1]} ({len(ids):,} chunks)"


def nothing_to_send(totals: Totals) -> str:
    """Say that nothing is to send, and why: the rows by outcome."""
    reasons = {
        "already sent": totals.accepted,
        "rejected": totals.rejected,
        "unaccounted for": totals.unaccounted,
        "in doubt": totals.in_doubt,
        "late (held; --late-rows sends them)": totals.late,
        "suppressed": totals.suppressed,
        "duplicate": totals.duplicates,
        "invalid": totals.invalid,
    }
    told = ", ".join(f"{number:,} {reason}" for reason, number in reasons.items() if number)
    return "nothing to send: " + (f"of {count(totals.rows, 'row')}, {told}" if told else "there are no rows")
