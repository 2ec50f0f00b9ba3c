"""Single tries become attacks, by thresholds; each is repelled, or has passed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as checked

from parkops.monitor.passive.intake import Said

DROPPED, PASSED = "attack-dropped", "attack-passed"
MOST_SOURCES = 10_000  # that are watched at the same time; sources can be forged
MOST_TRIES = 5_000  # that are remembered of one source


@checked(frozen=True)
class Threshold:
    """So many within so many seconds."""

    count: int
    within_s: float


@checked(frozen=True)
class Thresholds:
    """The table of thresholds."""

    scan: Threshold
    login: Threshold
    flood: Threshold
    dropped: Threshold
    quiet_s: float


@cache
def builtin() -> Thresholds:
    """Return the table that comes with the program."""
    text = Path(__file__).with_name("attacks.yaml").read_text(encoding="utf-8")
    return TypeAdapter(Thresholds).validate_python(yaml.safe_load(text))


@dataclass(slots=True)
class _Tries:
    """What one source tried lately."""

    items: deque[tuple[float, Hashable, int]] = field(default_factory=lambda: deque(maxlen=MOST_TRIES))
    counts: dict[Hashable, int] = field(default_factory=dict)  # different things, how often each
    weight: int = 0
    last_s: float = 0.0

    def add(self, time_s: float, what: Hashable, weight: int, within_s: float) -> None:
        if len(self.items) == self.items.maxlen:
            self._forget()
        self.items.append((time_s, what, weight))
        self.counts[what] = self.counts.get(what, 0) + 1
        self.weight += weight
        self.last_s = time_s
        while self.items and self.items[0][0] < time_s - within_s:
            self._forget()

    def pile(self, time_s: float, weight: int, within_s: float) -> None:
        """Add to what came within the same second: however many come, none is forgotten too early."""
        if self.items and int(self.items[-1][0]) == int(time_s):
            at_s, what, before = self.items[-1]
            self.items[-1] = (at_s, what, before + weight)
            self.weight += weight
            self.last_s = time_s
        else:
            self.add(time_s, None, weight, within_s)

    def _forget(self) -> None:
        _, what, weight = self.items.popleft()
        self.weight -= weight
        self.counts[what] -= 1
        if not self.counts[what]:
            del self.counts[what]


@dataclass(slots=True)
class Attacks:
    """Watches tries; ``tell(device, said)`` hears of each attack once, and again when it is over."""

    tell: Callable[[str, Said], None]
    thresholds: Thresholds = field(default_factory=builtin)
    _tries: dict[tuple[str, str], _Tries] = field(default_factory=dict)
    _going_on: dict[tuple[str, str], float] = field(default_factory=dict)  # (device, name) -> last seen

    def scan(self, time_s: float, device: str, source: str, what: Hashable, *, dropped: bool) -> None:
        """Take a try of a source at a destination and port."""
        limit, kind = self.thresholds.scan, DROPPED if dropped else PASSED
        tries = self._of(f"scan/{kind}", source)
        tries.add(time_s, what, 1, limit.within_s)
        if len(tries.counts) >= limit.count:
            text = f"{source} tried {len(tries.counts)} destinations within {limit.within_s:g} s"
            self._attack(time_s, device, f"{kind}:scan:{source}", text, dropped=dropped)
        if dropped and len(tries.items) >= self.thresholds.dropped.count:
            text = f"{len(tries.items)} packets of {source} dropped"
            self._attack(time_s, device, f"{kind}:flood:{source}", text, dropped=True)

    def login(self, time_s: float, device: str, source: str) -> None:
        """Take a login that failed."""
        limit = self.thresholds.login
        tries = self._of(f"login/{device}", source)
        tries.add(time_s, device, 1, limit.within_s)
        if len(tries.items) >= limit.count:
            text = f"{len(tries.items)} logins from {source} refused within {limit.within_s:g} s"
            self._attack(time_s, device, f"{DROPPED}:login:{source}", text, dropped=True)

    def logged_in(self, time_s: float, device: str, source: str) -> None:
        """Take a login that succeeded: after many that failed it is one that should not have."""
        tries = self._tries.get((f"login/{device}", source))
        limit = self.thresholds.login
        if tries and len(tries.items) >= limit.count and time_s - tries.last_s <= limit.within_s:
            text = f"a login from {source} succeeded after {len(tries.items)} that failed"
            self._attack(time_s, device, f"{PASSED}:login:{source}", text, dropped=False)

    def traffic(self, time_s: float, device: str, service: str, packets: int) -> None:
        """Take packets to one service of the park."""
        limit = self.thresholds.flood
        tries = self._of("flood", service)
        tries.pile(time_s, packets, limit.within_s)
        if tries.weight >= limit.count:
            text = f"{tries.weight} packets to {service} within {limit.within_s:g} s"
            self._attack(time_s, device, f"{PASSED}:flood:{service}", text, dropped=False)

    def tick(self, time_s: float) -> None:
        """End what was not seen for long enough, and forget what is old."""
        for (device, name), last_s in list(self._going_on.items()):
            if time_s - last_s >= self.thresholds.quiet_s:
                del self._going_on[device, name]
                self.tell(device, Said(name, "info", "nothing more of it", clears=True))
        for key, tries in list(self._tries.items()):
            if time_s - tries.last_s > self.thresholds.quiet_s:
                del self._tries[key]

    def _of(self, kind: str, source: str) -> _Tries:
        tries = self._tries.get((kind, source))
        if tries is None:
            if len(self._tries) >= MOST_SOURCES:
                del self._tries[next(iter(self._tries))]  # the oldest; forged sources come by the thousand
            tries = self._tries[kind, source] = _Tries()
        return tries

    def _attack(self, time_s: float, device: str, name: str, text: str, *, dropped: bool) -> None:
        new = (device, name) not in self._going_on
        if new and len(self._going_on) >= MOST_SOURCES:
            return
        self._going_on[device, name] = time_s
        if new:
            self.tell(device, Said(name, "warning" if dropped else "critical", text))
