"""Which hosts may be given the passcode: a pull request that edits an URL must not collect it (contract: 4)."""

import ipaddress
import re
from collections.abc import Mapping

from mmsbatch.errors import GatewayRefusal

ALLOWED_HOSTS = "MMSBATCH_ALLOWED_HOSTS"
GATEWAY_DOMAINS = ("msinnovations.com", "allmysms.com")

_LOOPBACK_V4 = ipaddress.IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = ipaddress.IPv6Address("::1")

# Strict enough that no two URL parsers can read another host out of it: no userinfo, no backslash,
# no blank or control character, no fragment, no percent sign or non-ASCII letter in the host.
_URL = re.compile(r"(?:http|https)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?(?:[/?][!-\[\]-~]*)?", re.IGNORECASE)


def ensure_allowed(url: str, environ: Mapping[str, str]) -> None:
    """Refuse an URL whose host may not see the credentials; to be called before anything is sent.

    Allowed are the gateway's domains, loopback, and the hosts of MMSBATCH_ALLOWED_HOSTS
    (separated by commas or spaces). Raises GatewayRefusal.
    """
    host = read_host(url)
    if host is None:
        raise GatewayRefusal("the gateway's URL is not a plain http or https URL", "write it as https://host/path")
    if not (is_gateway(host) or is_loopback(host) or host in _listed_hosts(environ)):
        raise GatewayRefusal(
            f"the host {host} is not allowed to receive the credentials",
            f"where it is meant, name it in the environment variable {ALLOWED_HOSTS}",
        )


def read_host(url: str) -> str | None:
    """Return an URL's host, in lower case and without a trailing dot; None where the URL is not a plain one."""
    match = _URL.fullmatch(url)
    if match is None or "#" in url or "@" in url:
        return None
    return _normalise_host(match[1])


def is_gateway(host: str) -> bool:
    """Whether a host (as `read_host` gives it) is one of the gateway's own."""
    return any(host == domain or host.endswith(f".{domain}") for domain in GATEWAY_DOMAINS)


def is_loopback(host: str) -> bool:
    """Whether a host (as `read_host` gives it) is this machine: localhost, 127.0.0.0/8 or ::1."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # `127.1` or `2130706433` mean loopback to some resolvers only: no.
        return host == "localhost"
    return address in _LOOPBACK_V4 or address == _LOOPBACK_V6


def _listed_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    return frozenset(_normalise_host(host) for host in re.split(r"[,\s]+", environ.get(ALLOWED_HOSTS, "")) if host)


def _normalise_host(host: str) -> str:
    return host.lower().strip("[]").removesuffix(".")
