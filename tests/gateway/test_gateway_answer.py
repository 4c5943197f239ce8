import time
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.gateway.answer import normalise_number, read_answer

SAMPLE = """Status=100
StatusText=Le message a été envoyé
Credits=416
InvalidNums=0400000000|06XXzsqsd
CampaignID=hbhvirbvc
IDs=<RECOVERIDS><CUSTOMER><MOBILEPHONE>0639980001</MOBILEPHONE></CUSTOMER> <CUSTOMER>
<MOBILEPHONE>0639980002</MOBILEPHONE></CUSTOMER></RECOVERIDS>
"""


def read(text: str, complete: bool = True):
    return read_answer(text.encode(), complete)


def test_the_manuals_sample() -> None:
    answer = read(SAMPLE)
    assert answer.status == 100
    assert answer.status_text == "Le message a été envoyé"
    assert answer.credits == Decimal(416)
    assert (answer.invalid, answer.invalid_count) == (("33400000000",), 2)
    assert answer.campaign_id == "hbhvirbvc"
    assert answer.ids == {"33639980001", "33639980002"}
    assert answer.ids_complete
    assert answer.problem == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0639980001", "33639980001"),
        ("33639980001", "33639980001"),
        ("+33639980001", "33639980001"),
        (" 0639980001 ", "33639980001"),
        ("0739980001", "33739980001"),
        ("063998000", None),
        ("06399800011", None),
        ("+33063998000", None),
        ("٠639980001", None),
        ("", None),
    ],
)
def test_numbers_of_any_format(text: str, expected: str | None) -> None:
    assert normalise_number(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the answer has no Status line"),
        ("<html>Status=100</html>", "the answer has no Status line"),
        ("StatusText=Status=100", "the answer has no Status line"),
        (" Status=100\n", "the answer has no Status line"),
        ("XStatus=100\n", "the answer has no Status line"),
        ("Status:100\n", "the answer has no Status line"),
        ("Status=\n", "the answer's Status is no number of three digits"),
        ("Status=10\n", "the answer's Status is no number of three digits"),
        ("Status=1000\n", "the answer's Status is no number of three digits"),
        ("Status=١٠٠\n", "the answer's Status is no number of three digits"),
        ("Status=100 ok\n", "the answer's Status is no number of three digits"),
        ("Status=100\nStatus=105\n", "the answer has Status lines that contradict each other"),
        ("IDs=<RECOVERIDS>\nStatus=100\n</RECOVERIDS>\n", "the answer has no Status line"),
        ("IDs=<RECOVERIDS>\nStatus=100\n", "the answer has no Status line"),
    ],
)
def test_unreadable_answers(text: str, problem: str) -> None:
    answer = read(text)
    assert (answer.status, answer.problem) == (None, problem)


@pytest.mark.parametrize(
    "text",
    [
        "Status=103",
        "\ufeffStatus=103\n",
        "\n\n \nStatus= 103 \n",
        "Status=103\nStatus=103\n",
        "Status=103\r",
        "StatusText=Status=100\r\nStatus=103\r\n",
        "IDs=\nStatus=103\n",
        "IDs=<RECOVERIDS>\nStatus=100\n</RECOVERIDS>\nStatus=103\n",
        "Warning: something\nStatus=103\n",
        "StatusText=a\u2028Status=100\x85Status=100\x0bStatus=100\nStatus=103\n",
    ],
)
def test_tolerated_forms(text: str) -> None:
    assert read(text).status == 103


@pytest.mark.parametrize(
    ("text", "needed", "available"),
    [
        ("A utiliser: 12 Crédits, Disponibles: 3 Crédits.", 12, 3),
        ("A utiliser : 1234567 Crédits, Disponible : 0,5 Crédits", 1234567, Decimal("0.5")),
        ("rien", None, None),
    ],
)
def test_the_figures_of_104(text: str, needed: int | None, available: Decimal | None) -> None:
    answer = read(f"Status=104\nStatusText=Crédit insuffisant pour traiter cet envoi. {text}\n")
    assert (answer.needed, answer.available) == (needed, available)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("416", 416), ("-3", -3), ("4,5", Decimal("4.5")), ("0.25", Decimal("0.25"))),
        *(("", None), ("1e9", None), ("NaN", None), ("٤", None), ("9" * 40, None)),
    ],
)
def test_credits(text: str, expected: Decimal | None) -> None:
    assert read(f"Status=100\nCredits={text}\n").credits == expected


def test_what_is_kept_shows_no_number() -> None:
    answer = read("Status=105\nStatusText=le 0639980012 et +33 6 39 98 00 12\nCampaignID=x0639980012\n")
    kept = f"{answer!r}{answer.status_text}{answer.campaign_id}"
    assert "063998" not in kept
    assert "39 98" not in kept
    assert answer.status_text.endswith("12")


def test_an_ordinary_campaign_id_is_kept_whole() -> None:
    assert read("CampaignID=20261220\n").campaign_id == "20261220"


def test_texts_are_bounded() -> None:
    answer = read(f"Status=105\nStatusText={'x' * 5000}\nCampaignID={'y' * 5000}\n")
    assert (len(answer.status_text), len(answer.campaign_id)) == (200, 64)


def test_latin_1_and_a_character_cut_in_half() -> None:
    assert read_answer("Status=101\nStatusText=programmé\n".encode("latin-1"), True).status_text == "programmé"
    assert read_answer("StatusText=envoyé\nCampaignID=é".encode()[:-1], False).status_text == "envoyé"


@pytest.mark.parametrize(
    "body",
    [
        b"Status=100\n" * 90_000,
        b"IDs=<" * 200_000,
        b"IDs=" + b" " * 1_000_000,
        b"IDs=\n" * 200_000,
        b"IDs=<RECOVERIDS>" + b"<MOBILEPHONE> " * 70_000,
        b"<!ENTITY a 'b'>" * 60_000,
        b"InvalidNums=" + b"|" * 1_000_000,
        b"StatusText=" + b"1 " * 500_000,
        b"StatusText=" + b"utiliser  " * 100_000,
        b"\r\n" * 500_000,
        b"\xff" * 1_000_000,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_hostile_answers_are_read_in_bounded_time(body: bytes) -> None:
    started = time.perf_counter()
    read_answer(body, True)
    assert time.perf_counter() - started < 3


@dataclass(frozen=True)
class Parts:
    status: int
    text: str
    credits: int
    invalid: list[str]
    ids: list[str]
    line_end: str
    encoding: str

    def body(self) -> bytes:
        customers = self.line_end.join(
            f"<CUSTOMER>{self.line_end}<MOBILEPHONE>{number}</MOBILEPHONE></CUSTOMER>" for number in self.ids
        )
        lines = [
            f"Status={self.status}",
            f"StatusText={self.text}",
            f"Credits={self.credits}",
            f"InvalidNums={'|'.join(self.invalid)}",
            f"IDs=<RECOVERIDS>{customers}</RECOVERIDS>",
        ]
        return self.line_end.join(lines).encode(self.encoding)


NUMBERS = st.builds(
    "{}63998{:04}".format, st.sampled_from(["0", "33", "+33"]), st.integers(min_value=0, max_value=9999)
)
PARTS = st.builds(
    Parts,
    status=st.integers(min_value=100, max_value=303),
    text=st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "Zs"]), max_size=60).map(str.strip),
    credits=st.integers(min_value=0, max_value=10**9),
    invalid=st.lists(NUMBERS | st.just("06XXzsqsd"), max_size=4),
    ids=st.lists(NUMBERS, max_size=4),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "latin-1"]),
)


@given(PARTS)
def test_an_answer_of_any_form_is_read_back(parts: Parts) -> None:
    answer = read_answer(parts.body(), True)
    normalised = [normalise_number(number) for number in parts.invalid]
    assert answer.status == parts.status
    assert answer.credits == parts.credits
    assert list(answer.invalid) == [number for number in normalised if number]
    assert answer.invalid_count == len(parts.invalid)
    assert answer.ids == {normalise_number(number) for number in parts.ids}
    assert answer.ids_complete


@given(PARTS)
def test_cut_anywhere_it_says_less_but_nothing_else(parts: Parts) -> None:
    body = parts.body()
    whole = read_answer(body, True)
    for length in range(len(body)):
        part = read_answer(body[:length], False)
        assert part.status in (None, whole.status)
        assert part.credits in (None, whole.credits)
        assert set(part.invalid) <= set(whole.invalid)
        assert (part.ids or frozenset()) <= (whole.ids or frozenset())
        assert part.ids is not None or not part.ids_complete
