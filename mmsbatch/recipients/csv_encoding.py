"""The bytes of a CSV file: which encoding they are in, and their digest.

UTF-8 with or without BOM, else Windows-1252, which is what spreadsheets write in France.
"""

import codecs
import hashlib
import io
from itertools import accumulate, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mmsbatch.recipients.problem import SourceProblem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 1 << 20
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HINT = "save it as “CSV UTF-8” from the spreadsheet"


class HashingReader(io.RawIOBase):
    """A binary stream that takes the SHA-256 of what is read through it.

    The digest is thus of the very bytes that were parsed, even where the file changes meanwhile.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """Say that this is a stream to read from, as `io` asks."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer from the stream; return the number of bytes, 0 at the end."""
        view = memoryview(buffer)
        block = self._stream.read(len(view))
        view[: len(block)] = block
        self._digest.update(block)
        return len(block)

    def hexdigest(self) -> str:
        """Return the SHA-256 of what was read so far, in hexadecimal."""
        return self._digest.hexdigest()


def open_bytes(path: Path) -> BinaryIO:
    """Open a file so that it can be read twice; a pipe, which cannot, is read into memory.

    Raises OSError.
    """
    stream = path.open("rb")
    if stream.seekable():
        return stream
    with stream:
        return io.BytesIO(stream.read())


def detect_encoding(stream: BinaryIO) -> str:
    """Return `utf-8`, `utf-8-sig` or `windows-1252`, and leave the stream at its start.

    Reads all of it, block by block. Raises SourceProblem (`csv-encoding`, with the line) for what is none of them.
    """
    start = stream.read(3)
    if start.startswith(_UTF16_BOMS):
        raise SourceProblem("csv-encoding", 1, "the file is in UTF-16", _HINT)
    signed = start == codecs.BOM_UTF8
    offset: int | None = 0
    for encoding in ("utf-8",) if signed else ("utf-8", "windows-1252"):
        offset = _find_undecodable(stream, encoding)
        if offset is None:
            stream.seek(0)
            return "utf-8-sig" if signed else encoding
    raise SourceProblem("csv-encoding", _line_at(stream, offset or 0), _not_text(signed), _HINT)


def _not_text(signed: bool) -> str:
    if signed:
        return "the file begins as UTF-8, and this line is not UTF-8"
    return "this line is neither UTF-8 nor Windows-1252 text"


def _find_undecodable(stream: BinaryIO, encoding: str) -> int | None:
    """Return the offset of the first byte that is no text, None where all is; a NUL is no text either."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    done = 0
    while True:
        block = stream.read(_BLOCK)
        held = len(decoder.getstate()[0])
        nul = block.find(b"\0")
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            broken = done - held + error.start
            return broken if nul < 0 else min(broken, done + nul)
        if nul >= 0:
            return done + nul
        if not block:
            return None
        done += len(block)


def _line_at(stream: BinaryIO, offset: int) -> int:
    """Return the line, from 1, that the byte at an offset is in."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding="latin-1", newline="")
    begins = accumulate(map(len, text), initial=0)
    line = sum(1 for _ in takewhile(lambda begin: begin <= offset, begins))
    text.detach()
    return line
