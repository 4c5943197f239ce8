"""A text that is read without Jinja is what Jinja makes of it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmsbatch.message import engine, operations
from mmsbatch.message.plain_text import MAX_VARIABLES, read_plain
from mmsbatch.message.problems import InvalidTemplateError, RenderError
from mmsbatch.message.template import MAX_OUTPUT, compile_text

NAMES = [
    "prenom",
    "ville",
    "n1",
    "a_b",
    "loop",
    "self",
    "true",
    "none",
    "not",
    "in",
    "if",
    "range",
    "namespace",
    "dict",
]
NAMES += ["and", "or", "is", "else", "print", "class", "return", "_x", "Prenom", "é", "caller", "kwargs", "super", "l"]
PIECES = ["Bonjour ", "\n", "\r\n", "\r", " ", "{", "}", "}}", "{{", "%}", "{%", "#}", "{#", "-", "é€", "'", '"', "\\"]
PIECES += [
    "{{ prenom|upper }}",
    "{{ prenom }}",
    "{{-ville-}}",
    "{{ 1 }}",
    "{{ 'x' }}",
    "{{ a b }}",
    "{{}}",
    "{{ a.b }}",
]
VARIABLES = st.builds(
    "{{{}{}{}}}".format, st.sampled_from(["{", "{ ", "{\t", "{\n"]), st.sampled_from(NAMES), st.just("}")
)
QUOTED = st.text(st.characters(blacklist_categories=["Cs"]), max_size=3).flatmap(
    lambda text: st.sampled_from([f"'{text}'", f'"{text}"', text, "'vous'", '"é€"', "''", "'a', true"])
)
DEFAULTS = st.builds(
    "{{{{ {} {} {}({}) }}}}".format,
    st.sampled_from(NAMES),
    st.sampled_from(["|", "|  ", "."]),
    st.sampled_from(["default", "d", "upper"]),
    QUOTED,
)
FILTERED = st.builds(
    "{{{{ {}{}{} }}}}".format,
    st.sampled_from(NAMES),
    st.sampled_from(["", "", "|default('vous-même')", '|d("les élèves (de 3e)")', "|default('x',true)"]),
    st.lists(
        st.sampled_from(["|upper", "| lower ", "|\ttitle", "|capitalize", "|trim", "|length", "|Title", "|up"]),
        max_size=4,
    ).map("".join),
)
TEXTS = st.lists(st.sampled_from(PIECES) | VARIABLES | DEFAULTS | FILTERED | st.text(max_size=5), max_size=8).map(
    "".join
)
WORDS = st.lists(st.sampled_from(["jean", "D'ARC", "-", "é", "ǆ", "ß", "(", "<", " ", "\u2028", "İ", "ŉ"])).map("".join)
VALUES = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=6) | WORDS)


@settings(max_examples=400, deadline=None)
@given(TEXTS, VALUES)
@example("{{ prenom }}\n\n", {"prenom": "{{ ville }}"})
@example("{{{ prenom }}}", {"prenom": "x"})
def test_a_plain_text_is_what_jinja_makes_of_it(text, values):
    plain = read_plain(text)
    if plain is None:
        return
    template, used = engine.compile_checked(text)
    assert used == frozenset(plain.names)
    rendered = plain.render(values)
    try:
        assert by_jinja(template, values) == rendered
    except engine.UndefinedError:
        assert rendered is None


def by_jinja(template, values):
    token = operations.BUDGET.set(operations.Budget())
    try:
        return template.render(values)
    finally:
        operations.BUDGET.reset(token)


@settings(max_examples=200, deadline=None)
@given(TEXTS, VALUES)
def test_findings_are_jinjas(text, values):
    try:
        expected = engine.compile_checked(text)
    except InvalidTemplateError as error:
        with pytest.raises(InvalidTemplateError) as caught:
            compile_text(text)
        assert caught.value.problems == error.problems
        return
    ours = compile_text(text)
    assert ours.used == expected[1]
    try:
        rendered = ours.render(values)
    except RenderError as error:
        with pytest.raises(Exception) as caught:
            by_jinja(expected[0], values)
        assert error.variable == getattr(caught.value, "name", "")
    else:
        assert rendered == compile_text("{# #}" + text).render(values)


@pytest.mark.parametrize(
    "text",
    [
        "Soldes",
        "Bonjour {{ prenom }}, {{ville}}\n",
        "-30 % } %} #}",
        "",
        "{{ class }}",
        "{{ a|d('b') }}",
        "{{ a|d('b')|title|trim }}",
    ],
)
def test_most_texts_are_plain(text):
    assert read_plain(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "{{ a|length }}",
        "{{ a|upper() }}",
        "{{ a|title|d('b') }}",
        "{% if a %}x{% endif %}",
        "{# x #}",
        "{{- a }}",
        "{",
        "{{{ a }}",
        "{{ true }}",
        "{{ _a }}",
        "{{ A }}",
    ],
)
def test_what_only_jinja_understands_is_left_to_it(text):
    assert read_plain(text) is None


def test_bounds_are_jinjas_to_explain():
    assert read_plain("{{ a }}" * MAX_VARIABLES) is not None
    assert read_plain("{{ a }}" * (MAX_VARIABLES + 1)) is None
    with pytest.raises(RenderError) as caught:
        compile_text("x{{ a }}").render({"a": "y" * MAX_OUTPUT})
    assert caught.value.rule == "template-too-large"
    assert len(compile_text("x{{ a }}").render({"a": "y" * (MAX_OUTPUT - 1)})) == MAX_OUTPUT
    assert compile_text("{{ a|trim }}").render({"a": " " * 2 * MAX_OUTPUT}) == ""
    with pytest.raises(RenderError):  # too many steps
        compile_text("{{ a|trim }}" * MAX_VARIABLES).render({"a": " " * 6 * MAX_OUTPUT})
