import pytest

from mmsbatch.errors import GatewayRefusal
from mmsbatch.gateway.hosts import ensure_allowed, is_loopback, read_host


@pytest.mark.parametrize(
    "url",
    [
        "http://api.msinnovations.com/amsmodule.sendmms.v2.php",
        "https://msinnovations.com",
        "https://API.AllMySMS.com:8443/x?y=z",
        "https://allmysms.com./x",
        "http://localhost:8080/",
        "http://127.0.0.1/",
        "http://127.9.8.7:1/",
        "http://[::1]:8080/x",
    ],
)
def test_allowed(url: str) -> None:
    ensure_allowed(url, {})


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://msinnovations.com.example.com/",
        "http://evilmsinnovations.com/",
        "http://msinnovations.com@example.com/",
        "http://user:pass@api.msinnovations.com/",
        "http://example.com#@api.msinnovations.com/",
        "http://example.com/@api.msinnovations.com/",
        "http://example.com\\@api.msinnovations.com/",
        "http://api.msinnovations.com\\@example.com/",
        "http://example.com?.msinnovations.com/",
        "http://example.com%2emsinnovations.com/",
        "http://example.com\t.msinnovations.com/",
        "http://api.msinnovations.com/\nHost: example.com",
        "http://example.com%00.msinnovations.com/",
        "http://ⓐllmysms.com/",
        "http://allmysms\u3002com/",
        "http://аllmysms.com/",
        "http://allmysms.com../",
        "http://.allmysms.com.evil/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::1%25eth0]/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://169.254.169.254/",
        "ftp://api.msinnovations.com/",
        "file:///etc/passwd",
        "api.msinnovations.com/x",
        "http:///x",
        "http://",
        "",
        "http://api.msinnovations.com:x/",
        " http://api.msinnovations.com/",
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(GatewayRefusal):
        ensure_allowed(url, {})


@pytest.mark.parametrize(
    "listed", ["gw.example.com", "a.test, GW.example.com.", "a.test\tgw.example.com", ",gw.example.com,"]
)
def test_hosts_of_the_environment(listed: str) -> None:
    ensure_allowed("https://gw.example.com/x", {"MMSBATCH_ALLOWED_HOSTS": listed})
    for other in ("https://example.com/", "https://a.gw.example.com/", "https://agw.example.com/"):
        with pytest.raises(GatewayRefusal, match="not allowed"):
            ensure_allowed(other, {"MMSBATCH_ALLOWED_HOSTS": listed})


def test_an_empty_list_allows_nothing() -> None:
    with pytest.raises(GatewayRefusal):
        ensure_allowed("http://example.com/", {"MMSBATCH_ALLOWED_HOSTS": " , "})


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("::1", True), ("127.0.0.1", True), ("10.0.0.1", False), ("::", False), ("x", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_host_is_read_in_lower_case() -> None:
    assert read_host("https://[::1]:1/") == "::1"
    assert read_host("https://A.Example.COM.:1/x") == "a.example.com"
    assert read_host("https://a b/") is None
