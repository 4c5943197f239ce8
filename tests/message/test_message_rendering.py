import time

import pytest

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.model import Campaign, MessageType
from mmsbatch.message.rendering import NOT_RENDERED, Rendering, compile_message, render_messages
from mmsbatch.recipients.model import Audience

SETTINGS = GatewaySettings()


def render(campaign: Campaign, audience: Audience, settings: GatewaySettings = SETTINGS) -> Rendering:
    template, diagnostics = compile_message(campaign)
    assert template is not None
    assert diagnostics == []
    return render_messages(template, campaign, audience, settings)


def tell(rendering: Rendering) -> list[tuple[str, int, str]]:
    return [(found.rule, found.line, found.message) for found in rendering.diagnostics]


def test_distinct_texts_in_order_of_first_appearance(make_campaign, make_audience) -> None:
    audience = make_audience(("prenom", "ville"), [("Zoé", "a"), ("Ana", "b"), ("Zoé", "c"), ("Bob", "d")])
    rendering = render(make_campaign(" Bonjour {{ prenom }}\r\n"), audience)
    assert rendering.texts == ("Bonjour Zoé", "Bonjour Ana", "Bonjour Bob")
    assert list(rendering.index_of) == [0, 1, 0, 2]
    assert rendering.diagnostics == ()


def test_different_cells_can_give_one_text(make_campaign, make_audience) -> None:
    rendering = render(make_campaign("{{ n|upper }}"), make_audience(("n",), [("a",), ("A",)]))
    assert (rendering.texts, list(rendering.index_of)) == (("A",), [0, 0])


def test_a_text_without_variables(make_campaign, make_audience) -> None:
    rendering = render(make_campaign("Soldes"), make_audience((), [(), ()]))
    assert (rendering.texts, list(rendering.index_of)) == (("Soldes",), [0, 0])


def test_constants_are_folded_and_columns_win(make_campaign, make_audience) -> None:
    campaign = make_campaign("{{ pre_nom }} {{ ville }}", {"Pré nom": "X", "Ville": "Nice"})
    rendering = render(campaign, make_audience(("ville",), [("Metz",)]))
    assert rendering.texts == ("X Metz",)


def test_an_empty_cell_is_undefined_even_beside_a_constant(make_campaign, make_audience) -> None:
    campaign = make_campaign("{{ ville|d('?') }}", {"ville": "Nice"})
    assert render(campaign, make_audience(("ville",), [(None,), ("",)])).texts == ("?",)


def test_an_empty_cell_names_line_and_rows(make_campaign, make_audience) -> None:
    rows = [("Zoé", "x"), (None, "x"), (None, "y"), (None, "z"), (None, "x"), ("Ana", "x")]
    rendering = render(make_campaign("Bonjour\n{{ prenom }} {{ ville }}"), make_audience(("prenom", "ville"), rows))
    assert tell(rendering) == [
        (
            "template-undefined",
            7,
            "`prenom` is used, and empty for 4 rows (lines 3, 4, 5, … of campaigns/winter.csv)",
        )
    ]
    assert rendering.diagnostics[0].hint.endswith("{{ prenom|default('…') }}")
    assert list(rendering.index_of) == [0, NOT_RENDERED, NOT_RENDERED, NOT_RENDERED, NOT_RENDERED, 1]


def test_an_unknown_variable_is_compared_with_all_columns(make_campaign, make_audience) -> None:
    audience = make_audience((), [(), ()], available=("phone", "prenom"))
    rendering = render(make_campaign("{{ prenon }}"), audience)
    assert tell(rendering) == [
        (
            "template-undefined",
            6,
            "`prenon` is no column and no constant for 2 rows (lines 2, 3 of campaigns/winter.csv)",
        )
    ]
    assert rendering.diagnostics[0].hint == "did you mean `prenom`?"


def test_every_undefined_variable_is_told_once(make_campaign, make_audience) -> None:
    text = "{{ a }}{{ b }}\n{{ b }}{{ c|int + d|int }}{{ a }}"
    rendering = render(make_campaign(text), make_audience(("a",), [(None,), ("1",)]))
    assert [(rule, line, message.split()[0]) for rule, line, message in tell(rendering)] == [
        ("template-undefined", 6, "`a`"),
        ("template-undefined", 6, "`b`"),
        ("template-undefined", 7, "`c`"),
        ("template-undefined", 7, "`d`"),
    ]
    assert "2 rows" in rendering.diagnostics[1].message


def test_failures_are_grouped_by_cause(make_campaign, make_audience) -> None:
    campaign = make_campaign("x\n{{ 10 // n|int }}{{ 'y' * m|int }}")
    rendering = render(campaign, make_audience(("n", "m"), [("0", "1"), ("0", "2"), ("1", "99999"), ("1", "1")]))
    assert tell(rendering) == [
        ("template-failed", 7, "a division by zero for 2 rows (lines 2, 3 of campaigns/winter.csv)"),
        ("template-too-large", 7, "a text or list is too long for 1 row (line 4 of campaigns/winter.csv)"),
    ]


def test_empty_and_long_texts(make_campaign, make_audience) -> None:
    campaign = make_campaign("{{ t|d('') }}", message_type=MessageType.IMAGE)
    rows = [("x" * 100,), ("x" * 101,), (None,), ("x\n" * 50 + "x",), ("x" * 101,)]
    assert tell(render(campaign, make_audience(("t",), rows))) == [
        ("message-empty", 5, "the text is empty for 1 row (line 4 of campaigns/winter.csv)"),
        (
            "message-too-long",
            5,
            (
                "the text measures up to 151 characters, the limit for type image is 100: "
                "too long for 3 rows (first: line 3 of campaigns/winter.csv)"
            ),
        ),
    ]


@pytest.mark.parametrize(("length", "fits"), [(1000, True), (1001, False)])
def test_a_text_message_is_longer(length: int, fits: bool, make_campaign, make_audience) -> None:
    assert (render(make_campaign("x" * length), make_audience()).diagnostics == ()) is fits


def test_characters_and_euro(make_campaign, make_audience) -> None:
    rows = [("\x07",), ("5 €",), ("6 €",), ("a\x07",)]
    assert tell(render(make_campaign("{{ t }}"), make_audience(("t",), rows))) == [
        (
            "message-character",
            5,
            "the text holds U+0007 for 2 rows (first: line 2 of campaigns/winter.csv): XML forbids it",
        ),
        (
            "message-euro",
            5,
            (
                "the text holds € for 2 rows (first: line 3 of campaigns/winter.csv): "
                "some handsets and operators show E instead"
            ),
        ),
    ]


def test_the_name_must_fit_the_charset_too(make_campaign, make_audience) -> None:
    settings = GatewaySettings(charset="iso-8859-1")
    rendering = render(make_campaign("x", name="L’été"), make_audience(), settings)
    assert tell(rendering) == [
        (
            "message-character",
            2,
            "the campaign's name holds U+2019 RIGHT SINGLE QUOTATION MARK: the charset iso-8859-1 does not have it",
        )
    ]


def test_unused_constants_warn(make_campaign, make_audience) -> None:
    rendering = render(make_campaign("{{ ville }}", {"ville": "Nice", "vile": "x"}), make_audience())
    assert tell(rendering) == [("variable-unused", 21, "`vile` is not used by the text")]
    assert not rendering.diagnostics[0].is_error


def test_no_finding_holds_a_value(make_campaign, make_audience) -> None:
    value = "0639980012 Dupont"
    campaign = make_campaign("{{ t }}{{ t + 1 }}{{ absent }}", {"v": value})
    rendering = render(campaign, make_audience(("t",), [(value,)]))
    assert rendering.diagnostics
    assert "Dupont" not in repr(rendering)
    assert "0012" not in repr(rendering)


def test_a_template_error_stands_at_its_line_in_the_file(make_campaign) -> None:
    template, diagnostics = compile_message(make_campaign("a\n{{ self }}\n{{ x|attr('y') }}"))
    assert template is None
    assert [(found.rule, found.file, found.line) for found in diagnostics] == [
        ("template-forbidden", "campaigns/winter.yaml", 7),
        ("template-forbidden", "campaigns/winter.yaml", 8),
    ]


def test_many_rows_with_few_texts_are_quick(make_campaign, make_audience) -> None:
    rows = [(f"n{index % 5000}", "x") for index in range(200_000)]
    audience = make_audience(("prenom", "ville"), rows)
    started = time.perf_counter()
    rendering = render(make_campaign("Bonjour {{ prenom }}"), audience)
    assert len(rendering.texts) == 5000
    assert time.perf_counter() - started < 5
