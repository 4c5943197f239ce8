"""Configurations: defaults, the sandbox, URLs, and files that cannot be read."""

import pytest

from mmsbatch.campaign.configuration import Configuration, GatewaySettings
from mmsbatch.campaign.configuration_parser import parse_configuration
from mmsbatch.campaign.model import MessageType
from mmsbatch.campaign.reader import read_campaign, read_configuration
from mmsbatch.campaign.urls import gateway_url_problems, is_loopback


def gateways(text):
    configuration, diagnostics = parse_configuration(text.encode(), None, "mmsbatch.yaml")
    assert diagnostics == []
    return configuration.gateways


def test_without_a_file_all_defaults_hold():
    configuration, diagnostics = read_configuration(None)
    assert diagnostics == []
    assert configuration.gateways["production"] == GatewaySettings()
    assert configuration.default_gateway == "production"
    assert configuration.numbers is None
    assert configuration.plan_max_age == Configuration().plan_max_age


def test_an_empty_file_s_defaults_are_those_of_no_file():
    assert gateways("version: 1") == read_configuration(None)[0].gateways


def test_writing_the_defaults_changes_nothing():
    text = (
        "{version: 1, gateways: {production: {timeout: {connect: 10, read: 60.0}, media_limits_kb: {image: 600},"
        " chunk_size: 200.0, mobile_prefixes: ['06'], fiction_numbers: refuse, newline: escaped}}}"
    )
    assert repr(gateways(text)["production"]) == repr(GatewaySettings())


def test_the_sandbox_takes_fiction_and_has_a_price():
    sandbox = read_configuration(None)[0].gateways["sandbox"]
    assert sandbox.is_sandbox
    assert sandbox.accept_fiction
    assert sandbox.credits_per_message == dict.fromkeys(MessageType, 1)


def test_an_override_of_the_sandbox_keeps_the_other_prices():
    sandbox = gateways("{version: 1, gateways: {sandbox: {credits_per_message: {text: 2.5}}}}")["sandbox"]
    assert sandbox.credits_per_message == {**dict.fromkeys(MessageType, 1), MessageType.TEXT: 2.5}


def test_production_is_there_only_where_nothing_else_is_configured():
    assert set(gateways("{version: 1, gateways: {sandbox: {}}}")) == {"production", "sandbox"}
    assert set(gateways("{version: 1, default_gateway: shop, gateways: {shop: {}}}")) == {"shop", "sandbox"}


@pytest.mark.parametrize("read", [read_configuration, lambda path: read_campaign(path, str(path))])
def test_unreadable_files_are_findings(tmp_path, read):
    for path in (tmp_path / "none.yaml", tmp_path):
        value, (found,) = read(path)
        assert value is None
        assert (found.rule, found.file) == ("file-unreadable", str(path))


def test_a_configuration_is_shown_by_the_name_asked_for(tmp_path):
    _, (found,) = read_configuration(tmp_path / "mmsbatch.yaml", "mmsbatch.yaml")
    assert found.file == "mmsbatch.yaml"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST", "127.0.0.1:80"])
def test_loopback(host):
    assert is_loopback(f"http://{host}/x")


@pytest.mark.parametrize(
    "host", ["127.0.0.1.example.com", "example.com", "10.0.0.1", "localhost.example.com", "", "[", "0"]
)
def test_not_loopback(host):
    assert not is_loopback(f"http://{host}/x")


@pytest.mark.parametrize("url", ["http://api.example.com/a.php", "https://api.example.com:8443", "http://[::1]:80/x"])
def test_usable_urls(url):
    assert list(gateway_url_problems(url, https_only=False)) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "//api.example.com/",
        "ftp://api.example.com/",
        "http://",
        "http:///path",
        "http://user@api.example.com/",
        "http://:@api.example.com/",
        "http://api.example.com/?a=1",
        "http://api.example.com/#a",
        "http://api.example.com:0/",
        "http://api.example.com:x/",
        "http://evil.example\\@api.example.com/",
        "http://api.example.com/\n",
        "http://api.exämple.com/",
        "http://api_x.example.com/",
    ],
)
def test_unusable_urls(url):
    assert list(gateway_url_problems(url, https_only=False))


def test_https_only():
    assert list(gateway_url_problems("http://api.example.com/", https_only=True))
    assert not list(gateway_url_problems("https://api.example.com/", https_only=True))
