"""What is said in a line of a campaign that has nothing left, by a plan and by its record alone."""

from mmsbatch.record.events import Totals
from mmsbatch.reports.wording import count


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
