"""The flow: what goes into `XMLFlow` (manual 1.2), rendered from the template beside this module."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mmsbatch.campaign.configuration import Newline
from mmsbatch.campaign.model import Message, MessageType

if TYPE_CHECKING:
    from jinja2 import Template

#: The tag MSGCLASS by type; 4 is in the manual's text and missing from its tree.
MSGCLASS = {
    MessageType.TEXT: 0,
    MessageType.IMAGE: 1,
    MessageType.VIDEO: 2,
    MessageType.SOUND: 3,
    MessageType.IMAGE_AND_SOUND: 4,
}

#: What `render` and the plan's digest put in CLIENT.
PLACEHOLDER_CLIENT = "CLIENTCODE"

_TEMPLATE = Path(__file__).parent / "templates" / "flow.xml.j2"


@dataclass(frozen=True, slots=True)
class Flow:
    """One request's content.

    `date` is DATE as `format_date` writes it, `numbers` are in wire form (`336…`); None leaves an
    optional tag out. `message` gives type and media, `text` the rendered, tidy text (line breaks as LF).
    """

    client: str
    campaign_name: str | None
    date: str | None
    mail_notification: bool | None
    numbers: Sequence[str] = field(repr=False)
    message: Message = field(repr=False)
    text: str = field(repr=False)
    newline: Newline = Newline.ESCAPED


def format_date(schedule: datetime) -> str:
    """Write an aware time as DATE wants it: Europe/Paris wall time (manual 1.2; the zone is our reading)."""
    return schedule.astimezone(ZoneInfo("Europe/Paris")).strftime("%Y-%m-%d %H:%M:%S")


def render_flow(flow: Flow) -> str:
    """Render a flow: one tag per line, no prolog, text escaped as XML asks, no line break at the end."""
    return _template().render(
        flow=flow,
        msgclass=MSGCLASS[flow.message.type],
        text=_write_newlines(flow.text, flow.newline),
        image=flow.message.image,
        video=flow.message.video,
        sound=flow.message.sound,
    )


class FlowWriter:
    """Writes flows that differ in numbers and text alone: all around these is rendered once.

    A million distinct texts would be a million renderings otherwise. What is written is what
    `render_flow` would write.
    """

    def __init__(self, flow: Flow) -> None:
        self._newline = flow.newline
        self._head, self._between, self._behind, self._tail = _render_around(flow)

    def write(self, numbers: Sequence[str], text: str) -> str:
        """Return the flow of one request to these wire numbers; `text` is rendered and tidy."""
        from markupsafe import escape  # noqa: PLC0415 - comes with jinja2, and is what its autoescape does

        shown = str(escape(_write_newlines(text, self._newline)))
        return f"{self._head}{self._between.join(numbers)}{self._behind}{shown}{self._tail}"


def _render_around(flow: Flow) -> tuple[str, str, str, str]:
    """Return what is before, between and behind numbers, and behind the text: of marks that stand nowhere else."""
    for place in count(33600000000, 2):
        first, second, text = str(place), str(place + 1), f"text{place}"
        rendered = render_flow(replace(flow, numbers=(first, second), text=text))
        head, *behind_first = rendered.split(first)  # `text` holds it too
        if len(behind_first) == 2 and rendered.count(second) == rendered.count(text) == 1:
            between, _, rest = rendered.removeprefix(head + first).partition(second)
            behind, _, tail = rest.partition(text)
            return head, between, behind, tail
    raise AssertionError("a flow holds every number there is")


def _write_newlines(text: str, newline: Newline) -> str:
    """Write line breaks as the gateway is set to want them: the two characters `\\n`, or LF (manual 1.3)."""
    return text.replace("\n", "\\n") if newline is Newline.ESCAPED else text


@cache
def _template() -> "Template":
    # Imported here: jinja2 is a good part of the start-up, and few commands render.
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
