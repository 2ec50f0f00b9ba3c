"""sFlow version 5 (sflow.org, sFlow Version 5, July 2004): sampled packets become flow records."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.monitor.passive.records import FlowRecord, of_ethernet, of_ip4, of_ip6

VERSION = 5
FLOW, EXPANDED = 1, 3  # kinds of samples; counters are left to SNMP
RAW_HEADER = 1
ETHERNET, IP4, IP6 = 1, 11, 12
MOST_SAMPLES = 1000


class _Words:
    """Reads XDR: words of 4 octets."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def word(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def take(self, length: int) -> bytes:
        end = self._place + length
        if end > len(self._data):
            raise ValueError("it ends too early")
        taken, self._place = self._data[self._place : end], end
        return taken

    def opaque(self) -> bytes:
        length = self.word()
        taken = self.take(length)
        self.take(min(-length % 4, len(self._data) - self._place))
        return taken


def read(data: bytes) -> list[FlowRecord]:
    """Read one datagram; ValueError says why it cannot be."""
    words = _Words(data)
    if words.word() != VERSION:
        raise ValueError("not version 5 of sFlow")
    kind = words.word()
    if kind not in (1, 2):
        raise ValueError("an agent's address of unknown kind")
    words.take(4 if kind == 1 else 16)
    words.take(12)  # sub-agent, sequence number, uptime
    count = words.word()
    if count > MOST_SAMPLES:
        raise ValueError(f"{count} samples in one datagram")
    found: list[FlowRecord] = []
    for _ in range(count):
        tag, sample = words.word(), words.opaque()
        if tag in (FLOW, EXPANDED):
            found += _sample(_Words(sample), expanded=tag == EXPANDED)
    return found


def _sample(words: _Words, *, expanded: bool) -> Iterator[FlowRecord]:
    words.take(12 if expanded else 8)  # sequence number, source
    rate = max(1, words.word())
    words.take(24 if expanded else 16)  # pool, drops, input, output
    for _ in range(min(words.word(), MOST_SAMPLES)):
        tag, record = words.word(), words.opaque()
        if tag == RAW_HEADER:
            found = _header(_Words(record), rate)
            if found is not None:
                yield found


def _header(words: _Words, rate: int) -> FlowRecord | None:
    protocol, length = words.word(), words.word()
    words.word()  # octets that were stripped
    head = words.opaque()
    read_head = {ETHERNET: of_ethernet, IP4: of_ip4, IP6: of_ip6}.get(protocol)
    return read_head(head, rate, rate * length) if read_head else None
