"""The way in for everything that arrives: whose it is, how much is taken, what is counted."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from parkops.model import Park, Signal

MOST_STRANGERS = 500  # addresses that are told apart; sources of datagrams can be forged
MOST_BUCKETS = 20_000  # senders whose rate is watched
STRANGER = "unknown-sender"
LIMITED = "too-many"

Sink = Callable[[Signal], None]


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says, before it is known who said it."""

    name: str
    severity: str = "info"  # critical | warning | info
    text: str = ""
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """How many messages of one sender are taken: ``rate_per_s`` in the long run, ``burst`` at once."""

    rate_per_s: float = 200.0
    burst: float = 2000.0


@dataclass(slots=True)
class _Bucket:
    left: float
    time_s: float
    told_s: float = 0.0


class Senders:
    """The park's devices by every address that they may send from."""

    def __init__(self, devices: dict[str, str]) -> None:
        self._devices = devices

    @classmethod
    def of(cls, park: Park) -> Senders:
        """Read the park: management, loopback and port addresses."""
        found: dict[str, str] = {}
        for device in park.devices:
            ports = [text for port in device.interfaces for text in (port.ipv4, port.ipv6)]
            own = (device.management_ipv4, device.loopback_ipv4, device.loopback_ipv6, device.router_id)
            for text in (*own, *ports):
                if text:
                    found.setdefault(plain(text.partition("/")[0]), device.name)
        return cls(found)

    def device(self, address: str) -> str:
        """Return the device that an address belongs to, "" for none."""
        return self._devices.get(plain(address), "")


def plain(address: str) -> str:
    """Return an address in one way of writing; IPv4 in IPv6 (RFC 4291, 2.5.5.2) becomes IPv4."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


@dataclass(slots=True)
class Intake:
    """Turns what listeners understood into signals for ``sink``; nothing is dropped without a count.

    ``counts`` has (origin, outcome): received, signal, malformed, stranger, limited.
    """

    senders: Senders
    sink: Sink
    limit: Limit = field(default_factory=Limit)
    now: Callable[[], float] = time.time
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _strangers: dict[str, float] = field(default_factory=dict)

    def admit(self, origin: str, address: str) -> bool:
        """Count a message; tell whether its sender may still be heard, and say once a minute that not."""
        self.counts[origin, "received"] += 1
        now_s = self.now()
        bucket = self._bucket(address, now_s)
        passed_s = max(0.0, now_s - bucket.time_s)  # below 0 where the clock was set back
        bucket.left = min(self.limit.burst, bucket.left + passed_s * self.limit.rate_per_s)
        bucket.time_s = now_s
        if bucket.left >= 1:
            bucket.left -= 1
            return True
        self.counts[origin, "limited"] += 1
        if not 0 <= now_s - bucket.told_s < 60:
            bucket.told_s = now_s
            text = f"more than {self.limit.rate_per_s:g} messages a second: the rest is not read"
            self.say(origin, address, Said(f"{LIMITED}:{origin}", "warning", text))
        return False

    def _bucket(self, address: str, now_s: float) -> _Bucket:
        bucket = self._buckets.get(address)
        if bucket is None:
            if len(self._buckets) >= MOST_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[address] = _Bucket(self.limit.burst, now_s)
        return bucket

    def malformed(self, origin: str, address: str, why: str) -> None:
        """Count a message that could not be read, and say so: it may be an attempt on the listener."""
        self.counts[origin, "malformed"] += 1
        self.say(origin, address, Said(f"malformed:{origin}", "info", why))

    def say(self, origin: str, address: str, said: Said) -> None:
        """Hand a signal on, under the name of its device, or of the stranger that sent it."""
        device = self.senders.device(address)
        if not device:
            self._stranger(origin, address, said)
            return
        self.counts[origin, "signal"] += 1
        self.sink(Signal(self.now(), origin, device, said.name, said.severity, said.text, said.clears))

    def own(self, origin: str, device: str, said: Said) -> None:
        """Hand on what was concluded here, about a device or about no device."""
        self.counts[origin, "signal"] += 1
        self.sink(Signal(self.now(), origin, device, said.name, said.severity, said.text, said.clears))

    def _stranger(self, origin: str, address: str, said: Said) -> None:
        self.counts[origin, "stranger"] += 1
        known = plain(address)
        if known not in self._strangers and len(self._strangers) >= MOST_STRANGERS:
            known = "others"
        self._strangers[known] = self.now()
        text = f"{said.name}: {said.text}" if said.text else said.name
        # never more than a note: whoever can send a datagram must not be able to raise alarms
        self.sink(Signal(self.now(), origin, "", f"{STRANGER}:{known}", "info", text))
