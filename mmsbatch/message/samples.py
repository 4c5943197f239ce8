"""Invented values for a template's variables: what is shown or tried must not be a customer's."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mmsbatch.campaign.model import Campaign
from mmsbatch.folding import fold_name
from mmsbatch.message.measure import measured_length, tidy
from mmsbatch.message.rendering import Rendering
from mmsbatch.message.template import RenderError, TextTemplate, compile_text
from mmsbatch.recipients.model import Audience

#: Names of columns that French files often have, and what stands in for them.
_INVENTED: Mapping[str, str] = {
    "prenom": "Camille",
    "nom": "Martin",
    "civilite": "Mme",
    "ville": "Nice",
    "code": "ABC123",
    "code_postal": "06000",
    "magasin": "Nice Centre",
    "date": "20/12",
    "heure": "10h",
    "email": "camille@example.com",
}
#: The same for a second person.
_INVENTED_TOO: Mapping[str, str] = {
    **_INVENTED,
    "prenom": "Lou",
    "nom": "Petit",
    "civilite": "M.",
    "ville": "Lyon",
    "code": "XYZ789",
    "code_postal": "69002",
    "magasin": "Lyon Centre",
    "heure": "18h30",
    "email": "lou@example.com",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A text as a recipient would see it, with invented values; `characters` as the gateway counts."""

    title: str
    text: str
    characters: int


def invent_samples(campaign: Campaign, audience: Audience, rendering: Rendering, longest: int) -> tuple[Sample, ...]:
    """Render the message as recipients will see it: at its longest, and for two invented people.

    `longest` is the longest text's place in the rendering: its values are replaced by invented ones of the same
    length. The second person lacks what some recipients lack. A text that invented values do not fit is left out,
    and so is one that repeats another.
    """
    template = compile_text(campaign.message.text)
    constants = {fold_name(name): value for name, value in campaign.variables.items()}
    constants = {name: value for name, value in constants.items() if name not in audience.available}
    found: dict[str, Sample] = {}
    for title, values in _cases(audience, rendering, longest):
        text = _render(template, constants | values)
        if text and text not in found:
            found[text] = Sample(title, text, measured_length(text))
    return tuple(found.values())


def _cases(audience: Audience, rendering: Rendering, longest: int) -> Iterator[tuple[str, dict[str, str]]]:
    columns, recipients = audience.columns, audience.recipients
    if longest in rendering.index_of:
        cells = recipients.cells[recipients.cells_of[rendering.index_of.index(longest)]]
        lengths = {name: len(cell) for name, cell in zip(columns, cells, strict=True) if cell}
        yield "longest", {name: _stretch(_INVENTED.get(name, name), length) for name, length in lengths.items()}
    yield "sample", {name: _invent(name, _INVENTED) for name in columns}
    lacking = {name for place, name in enumerate(columns) if any(not cells[place] for cells in recipients.cells)}
    yield "another", {name: _invent(name, _INVENTED_TOO) for name in columns if name not in lacking}


def _stretch(value: str, length: int) -> str:
    letters = value.replace(" ", "").replace("_", "")
    return (letters * (length // len(letters) + 1))[:length]


def _render(template: TextTemplate, values: Mapping[str, str]) -> str:
    try:
        return tidy(template.render(values))
    except RenderError:
        return ""


def sample_text(text: str, constants: Mapping[str, str]) -> str:
    """Render a message with invented values for all that is not a constant; tidy, as it would be sent."""
    template = compile_text(text)
    return tidy(template.render(sample_values(sorted(template.used), constants)))


def sample_values(variables: Iterable[str], constants: Mapping[str, str]) -> dict[str, str]:
    """Return a value for each variable: the constant where there is one, else an invented one.

    A name that is not known stands for itself, without its underscores.
    """
    return {name: constants.get(name) or _invent(name, _INVENTED) for name in variables}


def _invent(name: str, invented: Mapping[str, str]) -> str:
    return invented.get(name, name.replace("_", " "))
