"""An answer as bytes on the wire, misshapen where a fault asks for it."""

from dataclasses import dataclass, replace
from http import HTTPStatus

from mmsbatch.sandbox.faultplan import Struck

_PAGE = "<html><body><h1>HTTP {status}</h1><p>Status=100 would be a lie here.</p></body></html>\n"
DRIP_BYTES = 8
# HTTP gives these no body: what followed would be read as the next answer.
_BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer before it is written. `cut_body` and `cut_headers` bytes of it leave, None: all."""

    status: int
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    location: str = ""
    chunked: bool = False
    announced: bool = True
    cut_body: int | None = None
    cut_headers: int | None = None

    @property
    def closes(self) -> bool:
        """Whether the connection ends with it."""
        return not self.announced or self.cut_body is not None or self.cut_headers is not None

    def head(self, *, close: bool) -> bytes:
        """Return the status line and headers; `close` where the connection ends with this answer."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}", f"Content-Type: {self.content_type}"]
        if self.location:
            lines.append(f"Location: {self.location}")
        if self.status == 405:
            lines.append("Allow: GET, POST")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.announced and self.status not in _BODILESS:
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append("Connection: close" if close else "Connection: keep-alive")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def payload(self) -> bytes:
        """Return the body as it leaves."""
        body = self.body if self.cut_body is None else self.body[: self.cut_body]
        if not self.chunked:
            return body
        chunks = [body[at : at + 64] for at in range(0, len(body), 64)]
        framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        return framed + (b"0\r\n\r\n" if self.cut_body is None else b"")


def page(status: int, location: str = "") -> Reply:
    """Return an HTML page without a Status line of the gateway."""
    body = "" if status in _BODILESS else _PAGE.format(status=status)
    return Reply(status, body.encode(), location=location)


def text_reply(text: str, struck: Struck) -> Reply:
    """Return the gateway's answer, as the faults have it."""
    if instead := struck.find("empty", "garbage"):
        text = instead.value
    if struck.has("crlf"):
        text = text.replace("\n", "\r\n")
    charset, content_type = "utf-8", "text/html; charset=utf-8"
    if struck.has("latin-1"):
        charset, content_type = "latin-1", "text/html"
    return _misshape(Reply(200, text.encode(charset, "replace"), content_type), struck)


def _misshape(reply: Reply, struck: Struck) -> Reply:
    """Apply the faults that change how a reply is written."""
    return replace(
        reply,
        chunked=struck.has("chunked"),
        announced=not struck.has("no-length"),
        cut_body=struck.number("truncate"),
        cut_headers=struck.number("truncate-headers"),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
