"""Credits, and what becomes of each number: taken, refused, or named nowhere."""

import json
import threading

import pytest
from sandbox_wire import FIRST, MEDIA, SECOND, THIRD, ask, ask_account, open_connection, send, write_body, write_flow

from mmsbatch.sandbox import Delivery, Sandbox, SandboxOptions
from mmsbatch.sandbox.handler import SEND_PATH

CLIENTS, SENDS = 16, 8


def test_the_answer_reads_like_the_sample(start):
    got = send(start(credits=418), write_flow("+33639980001", "01399800", "0639980002", "06XXzsqsd"))
    assert got.body.decode().splitlines() == [
        "Status=100",
        "StatusText=Le message a été envoyé",
        "Credits=416",
        "InvalidNums=01399800|06XXzsqsd",
        "CampaignID=aaaaaaaab",
        "IDs=<RECOVERIDS><CUSTOMER><MOBILEPHONE>0639980001</MOBILEPHONE></CUSTOMER> <CUSTOMER>",
        "<MOBILEPHONE>0639980002</MOBILEPHONE></CUSTOMER></RECOVERIDS>",
    ]
    assert got.headers["Content-Type"] == "text/html; charset=utf-8"


NUMBERS = {
    "0639980001": True,
    FIRST: True,
    "+33639980001": True,
    "": False,
    " 0639980001": False,
    "06 39 98 00 01": False,
    "06.39.98.00.01": False,
    "+330639980001": False,
    "0033639980001": False,
    "063998000": False,
    "06399800011": False,
    "\u0660639980001": False,
    "639980001": False,
    FIRST.replace("336", "07", 1): False,
    FIRST.replace("336", "01", 1): False,
}


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_section_1_4(sandbox, number):
    got = send(sandbox, write_flow(number, SECOND))
    assert got.lines["InvalidNums"] == ("" if NUMBERS[number] else number)
    assert [each.number for each in sandbox.deliveries] == [FIRST, SECOND][not NUMBERS[number] :]
    assert got.ids == ["0639980001", "0639980002"][not NUMBERS[number] :]


def test_a_number_stays_on_its_line(sandbox):
    got = send(sandbox, write_flow("06\nStatus=103\r\n", FIRST))
    assert got.lines["InvalidNums"] == "06 Status=103"
    assert got.status == 100


def test_only_what_is_accepted_is_debited_and_delivered(start):
    sandbox = start(credits=10, price=2, reject=frozenset({SECOND}))
    got = send(sandbox, write_flow(FIRST, "0639980002", THIRD))
    assert (got.lines["Credits"], got.lines["InvalidNums"]) == ("6", "0639980002")
    assert [each.number for each in sandbox.deliveries] == [FIRST, THIRD]
    assert send(sandbox, write_flow(SECOND)).status == 123
    assert sandbox.credits == 6


def test_a_number_sent_twice_is_paid_twice(sandbox):
    assert send(sandbox, write_flow(FIRST, FIRST)).ids == ["0639980001"] * 2
    assert (sandbox.credits, len(sandbox.deliveries)) == (99_998, 2)


def test_an_unaccounted_number_is_delivered_and_named_nowhere(start):
    sandbox = start(unaccounted=frozenset({FIRST}))
    got = send(sandbox, write_flow(FIRST, SECOND))
    assert b"0639980001" not in got.body
    assert (got.lines["InvalidNums"], got.ids, got.lines["Credits"]) == ("", ["0639980002"], "99998")
    assert [each.number for each in sandbox.deliveries] == [FIRST, SECOND]


def test_none_accounted_for_leaves_empty_ids(start):
    got = send(start(unaccounted=frozenset({FIRST})))
    assert got.lines["IDs"] == "<RECOVERIDS></RECOVERIDS>"


def test_campaign_ids_are_of_pro_accounts_and_differ(start):
    pro, plain = start(), start(pro_account=False)
    ids = {send(pro).lines["CampaignID"] for _ in range(30)}
    assert len(ids) == 30
    assert all(len(each) == 9 and each.isalpha() for each in ids)
    assert "CampaignID" not in send(plain).lines


def test_prices_by_class(start):
    sandbox = start(credits=10, prices={1: 3})
    send(sandbox, write_flow(msgclass=1, media=MEDIA["IMAGE"]))
    assert sandbox.credits == 7
    send(sandbox)
    assert sandbox.credits == 6


def test_what_is_free_needs_no_credit(start):
    assert send(start(credits=0, price=0)).status == 100


def test_a_delivery_holds_what_was_received(sandbox):
    options = "<CAMPAIGN_NAME>Soldes</CAMPAIGN_NAME><DATE>2026-12-20 10:00:00</DATE>"
    media = MEDIA["IMAGE"] + MEDIA["SON"]
    send(sandbox, write_flow(msgclass=4, message=r"A &lt;b&gt; \n €", media=media, options=options))
    urls = ("http://www.example.com/a.jpg", "http://www.example.com/a.mid")
    assert sandbox.deliveries == [Delivery(FIRST, r"A <b> \n €", 4, urls, "2026-12-20 10:00:00", "Soldes", request=1)]


def test_credits_end_and_come_back(start):
    sandbox = start(credits=3)
    three = write_flow(FIRST, SECOND, THIRD)
    assert send(sandbox).lines["Credits"] == "2"
    short = send(sandbox, three)
    assert (short.status, sandbox.credits) == (104, 2)
    assert "A utiliser: 3 Crédits, Disponibles: 2 Crédits." in short.lines["StatusText"]
    assert send(sandbox, write_flow(FIRST, SECOND)).lines["Credits"] == "0"
    assert send(sandbox).status == 103
    sandbox.credits = 5
    assert ask_account(sandbox).lines["Credits"] == "5"
    assert send(sandbox, three).lines["Credits"] == "2"


def test_credits_outlive_the_server_in_their_file(start, tmp_path):
    file = tmp_path / "credits.json"
    first = start(credits=10, credits_file=file)
    assert json.loads(file.read_text()) == {"credits": 10}
    send(first)
    first.stop()
    second = start(credits=500, credits_file=file)
    assert second.credits == 9
    second.credits = 20
    second.stop()
    assert start(credits_file=file).credits == 20
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", ["", "[]", "12", "{}", '{"credits": "9"}', '{"credits": true}', '{"credits": 1.5}'])
def test_another_file_is_not_taken_for_credits(tmp_path, content):
    file = tmp_path / "credits.json"
    file.write_text(content)
    with pytest.raises(ValueError, match="not a credits file of the sandbox"):
        Sandbox(SandboxOptions(credits_file=file))
    assert file.read_text() == content


def test_deliveries_are_logged_for_their_owner_only(start, tmp_path):
    file = tmp_path / "log.jsonl"
    sandbox = start(log_file=file)
    options = "<CAMPAIGN_NAME>Été</CAMPAIGN_NAME><DATE>2026-12-20 10:00:00</DATE>"
    send(sandbox, "")
    send(sandbox, write_flow(FIRST, SECOND, msgclass=1, message="Noël &lt;3", media=MEDIA["IMAGE"], options=options))
    expected = {
        "number": FIRST,
        "text": "Noël <3",
        "msgclass": 1,
        "media": ["http://www.example.com/a.jpg"],
        "date": "2026-12-20 10:00:00",
        "campaign": "Été",
        "request": 2,
    }
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines == [expected, {**expected, "number": SECOND}]
    assert file.stat().st_mode & 0o777 == 0o600


def test_numbers_and_texts_do_not_show_in_a_repr(start):
    sandbox = start(passcode="s3cret", reject=frozenset({SECOND}))
    send(sandbox, passcode="s3cret")
    shown = repr(sandbox.deliveries) + repr(SandboxOptions(passcode="s3cret", reject=frozenset({SECOND})))
    assert not any(each in shown for each in (FIRST, SECOND, "Bonjour", "s3cret"))


def test_sixteen_clients_at_once_leave_an_exact_balance(start):
    sandbox = start(credits=2 * CLIENTS * SENDS - 7)
    body, statuses = write_body(write_flow(FIRST, SECOND)), []
    ready = threading.Barrier(CLIENTS)

    def work():
        connection = open_connection(sandbox.send_url)
        ready.wait(5)
        statuses.extend(ask(connection, "POST", SEND_PATH, body).status for _ in range(SENDS))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    taken = CLIENTS * SENDS - 4
    assert (statuses.count(100), statuses.count(104)) == (taken, 4)
    assert (sandbox.credits, len(sandbox.deliveries)) == (1, 2 * taken)
    assert sandbox.requests["send"] == CLIENTS * SENDS
    assert {each.request for each in sandbox.deliveries} <= set(range(1, CLIENTS * SENDS + 1))


@pytest.mark.parametrize("wrong", [{"price": -1}, {"prices": {0: -1}}, {"account_status": 102}])
def test_options_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match=r"price|account_status"):
        SandboxOptions(**wrong)


def test_a_charset_that_is_none():
    with pytest.raises(LookupError):
        SandboxOptions(charset="utf-9")
