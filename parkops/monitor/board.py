"""The park's state for one screen: groups with counts, what is not up, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from parkops.model import Event, Interval, Park, Result, State, Target, Vitals

STALE_INTERVALS = 3.0
STALE_MIN_S = 15.0
FLOWS = "flows"  # in the place of a role: what is measured between nodes
NOT_PROBED = "not probed yet"


class By(StrEnum):
    """What groups the targets."""

    ROLE = "role"
    TENANT = "tenant"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class Row:
    """One target as it is now."""

    target: Target
    state: State
    since_s: float | None
    reason: str

    @property
    def rank(self) -> tuple[int, float, str]:
        """Worst first: down before unknown before up, the latest change first."""
        order = {State.DOWN: 0, State.UNKNOWN: 1, State.UP: 2}
        return order[self.state], -(self.since_s or 0.0), self.target.id


@dataclass(frozen=True, slots=True)
class Group:
    """Like targets: a tenant's devices of one role, a tenant's, or a zone's."""

    tenant: str
    name: str  # role or zone, "" when the tenant alone makes the group
    devices: int
    up: int
    down: int
    unknown: int
    zones: tuple[str, ...]
    worst: Row | None  # None when all is up


@dataclass(frozen=True, slots=True)
class Tile:
    """A zone, or what of a tenant lies in no single zone, on the map: its devices and their states."""

    tenant: str
    zone: str
    devices: tuple[tuple[str, State], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One screen."""

    groups: tuple[Group, ...]
    not_up: tuple[Row, ...]
    counts: dict[State, int]
    devices: int
    troubled_devices: int
    events: tuple[Event, ...]  # open, the latest first
    results: tuple[Result, ...]
    pushed_s: float | None
    last_sample_s: float | None
    stale: bool
    time_s: float
    rows: tuple[Row, ...] = ()  # every target
    vitals: Vitals | None = None  # how the monitor that saw all this did
    left_out: int = 0  # targets of the plan that are not watched, since a lab does not serve them

    @property
    def causes(self) -> tuple[Event, ...]:
        """Open events that are no consequence of another open one: what goes on, worst and latest first."""
        numbers = {event.id for event in self.events}
        found = [event for event in self.events if event.parent not in numbers]
        return tuple(sorted(found, key=lambda e: (e.resolved_s is not None, bool(e.muted), e.severity)))

    def consequences(self, event: Event) -> int:
        """Return how many open events follow from one."""
        return sum(other.parent == event.id for other in self.events)

    @property
    def age_s(self) -> float | None:
        """Seconds since the latest sample, None when there is none."""
        return None if self.last_sample_s is None else max(0.0, self.time_s - self.last_sample_s)


def board(
    park: Park,
    latest: Iterable[Interval],
    events: Iterable[Event],
    push: tuple[tuple[Result, ...], float | None],
    time_s: float,
    by: By = By.ROLE,
) -> Board:
    """Arrange the current intervals, open events and the last push for ``time_s`` (Unix time)."""
    now = {interval.target: interval for interval in latest}
    rows = [_row(target, now.get(target.id)) for target in park.targets]
    seen = [now[target.id].end_s for target in park.targets if target.id in now]
    last_s = max(seen, default=None)
    limit_s = STALE_INTERVALS * max((target.interval_s for target in park.targets), default=0.0)
    troubled = {row.target.device for row in rows if row.state is not State.UP}
    return Board(
        groups=_groups(park, rows, by),
        not_up=tuple(sorted((row for row in rows if row.state is not State.UP), key=lambda row: row.rank)),
        counts={state: sum(row.state is state for row in rows) for state in State},
        devices=len({target.device for target in park.targets}),
        troubled_devices=len(troubled),
        events=tuple(sorted(events, key=lambda event: -event.opened_s)),
        results=push[0],
        pushed_s=push[1],
        last_sample_s=last_s,
        stale=bool(park.targets) and (last_s is None or time_s - last_s > max(limit_s, STALE_MIN_S)),
        time_s=time_s,
        rows=tuple(rows),
    )


def tiles(park: Park, seen: Board) -> list[Tile]:
    """Return the map: a tile for each zone, with each device once, as bad as its worst target."""
    badness = {State.UP: 0, State.UNKNOWN: 1, State.DOWN: 2}
    found: dict[tuple[str, str], dict[str, State]] = {}
    for row in seen.rows:
        if row.target.vantage:
            continue  # a flow is no device
        devices = found.setdefault((row.target.tenant, row.target.zone), {})
        old = devices.get(row.target.device, State.UP)
        devices[row.target.device] = max(old, row.state, key=lambda state: badness[state])
    made = [Tile(*key, tuple(sorted(devices.items()))) for key, devices in found.items()]
    order = {zone.id: number for number, zone in enumerate(park.zones)}

    def rank(tile: Tile) -> tuple[int, int, int]:
        states = [state for _, state in tile.devices]
        return -states.count(State.DOWN), -states.count(State.UNKNOWN), order.get(tile.zone, -1)

    return sorted(made, key=rank)


def _row(target: Target, interval: Interval | None) -> Row:
    if interval is None:
        return Row(target, State.UNKNOWN, None, NOT_PROBED)
    return Row(target, interval.state, interval.start_s, interval.reason)


def _groups(park: Park, rows: list[Row], by: By) -> tuple[Group, ...]:
    key = _key(park, by)
    members: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        members.setdefault(key(row.target), []).append(row)
    groups = [_group(name, rows) for name, rows in members.items()]
    return tuple(sorted(groups, key=lambda group: (-group.down, -group.unknown, group.tenant, group.name)))


def _key(park: Park, by: By) -> Callable[[Target], tuple[str, str]]:
    if by is By.TENANT:
        return lambda target: (target.tenant, "")
    if by is By.ZONE:
        return lambda target: (target.tenant, target.zone)
    roles = {device.name: device.role.value for device in park.devices}
    return lambda target: (target.tenant, FLOWS if target.vantage else roles.get(target.device, ""))


def _group(name: tuple[str, str], rows: list[Row]) -> Group:
    counts = Counter(row.state for row in rows)
    worst = min(rows, key=lambda row: row.rank)
    return Group(
        tenant=name[0],
        name=name[1],
        devices=len({row.target.device for row in rows}),
        up=counts[State.UP],
        down=counts[State.DOWN],
        unknown=counts[State.UNKNOWN],
        zones=tuple(sorted({row.target.zone for row in rows if row.target.zone})),
        worst=None if worst.state is State.UP else worst,
    )
