"""Credentials of an account: from the environment only, and hard to let slip (contract: P4)."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import quote, quote_plus

from mmsbatch.errors import GatewayRefusal

_MASKED = "•••"


class Secret:
    """A text that never shows itself: not by repr, str or format, and it cannot be pickled or copied."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the body of a request and nothing else."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({_MASKED})"

    def __str__(self) -> str:
        return _MASKED

    def __format__(self, spec: str) -> str:
        return _MASKED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse: a pickled secret would lie in a file.

        Raises TypeError.
        """
        raise TypeError("a secret cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the gateway asks for; `client` is the CLIENT tag, `account` the login to check (manual 1.1, 3.1).

    The client code goes on the wire and nowhere else: everything kept names its fingerprint.
    """

    client_code: str = field(repr=False)
    passcode: Secret
    client: str = field(repr=False)
    account: str = field(repr=False)

    def hide(self, text: str) -> str:
        """Mask the passcode and the client code in a text that came from outside: a gateway may echo them."""
        secrets = {self.passcode.reveal(), self.client_code, self.client, self.account} - {""}
        forms = secrets | set(map(quote, secrets)) | set(map(quote_plus, secrets))
        # The longest first: a short one may be a part of another.
        for form in sorted(forms, key=len, reverse=True):
            text = re.sub(re.escape(form), _MASKED, text, flags=re.IGNORECASE)
        return text

    @property
    def fingerprint(self) -> str:
        """What records and plans call this account."""
        return fingerprint(self.client_code)


def fingerprint(client_code: str) -> str:
    """Return 12 hex digits that stand for an account; a login's case makes no other account."""
    login = client_code.strip().casefold()
    return hashlib.sha256(f"mmsbatch account {login}".encode()).hexdigest()[:12]


def read_credentials(prefix: str, environ: Mapping[str, str], read_file: Callable[[str], str]) -> Credentials:
    """Read `<prefix>_CLIENTCODE` and so on, each also as `…_FILE` (a path whose content is the value).

    Raises GatewayRefusal naming the variables that are missing, set twice, or whose file cannot be read.
    """
    found = {name: _read_value(f"{prefix}_{name}", environ, read_file) for name in _NAMES}
    missing = [f"{prefix}_{name}" for name in _REQUIRED if not found[name]]
    if missing:
        raise GatewayRefusal(
            f"no credentials: {' and '.join(missing)} not set",
            "set the variable, or the same name with _FILE to a path that holds the value",
        )
    code = found["CLIENTCODE"]
    return Credentials(code, Secret(found["PASSCODE"]), found["CLIENT"] or code.upper(), found["ACCOUNT"] or code)


_REQUIRED = ("CLIENTCODE", "PASSCODE")
_NAMES = (*_REQUIRED, "CLIENT", "ACCOUNT")


def _read_value(name: str, environ: Mapping[str, str], read_file: Callable[[str], str]) -> str:
    """Return the value, or the empty text where neither variable is set."""
    value, path = environ.get(name, ""), environ.get(f"{name}_FILE", "")
    if value and path:
        raise GatewayRefusal(f"{name} and {name}_FILE are both set", "keep one of them")
    if not path:
        return value
    try:
        text = read_file(path)
    except (OSError, ValueError) as error:
        # The error's own text would show the path, or bytes of the file.
        raise GatewayRefusal(f"the file of {name}_FILE cannot be read ({type(error).__name__})") from None
    return text.removesuffix("\n").removesuffix("\r")
