import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.campaign.model import MessageType
from mmsbatch.message.measure import forbidden_character, length_limit, measured_length, tidy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        (" \n\t a b \n", "a b"),
        ("e\u0301te\u0301", "été"),
        ("\r\n", ""),
    ],
)
def test_tidy(text: str, expected: str) -> None:
    assert tidy(text) == expected


@given(st.text())
def test_tidy_is_stable(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert "\r" not in once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(("text", "length"), [("", 0), ("été", 3), ("a\nb", 4), ("\U0001f600", 1), ("\n\n", 4)])
def test_a_line_break_counts_double(text: str, length: int) -> None:
    assert measured_length(text) == length


@pytest.mark.parametrize("message_type", MessageType)
def test_limits(message_type: MessageType) -> None:
    assert length_limit(message_type) == (1000 if message_type is MessageType.TEXT else 100)


@pytest.mark.parametrize(
    ("text", "charset", "position", "name"),
    [
        ("a\x07b", "utf-8", 2, "U+0007"),
        ("\x00", "utf-8", 1, "U+0000"),
        ("\x0b", "utf-8", 1, "U+000B"),
        ("ab\ud800", "utf-8", 3, "U+D800"),
        ("\ufffe", "utf-8", 1, "U+FFFE"),
        ("\uffff", "utf-8", 1, "U+FFFF"),
        ("é€", "iso-8859-1", 2, "U+20AC EURO SIGN"),
        ("d’été", "iso-8859-1", 2, "U+2019 RIGHT SINGLE QUOTATION MARK"),
    ],
)
def test_forbidden_characters_are_named_not_shown(text: str, charset: str, position: int, name: str) -> None:
    found = forbidden_character(text, charset)
    assert found is not None
    assert (found.position, found.name) == (position, name)


@pytest.mark.parametrize(
    ("text", "charset"), [("a\t\n\ue000\ufffd\U0010ffff", "utf-8"), ("été", "iso-8859-1"), ("€’", "cp1252")]
)
def test_allowed_characters(text: str, charset: str) -> None:
    assert forbidden_character(text, charset) is None
