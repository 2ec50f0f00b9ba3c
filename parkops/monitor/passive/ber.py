"""BER (X.690) as SNMP uses it: definite lengths, the types of RFC 3416, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
ADDRESS, COUNTER, GAUGE, TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
DEEPEST = 4  # bytes that a length may take
MOST_OID = 128  # sub-identifiers (RFC 3416, 4.1)


class BerError(ValueError):
    """What came is no BER, or not what SNMP makes of it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One value: its tag, its content, and where in the whole message the content begins."""

    tag: int
    content: bytes
    at: int

    def integer(self) -> int:
        """Return a whole number of any of SNMP's types."""
        if self.tag not in (INTEGER, COUNTER, GAUGE, TICKS, COUNTER64) or not 1 <= len(self.content) <= 9:
            raise BerError("expected a whole number")
        return int.from_bytes(self.content, "big", signed=self.tag == INTEGER)

    def octets(self) -> bytes:
        """Return an octet string."""
        if self.tag not in (OCTETS, OPAQUE, ADDRESS):
            raise BerError("expected an octet string")
        return self.content

    def oid(self) -> tuple[int, ...]:
        """Return an object identifier."""
        if self.tag != OID or not self.content:
            raise BerError("expected an object identifier")
        numbers, value = [], 0
        for byte in self.content:
            value = value << 7 | byte & 0x7F
            if value >> 35:
                raise BerError("a sub-identifier beyond 32 bits")
            if not byte & 0x80:
                numbers.append(value)
                value = 0
        if self.content[-1] & 0x80 or len(numbers) >= MOST_OID:
            raise BerError("an object identifier without an end")
        first = min(numbers[0] // 40, 2)
        return (first, numbers[0] - 40 * first, *numbers[1:])

    def items(self) -> list[Item]:
        """Return what a sequence, or a PDU, is made of."""
        if not self.tag & 0x20:
            raise BerError("expected a sequence")
        return list(read_all(self.content, self.at))


def read(data: bytes, start: int = 0, at: int = 0) -> tuple[Item, int]:
    """Read the value that begins at ``start`` of ``data``; return it and where the next one begins."""
    if start + 2 > len(data):
        raise BerError("it ends too early")
    tag, length, begin = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise BerError("a tag of several bytes")
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= DEEPEST or begin + count > len(data):
            raise BerError("a length that cannot be")
        length, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
    if begin + length > len(data):
        raise BerError("it ends too early")
    return Item(tag, data[begin : begin + length], at + begin), begin + length


def read_all(data: bytes, at: int = 0) -> Iterator[Item]:
    """Yield the values that stand one after the other."""
    place = 0
    while place < len(data):
        item, place = read(data, place, at)
        yield item


def write(tag: int, content: bytes) -> bytes:
    """Return one value."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Return a whole number."""
    return write(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def sequence(*parts: bytes, tag: int = SEQUENCE) -> bytes:
    """Return a sequence of values that are written already."""
    return write(tag, b"".join(parts))


def oid(numbers: tuple[int, ...]) -> bytes:
    """Return an object identifier."""
    content = bytearray()
    for number in (40 * numbers[0] + numbers[1], *numbers[2:]):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return write(OID, bytes(content))
