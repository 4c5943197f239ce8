import copy
import dataclasses
import pickle
import re

import pytest

from mmsbatch.errors import GatewayRefusal
from mmsbatch.exitcodes import ExitCode
from mmsbatch.gateway.credentials import Credentials, Secret, fingerprint, read_credentials

FILES = {"/run/code": "login\n", "/run/pass": "s3cret\n\n", "/run/crlf": "s3cret\r\n"}


def read_file(path: str) -> str:
    if path not in FILES:
        raise FileNotFoundError(path)
    return FILES[path]


def read(**environ: str) -> Credentials:
    return read_credentials("MMS", environ, read_file)


def test_plain_variables_and_defaults() -> None:
    found = read(MMS_CLIENTCODE="login", MMS_PASSCODE="s3cret")
    assert (found.client_code, found.client, found.account) == ("login", "LOGIN", "login")
    assert found.passcode.reveal() == "s3cret"


def test_every_variable() -> None:
    found = read(MMS_CLIENTCODE="login", MMS_PASSCODE="p", MMS_CLIENT="Soc", MMS_ACCOUNT="other")
    assert (found.client, found.account) == ("Soc", "other")


def test_files_lose_one_newline() -> None:
    found = read(MMS_CLIENTCODE_FILE="/run/code", MMS_PASSCODE_FILE="/run/pass")
    assert (found.client_code, found.passcode.reveal()) == ("login", "s3cret\n")
    assert read(MMS_CLIENTCODE="a", MMS_PASSCODE_FILE="/run/crlf").passcode.reveal() == "s3cret"


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "MMS_CLIENTCODE and MMS_PASSCODE not set"),
        ({"MMS_CLIENTCODE": "a", "MMS_PASSCODE": ""}, "MMS_PASSCODE not set"),
        ({"MMS_CLIENTCODE": "a", "MMS_PASSCODE": "b", "MMS_PASSCODE_FILE": "c"}, "MMS_PASSCODE_FILE are both set"),
        ({"MMS_CLIENTCODE": "a", "MMS_PASSCODE_FILE": "/nowhere"}, "MMS_PASSCODE_FILE cannot be read"),
    ],
)
def test_refusals_name_the_variables(environ: dict[str, str], named: str) -> None:
    with pytest.raises(GatewayRefusal, match=re.escape(named)) as caught:
        read(**environ)
    assert caught.value.exit_code == ExitCode.GATEWAY
    assert "/nowhere" not in str(caught.value)


def test_a_secret_never_shows() -> None:
    secret = Secret("s3cret")
    found = read(MMS_CLIENTCODE="login", MMS_PASSCODE="s3cret")
    shown = f"{secret} {secret!r} {secret!s} {secret:>20} {found} {found!r} %s" % secret
    assert "s3cret" not in shown
    assert "login" not in shown.lower()


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy], ids=lambda leak: leak.__name__)
def test_a_secret_is_not_pickled_or_copied(leak) -> None:
    with pytest.raises(TypeError):
        leak(Secret("s3cret"))
    with pytest.raises(TypeError):
        dataclasses.asdict(read(MMS_CLIENTCODE="login", MMS_PASSCODE="s3cret"))


def test_secrets_compare() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("é") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_fingerprint_is_stable_short_and_blind_to_case() -> None:
    assert fingerprint("login") == fingerprint(" LOGIN ")
    assert fingerprint("login") != fingerprint("login2")
    assert re.fullmatch("[0-9a-f]{12}", fingerprint("login"))
    assert read(MMS_CLIENTCODE="login", MMS_PASSCODE="p").fingerprint == fingerprint("login")


@pytest.mark.parametrize("echo", ["no account for demo / s3cret", "DEMO and S3CRET", "<demo>", "s3crets3cret"])
def test_what_a_gateway_echoes_is_masked(echo: str) -> None:
    credentials = Credentials("demo", Secret("s3cret"), "DEMO", "demo")
    hidden = credentials.hide(echo).lower()
    assert "demo" not in hidden
    assert "s3cret" not in hidden
