"""How large a claim on a shared record is, and when the next one is due. Pure."""

from dataclasses import dataclass
from math import ceil

#: A claim is begun so much earlier than a push takes, and is so much larger than what is sent meanwhile.
MARGIN = 1.5
#: What a request takes where none was answered yet, in seconds: rather too little, so that nobody waits.
FIRST_GUESS = 0.1


@dataclass(slots=True)
class Window:
    """How large a claim is, and when the next one is due.

    `least` chunks, more where a push takes longer than they do, and never more than `seconds` of sending.
    `rate` is in chunks per second, `push_seconds` what the last push took.
    """

    least: int
    seconds: float
    rate: float
    push_seconds: float = 0.0

    def size(self) -> int:
        """Return how many chunks the next claim takes."""
        meanwhile = ceil(self.rate * self.push_seconds * MARGIN)
        return max(1, min(max(self.least, meanwhile), ceil(self.rate * self.seconds)))

    def is_due(self, left: int) -> bool:
        """Whether the next claim should be begun, with so many claimed chunks left to send."""
        return left <= self.rate * self.push_seconds * MARGIN

    def note_push(self, seconds: float) -> None:
        """Take in what a push took: a slower one counts at once, a quicker one by half."""
        self.push_seconds = max(seconds, (self.push_seconds + seconds) / 2)
