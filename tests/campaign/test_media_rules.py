"""The URLs of media: each problem a finding, under the prefixes of the gateway."""

from pathlib import Path

import pytest
import yaml

from mmsbatch.campaign.campaign_parser import parse_campaign
from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.campaign.media_rules import check_media
from mmsbatch.campaign.places import Reach

WWW = "http://www.example.com/"


def campaign_with(kind, url, duration=12):
    medium = {"url": url} if kind == "image" else {"url": url, "duration": duration}
    data = {
        "version": 1,
        "name": "Soldes",
        "message": {"type": kind, "text": "Bonjour", kind: medium},
        "recipients": {"file": "clients.csv"},
    }
    campaign, _ = parse_campaign(
        yaml.safe_dump(data).encode(), Path("sale.yaml"), "sale.yaml", Reach.of(Path("sale.yaml"))
    )
    return campaign


def rules(kind, url, duration=12, settings=None):
    found = check_media(campaign_with(kind, url, duration), settings or GatewaySettings())
    return [diagnostic.rule for diagnostic in found]


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        ("image", "a.gif"),
        ("image", "a.jpg"),
        ("image", "a.jpeg"),
        ("image", "A.JPG"),
        ("image", "a.jpg?v=2"),
        ("image", "a%20b.jpg"),
        ("video", "a.3gp"),
        ("sound", "a.mid"),
        ("sound", "a.amr"),
    ],
)
def test_takes(kind, ending):
    assert rules(kind, WWW + ending) == []


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        ("image", "http://example.com/a.jpg", ["media-url"]),
        ("image", "https://www.example.com/a.jpg", ["media-url"]),
        ("image", "www.example.com/a.jpg", ["media-url"]),
        ("image", WWW + "a.jpg?a=1&b=2", ["media-url"]),
        ("image", WWW + "a b.jpg", ["media-url"]),
        ("image", WWW + "a\tb.jpg", ["media-url"]),
        ("image", WWW + "<a>.jpg", ["media-url"]),
        ("image", WWW + "été.jpg", ["media-url"]),
        ("image", "été &<b>", ["media-url"] * 5 + ["media-extension"]),
        ("image", WWW + "a.png", ["media-extension"]),
        ("image", WWW + "a", ["media-extension"]),
        ("image", WWW + "a?file=a.jpg", ["media-extension"]),
        ("image", "http://www.[example/a.jpg", ["media-extension"]),
        ("video", WWW + "a.mp4", ["media-extension"]),
        ("sound", WWW + "a.jpg", ["media-extension"]),
        ("sound", WWW + "a.midi", ["media-extension-unusual"]),
    ],
)
def test_tells(kind, url, expected):
    assert rules(kind, url) == expected


def test_prefixes_are_the_gateway_s():
    settings = GatewaySettings(media_url_prefixes=("http://cdn.example.com/", "http://www."))
    assert rules("image", "http://cdn.example.com/a.jpg", settings=settings) == []


def test_zero_seconds_are_a_warning_at_the_duration():
    (found,) = check_media(campaign_with("video", WWW + "a.3gp", 0), GatewaySettings())
    assert (found.rule, found.is_error) == ("media-duration-zero", False)
    assert found.line == campaign_with("video", WWW + "a.3gp", 0).position("message", "video", "duration").line


def test_a_text_has_no_media():
    text = b"{version: 1, name: x, message: {type: text, text: x}, recipients: {}}"
    campaign, _ = parse_campaign(text, Path("sale.yaml"), "sale.yaml", Reach.of(Path("sale.yaml")))
    assert check_media(campaign, GatewaySettings()) == []
