"""What a run carries out: a planned campaign, turned into chunks with their bodies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from mmsbatch.gateway.credentials import Credentials
from mmsbatch.gateway.flow import render_flow
from mmsbatch.gateway.form import encode_form
from mmsbatch.planning.chunking import ChunkPlan
from mmsbatch.planning.flows import campaign_flow
from mmsbatch.planning.planned import PlannedCampaign
from mmsbatch.planning.preparation import Prepared
from mmsbatch.recipients.numbers import wire_number


@dataclass(frozen=True, slots=True)
class ChunkJob:
    """One chunk to send: its wire numbers, the lines of their rows, and its text."""

    id: str
    numbers: Sequence[str] = field(repr=False)
    lines: Sequence[int]
    text: str = field(repr=False)


def chunk_jobs(planned: PlannedCampaign) -> Iterator[ChunkJob]:
    """Turn the chunks of a plan into jobs, one at a time."""
    for chunk in planned.chunks():
        yield chunk_job(planned.prepared, chunk)


def chunk_job(prepared: Prepared, chunk: ChunkPlan) -> ChunkJob:
    """Look up what a chunk stands for."""
    recipients, members = prepared.audience.recipients, chunk.members
    return ChunkJob(
        chunk.id,
        tuple(map(wire_number, map(recipients.numbers.__getitem__, members))),
        tuple(map(recipients.lines.__getitem__, members)),
        prepared.rendering.texts[chunk.text],
    )


def flow_text(prepared: Prepared, client: str, numbers: Sequence[str], text: str, *, at_once: bool = False) -> str:
    """Render the flow of one request; `at_once` leaves the campaign's schedule out."""
    return render_flow(campaign_flow(prepared, client, numbers, text, at_once=at_once))


def request_body(
    prepared: Prepared, credentials: Credentials, numbers: Sequence[str], text: str, *, at_once: bool = False
) -> bytes:
    """Encode the body of one request (manual 1.1): the passcode is here and nowhere else."""
    return BodyWriter(prepared, credentials, at_once=at_once).write(numbers, text)


class BodyWriter:
    """Writes the bodies of a campaign's requests.

    Requests of one text differ in their numbers alone, which are digits and need no escaping: all
    around them is rendered and encoded once for each text.
    """

    def __init__(self, prepared: Prepared, credentials: Credentials, *, at_once: bool = False) -> None:
        self._prepared, self._credentials, self._at_once = prepared, credentials, at_once
        self._text: str | None = None
        self._around: tuple[bytes, bytes, bytes] = (b"", b"", b"")

    def write(self, numbers: Sequence[str], text: str) -> bytes:
        """Return the body of one request to these wire numbers (`336…`)."""
        if text != self._text:
            self._around, self._text = self._encode_around(text), text
        head, between, tail = self._around
        return head + between.join(map(str.encode, numbers)) + tail

    def _encode_around(self, text: str) -> tuple[bytes, bytes, bytes]:
        """Return what is before, between and behind the numbers: of a body to two that stand nowhere else in it."""
        for first in count(33600000000, 2):
            pair = str(first), str(first + 1)
            head, *rest = self._encode(pair, text).split(pair[0].encode())
            between, *tail = rest[0].split(pair[1].encode())
            if len(rest) == len(tail) == 1:
                return head, between, tail[0]
        raise AssertionError("a text holds every number there is")

    def _encode(self, numbers: Sequence[str], text: str) -> bytes:
        fields = {
            "clientcode": self._credentials.client_code,
            "passcode": self._credentials.passcode.reveal(),
            "XMLFlow": flow_text(self._prepared, self._credentials.client, numbers, text, at_once=self._at_once),
        }
        return encode_form(fields, self._prepared.settings.charset)
