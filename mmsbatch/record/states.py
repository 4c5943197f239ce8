"""The states of the record: of a chunk, of a number, of a revision. One registry each."""

from enum import StrEnum


class ChunkState(StrEnum):
    """What is known of a chunk's fate (contract: section 9)."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    IN_DOUBT = "in-doubt"


class NumberState(StrEnum):
    """What the record holds for a number in one revision.

    RELEASED was sent to the gateway, surely not taken, and may be sent again.
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNACCOUNTED = "unaccounted"
    IN_DOUBT = "in_doubt"
    RELEASED = "released"


#: Who was sent to, as far as anybody can tell.
REACHED = (NumberState.ACCEPTED, NumberState.UNACCOUNTED, NumberState.IN_DOUBT)
#: Who the gateway gave an answer about.
ANSWERED = (NumberState.ACCEPTED, NumberState.REJECTED, NumberState.UNACCOUNTED)


class RevisionStatus(StrEnum):
    """The manifest's verdict over a revision."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    IN_DOUBT = "in-doubt"
    EMPTY = "empty"
