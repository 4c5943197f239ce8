from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.gateway.form import encode_form


@pytest.mark.parametrize(
    ("text", "charset", "encoded"),
    [
        ("aZ09-_.", "utf-8", b"aZ09-_."),
        ("a b", "utf-8", b"a+b"),
        ("+33", "utf-8", b"%2B33"),
        ("~*'()!/", "utf-8", b"%7E%2A%27%28%29%21%2F"),
        ("é€", "utf-8", b"%C3%A9%E2%82%AC"),
        ("é", "iso-8859-1", b"%E9"),
        ("<a>&=\n", "utf-8", b"%3Ca%3E%26%3D%0A"),
    ],
)
def test_phps_urlencode(text: str, charset: str, encoded: bytes) -> None:
    assert encode_form({"f": text}, charset) == b"f=" + encoded


def test_fields_keep_their_order() -> None:
    assert encode_form({"clientcode": "a", "passcode": "b", "XMLFlow": "c"}, "utf-8") == (
        b"clientcode=a&passcode=b&XMLFlow=c"
    )


def test_what_the_charset_lacks_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_form({"f": "€"}, "iso-8859-1")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_form_is_read_back(text: str) -> None:
    assert parse_qsl(encode_form({"f": text}, "utf-8").decode(), keep_blank_values=True) == [("f", text)]
