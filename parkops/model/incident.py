"""How events are treated: their phases and steps, deadlines, maintenance, damping, thresholds, receivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkops.model.network import Park, Target
    from parkops.model.watch import Event

DAY_S = 86_400.0
POLICY = "policy"  # who closes what nobody has to close by hand
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Phase(StrEnum):
    """Where an event is in its life."""

    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    IN_WORK = "in-work"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class EventStep:
    """One step of an event's history; steps are added and never changed."""

    event: int
    time_s: float
    step: str  # a Phase, or reopened | note | linked | grouped | apart | muted | unmuted | overdue | worse
    by: str = ""  # "" for the monitor itself
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Within how many seconds an event of a severity is acknowledged, and resolved."""

    severity: str
    acknowledge_s: float
    resolve_s: float


DEADLINES = (Deadline("critical", 900.0, 4 * 3600.0), Deadline("warning", 4 * 3600.0, DAY_S))


@dataclass(frozen=True, slots=True)
class Damping:
    """Penalties of flapping targets, after RFC 2439, section 4.2: each outage adds 1, time halves them."""

    half_life_s: float = 900.0
    suppress: float = 3.5  # from here on an event stays open, and is delivered once
    reuse: float = 0.75  # below, a recovery counts again


@dataclass(frozen=True, slots=True)
class Window:
    """A span of planned work: one-off between Unix times, or on some days between local times of day.

    ``subject`` is all, or role, zone, tenant or device and a name: ``zone:hx-control``.
    """

    id: str
    subject: str
    reason: str
    begin_s: float = 0.0  # of a one-off window
    end_s: float = 0.0
    date: str = ""  # ISO date of a one-off window whose times are of that day
    days: tuple[str, ...] = ()  # mon ... sun, of a recurring one
    from_minute: int = 0  # of the local day
    to_minute: int = 0  # up to the next day when it is not later than ``from_minute``
    by: str = ""
    number: int = 0  # of a window in the store, 0 in the plan

    def spans(self, since_s: float, until_s: float) -> Iterator[tuple[float, float]]:
        """Yield what of it lies between two Unix times, as begin and end."""
        for begin_s, end_s in self._occurrences(since_s, until_s):
            if end_s > since_s and begin_s < until_s:
                yield max(begin_s, since_s), min(end_s, until_s)

    def _occurrences(self, since_s: float, until_s: float) -> Iterator[tuple[float, float]]:
        if self.date:
            yield self._on(datetime.fromisoformat(self.date))
        elif not self.days:
            yield self.begin_s, self.end_s
        else:
            day = datetime.fromtimestamp(since_s - DAY_S).replace(hour=0, minute=0, second=0, microsecond=0)
            while day.timestamp() < until_s:
                if DAYS[day.weekday()] in self.days:
                    yield self._on(day)
                day += timedelta(days=1)

    def _on(self, day: datetime) -> tuple[float, float]:
        end = self.to_minute + (1440 if self.to_minute <= self.from_minute else 0)
        begin = day + timedelta(minutes=self.from_minute)
        return begin.timestamp(), (day + timedelta(minutes=end)).timestamp()

    def holds(self, time_s: float) -> bool:
        """Tell whether it is in force at a Unix time."""
        return any(begin_s <= time_s < end_s for begin_s, end_s in self._occurrences(time_s, time_s + DAY_S))

    def covers(self, target: Target, role: str = "") -> bool:
        """Tell whether a target is meant."""
        kind, _, name = self.subject.partition(":")
        meant = {"role": role, "zone": target.zone, "tenant": target.tenant, "device": target.device}
        return kind == "all" or meant.get(kind) == name


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a measured value is an event; limits are None where there is none.

    ``side`` is above, below, or beyond (the absolute value above).
    """

    value: str  # name in Sample.values
    side: str
    cause: str  # with {value} and {limit}
    warning: float | None = None
    critical: float | None = None

    def judge(self, value: float) -> tuple[str, float] | None:
        """Return the severity of a value with the limit that it breaks, None when it is well."""
        for severity, limit in (("critical", self.critical), ("warning", self.warning)):
            if limit is not None and self._breaks(value, limit):
                return severity, limit
        return None

    def _breaks(self, value: float, limit: float) -> bool:
        if self.side == "below":
            return value < limit
        return (abs(value) if self.side == "beyond" else value) > limit


# What ships; the plan's `monitoring.thresholds` sets other limits.
THRESHOLDS = {
    item.value: item
    for item in (
        Threshold("days_left", "below", "the certificate ends in {value:.1f} days", 21, 3),
        Threshold("offset_s", "beyond", "the clock is {value:+.3f} s off, {limit:g} s are allowed", 0.1, 1),
        Threshold("cpu_ratio", "above", "the processor is busy for {value:.0%} of the time", 0.9, 0.99),
        Threshold("memory_used_ratio", "above", "{value:.0%} of the memory is in use", 0.9, 0.98),
        Threshold("if_utilisation_ratio", "above", "the line carries {value:.0%} of its rate", 0.8, 0.95),
        Threshold("temperature_celsius", "above", "it is {value:.0f} °C hot, {limit:g} are allowed", 65, 80),
        Threshold("optical_rx_power_dbm", "below", "little light arrives: {value:.1f} dBm", -14, -18),
        Threshold("optical_tx_power_dbm", "below", "the laser is weak: {value:.1f} dBm", -9, -12),
    )
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told of events; ``secret`` and ``password`` are references, never secrets."""

    id: str
    kind: str  # alertmanager | webhook | mail
    url: str = ""  # of an Alertmanager or a webhook
    secret: str = ""  # key of the signature of a webhook's body (HMAC-SHA256)
    to: tuple[str, ...] = ()  # of mail
    sender: str = ""
    server: str = ""  # host[:port] of the mail server
    user: str = ""
    password: str = ""
    tls: str = "none"  # none | starttls | tls
    tenants: tuple[str, ...] = ()  # () for all
    severities: tuple[str, ...] = ()  # () for all

    def wants(self, tenant: str, severity: str) -> bool:
        """Tell whether an event is meant for it."""
        return (not self.tenants or tenant in self.tenants) and (
            not self.severities or severity in self.severities
        )


@dataclass(frozen=True, slots=True)
class EventPolicy:
    """What the plan says of events."""

    deadlines: tuple[Deadline, ...] = DEADLINES
    close: str = "automatic"  # automatic | by-hand
    hold_s: float = 300.0  # what comes back within this time after its end is the same event
    correlation_s: float = 15.0  # consequences may be seen this much before or after their cause
    damping: Damping = Damping()
    maintenance: tuple[Window, ...] = ()
    thresholds: tuple[tuple[str, float | None, float | None], ...] = ()  # value, warning, critical
    severities: tuple[tuple[str, str], ...] = ()  # subject (probe:icmp, zone:z ...), severity; first wins
    receivers: tuple[Receiver, ...] = ()

    def deadline(self, severity: str) -> Deadline | None:
        """Return the deadline of a severity."""
        return next((item for item in self.deadlines if item.severity == severity), None)


NO_POLICY = EventPolicy()


@dataclass(frozen=True, slots=True)
class Latency:
    """The objective of a target: delay in milliseconds and loss in percent, 0 where none is stated."""

    objective: str
    latency_ms: float
    loss_percent: float


def objectives_of(park: Park) -> dict[str, Latency]:
    """Return the strictest objective of each target that has one, by target.

    Objectives of flows and classes hold for probes that measure such a flow (parameter ``flow``).
    """
    roles = {device.name: device.role.value for device in park.devices}
    classes = {flow.id: flow.traffic_class for flow in park.flows}
    found: dict[str, Latency] = {}
    for item in park.objectives:
        if not (item.latency_ms or item.loss_percent):
            continue
        kind, _, name = item.subject.partition(":")
        for target in park.targets:
            flow = target.param("flow")
            meant = {
                "all": "", "device": roles.get(target.device), "zone": target.zone,
                "tenant": target.tenant, "flow": flow, "class": classes.get(flow),
            }  # fmt: skip
            if meant.get(kind) == name:
                found[target.id] = _stricter(
                    found.get(target.id), item.id, item.latency_ms, item.loss_percent
                )
    return found


def _stricter(old: Latency | None, name: str, latency_ms: float, loss_percent: float) -> Latency:
    if old is None:
        return Latency(name, latency_ms, loss_percent)
    least = [min(filter(None, pair), default=0.0) for pair in
             ((old.latency_ms, latency_ms), (old.loss_percent, loss_percent))]  # fmt: skip
    return Latency(name if least != [old.latency_ms, old.loss_percent] else old.objective, *least)


def closed_loop(events: Iterable[Event]) -> tuple[int, int]:
    """Return how many events were closed as they must be, and how many there were.

    Closed as it must be: with a cause, by a person or by the policy, resolved within its deadline. Events of
    planned work do not count, consequences count with their cause.
    """
    counted = [
        event for event in events if event.parent is None and not event.muted.startswith("maintenance")
    ]
    return sum(_well_closed(event) for event in counted), len(counted)


def _well_closed(event: Event) -> bool:
    if event.closed_s is None or not event.cause or not event.closed_by:
        return False
    ended_s = event.closed_s if event.resolved_s is None else event.resolved_s
    return event.resolve_by_s is None or ended_s <= event.resolve_by_s
