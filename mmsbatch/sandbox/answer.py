"""The answer of both modules: `Key=Value` lines (manual, sections 2 and 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmsbatch.sandbox.numbers import to_national
from mmsbatch.sandbox.statuses import RefusalError

_OPEN, _CLOSE = "<RECOVERIDS>", "</RECOVERIDS>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. A refusal has only the first two; None leaves a line out."""

    status: int
    text: str
    credits: int | None = None
    invalid: Sequence[str] | None = None
    campaign_id: str | None = None
    ids: Sequence[str] | None = None
    cut_ids: int | None = None


def refuse(refusal: RefusalError) -> Answer:
    """Return the answer to a refused request."""
    return Answer(refusal.status, refusal.text)


def render(answer: Answer) -> str:
    """Write the lines of an answer, in the order of the sample in section 2."""
    lines = [f"Status={answer.status}", f"StatusText={answer.text}"]
    if answer.credits is not None:
        lines.append(f"Credits={answer.credits}")
    if answer.invalid is not None:
        lines.append("InvalidNums=" + "|".join(_on_one_line(number) for number in answer.invalid))
    if answer.campaign_id is not None:
        lines.append(f"CampaignID={answer.campaign_id}")
    if answer.ids is not None:
        lines.append("IDs=" + _render_ids(answer.ids, answer.cut_ids))
    # The sample's own reader loses a last line without an end (2.1), and nothing follows a cut.
    return "\n".join(lines) + ("" if answer.cut_ids is not None else "\n")


def campaign_id(count: int) -> str:
    """Return nine letters, like the sample's, that differ for each count."""
    letters = []
    for _ in range(9):
        count, letter = divmod(count, 26)
        letters.append(chr(ord("a") + letter))
    return "".join(reversed(letters))


def _on_one_line(number: str) -> str:
    # As received, but for what would break the line it stands on.
    return " ".join(number.splitlines())


def _render_ids(ids: Sequence[str], cut: int | None) -> str:
    """Write the IDs over several lines, broken where the sample in section 2 breaks them."""
    customers = [f"<MOBILEPHONE>{to_national(wire)}</MOBILEPHONE></CUSTOMER>" for wire in ids]
    if cut is not None:
        customers[cut:] = [customer[: len("<MOBILEPHONE>0639")] for customer in customers[cut : cut + 1]]
    inner = " <CUSTOMER>\n".join(customers)
    first = "<CUSTOMER>" if customers else ""
    return f"{_OPEN}{first}{inner}{_CLOSE if cut is None else ''}"
