"""Every status of both tables by its real cause, over HTTP."""

import pytest
from sandbox_wire import FIRST, MEDIA, SECOND, ask_account, post, send, write_body, write_flow

from mmsbatch.sandbox.statuses import ACCOUNT_TEXTS, SEND_TEXTS, SWITCHED

IMAGE, VIDEO, SON = MEDIA["IMAGE"], MEDIA["VIDEO"], MEDIA["SON"]
CLIENT, NUMBER = "<CLIENT>SANDBOX</CLIENT>", f"<MOBILEPHONE>{FIRST}</MOBILEPHONE>"
TEXT = "<MSGCLASS>0</MSGCLASS><MESSAGE>Bonjour</MESSAGE>"
HOSTILE = '<!DOCTYPE DATA [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


def data(inner):
    return f"<DATA>{inner}</DATA>"


def image(url):
    return write_flow(msgclass="1", media=f"<IMAGE>{url}</IMAGE>")


def video(url="http://www.example.com/a.3gp", duration="12"):
    return write_flow(msgclass="2", media=f"<VIDEO><URL>{url}</URL><DUREE>{duration}</DUREE></VIDEO>")


def dated(date):
    return write_flow(options=f"<DATE>{date}</DATE>")


FLOWS = {
    "text": (100, write_flow()),
    "image": (100, write_flow(msgclass="1", media=IMAGE)),
    "video": (100, write_flow(msgclass="2", media=VIDEO)),
    "sound": (100, write_flow(msgclass="3", media=SON)),
    "image and sound": (100, write_flow(msgclass="4", media=IMAGE + SON)),
    "pretty": (100, data(f"\n  {CLIENT}\n  {NUMBER}\n  {TEXT}\n")),
    "all options": (
        101,
        write_flow(
            options="<CAMPAIGN_NAME>Soldes</CAMPAIGN_NAME><DATE>2026-12-20 10:00:00</DATE><MAIL_NOTIF>1</MAIL_NOTIF>"
        ),
    ),
    "a past date": (101, dated("2007-11-05 15:10:00")),
    "empty": (105, ""),
    "blank": (105, " \n "),
    "no xml": (106, "bonjour"),
    "cut": (106, write_flow()[:-20]),
    "two roots": (106, write_flow() * 2),
    "wrong root": (106, write_flow().replace("DATA>", "FLOW>")),
    "root in small letters": (106, write_flow().replace("DATA>", "data>")),
    "prolog": (106, '<?xml version="1.0"?>' + write_flow()),
    "attribute": (106, write_flow().replace("<MESSAGE>", '<MESSAGE lang="fr">')),
    "comment": (106, write_flow().replace("<MESSAGE>", "<!-- x --><MESSAGE>")),
    "cdata": (106, write_flow(message="<![CDATA[a]]>")),
    "doctype": (106, "<!DOCTYPE DATA>" + write_flow()),
    "entity bomb": (106, HOSTILE + write_flow(message="&b;")),
    "unknown entity": (106, write_flow(message="&eacute;")),
    "bare ampersand": (106, write_flow(message="a & b")),
    "control character": (106, write_flow(message="a\x01b")),
    "forbidden reference": (106, write_flow(message="&#1;")),
    "deep": (106, data("<A>" * 100_000 + "</A>" * 100_000)),
    "no client": (106, write_flow(client="")),
    "client tag in small letters": (106, write_flow(client="<client>SANDBOX</client>")),
    "nothing in data": (106, data("")),
    "text before client": (106, data("x" + CLIENT + NUMBER + TEXT)),
    "client in small letters": (107, write_flow(client="<CLIENT>sandbox</CLIENT>")),
    "client with a space": (107, write_flow(client="<CLIENT>SANDBOX </CLIENT>")),
    "another client": (107, write_flow(client="<CLIENT>OTHER</CLIENT>")),
    "client with a child": (107, write_flow(client="<CLIENT><A/></CLIENT>")),
    "unknown option": (107, write_flow(options="<CAMPAGNE>a</CAMPAGNE>")),
    "options out of order": (
        107,
        write_flow(options="<DATE>2026-12-20 10:00:00</DATE><CAMPAIGN_NAME>a</CAMPAIGN_NAME>"),
    ),
    "an option twice": (107, write_flow(options="<MAIL_NOTIF>0</MAIL_NOTIF>" * 2)),
    "notification": (107, write_flow(options="<MAIL_NOTIF>oui</MAIL_NOTIF>")),
    "class before the numbers": (107, data(CLIENT + "<MSGCLASS>0</MSGCLASS>" + NUMBER)),
    "no number": (107, data(CLIENT + TEXT)),
    "text after client": (107, data(CLIENT + "x" + NUMBER + TEXT)),
    "class empty": (108, write_flow(msgclass="")),
    "class blank": (108, write_flow(msgclass=" ")),
    "class 5": (109, write_flow(msgclass="5")),
    "class in words": (109, write_flow(msgclass="image")),
    "class with a space": (109, write_flow(msgclass=" 0")),
    "message empty": (110, write_flow(message="")),
    "message blank": (110, write_flow(message=" \n ")),
    "image empty": (110, image("")),
    "video empty": (110, write_flow(msgclass="2", media="<VIDEO></VIDEO>")),
    "sound empty": (110, write_flow(msgclass="3", media="<SON/>")),
    "1000": (100, write_flow(message="é" * 1000)),
    "1001": (111, write_flow(message="é" * 1001)),
    "1000 beyond the first plane": (100, write_flow(message="\U0001f600" * 1000)),
    "a line feed counts 2": (100, write_flow(message="a" * 997 + "\nb")),
    "two line feeds": (111, write_flow(message="a" * 998 + "\nb")),
    "an escaped break counts 2": (100, write_flow(message="a" * 997 + r"\nb")),
    "an escaped break too many": (111, write_flow(message="a" * 998 + r"\nb")),
    "an escaped character counts 1": (100, write_flow(message="&amp;" * 1000)),
    "100 with an image": (100, write_flow(msgclass="1", media=IMAGE, message="a" * 100)),
    "101 with an image": (111, write_flow(msgclass="1", media=IMAGE, message="a" * 101)),
    "101 with image and sound": (111, write_flow(msgclass="4", media=IMAGE + SON, message="a" * 101)),
    "png": (112, image("http://www.example.com/a.png")),
    "no extension": (112, image("http://www.example.com/jpg")),
    "extension in the query": (112, image("http://www.example.com/a.php?f=.jpg")),
    "image as video": (112, video("http://www.example.com/a.jpg")),
    "midi": (112, write_flow(msgclass="3", media=SON.replace(".mid", ".midi"))),
    "capitals": (100, image("http://www.example.com/A.JPG")),
    "amr": (100, write_flow(msgclass="3", media=SON.replace(".mid", ".amr"))),
    "https": (113, image("https://www.example.com/a.jpg")),
    "no www": (113, image("http://example.com/a.jpg")),
    "ampersand": (113, image("http://www.example.com/a.jpg?a=1&amp;b=2")),
    "space": (113, image("http://www.example.com/a b.jpg")),
    "leading space": (113, image(" http://www.example.com/a.jpg")),
    "not ascii": (113, image("http://www.example.com/é.jpg")),
    "bracket": (113, image("http://www.[example.com/a.jpg")),
    "url empty": (118, video(url="")),
    "duration empty": (119, video(duration="")),
    "duration 0": (100, video(duration="0")),
    "duration 1000": (100, video(duration="1000")),
    "duration 1001": (120, video(duration="1001")),
    "duration below": (120, video(duration="-1")),
    "duration fraction": (120, video(duration="1.5")),
    "duration with a space": (120, video(duration=" 12")),
    "duration in other digits": (120, video(duration="١٢")),
    "date empty": (121, dated("")),
    "date iso": (121, dated("2026-12-20T10:00:00")),
    "date without seconds": (121, dated("2026-12-20 10:00")),
    "date impossible": (121, dated("2026-02-30 10:00:00")),
    "hour 24": (121, dated("2026-12-20 24:00:00")),
    "date with a space": (121, dated(" 2026-12-20 10:00:00")),
    "leap day": (101, dated("2028-02-29 10:00:00")),
    "no class": (122, data(CLIENT + NUMBER + "<MESSAGE>a</MESSAGE>")),
    "nothing after the numbers": (122, data(CLIENT + NUMBER)),
    "message before class": (122, data(CLIENT + NUMBER + "<MESSAGE>a</MESSAGE><MSGCLASS>0</MSGCLASS>")),
    "no message": (122, data(CLIENT + NUMBER + "<MSGCLASS>0</MSGCLASS>")),
    "message tag in small letters": (122, write_flow().replace("MESSAGE>", "message>")),
    "number after the message": (122, data(CLIENT + NUMBER + TEXT + NUMBER)),
    "date after the numbers": (122, data(CLIENT + NUMBER + "<DATE>2026-12-20 10:00:00</DATE>" + TEXT)),
    "image without its tag": (122, write_flow(msgclass="1")),
    "text with an image": (122, write_flow(media=IMAGE)),
    "sound before image": (122, write_flow(msgclass="4", media=SON + IMAGE)),
    "duration before url": (
        122,
        write_flow(msgclass="2", media="<VIDEO><DUREE>1</DUREE><URL>http://www.example.com/a.3gp</URL></VIDEO>"),
    ),
    "url alone": (122, write_flow(msgclass="2", media="<VIDEO><URL>http://www.example.com/a.3gp</URL></VIDEO>")),
    "url without tags": (122, write_flow(msgclass="2", media="<VIDEO>http://www.example.com/a.3gp</VIDEO>")),
    "text between the tags": (122, data(CLIENT + NUMBER + "x" + TEXT)),
    "number with a child": (122, data(CLIENT + "<MOBILEPHONE><A/></MOBILEPHONE>" + TEXT)),
    "only wrong numbers": (123, write_flow("063998000", "", "+33 6 39 98 00 01")),
}


@pytest.mark.parametrize("case", FLOWS)
def test_flow(sandbox, case):
    status, flow = FLOWS[case]
    got = send(sandbox, flow)
    assert (got.http_status, got.status) == (200, status)
    assert got.lines["StatusText"] == SEND_TEXTS[status]
    if status > 101:
        assert got.body.decode().splitlines() == [f"Status={status}", f"StatusText={SEND_TEXTS[status]}"]
        assert sandbox.deliveries == []
        assert sandbox.credits == 100_000


@pytest.mark.parametrize("wrong", [{"clientcode": "other"}, {"clientcode": "SANDBOX"}, {"passcode": ""}])
def test_wrong_credentials_are_102_at_both(sandbox, wrong):
    assert send(sandbox, **wrong).status == 102
    assert ask_account(sandbox, **wrong).status == 102


def test_credits_exhausted_are_103(start):
    assert send(start(credits=0)).status == 103


def test_credits_short_are_104_with_the_figures(start):
    sandbox = start(credits=3, price=2)
    got = send(sandbox, write_flow(FIRST, SECOND))
    assert got.status == 104
    assert "A utiliser: 4 Crédits, Disponibles: 3 Crédits." in got.lines["StatusText"]
    assert sandbox.credits == 3


def test_a_wrong_flow_is_told_before_the_credit(start):
    assert send(start(credits=0), "").status == 105


@pytest.mark.parametrize(("kind", "msgclass", "limit"), [("IMAGE", 1, 600), ("VIDEO", 2, 299), ("SON", 3, 99)])
def test_a_medium_over_the_lower_figure_is_115(start, kind, msgclass, limit):
    url = MEDIA[kind].partition("http")[2].partition("<")[0]
    for size, status in ((limit * 1000, 100), (limit * 1000 + 1, 115)):
        sandbox = start(media_sizes={f"http{url}": size})
        assert send(sandbox, write_flow(msgclass=msgclass, media=MEDIA[kind])).status == status


@pytest.mark.parametrize("status", sorted(SWITCHED))
def test_switched(start, status):
    sandbox = start(f"switch={status}:1")
    got = send(sandbox)
    assert (got.status, got.lines["StatusText"]) == (status, SEND_TEXTS[status])
    assert sandbox.deliveries == []
    assert send(sandbox).status == 100


def test_a_switch_hides_no_mistake_of_the_client(start):
    sandbox = start("switch=114")
    assert send(sandbox, passcode="wrong").status == 102
    assert send(sandbox, "").status == 105


def test_every_send_status_has_a_test():
    proven = {status for status, _ in FLOWS.values()} | {102, 103, 104, 115} | SWITCHED
    assert proven == set(SEND_TEXTS)


ACCOUNTS = {
    "ours": (300, {}, "sandbox"),
    "ours in capitals": (300, {}, "SANDBOX"),
    "ours, as the sample has it": (100, {"account_status": 100}, "sandbox"),
    "unknown": (301, {}, "nobody"),
    "empty": (301, {}, ""),
    "foreign": (302, {"foreign_accounts": frozenset({"theirs"})}, "theirs"),
    "inactive": (303, {"inactive_accounts": frozenset({"sandbox"})}, "sandbox"),
    "ours, not to be seen": (302, {"account_status": 302}, "sandbox"),
}


@pytest.mark.parametrize("case", ACCOUNTS)
def test_account(start, case):
    status, options, info = ACCOUNTS[case]
    got = ask_account(start(credits=416, **options), info=info)
    expected = [f"Status={status}", f"StatusText={ACCOUNT_TEXTS[status]}"]
    if status in (100, 300):
        expected.append("Credits=416")
    assert got.body.decode().splitlines() == expected


def test_every_account_status_has_a_test():
    assert {status for status, _, _ in ACCOUNTS.values()} | {102} == set(ACCOUNT_TEXTS)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_the_flow_is_read_in_its_charset(start, charset):
    sandbox = start(charset=charset)
    assert post(sandbox.send_url, write_body(write_flow(message="été"), charset=charset)).status == 100
    assert sandbox.deliveries[0].text == "été"


def test_bytes_outside_the_charset_are_106(sandbox):
    assert post(sandbox.send_url, write_body(write_flow(message="été"), charset="iso-8859-1")).status == 106
