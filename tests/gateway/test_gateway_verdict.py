import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.gateway.exchange import Answered, Lost, NotSent
from mmsbatch.gateway.statuses import SEND_STATUSES, Reaction
from mmsbatch.gateway.verdict import REFUSING_HTTP, Fate, Verdict, judge

NUMBERS = tuple(f"3363998000{digit}" for digit in range(4))
SUCCESS = b"Status=100\nStatusText=Le message a \xe9t\xe9 envoy\xe9\nCredits=12\n"


def answered(text: str | bytes, http_status: int = 200, complete: bool = True, scheduled: bool = False) -> Verdict:
    body = text if isinstance(text, bytes) else text.encode()
    return judge(Answered(http_status, body, complete), NUMBERS, scheduled)


def ids(*places: int) -> str:
    customers = "".join(f"<CUSTOMER><MOBILEPHONE>0{NUMBERS[place][2:]}</MOBILEPHONE></CUSTOMER>" for place in places)
    return f"IDs=<RECOVERIDS>{customers}</RECOVERIDS>\n"


FATES = {
    Reaction.GO_ON: Fate.ACCEPTED,
    Reaction.ALL_REJECTED: Fate.ACCEPTED,
    Reaction.RETRY_THEN_REFUSED: Fate.RETRY_MEDIA,
}


@pytest.mark.parametrize("status", SEND_STATUSES.values(), ids=lambda status: str(status.code))
def test_every_status_has_its_fate(status) -> None:
    verdict = answered(f"Status={status.code}\nStatusText={status.text}\nCredits=5\n")
    assert verdict.fate is FATES.get(status.reaction, Fate.REFUSED)
    assert verdict.reaction is status.reaction
    assert verdict.reason == f"status {status.code}: {status.meaning}"
    assert verdict.answer is not None
    assert verdict.answer.status == status.code
    assert verdict.http_status == 200


def test_without_ids_all_others_are_accepted() -> None:
    verdict = answered(SUCCESS + b"InvalidNums=0639980001|+33639980003|0639989999|xx\n")
    assert verdict.rejected == (NUMBERS[1], NUMBERS[3])
    assert (verdict.accepted, verdict.unaccounted) == (2, ())


def test_with_ids_what_is_in_neither_is_unaccounted() -> None:
    verdict = answered(SUCCESS + b"InvalidNums=0639980001\n" + ids(0, 2).encode())
    assert (verdict.accepted, verdict.rejected, verdict.unaccounted) == (2, (NUMBERS[1],), (NUMBERS[3],))


def test_a_number_in_both_is_rejected() -> None:
    verdict = answered(SUCCESS + b"InvalidNums=0639980000\n" + ids(0, 1, 2, 3).encode())
    assert (verdict.accepted, verdict.rejected, verdict.unaccounted) == (3, (NUMBERS[0],), ())


@pytest.mark.parametrize("cut", ["InvalidNums=06399", ids(0, 1)[:-20], "ID", ""])
def test_cut_off_what_is_not_named_is_unaccounted(cut: str) -> None:
    verdict = answered(SUCCESS + cut.encode(), complete=False)
    assert verdict.fate is Fate.ACCEPTED
    named = 2 if cut.startswith("IDs") else 0
    assert (verdict.accepted, verdict.unaccounted) == (named, NUMBERS[named:])


def test_ids_that_never_close_are_cut_off_too() -> None:
    verdict = answered(SUCCESS + ids(0, 1).replace("</RECOVERIDS>", "").encode())
    assert (verdict.accepted, verdict.unaccounted) == (2, NUMBERS[2:])


def test_123_rejects_every_number() -> None:
    verdict = answered("Status=123\n")
    assert (verdict.fate, verdict.accepted, verdict.rejected) == (Fate.ACCEPTED, 0, NUMBERS)


@pytest.mark.parametrize(
    ("status", "scheduled", "warns"), [(100, False, False), (101, True, False), (100, True, True), (101, False, True)]
)
def test_a_success_of_the_other_kind_warns(status: int, scheduled: bool, warns: bool) -> None:
    verdict = answered(f"Status={status}\n", scheduled=scheduled)
    assert verdict.fate is Fate.ACCEPTED
    assert bool(verdict.warning) is warns


@pytest.mark.parametrize("http_status", sorted(REFUSING_HTTP))
def test_a_refusing_http_status_without_a_status_line(http_status: int) -> None:
    verdict = answered("<html>no</html>", http_status)
    assert (verdict.fate, verdict.reaction) == (Fate.REFUSED, Reaction.STOP)
    assert verdict.reason == f"HTTP {http_status} without an answer of the gateway"


def test_refusing_http_statuses_are_the_contracts() -> None:
    assert {*range(300, 400), 401, 403, 404, 405, 407, 411, 413, 414, 431} == REFUSING_HTTP


@pytest.mark.parametrize("http_status", [302, 403, 404, 500, 503])
def test_a_success_counts_under_any_http_status(http_status: int) -> None:
    assert answered(SUCCESS, http_status).fate is Fate.ACCEPTED


@pytest.mark.parametrize(
    ("body", "http_status", "complete"),
    [
        ("", 200, True),
        ("<html>hello</html>", 200, True),
        ("Status=100", 200, False),
        ("Status=1", 200, False),
        ("Status=999\n", 200, True),
        ("Status=300\n", 200, True),
        ("Status=100\nStatus=105\n", 200, True),
        ("Status=100\nStatus=105\n", 403, True),
        ("Status=10", 403, False),
        ("", 403, False),
        ("", 400, True),
        ("", 408, True),
        ("", 429, True),
        ("", 500, True),
        ("", 502, True),
        ("Status=105\n", 500, True),
        ("Status=103\n", 503, True),
        ("Status=123\n", 500, True),
        ("", 100, True),
    ],
)
def test_everything_else_is_doubt(body: str, http_status: int, complete: bool) -> None:
    verdict = answered(body, http_status, complete)
    assert (verdict.fate, verdict.reaction) == (Fate.IN_DOUBT, Reaction.HOLD)
    assert verdict.reason
    assert (verdict.accepted, verdict.rejected, verdict.unaccounted) == (0, (), ())


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (Answered(200, b""), "HTTP 200: the answer is empty"),
        (
            Answered(200, b"Status=10", complete=False, reason="the connection was reset"),
            "HTTP 200: the answer has no Status line, and is not whole (the connection was reset)",
        ),
        (Answered(200, b"Status=999\n"), "HTTP 200: status 999, which the manual does not list"),
        (Answered(200, SUCCESS, early=True), "HTTP 200: status 100, before the request was sent whole"),
        (Answered(413, b"Status=105\n", early=True), "HTTP 413: status 105, before the request was sent whole"),
    ],
)
def test_doubt_says_why(exchange: Answered, reason: str) -> None:
    assert judge(exchange, NUMBERS, False).reason == reason


def test_not_sent_and_lost() -> None:
    not_sent = judge(NotSent("no connection"), NUMBERS, False)
    assert (not_sent.fate, not_sent.reaction, not_sent.reason) == (
        Fate.RETRY_NOT_SENT,
        Reaction.RETRY_THEN_FAILED,
        "no connection",
    )
    lost = judge(Lost("reset"), NUMBERS, False)
    assert (lost.fate, lost.reaction, lost.answer) == (Fate.IN_DOUBT, Reaction.HOLD, None)


@pytest.mark.parametrize("status", [100, 101, 102, 104, 114, 123, 999])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_answer_cut_at_any_byte_never_flips(status: int, line_end: str) -> None:
    lines = [f"Status={status}", "StatusText=Le message a été envoyé", "InvalidNums=0639980001", ids(0, 2).strip()]
    body = line_end.join(lines).encode()
    fates = [answered(body[:length], complete=False).fate for length in range(len(body))]
    decided_at = len(f"Status={status}") + 1
    assert set(fates[:decided_at]) == {Fate.IN_DOUBT}
    # Only a success decides where the rest is missing; what was cut and refused stays in doubt.
    assert set(fates[decided_at:]) == {Fate.ACCEPTED if status in (100, 101) else Fate.IN_DOUBT}


@given(
    st.lists(st.sampled_from(NUMBERS), max_size=5),
    st.none() | st.lists(st.sampled_from(NUMBERS), max_size=5),
    st.booleans(),
)
def test_every_number_has_exactly_one_outcome(invalid: list[str], found: list[str] | None, complete: bool) -> None:
    text = f"Status=100\nInvalidNums={'|'.join(invalid)}\n"
    if found is not None:
        text += ids(*(NUMBERS.index(number) for number in found))
    verdict = answered(text, complete=complete)
    assert verdict.accepted + len(verdict.rejected) + len(verdict.unaccounted) == len(NUMBERS)
    assert not set(verdict.rejected) & set(verdict.unaccounted)
    assert set(verdict.rejected) == set(invalid)


@given(st.binary(max_size=300), st.integers(min_value=100, max_value=599), st.booleans())
def test_any_answer_is_judged(body: bytes, http_status: int, complete: bool) -> None:
    verdict = judge(Answered(http_status, body, complete), NUMBERS, False)
    if verdict.fate is Fate.ACCEPTED:
        assert b"Status" in body


def test_a_verdict_shows_no_number() -> None:
    verdict = answered(SUCCESS + b"InvalidNums=0639980001\n" + ids(0).encode())
    assert "3998" not in repr(verdict)
