"""Phone numbers in texts from outside, however people write them, are masked."""

import pytest

from mmsbatch.masking import mask_digits, mask_number


@pytest.mark.parametrize(
    "written",
    [
        "0639980012",
        "06 39 98 00 12",
        "06.39.98.00.12",
        "06-39-98-00-12",
        "06/39/98/00/12",
        "06\u00a039\u00a098\u00a000\u00a012",
        "06\u202f39\u202f98\u202f00\u202f12",
        "06\u201139\u201198\u201100\u201112",
        "33639980012",
        "998001",
    ],
)
def test_a_run_of_digits_is_masked_but_for_its_last_two(written: str) -> None:
    masked = mask_digits(f"<{written}>")
    assert masked == f"<{'•' * (len(written) - 2)}{written[-2:]}>"


@pytest.mark.parametrize("text", ["status 104", "12345", "2026", "1-2", "06 39"])
def test_short_runs_stay(text: str) -> None:
    assert mask_digits(text) == text


def test_a_number_shows_its_beginning_and_its_end() -> None:
    assert mask_number("33639980012") == "+336••••••12"
