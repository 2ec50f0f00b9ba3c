"""NetFlow versions 5 and 9 (RFC 3954) and IPFIX (RFC 7011), which come by templates sent before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from parkops.monitor.passive.records import ICMP, ICMP6, FlowRecord, address

V5, V9, IPFIX = 5, 9, 10
VARIABLE = 0xFFFF
MOST_TEMPLATES = 4096  # of all exporters
MOST_FIELDS = 256
NUMBER_BYTES = 8  # RFC 7011, 6.1.1: unsigned64 is the longest
# Information elements (IANA, IPFIX registry); both protocols share them
OCTETS, PACKETS, PROTOCOL, FLAGS, SRC_PORT, DST_PORT = 1, 2, 4, 6, 7, 11
SRC4, DST4, SRC6, DST6, OCTETS_TOTAL, PACKETS_TOTAL = 8, 12, 27, 28, 85, 86
# How packets are sampled, in options or in the record itself: one in so many, or so many and a gap (RFC 5477)
ONE_IN, SAMPLED, GAP = (34, 50), 305, 306
SAMPLERS = (48, 302)  # which sampler, where an exporter has several
MOST_SAMPLERS = 64  # of one exporter's domain

Fields = tuple[tuple[int, int], ...]  # (element, length), element -1 for an enterprise's own


class NoTemplateError(Exception):
    """Data came before its template: nothing is wrong, but it cannot be read yet."""


@dataclass(slots=True)
class FlowReader:
    """Keeps the templates of each exporter."""

    _templates: dict[tuple[str, int, int], Fields] = field(default_factory=dict)
    _samplers: dict[tuple[str, int], dict[int, int]] = field(
        default_factory=dict
    )  # sampler -> one in so many

    def read(self, exporter: str, data: bytes) -> list[FlowRecord]:
        """Read one datagram; ValueError says why it cannot be, NoTemplateError that it is too early."""
        version = _number(data, 0, 2)
        if version == V5:
            return list(_fixed(data))
        if version == V9:
            domain, place, end = _number(data, 16, 4), 20, len(data)
        elif version == IPFIX:
            domain, place, end = _number(data, 12, 4), 16, _number(data, 2, 2)
            if end > len(data) or end < 16:
                raise ValueError("an IPFIX message of another length")
        else:
            raise ValueError(f"version {version} of NetFlow")
        found: list[FlowRecord] = []
        unknown = False
        while place + 4 <= end:
            number, length = _number(data, place, 2), _number(data, place + 2, 2)
            if length < 4 or place + length > end:
                raise ValueError("a set that is longer than its message")
            body = data[place + 4 : place + length]
            place += length
            if number in ((0, 1) if version == V9 else (2, 3)):
                self._learn(exporter, domain, body, ipfix=version == IPFIX, options=number % 2 == 1)
            elif number >= 256:
                fields = self._templates.get((exporter, domain, number))
                unknown = unknown or fields is None
                found += self._records((exporter, domain), fields, body) if fields else ()
        if unknown and not found:
            raise NoTemplateError("no template for it yet")
        return found

    def _records(self, of: tuple[str, int], fields: Fields, body: bytes) -> Iterator[FlowRecord]:
        """Yield the flows; what an options record tells of sampling is kept for them."""
        samplers = self._samplers.get(of, {})
        for values in _values(fields, body):
            which, told = _whole(values, *SAMPLERS), _sampling(values)
            if told and not _ends(values):
                if which in samplers or len(samplers) < MOST_SAMPLERS:
                    samplers[which] = told
                    if of in self._samplers or len(self._samplers) < MOST_TEMPLATES:
                        self._samplers[of] = samplers
                continue
            only = next(iter(samplers.values())) if len(samplers) == 1 else 1
            found = _record(values, told or samplers.get(which, only))
            if found is not None:
                yield found

    def _learn(self, exporter: str, domain: int, body: bytes, *, ipfix: bool, options: bool) -> None:
        place = 0
        while place + 4 <= len(body):
            number, count = _number(body, place, 2), _number(body, place + 2, 2)
            place += 4
            if number < 256:
                return  # padding
            scope = 0
            if options and (count or not ipfix):
                scope, place = _number(body, place, 2), place + 2
            if options and not ipfix:  # octets of the scope, whose types are no elements, and of the rest
                scope, count = count // 4, (count + scope) // 4
            if count > MOST_FIELDS:
                raise ValueError(f"a template of {count} fields")
            fields: list[tuple[int, int]] = []
            for _ in range(count):
                element, length = _number(body, place, 2), _number(body, place + 2, 2)
                place += 4
                if ipfix and element & 0x8000:
                    _number(body, place, 4)
                    element, place = -1, place + 4
                fields.append((-1 if not ipfix and len(fields) < scope else element, length))
            self._keep((exporter, domain, number), tuple(fields))

    def _keep(self, key: tuple[str, int, int], fields: Fields) -> None:
        if not fields:  # IPFIX withdraws a template (RFC 7011, 8.1)
            self._templates.pop(key, None)
            return
        if sum(1 if length == VARIABLE else length for _, length in fields) < 1:
            raise ValueError("a template of no length")
        if key not in self._templates and len(self._templates) >= MOST_TEMPLATES:
            del self._templates[next(iter(self._templates))]
        self._templates[key] = fields


def _fixed(data: bytes) -> Iterator[FlowRecord]:
    """Read version 5 (Cisco, NetFlow Export Datagram Format): 24 octets, then 48 for each record."""
    count, sampling = _number(data, 2, 2), _number(data, 22, 2) & 0x3FFF
    if len(data) < 24 + 48 * count:
        raise ValueError("it ends too early")
    for place in range(24, 24 + 48 * count, 48):
        packets, octets = (max(1, sampling) * _number(data, place + at, 4) for at in (16, 20))
        ports = _ports(data[place + 38], _number(data, place + 32, 2), _number(data, place + 34, 2))
        ends = address(data[place : place + 4]), address(data[place + 4 : place + 8])
        yield FlowRecord(*ends, data[place + 38], *ports, packets, octets, data[place + 37])


def _ports(protocol: int, src: int, dst: int) -> tuple[int, int]:
    """Return the ports; exporters put type and code of ICMP into that of the destination."""
    return (0, 0) if protocol in (ICMP, ICMP6) else (src, dst)


def _number(data: bytes, place: int, length: int) -> int:
    if place + length > len(data):
        raise ValueError("it ends too early")
    return int.from_bytes(data[place : place + length], "big")


def _values(fields: Fields, body: bytes) -> Iterator[dict[int, bytes]]:
    """Yield the elements of each record."""
    least = sum(1 if length == VARIABLE else length for _, length in fields)
    place = 0
    while place + least <= len(body):
        values: dict[int, bytes] = {}
        for element, told in fields:
            length, place = _variable(body, place) if told == VARIABLE else (told, place)
            if place + length > len(body):
                raise ValueError("a record that ends too early")
            if element >= 0:
                values[element] = body[place : place + length]
            place += length
        yield values


def _variable(body: bytes, place: int) -> tuple[int, int]:
    """Return the length of a field that tells it itself (RFC 7011, 7)."""
    length = _number(body, place, 1)
    return (length, place + 1) if length < 255 else (_number(body, place + 1, 2), place + 3)


def _ends(values: dict[int, bytes]) -> tuple[bytes, bytes] | None:
    src, dst = values.get(SRC4) or values.get(SRC6), values.get(DST4) or values.get(DST6)
    if src is None or dst is None or len(src) not in (4, 16) or len(dst) not in (4, 16):
        return None  # a record of something else: interfaces, statistics of the exporter
    return src, dst


def _sampling(values: dict[int, bytes]) -> int:
    """Return how many packets one stands for, 0 where that is not told."""
    if sampled := _whole(values, SAMPLED):
        return max(1, round((sampled + _whole(values, GAP)) / sampled))
    return _whole(values, *ONE_IN)


def _whole(values: dict[int, bytes], *elements: int, default: int = 0) -> int:
    """Return the first of some elements that is there."""
    found = next((values[element] for element in elements if element in values), None)
    if found is not None and len(found) > NUMBER_BYTES:
        raise ValueError(f"a number of {len(found)} octets")
    return default if found is None else int.from_bytes(found, "big")


def _record(values: dict[int, bytes], one_in: int) -> FlowRecord | None:
    ends = _ends(values)
    if ends is None:
        return None
    protocol = _whole(values, PROTOCOL)
    return FlowRecord(
        address(ends[0]), address(ends[1]), protocol,
        *_ports(protocol, _whole(values, SRC_PORT), _whole(values, DST_PORT)),
        one_in * _whole(values, PACKETS, PACKETS_TOTAL, default=1),
        one_in * _whole(values, OCTETS, OCTETS_TOTAL), _whole(values, FLAGS, default=-1),
    )  # fmt: skip
