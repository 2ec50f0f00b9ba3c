"""Protocol Buffers on the wire: as much of the encoding as gNMI needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Field = tuple[int, int | bytes]


def varint(number: int) -> bytes:
    """Encode an unsigned number, seven bits a byte."""
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def message(field: int, data: bytes | str) -> bytes:
    """Encode a field that is a message, bytes or text."""
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | BYTES) + varint(len(data)) + data


def number(field: int, amount: int) -> bytes:
    """Encode a field that is a number, a truth value or a name of an enumeration."""
    return varint(field << 3 | VARINT) + varint(amount)


def fields(data: bytes) -> Iterator[Field]:
    """Yield the fields of a message: numbers as int, all else as bytes. ValueError for what is none."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == VARINT:
            amount, at = _varint(data, at)
            yield key >> 3, amount
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(kind, -1)
        if kind == BYTES:
            size, at = _varint(data, at)
        if size < 0 or at + size > len(data):
            raise ValueError("no Protocol Buffers message")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    amount = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("no Protocol Buffers message")
        byte = data[at]
        amount |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return amount, at


def signed(amount: int) -> int:
    """Read a number as int64."""
    return amount - (1 << 64) if amount >> 63 else amount


def floating(data: bytes) -> float:
    """Read a float or a double; ValueError for what is none."""
    if len(data) not in (4, 8):
        raise ValueError("no Protocol Buffers message")
    found: float = struct.unpack("<d" if len(data) == 8 else "<f", data)[0]
    return found
