"""What a scalar is read as, by its form and by what the schema wants at its place."""

import doctest

import pytest

from mmsbatch.campaign import scalars, wording
from mmsbatch.campaign.checked import read_checked
from mmsbatch.campaign.scalars import is_misread, resolve_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("on", "on"),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("22:30", "22:30"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2026-12-20", "2026-12-20"),
        ("٣", "٣"),
        ("-", "-"),
        ("+", "+"),
    ],
)
def test_plain_forms(text, value):
    resolved = resolve_plain(text)
    assert (resolved, type(resolved)) == (value, type(value))


@pytest.mark.parametrize("digits", [300, 301, 5000])
def test_endless_digits_are_no_number(digits):
    assert isinstance(resolve_plain("9" * digits), int if digits <= 300 else str)


@pytest.mark.parametrize(
    "text", ["0639980012", "+33639980012", "06000", "1.50", "22:30", "1_000", "2026-12-20 10:00:00"]
)
def test_misread_elsewhere(text):
    assert is_misread(text)


@pytest.mark.parametrize("text", ["", "42", "-1", "1.5", "06 39 98 00 12", "Nice", "3 rue X", "12h", "-30 %", "v1.0"])
def test_not_misread(text):
    assert not is_misread(text)


def data_of(schema, text):
    return read_checked(text.encode(), schema, "x.yaml").data


def test_the_schema_decides_what_a_scalar_is():
    data = data_of("campaign", "{revision: 2, name: 2, state: 2, mail_notification: true, variables: {a: 02, b: true}}")
    assert data["revision"] == 2
    assert data["name"] == "2"
    assert data["state"] == 2  # refused by the schema, as in every other validator
    assert data["mail_notification"] is True
    assert data["variables"] == {"a": "02", "b": "true"}


def test_quotes_make_text_of_everything():
    data = data_of("campaign", "{revision: '2', mail_notification: 'true', variables: {a: ''}}")
    assert data == {"revision": "2", "mail_notification": "true", "variables": {"a": ""}}


def test_short_numbers_are_no_phone_numbers():
    data = data_of("campaign", "{recipients: {list: [12, 0639980012, {phone: 5}]}}")
    assert data["recipients"]["list"] == [12, "0639980012", {"phone": 5}]


@pytest.mark.parametrize("module", [scalars, wording])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("word", "shown"),
    [("prenom", "prenom"), ("0639980012", "••••••••12"), ("a\nb", "a�b"), ("x" * 50, "x" * 39 + "…")],
)
def test_words_are_shown_safely(word, shown):
    assert wording.show_word(word) == shown
