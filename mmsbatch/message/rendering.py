"""Rendering a campaign's text for its recipients, and every finding about the rendered texts.

Recipients are many, texts are few: a recipient's used cells are the key under which a text is kept.
Findings count rows and name the lines of the first ones; they never hold a recipient's values.
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign
from mmsbatch.diagnostics import Diagnostic
from mmsbatch.folding import fold_name
from mmsbatch.message.findings import Findings, RowsOfTexts, place_in_text
from mmsbatch.message.measure import tidy
from mmsbatch.message.problems import InvalidTemplateError, RenderError
from mmsbatch.message.template import TextTemplate, compile_text
from mmsbatch.recipients.model import Audience, Recipients
from mmsbatch.rules import finding

#: Index of a recipient whose text could not be rendered.
NOT_RENDERED = -1

_Key = tuple[str | None, ...]
#: Renderings between two calls of `on_texts`.
_PROGRESS_EVERY = 10_000
_STAND_IN = "1"  # renders where a text is asked for, and where a number is


@dataclass(frozen=True, slots=True)
class Rendering:
    """The distinct tidy texts in order of first appearance, and each recipient's index among them.

    A recipient whose text could not be rendered has NOT_RENDERED, and there is an error about it.
    """

    texts: tuple[str, ...] = field(repr=False)
    index_of: Sequence[int] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()


def compile_message(campaign: Campaign) -> tuple[TextTemplate | None, list[Diagnostic]]:
    """Compile a campaign's text; None with the errors, at their lines in the campaign file, where it cannot be."""
    try:
        return compile_text(campaign.message.text), []
    except InvalidTemplateError as error:
        return None, [
            finding(problem.rule, campaign.file, place_in_text(campaign, problem.line), problem.message, problem.hint)
            for problem in error.problems
        ]


def render_messages(
    template: TextTemplate,
    campaign: Campaign,
    audience: Audience,
    settings: GatewaySettings,
    *,
    on_texts: Callable[[int], None] | None = None,
) -> Rendering:
    """Render the text for each recipient; a column wins over a constant of its name, its empty cells included.

    `on_texts` is told the number of renderings, one for each distinct set of the cells in use, every 10,000.
    """
    renderer = _Renderer(template, campaign, audience, on_texts)
    index_of = renderer.render_recipients(audience.recipients)
    texts = tuple(renderer.texts)
    diagnostics = renderer.findings.diagnose(texts, RowsOfTexts(index_of, audience.recipients.lines), settings)
    return Rendering(texts, index_of, tuple(diagnostics))


def _fold_constants(variables: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """Return the constants under their folded names, without those that a column overrides."""
    folded = {fold_name(name): value for name, value in variables.items()}
    return {name: value for name, value in folded.items() if name not in columns}


def _make_getter(positions: list[int]) -> Callable[[_Key], _Key]:
    """Return what takes the used cells of a row, always as a tuple."""
    if not positions:
        return lambda cells: ()
    if len(positions) == 1:
        return lambda cells: (cells[positions[0]],)
    return itemgetter(*positions)


class _Renderer:
    """Carries the texts found so far through the rows."""

    def __init__(
        self,
        template: TextTemplate,
        campaign: Campaign,
        audience: Audience,
        on_texts: Callable[[int], None] | None,
    ) -> None:
        columns = audience.columns
        positions = [index for index, name in enumerate(columns) if name in template.used]
        self.texts: dict[str, int] = {}
        self.findings = Findings(campaign, template.used, audience)
        self._template = template
        self._on_texts = on_texts
        self._used_names = [columns[index] for index in positions]
        self._constants = _fold_constants(campaign.variables, audience.available)
        self._get_key = _make_getter(positions)

    def render_recipients(self, recipients: Recipients) -> Sequence[int]:
        """Render each distinct set of cells once; return each recipient's index among the texts."""
        index_of_key: dict[_Key, int] = {}
        index_of_cells = [NOT_RENDERED] * len(recipients.cells)
        for place in dict.fromkeys(recipients.cells_of):  # in the order of the first recipient that has them
            key = self._get_key(recipients.cells[place])
            if key not in index_of_key:
                index_of_key[key] = self._render_key(key)
                if self._on_texts and len(index_of_key) % _PROGRESS_EVERY == 0:
                    self._on_texts(len(index_of_key))
            index_of_cells[place] = index_of_key[key]
        if NOT_RENDERED in index_of_key.values():
            self._explain_failures(recipients, index_of_cells)
        return array("i", map(index_of_cells.__getitem__, recipients.cells_of))

    def _explain_failures(self, recipients: Recipients, index_of_cells: Sequence[int]) -> None:
        failed: dict[_Key, list[int]] = {}
        for place, line in zip(recipients.cells_of, recipients.lines, strict=True):
            if index_of_cells[place] == NOT_RENDERED:
                failed.setdefault(self._get_key(recipients.cells[place]), []).append(line)
        for key, lines in failed.items():
            self._explain_failure(key, lines)

    def _render_key(self, key: _Key) -> int:
        try:
            text = tidy(self._template.render(self._values(key)))
        except RenderError:
            return NOT_RENDERED
        return self.texts.setdefault(text, len(self.texts))

    def _values(self, key: _Key) -> dict[str, str]:
        cells = {name: cell for name, cell in zip(self._used_names, key, strict=True) if cell}
        return {**self._constants, **cells}

    def _explain_failure(self, key: _Key, lines: list[int]) -> None:
        """Find every undefined variable of a failed rendering, not only the one that it stopped at."""
        values = self._values(key)
        error = self._find_error(values)
        if error and not error.variable:
            self.findings.add_failure(error, lines)
        while error and error.variable:
            self.findings.add_failure(error, lines)
            values[error.variable] = _STAND_IN
            error = self._find_error(values)  # without a variable, it may be the stand-in's own fault: left out

    def _find_error(self, values: Mapping[str, str]) -> RenderError | None:
        try:
            self._template.render(values)
        except RenderError as error:
            return error
        return None
