"""How numbers are kept: plain, or as tokens under a key."""

import base64
import hashlib
import hmac

import pytest
from record_builders import number

from mmsbatch.record.tokens import PLAIN, TOKEN, keep_as_tokens, keep_plain


def test_plain_numbers_stay():
    keeping = keep_plain()
    assert (keeping.numbers, keeping.keep(number(12)), keeping.key_check) == (PLAIN, "33639980012", None)


def test_a_token_is_what_the_contract_says():
    digest = hmac.new(b"a key", b"33639980012", hashlib.sha256).digest()[:16]
    expected = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    keeping = keep_as_tokens("a key")
    assert (keeping.numbers, keeping.keep("33639980012")) == (TOKEN, expected)
    assert len(expected) == 22


def test_tokens_are_told_apart_and_recognised_under_one_key_only():
    ours, again, theirs = keep_as_tokens("ours"), keep_as_tokens("ours"), keep_as_tokens("theirs")
    kept = [ours.keep(number(place)) for place in range(10_000)]
    assert len(set(kept)) == 10_000
    assert kept == [again.keep(number(place)) for place in range(10_000)]
    assert not set(kept) & {theirs.keep(number(place)) for place in range(100)}


@pytest.mark.parametrize(("key", "same"), [("ours", True), ("theirs", False), ("ours ", False), ("", False)])
def test_the_check_value_tells_the_key(key, same):
    assert (keep_as_tokens(key).key_check == keep_as_tokens("ours").key_check) is same


def test_the_key_shows_nowhere():
    assert "s3cret" not in repr(keep_as_tokens("s3cret"))
