import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsbatch.campaign.configuration import Newline
from mmsbatch.campaign.model import Medium, Message, MessageType
from mmsbatch.gateway.flow import MSGCLASS, Flow, format_date, render_flow
from mmsbatch.message.measure import tidy

IMAGE = Medium("http://www.example.com/mms/a.jpg")
VIDEO = Medium("http://www.example.com/mms/a.3gp", 12)
SOUND = Medium("http://www.example.com/mms/a.mid", 0)

PLAIN = Flow(
    client="LOGIN",
    campaign_name="Soldes d'hiver & co",
    date=None,
    mail_notification=None,
    numbers=("33639980001", "33639980002"),
    message=Message(MessageType.TEXT, "{{ not read }}"),
    text='Bonjour <Zoé> & "co"\nSTOP au 36180',
)


def test_a_text_message() -> None:
    assert render_flow(PLAIN) == (
        "<DATA>\n"
        "<CLIENT>LOGIN</CLIENT>\n"
        "<CAMPAIGN_NAME>Soldes d&#39;hiver &amp; co</CAMPAIGN_NAME>\n"
        "<MOBILEPHONE>33639980001</MOBILEPHONE>\n"
        "<MOBILEPHONE>33639980002</MOBILEPHONE>\n"
        "<MSGCLASS>0</MSGCLASS>\n"
        "<MESSAGE>Bonjour &lt;Zoé&gt; &amp; &#34;co&#34;\\nSTOP au 36180</MESSAGE>\n"
        "</DATA>"
    )


MEDIA = {
    "image": f"<IMAGE>{IMAGE.url}</IMAGE>",
    "video": f"<VIDEO>\n<URL>{VIDEO.url}</URL>\n<DUREE>12</DUREE>\n</VIDEO>",
    "sound": f"<SON>\n<URL>{SOUND.url}</URL>\n<DUREE>0</DUREE>\n</SON>",
}


@pytest.mark.parametrize(
    ("message", "number", "parts"),
    [
        (Message(MessageType.IMAGE, "", image=IMAGE), 1, ["image"]),
        (Message(MessageType.VIDEO, "", video=VIDEO), 2, ["video"]),
        (Message(MessageType.SOUND, "", sound=SOUND), 3, ["sound"]),
        (Message(MessageType.IMAGE_AND_SOUND, "", image=IMAGE, sound=SOUND), 4, ["image", "sound"]),
    ],
    ids=str,
)
def test_media(message: Message, number: int, parts: list[str]) -> None:
    rendered = render_flow(replace(PLAIN, message=message, text="x"))
    end = "\n".join(
        [f"<MSGCLASS>{number}</MSGCLASS>", "<MESSAGE>x</MESSAGE>", *(MEDIA[part] for part in parts), "</DATA>"]
    )
    assert rendered.endswith(end)


def test_the_manuals_order_with_every_optional_tag() -> None:
    flow = replace(
        PLAIN,
        date="2026-12-20 10:00:00",
        mail_notification=False,
        message=Message(MessageType.VIDEO, "", video=VIDEO),
    )
    assert [element.tag for element in ElementTree.fromstring(render_flow(flow)).iter()] == [
        *("DATA", "CLIENT", "CAMPAIGN_NAME", "DATE", "MAIL_NOTIF", "MOBILEPHONE", "MOBILEPHONE"),
        *("MSGCLASS", "MESSAGE", "VIDEO", "URL", "DUREE"),
    ]


@pytest.mark.parametrize(("wanted", "written"), [(True, "1"), (False, "0"), (None, None)])
def test_mail_notification(wanted: bool | None, written: str | None) -> None:
    rendered = ElementTree.fromstring(render_flow(replace(PLAIN, mail_notification=wanted)))
    assert rendered.findtext("MAIL_NOTIF") == written


@pytest.mark.parametrize("name", [None, ""])
def test_no_name_no_tag(name: str | None) -> None:
    assert "CAMPAIGN_NAME" not in render_flow(replace(PLAIN, campaign_name=name))


def test_every_type_has_its_class() -> None:
    assert {kind: MSGCLASS[kind] for kind in MessageType} == MSGCLASS
    assert sorted(MSGCLASS.values()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("schedule", "written"),
    [
        (datetime(2026, 12, 20, 9, 0, tzinfo=UTC), "2026-12-20 10:00:00"),
        (datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "2026-07-02 00:30:00"),
        (datetime(2026, 12, 20, 10, 0, 1, 999999, tzinfo=timezone(timedelta(hours=1))), "2026-12-20 10:00:01"),
    ],
)
def test_date_is_paris_time(schedule: datetime, written: str) -> None:
    assert format_date(schedule) == written


XML_TEXT = st.text(st.characters(exclude_categories=["Cs"])).filter(
    lambda text: not re.search("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
)


@given(XML_TEXT.map(tidy), XML_TEXT.map(tidy))
def test_any_text_comes_back_as_it_was(text: str, name: str) -> None:
    rendered = render_flow(replace(PLAIN, text=text, campaign_name=name, newline=Newline.LF))
    parsed = ElementTree.fromstring(rendered)
    assert (parsed.findtext("MESSAGE"), parsed.findtext("CAMPAIGN_NAME", "")) == (text, name)


@given(XML_TEXT.map(tidy))
def test_escaped_newlines_are_two_characters(text: str) -> None:
    rendered = render_flow(replace(PLAIN, text=text))
    assert ElementTree.fromstring(rendered).findtext("MESSAGE") == text.replace("\n", "\\n")


def test_a_flow_shows_no_number() -> None:
    assert "3998" not in repr(PLAIN)
