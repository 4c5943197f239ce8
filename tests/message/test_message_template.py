import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.message.problems import InvalidTemplateError, RenderError
from mmsbatch.message.template import compile_text

VALUES = {"prenom": "Zoé", "ville": "Nice", "points": "12"}


def render(text: str) -> str:
    return compile_text(text).render(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bonjour {{ prenom }} de {{ ville }}", "Bonjour Zoé de Nice"),
        ("{{ prenom|upper }} {{ prenom.upper() }} {{ 'ab'|title }}", "ZOÉ ZOÉ Ab"),
        ("{{ absent|default('vous') }} {{ absent|d('x') }}", "vous x"),
        ("{{ prenom ~ ' ' ~ 3 }}", "Zoé 3"),
        (
            "{{ points|int + 1 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 7 / 2 }} {{ 2 * 3 - 1 }} {{ -1 }} {{ +1 }}",
            "13 3 3 3.5 5 -1 1",
        ),
        (
            "{{ 3.14159|round(2) }} {{ 2.5|round(0, 'floor') }} {{ -3|abs }} {{ '2,5'|replace(',', '.')|float }}",
            "3.14 2.0 3 2.5",
        ),
        ("{% if points|int > 10 and prenom %}oui{% elif not ville %}peut-être{% else %}non{% endif %}", "oui"),
        ("{{ 'a' if points == '12' }}{{ 'b' if points == '13' }}", "a"),
        ("{% for c in prenom %}{{ loop.index }}{{ c }}{{ '' if loop.last else '-' }}{% endfor %}", "1Z-2o-3é"),
        ("{% for n in range(2, 9, 3) if n != 5 %}{{ n }}{% else %}rien{% endfor %}", "28"),
        ("{% for n in [] %}{{ n }}{% else %}rien{% endfor %}", "rien"),
        ("{% set salut = 'Bonjour ' + prenom %}{% with n = 2 %}{{ salut * n }}{% endwith %}", "Bonjour ZoéBonjour Zoé"),
        ("{{ prenom[0] }}{{ prenom[-1] }}{{ prenom[1:] }}{{ prenom[::-1] }}", "Zéoééo Z".replace(" ", "")),
        (
            "{{ 'a b c'.split(' ')|join('+') }} {{ ('x', 'y')|first }} {{ [1, 2]|last }} {{ 'abc'|length }}",
            "a+b+c x 2 3",
        ),
        (
            "{{ '  x '.strip() }}{{ '  y '|trim }}{{ prenom.startswith('Z') }}{{ 'aXbX'.replace('X', '', 1) }}",
            "xyTrueabX",
        ),
        ("{{ 'un texte assez long'|truncate(11, true, '…') }} {{ 12|string|length }}", "un texte a… 2"),
        (
            "{{ 3 is odd }}{{ 4 is divisibleby(2) }}{{ absent is defined }}{{ 'Z' in prenom }}{{ 3 not in [1] }}",
            "TrueTrueFalseTrueTrue",
        ),
        ("{% raw %}{{ non }}{% endraw %}{# caché #}", "{{ non }}"),
        ("{{ '<&>' }}", "<&>"),
    ],
)
def test_what_a_text_may_use(text: str, expected: str) -> None:
    assert render(text) == expected


def test_used_variables_are_those_from_outside() -> None:
    template = compile_text(
        "{% set a = prenom %}{% for b in range(3) %}{{ a }}{{ b }}{{ loop.index }}{% endfor %}{{ c|d('') }}"
    )
    assert template.used == {"prenom", "c"}


def test_a_column_may_be_called_as_jinja_calls_things() -> None:
    template = compile_text("{{ range }} {{ loop }} {{ dict }}")
    assert template.used == {"range", "loop", "dict"}
    assert template.render({"range": "1", "loop": "2", "dict": "3"}) == "1 2 3"


FORBIDDEN = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ prenom|attr('__class__') }}",
    "{{ ''['__class__'] }}",
    "{{ ''[prenom] }}",
    "{{ '{0.__class__}'.format(prenom) }}",
    "{{ '{0.__class__}'.format_map(prenom) }}",
    "{{ '%s'|format(prenom) }}",
    "{{ 'a'.center(1000000000) }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ 'a'|wordwrap(1) }}",
    "{{ 'a'|indent(1000000000) }}",
    "{{ [1]|map('upper')|list }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ [prenom] * 10 ** 9 }}",
    "{{ [[1]] }}",
    "{{ {} }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ _context }}",
    "{{ caller() }}",
    "{{ varargs }}",
    "{{ lipsum() }}",
    "{{ cycler('a') }}",
    "{{ namespace() }}",
    "{{ joiner() }}",
    "{{ prenom() }}",
    "{{ prenom.upper }}",
    "{{ prenom.encode() }}",
    "{{ loop.index }}",
    "{% for x in 'ab' %}{{ loop.cycle('a') }}{% endfor %}",
    "{% for x in 'ab' %}{{ loop.__init__ }}{% endfor %}",
    "{% for x in 'ab' recursive %}{{ loop('cd') }}{% endfor %}",
    "{% for a, b in ['ab'] %}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% macro a() %}{% endmacro %}",
    "{% call prenom() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% set x %}a{% endset %}",
    "{% set ns.x = 1 %}",
    "{% set a, b = 'ab' %}",
    "{{ 'a'|random }}",
    "{{ 'a'|tojson }}",
    "{{ 'a'|pprint }}",
    "{{ 'a' is filter }}",
    "{{ 1|default(*prenom) }}",
    "{{ 1|default(**prenom) }}",
    "{{ 'a'.split(sep='b') }}",
    "{{ range(*prenom) }}",
    "{{ 99999999999999999999 }}",
    "{{ 1e999 }}",
]

TOO_LARGE = [
    "{{ 'a' * 10000000000 }}",
    "{{ ('a' * 9999) * 9999 }}",
    "{{ 1000000000 * 1000000000 * 1000000000 }}",
    "{{ range(10000000000)|join }}",
    "{{ range(1000)|join('a' * 9000) }}",
    "{{ 5|round(-1000000000) }}",
    "{{ ('9' * 4000)|int }}",
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x + x %}" * 60 + "{{ x }}",
    "{{ 'a'" + "|replace('a', 'aaaaaaaaaa')" * 30 + " }}",
    "{{ 'a'" + ".replace('a', 'aaaaaaaaaa')" * 30 + " }}",
    "{{ ('a' * 9000).replace('', 'b' * 9000) }}",
    "{% for i in range(1000) %}aaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
    "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "{% for i in range(1000) %}{% for j in range(1000) %}{% set a = j %}{% endfor %}{% endfor %}",
    "{% for i in 'a' * 9000 %}{% if 'b' * 9000 in 'a' * 9999 %}x{% endif %}{% endfor %}",
    "{% for i in range(1000) %}" + "{{ ('a' * 9000)|replace('b', 'c')|length and '' }}" * 50 + "{% endfor %}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ " + "not " * 3000 + "1 }}",
    "{{ " + "-" * 3000 + "1 }}",
    "{% if prenom %}" * 300 + "{% endif %}" * 300,
    "{% for i in 'a' %}" * 8 + "{% endfor %}" * 8,
    "{{ 1 }}" * 2500,
    "a" * 30_000,
]

FAILING = [
    "{{ '%1000000000d' % 5 }}",
    "{{ '%1000000000d' is odd }}",
    "{{ '%1000000000d' is divisibleby(5) }}",
    "{{ [1] * 1000000000 }}",
    "{{ [1] + [2] }}",
    "{{ prenom + 1 }}",
    "{{ -prenom }}",
    "{{ 1 / 0 }}",
    "{{ prenom[99] }}",
    "{{ (5).upper() }}",
    "{% for x in 5 %}{% endfor %}",
    "{{ 1 < prenom }}",
    "{{ 'abcdefghij'|truncate(1) }}",
]

SYNTAX = [
    "{{ prenom",
    "{% if prenom %}",
    "{{ }}",
    "{% unknown %}",
    "{% trans %}a{% endtrans %}",
    "{{ " + "9" * 5000 + " }}",
    "{{ 'a }}",
]


def judge_text(text: str) -> str:
    """Return the rule that stops a text, within half a second."""
    started = time.perf_counter()
    try:
        render(text)
    except InvalidTemplateError as error:
        rule = error.problems[0].rule
    except RenderError as error:
        rule = error.rule
    else:
        rule = "passes"
    assert time.perf_counter() - started < 0.5
    return rule


@pytest.mark.parametrize("text", FORBIDDEN)
def test_forbidden_parts_are_refused_at_once(text: str) -> None:
    assert judge_text(text) == "template-forbidden"


@pytest.mark.parametrize("text", TOO_LARGE)
def test_what_grows_is_stopped(text: str) -> None:
    assert judge_text(text) == "template-too-large"


@pytest.mark.parametrize("text", FAILING)
def test_what_does_not_go_with_its_values_fails(text: str) -> None:
    assert judge_text(text) == "template-failed"


@pytest.mark.parametrize("text", SYNTAX)
def test_syntax_errors(text: str) -> None:
    assert judge_text(text) == "template-syntax"


def test_all_forbidden_parts_are_told_with_their_lines() -> None:
    with pytest.raises(InvalidTemplateError) as caught:
        compile_text("a\n{{ self }}\n\n{% include 'x' %}{{ 1|uper }}")
    problems = caught.value.problems
    assert [(problem.line, problem.message) for problem in problems] == [
        (2, "a text may not use the name `self`"),
        (4, "a text may not use `{% include %}`"),
        (4, "a text may not use the filter `uper`"),
    ]
    assert problems[2].hint == "did you mean `upper`?"


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(InvalidTemplateError) as caught:
        compile_text("a\nb\n{% if %}")
    assert [problem.line for problem in caught.value.problems] == [3]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Bonjour\n\n{{ nom }}", 3),
        ("{{ prenom }}\n{{ nom|upper }}", 2),
        ("\n{% if nom %}x{% endif %}", 2),
        ("\n{% for x in nom %}x{% endfor %}", 2),
        ("\n{{ prenom ~ nom }}", 2),
        ("\n\n{{ prenom + nom }}", 3),
        ("\n{{ nom == 'x' }}", 2),
        ("{{ prenom.replace(nom, 'x') }}", 1),
        ("\n{{ nom is odd }}", 2),
    ],
)
def test_an_undefined_variable_names_itself_and_its_line(text: str, line: int) -> None:
    with pytest.raises(RenderError) as caught:
        render(text)
    assert (caught.value.rule, caught.value.variable, caught.value.line) == ("template-undefined", "nom", line)


def test_a_failure_never_shows_a_value() -> None:
    template = compile_text("{{ secret + 1 }}")
    with pytest.raises(RenderError) as caught:
        template.render({"secret": "0639980012"})
    assert "0639980012" not in f"{caught.value} {caught.value!r} {caught.value.message}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_value_is_never_a_template() -> None:
    assert compile_text("{{ a }}").render({"a": "{{ 7 * 7 }}{% include 'x' %}"}) == "{{ 7 * 7 }}{% include 'x' %}"


def test_a_long_cell_is_stopped() -> None:
    for text in ("{{ a }}", "{{ a|upper }}", "{{ a|length and '' }}", "{% for c in a %}{% endfor %}"):
        with pytest.raises(RenderError) as caught:
            compile_text(text).render({"a": "x" * 10_000_000})
        assert caught.value.rule == "template-too-large"


def test_a_budget_is_new_for_each_render() -> None:
    template = compile_text("{% for i in range(1000) %}{% set a = i %}{% endfor %}ok")
    assert {template.render({}) for _ in range(100)} == {"ok"}


_PIECES = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "for", "in", "if", "else", "endif", "endfor", "set", "range", "loop", "index"),
        *("(", ")", "[", "]", "|", "upper", "replace", "join", "'", "a", "x", "1", "999", "*", "+", "~", "%", ",", "."),
    ]
)


@given(st.lists(_PIECES, max_size=25).map(" ".join))
def test_any_text_ends_in_a_text_or_one_of_our_errors(text: str) -> None:
    try:
        rendered = compile_text(text).render({"x": "Zoé"})
    except (InvalidTemplateError, RenderError):
        return
    assert len(rendered) <= 10_000


def test_jinja_is_loaded_only_when_a_text_is_compiled() -> None:
    code = "import mmsbatch.message.rendering, sys; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
