"""NETCONF message framing (RFC 6242): end-of-message marks for base 1.0, chunks for base 1.1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

END = b"]]>]]>"
_HEAD = re.compile(rb"\n#(?:([1-9]\d{0,9})|(#))\n")
_HEAD_BYTES = 13  # the longest head: LF, HASH, ten digits, LF
MAX_CHUNK = 4294967295
MAX_MESSAGE_BYTES = 512 << 20


class FramingError(Exception):
    """What came is no NETCONF framing; the session cannot go on (RFC 6242, 4.2)."""


class Framing(Protocol):
    """Turns messages into bytes, and bytes into messages."""

    def encode(self, message: bytes) -> bytes:
        """Frame one message."""
        ...

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what was received, and yield each message that is whole now."""
        ...


class EndOfMessage:
    """Base 1.0: each message ends in ``]]>]]>``."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0

    def encode(self, message: bytes) -> bytes:
        """Frame one message; FramingError when the mark stands in it, where a server would cut it."""
        if END in message:
            raise FramingError("base 1.0 cannot carry a message that contains ]]>]]>")
        return message + END

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each message up to its mark."""
        self._buffer += data
        while (found := self._buffer.find(END, max(0, self._seen - len(END)))) >= 0:
            message = bytes(self._buffer[:found])
            del self._buffer[: found + len(END)]
            self._seen = 0
            yield message
        self._seen = len(self._buffer)
        _bounded(self._seen)

    @property
    def rest(self) -> bytes:
        """What has come after the last whole message."""
        return bytes(self._buffer)


class Chunked:
    """Base 1.1: chunks with their length, and an end of chunks."""

    def __init__(self, data: bytes = b"") -> None:
        self._buffer = bytearray(data)
        self._parts: list[bytes] = []
        self._missing = 0
        self._held_bytes = 0

    def encode(self, message: bytes) -> bytes:
        """Frame one message as one chunk."""
        return b"\n#%d\n%b\n##\n" % (len(message), message)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each message whose end of chunks has come."""
        self._buffer += data
        while True:
            if self._missing:
                if not self._take_chunk():
                    return
            else:
                head = self._head()
                if head is None:
                    return
                if head:
                    self._missing = head
                elif self._parts:
                    message, self._parts, self._held_bytes = b"".join(self._parts), [], 0
                    yield message
                else:
                    raise FramingError("an end of chunks without a chunk")

    def _head(self) -> int | None:
        """Take a head off the buffer: a length, 0 for the end of chunks, None when it is not whole yet."""
        found = _HEAD.match(self._buffer)
        if found is None:
            if len(self._buffer) >= _HEAD_BYTES or not _may_begin(bytes(self._buffer)):
                raise FramingError(f"not a chunk: {bytes(self._buffer[:_HEAD_BYTES])!r}")
            return None
        length = int(found[1]) if found[1] else 0
        if length > MAX_CHUNK:
            raise FramingError(f"a chunk of {length} bytes")
        del self._buffer[: found.end()]
        return length

    def _take_chunk(self) -> bool:
        part = bytes(self._buffer[: self._missing])
        if not part:
            return False
        del self._buffer[: len(part)]
        self._missing -= len(part)
        self._held_bytes += len(part)
        _bounded(self._held_bytes)
        self._parts.append(part)
        return True


def _may_begin(data: bytes) -> bool:
    return re.fullmatch(rb"(\n(#(#|[1-9]\d*)?)?)?", data) is not None


def _bounded(size: int) -> None:
    if size > MAX_MESSAGE_BYTES:
        raise FramingError(f"a message of more than {MAX_MESSAGE_BYTES} bytes")
