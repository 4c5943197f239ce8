"""A gateway to talk to: the embedded one, or a real one with the environment's credentials."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.gateway.account import AccountState, query_account
from mmsbatch.gateway.credentials import Credentials, Secret, read_credentials
from mmsbatch.gateway.exchange import Exchange
from mmsbatch.gateway.hosts import ensure_allowed


@dataclass(frozen=True, slots=True)
class Connection:
    """A gateway whose URLs are known, and the right to use it. `ask_account` queries, `post` sends one body."""

    settings: GatewaySettings
    credentials: Credentials
    ask_account: Callable[[], AccountState]
    post: Callable[[bytes], Exchange]


@contextmanager
def connect(settings: GatewaySettings, environ: Mapping[str, str]) -> Iterator[Connection]:
    """Connect for the block; the sandbox is started and stopped with it.

    Raises GatewayRefusal where credentials are missing or the host may not have them.
    """
    if settings.is_sandbox:
        with _embedded(settings) as connection:
            yield connection
        return
    for url in (settings.send_url, settings.account_url):
        ensure_allowed(url, environ)
    credentials = read_credentials(settings.credentials, environ, _read_file)
    yield _make_connection(settings, credentials, environ)


@contextmanager
def _embedded(settings: GatewaySettings) -> Iterator[Connection]:
    from mmsbatch.sandbox import Sandbox, SandboxOptions  # noqa: PLC0415 - a server is not needed to validate

    # A name of its own: a stand-alone sandbox must not look like the same account.
    options = SandboxOptions(client_code="embedded", charset=settings.charset)
    with Sandbox(options) as sandbox:
        reachable = replace(settings, send_url=sandbox.send_url, account_url=sandbox.account_url)
        code = options.client_code
        credentials = Credentials(code, Secret(options.passcode), code.upper(), code)
        yield _make_connection(reachable, credentials, {})


def _make_connection(settings: GatewaySettings, credentials: Credentials, environ: Mapping[str, str]) -> Connection:
    from mmsbatch.sending.client import make_client  # noqa: PLC0415 - requests is slow to load

    client = make_client(environ)
    return Connection(
        settings,
        credentials,
        lambda: query_account(client.poster, settings, credentials),
        lambda body: client.submit(settings, body),
    )


def _read_file(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
