"""Every writing of a number that people and spreadsheets produce, and every reason to refuse one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.recipients.numbers import NumberPolicy, NumberProblem, parse_number, read_number, was_zero_restored
from mmsbatch.rules import RULES

REAL = NumberPolicy()
SANDBOX = NumberPolicy(accept_fiction=True)
WITH_07 = NumberPolicy(("06", "07"), accept_fiction=True)

# Numbers outside the range for fiction are made of their parts, and obviously of nobody.
ZEROS = "0" * 8


@pytest.mark.parametrize(
    "text",
    [
        "0639980012",
        "33639980012",
        "+33639980012",
        "0033639980012",
        "0033 6 39 98 00 12",
        "06 39 98 00 12",
        "06.39.98.00.12",
        "06-39-98-00-12",
        "06·39·98·00·12",
        "  0639980012\t",
        "+33 (0)6 39 98 00 12",
        "0033(0)639980012",
        "33 (0) 6 39 98 00 12",
        "(0)6 39 98 00 12",
        "+33.6.39.98.00.12",
        "06\xa039\xa098\xa000\xa012",
        "06\u202f39\u202f98\u202f00\u202f12",
        "06\u200939\u200998\u200900\u200912",
        "06\u201139\u201198\u201100\u201112",
        "06–39–98–00–12",
        "\u202a+33 6 39 98 00 12\u202c",
        "\u200e0639980012\u200f",
        "\ufeff0639980012",
        "06\u200b39980012",
        "06\xad39980012",
        "639980012",
        "6 39 98 00 12",
        "6.39.98.00.12",
    ],
)
def test_reads_every_writing(text):
    assert read_number(text, SANDBOX) == "33639980012"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "number-empty"),
        (" \xa0\u200b", "number-empty"),
        ("-", "number-empty"),
        ("0639980012 / 0639980013", "number-several"),
        ("06 39 98 00 12 ou 06 39 98 00 13", "number-several"),
        ("0639980012\n0639980013", "number-several"),
        ("0639980012;0639980013", "number-several"),
        ("639980012 639980013", "number-several"),
        ("6,3998E+08", "number-scientific"),
        ("6.3998e+08", "number-scientific"),
        (" 3,364E+10 ", "number-scientific"),
        ("6E8", "number-scientific"),
        ("06 39 98 OO 12", "number-letters"),
        ("tel 0639980012", "number-letters"),
        ("inconnu", "number-letters"),
        ("06/39/98/00/12", "number-characters"),
        ("'0639980012", "number-characters"),
        ("+336••••••12", "number-characters"),
        ("٠٦٣٩٩٨٠٠١٢", "number-characters"),
        ("063998001\uff12", "number-characters"),
        ("063998001²", "number-characters"),
        ("(06) 39 98 00 12", "number-characters"),
        ("0639980012+", "number-characters"),
        ("++33639980012", "number-characters"),
        ("+0639980012", "number-characters"),
        ("(0)", "number-characters"),
        ("639980012.0", "number-characters"),
        ("639980012.00", "number-characters"),
        ("63998001.0", "number-characters"),
        ("063998001", "number-length"),
        ("06399800123", "number-length"),
        ("39980012", "number-length"),
        ("0" * 10, "number-length"),
        ("+33" + "639", "number-length"),
        ("+330639980012", "number-length"),
        ("330639980012", "number-length"),
        ("01" + ZEROS, "number-landline"),
        ("02" + ZEROS, "number-landline"),
        ("+33 (0)5 " + ZEROS, "number-landline"),
        ("334" + ZEROS, "number-landline"),
        ("08" + ZEROS, "number-landline"),
        ("09" + ZEROS, "number-landline"),
        ("+32 470 " + "0" * 6, "number-foreign"),
        ("0041 79 " + "0" * 7, "number-foreign"),
        ("+1 555 " + "0" * 7, "number-foreign"),
        ("+262 692 " + "0" * 6, "number-overseas"),
        ("00590690" + "0" * 6, "number-overseas"),
        ("+687" + "0" * 6, "number-overseas"),
        *[(prefix + "0" * 6, "number-overseas") for prefix in ("0690", "0691", "0692", "0693", "0694", "0696")],
        ("0697" + "0" * 6, "number-overseas"),
        ("0708" + "0" * 6, "number-overseas"),
        ("0639" + "0" * 6, "number-overseas"),
        ("+33 692 " + "0" * 6, "number-overseas"),
        ("692" + "0" * 6, "number-overseas"),
        ("0700" + "0" * 6, "number-m2m"),
        ("0700" + "0" * 10, "number-m2m"),
        ("+33700" + "0" * 10, "number-m2m"),
        ("07" + "1" * 8, "number-prefix"),
        ("7" + "1" * 8, "number-prefix"),
        ("+33 7 " + "1" * 8, "number-prefix"),
        ("0639980012", "number-fiction"),
        ("+33 6 39 98 00 12", "number-fiction"),
    ],
)
def test_refuses_by_rule(text, rule):
    problem = read_number(text, REAL)
    assert isinstance(problem, NumberProblem)
    assert problem.rule == rule
    assert rule in RULES


@pytest.mark.parametrize("prefix", ["0600", "0638", "0640", "0689", "0695", "0698", "0699"])
def test_takes_every_ordinary_mobile_range(prefix):
    assert read_number(prefix + "0" * 6, REAL) == "33" + prefix[1:] + "0" * 6


def test_takes_07_where_the_account_does():
    assert read_number("07" + "1" * 8, WITH_07) == "337" + "1" * 8
    assert read_number("0700" + "0" * 6, WITH_07).rule == "number-m2m"
    assert read_number("0708" + "0" * 6, WITH_07).rule == "number-overseas"


def test_the_hint_for_07_is_the_setting():
    assert 'add "07" to mobile_prefixes' in read_number("07" + "1" * 8, REAL).hint


def test_the_hint_for_a_kept_zero():
    assert "(0)" in read_number("+330639980012", SANDBOX).hint
    assert not read_number("+3363998001", SANDBOX).hint


def test_policy_of_a_gateway():
    settings = GatewaySettings(mobile_prefixes=("06", "07"), accept_fiction=True)
    assert NumberPolicy.of_gateway(settings) == WITH_07


def test_parse_number_judges_no_range():
    assert parse_number("01" + ZEROS) == "331" + ZEROS
    assert parse_number("0692" + "0" * 6) == "33692" + "0" * 6


@pytest.mark.parametrize(
    ("text", "restored"),
    [("639980012", True), (" 6 39 98 00 12", True), ("0639980012", False), ("+33639980012", False), ("(0)6…", False)],
)
def test_was_zero_restored(text, restored):
    assert was_zero_restored(text) is restored


SEPARATORS = st.sampled_from(["", " ", ".", "-", "\xa0", "\u202f", "\u2011", "  ", "\u200b", "\t"])
AROUND = st.sampled_from(["", " ", "\xa0", "\u200e", "\ufeff", "\u202a", "\n"])
STARTS = ["0", "33", "+33", "0033", "+33(0)", "+33 (0) ", "0033(0)", ""]


@st.composite
def writings(draw):
    """A number in fiction's range, and one of its writings: pairs of digits with separators between."""
    last_four = draw(st.integers(0, 9999))
    pairs = ["39", "98", f"{last_four:04}"[:2], f"{last_four:04}"[2:]]
    text = draw(st.sampled_from(STARTS)) + draw(SEPARATORS) + "6"
    for pair in pairs:
        text += draw(SEPARATORS) + pair
    return f"3363998{last_four:04}", draw(AROUND) + text + draw(AROUND)


@given(writings())
def test_any_writing_reads_to_the_same_number(case):
    number, text = case
    assert read_number(text, SANDBOX) == number


NUMBER_LIKE = st.text(st.sampled_from("0123456789367067 +().-/eE,\xa0\u202f٣3x"), max_size=24)


@given(st.text() | NUMBER_LIKE, st.sampled_from([REAL, SANDBOX, WITH_07]))
def test_any_text_is_a_wire_number_or_a_problem(text, policy):
    result = read_number(text, policy)
    if isinstance(result, NumberProblem):
        assert result.rule in RULES
    else:
        allowed = "[67]" if "07" in policy.mobile_prefixes else "6"
        assert re.fullmatch(rf"33{allowed}[0-9]{{8}}", result)


@given(NUMBER_LIKE)
def test_no_message_holds_a_number(text):
    result = read_number(text, REAL)
    if isinstance(result, NumberProblem):
        assert not re.search(r"[0-9]{4}", result.message.replace("0700", "") + result.hint)
