"""What the monitor sees: samples, state intervals and events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parkops.model.incident import Phase


class State(StrEnum):
    """A target's state; ``unknown`` when the probe itself could not run."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sample:
    """One probe's answer at ``time_s`` (Unix time); ``rtt_s`` is its round trip, None when down."""

    target: str
    time_s: float
    state: State
    rtt_s: float | None = None
    reason: str = ""  # why it is not up
    values: tuple[tuple[str, float], ...] = ()  # what else was measured, by name with unit: "offset_s"
    late_s: float = 0.0  # the prober itself was late by so much, too late to judge; the state is unknown


@dataclass(frozen=True, slots=True)
class Signal:
    """What a device or another system said by itself: a trap, a log line, a notification, an alert."""

    time_s: float  # Unix time of its arrival
    origin: str  # snmp-trap | syslog | netconf | flow | alert
    device: str  # "" when the sender is no device of the park
    name: str  # what it is about, stable: "linkDown:ge-0/0/1"
    severity: str  # critical | warning | info
    text: str = ""
    clears: bool = False  # it ends what an earlier signal of the same device and name began
    count: int = 1  # how often it was heard, where signals are added up


@dataclass(frozen=True, slots=True)
class Interval:
    """A span in which a target kept one state; it ends where the next one starts."""

    target: str
    start_s: float
    end_s: float
    state: State
    reason: str = ""
    open: bool = False  # still going on

    @property
    def duration_s(self) -> float:
        """Length of the span."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Event:
    """Something wrong, with its life: opened, acknowledged, in work, resolved, closed (Unix times).

    A time is None while it is not so. ``target`` is what it was seen at: a target's id, or
    ``<device>/signal/<name>`` for what a device said itself.
    """

    id: int
    target: str
    device: str
    severity: str  # critical | warning
    cause: str
    opened_s: float
    acknowledged_s: float | None = None
    acknowledged_by: str = ""
    closed_s: float | None = None
    note: str = ""
    kind: str = "outage"  # outage | loss | latency | signal | value:NAME
    work_s: float | None = None
    work_by: str = ""
    resolved_s: float | None = None
    closed_by: str = ""  # who closed it; "policy" when nobody had to
    parent: int | None = None  # the event that it is a consequence of
    change: str = ""  # the push that mended it
    acknowledge_by_s: float | None = None  # deadlines
    resolve_by_s: float | None = None
    reopened: int = 0  # how often it came back
    calm_s: float = 0.0  # time in between, when it was resolved
    muted: str = ""  # why nobody is told: maintenance, flapping
    tenant: str = ""

    @property
    def duration_s(self) -> float | None:
        """Length of what was wrong, None while it goes on."""
        end_s = self.closed_s if self.resolved_s is None else self.resolved_s
        return None if end_s is None else end_s - self.opened_s - self.calm_s

    @property
    def phase(self) -> Phase:
        """Where it is in its life."""
        for phase, time_s in (
            (Phase.CLOSED, self.closed_s),
            (Phase.RESOLVED, self.resolved_s),
            (Phase.IN_WORK, self.work_s),
            (Phase.ACKNOWLEDGED, self.acknowledged_s),
        ):
            if time_s is not None:
                return phase
        return Phase.DETECTED

    def overdue(self, now_s: float) -> str:
        """Return what should have happened by now: acknowledge or resolve, "" when nothing."""
        if self.phase in (Phase.RESOLVED, Phase.CLOSED) or self.muted.startswith("maintenance"):
            return ""
        if self.resolve_by_s is not None and now_s > self.resolve_by_s:
            return "resolve"
        late = self.acknowledge_by_s is not None and now_s > self.acknowledge_by_s
        return "acknowledge" if late and self.phase is Phase.DETECTED else ""


@dataclass(frozen=True, slots=True)
class Availability:
    """A target over a window: seconds in each state, outages, MTBF and MTTR in seconds."""

    target: str
    up_s: float
    down_s: float
    unknown_s: float
    outages: int

    @property
    def ratio(self) -> float | None:
        """Up time over known time, None when nothing is known."""
        known_s = self.up_s + self.down_s
        return self.up_s / known_s if known_s > 0 else None

    @property
    def mttr_s(self) -> float | None:
        """Mean time to repair: down time per outage."""
        return self.down_s / self.outages if self.outages else None

    @property
    def mtbf_s(self) -> float | None:
        """Mean time between failures: up time per outage."""
        return self.up_s / self.outages if self.outages else None


@dataclass(frozen=True, slots=True)
class Reach:
    """An expectation as observed: whether the traffic passed at ``time_s``."""

    expectation: str
    passed: bool | None  # None: could not be tried
    time_s: float
    detail: str = ""
    rtt_s: float | None = None
