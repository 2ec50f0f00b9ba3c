"""What measurements come to over a window: availability, latency, loss, objectives, utilisation, coverage."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model.watch import Availability


@dataclass(frozen=True, slots=True)
class Spread:
    """How a measured value is spread; percentiles are within 1 % of the value (relative)."""

    count: int
    minimum: float
    mean: float
    p50: float
    p95: float
    p99: float
    maximum: float


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Like targets over a window; seconds are summed over the targets.

    ``by`` is target, device, role, tenant, zone, flow, class or park; ``name`` says which one.
    """

    by: str
    name: str
    targets: int
    up_s: float
    down_s: float
    unknown_s: float
    outages: int
    excluded_s: float = 0.0  # maintenance, counted neither as up nor as down
    probes: int = 0  # probes with an answer or a loss, of which
    lost: int = 0  # these were lost, confirmed as an outage or not
    rtt_s: Spread | None = None  # None where nothing was measured

    @property
    def availability(self) -> Availability:
        """Its seconds as one availability, with ratio, MTBF and MTTR."""
        return Availability(self.name, self.up_s, self.down_s, self.unknown_s, self.outages)

    @property
    def loss_ratio(self) -> float | None:
        """Lost probes over all, None when there were none."""
        return self.lost / self.probes if self.probes else None


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast an error budget is spent: 1 spends it exactly within the objective's window."""

    window_s: float
    rate: float | None  # None when nothing is known of the window


@dataclass(frozen=True, slots=True)
class ObjectiveStatus:
    """An objective of the plan against what was measured in its window.

    ``held`` is None while nothing, or not all of it, was measured; ``why`` says what failed or is missing.
    """

    objective: str  # Objective.id
    subject: str
    window_s: float
    wanted: float  # ratio of time
    measured: float | None  # ratio of known time
    known_s: float  # seconds of targets of which the state is known
    unknown_s: float
    budget_s: float  # seconds of targets that may be down in the window
    spent_s: float  # seconds that they were down
    targets: int
    held: bool | None
    why: str = ""
    burns: tuple[Burn, ...] = ()
    latency_wanted_s: float = 0.0  # 0: none is stated
    latency_p95_s: float | None = None
    loss_wanted: float = 0.0  # ratio; 0: none is stated
    loss_measured: float | None = None

    @property
    def left_ratio(self) -> float | None:
        """Share of the error budget that is left; negative when overspent, None when nothing is known."""
        if self.measured is None:
            return None
        return 1.0 - self.spent_s / self.budget_s if self.budget_s > 0 else float(self.spent_s == 0)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """One direction of an interface over a window, against the rate of its link."""

    device: str
    interface: str
    direction: str  # in | out
    rate_bps: float  # what the plan says that the link carries
    mean_bps: float
    p95_bps: float
    max_bps: float

    @property
    def p95_ratio(self) -> float:
        """Share of the link's rate that is not exceeded 95 % of the time."""
        return self.p95_bps / self.rate_bps


@dataclass(frozen=True, slots=True)
class CoverageFigure:
    """A share of the park: ``numerator`` of ``denominator`` have a property, ``unknown`` may have it."""

    id: str  # new-network | connected-devices | ipv6 | wireless | standard-protocols | identifier | edge
    basis: str  # plan | live: what the design says, or what was seen
    numerator: float
    denominator: float
    unknown: float = 0.0
    detail: str = ""  # what was counted

    @property
    def ratio(self) -> float | None:
        """Share of what is known, None when nothing is."""
        known = self.denominator - self.unknown
        return self.numerator / known if known > 0 else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Least and largest share of all that it can be, None where there is nothing to share."""
        if self.denominator <= 0:
            return None
        return self.numerator / self.denominator, (self.numerator + self.unknown) / self.denominator


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a park over one window (Unix times)."""

    since_s: float
    until_s: float
    measured_since_s: float = (
        0.0  # begin of what loss, latency and utilisation are of: the window's last part
    )
    groups: tuple[GroupFigures, ...] = ()  # of every kind, by kind and name
    objectives: tuple[ObjectiveStatus, ...] = ()
    utilisation: tuple[Utilisation, ...] = ()
    coverage: tuple[CoverageFigure, ...] = ()

    def of(self, by: str, name: str | None = None) -> tuple[GroupFigures, ...]:
        """Return the groups of one kind, or the one of a name."""
        return tuple(g for g in self.groups if g.by == by and name in (None, g.name))
