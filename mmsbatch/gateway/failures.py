"""Telling a request that surely was not sent from one that may have arrived.

Measured fault by fault: of all errors, these alone prove that no byte of the request left, and only
while the connection was still being made. A retry after anything else might send twice.

Imports requests; imported only when something is sent.
"""

import ssl
from collections.abc import Callable, Iterator
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

from mmsbatch.campaign.configuration import Timeout
from mmsbatch.gateway.exchange import Lost, NotSent
from mmsbatch.gateway.transport import Attempt, Stage
from mmsbatch.masking import mask_digits

_UNSENT = (
    urllib3_errors.NewConnectionError,  # with NameResolutionError
    urllib3_errors.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
_TUNNEL_REFUSED = "Tunnel connection failed"  # what http.client says when a proxy answers CONNECT with a refusal
_REASON_LIMIT = 120


def classify(error: Exception, attempt: Attempt, timeout: Timeout) -> NotSent | Lost:
    """Decide what an error of a request means; the reason is free of numbers and secrets."""
    reason = describe(error, attempt, timeout)
    if attempt.stage is Stage.UNTOUCHED:
        return NotSent(reason)
    if attempt.stage is Stage.CONNECTING and any(map(_proves_unsent, unwrap(error))):
        return NotSent(reason)
    return Lost(reason)


def describe(error: Exception, attempt: Attempt, timeout: Timeout) -> str:
    """Say what happened, in words of our own: the error's text may hold the URL and more."""
    *_, innermost = unwrap(error)
    if attempt.expired:
        return f"not done within {timeout.total:g} s"
    for kind, tell in _TOLD:
        if isinstance(innermost, kind):
            return mask_digits(tell(innermost, timeout))[:_REASON_LIMIT]
    return f"the request failed ({type(innermost).__name__})"


def unwrap(error: BaseException) -> Iterator[BaseException]:
    """Give the error and what it wraps, outermost first, through requests' and urllib3's layers."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        inner = _inner_of(inner)


def _inner_of(error: BaseException) -> BaseException | None:
    if isinstance(error, urllib3_errors.MaxRetryError):
        return error.reason
    if isinstance(error, urllib3_errors.ProxyError):
        return error.original_error
    if isinstance(error, requests_errors.RequestException | urllib3_errors.SSLError | urllib3_errors.ProtocolError):
        return next((part for part in error.args if isinstance(part, BaseException)), None)
    return None


def _proves_unsent(error: BaseException) -> bool:
    return isinstance(error, _UNSENT) or (type(error) is OSError and str(error).startswith(_TUNNEL_REFUSED))


def _tell_no_connection(error: BaseException, timeout: Timeout) -> str:
    cause = error.__cause__
    detail = cause.strerror if isinstance(cause, OSError) and cause.strerror else "refused or unreachable"
    return f"no connection: {detail}"


def _tell_certificate(error: BaseException, timeout: Timeout) -> str:
    return f"the certificate was refused: {getattr(error, 'verify_message', '') or 'not valid'}"


def _tell_os_error(error: BaseException, timeout: Timeout) -> str:
    if str(error).startswith(_TUNNEL_REFUSED):
        return f"the proxy refused the connection: {str(error).removeprefix(_TUNNEL_REFUSED).lstrip(': ')}"
    return f"the connection failed ({type(error).__name__})"


_Tell = Callable[[BaseException, Timeout], str]

#: The first that fits is told: RemoteDisconnected is a reset, and a bad status line, to http.client.
_TOLD: tuple[tuple[type[BaseException], _Tell], ...] = (
    (urllib3_errors.NameResolutionError, lambda e, t: "the host's name cannot be resolved"),
    (urllib3_errors.NewConnectionError, _tell_no_connection),
    (urllib3_errors.ConnectTimeoutError, lambda e, t: f"no connection within {t.connect:g} s"),
    (urllib3_errors.ReadTimeoutError, lambda e, t: f"nothing came for {t.read:g} s"),
    (ssl.SSLCertVerificationError, _tell_certificate),
    (ssl.SSLError, lambda e, t: f"TLS failed ({getattr(e, 'reason', None) or type(e).__name__})"),
    (RemoteDisconnected, lambda e, t: "the connection was closed without an answer"),
    (ConnectionResetError, lambda e, t: "the connection was reset"),
    (BadStatusLine, lambda e, t: "the answer is no HTTP"),
    (IncompleteRead, lambda e, t: "the connection was closed before the answer's end"),
    (urllib3_errors.IncompleteRead, lambda e, t: "the connection was closed before the answer's end"),
    (OSError, _tell_os_error),
)
