"""What one POST came to: an answer, surely nothing sent, or a loss. The HTTP client makes it, the verdict reads it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer's head arrived; `complete` is False where its body was cut off, or may say more than can be read.

    `reason` says why; it is free of numbers and secrets. `early` is True where the request did not leave
    whole: the server answered without it, and closed.
    """

    http_status: int
    body: bytes = field(repr=False)  # answers hold phone numbers
    complete: bool = True
    reason: str = ""
    early: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """Provably no byte of the request left; trying again is safe."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The request may have arrived, and no answer did; trying again might send twice."""

    reason: str


Exchange = Answered | NotSent | Lost
