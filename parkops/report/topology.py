"""Lay the park out as a picture: layers by role, columns by owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parkops.model import Device, EvidenceSet, Interval, Park, Role, State

LAYERS: Mapping[Role, int] = {
    Role.EXTERNAL: 0,
    Role.EXIT: 1,
    Role.PARK_FIREWALL: 1,
    Role.CORE: 2,
    Role.SPINE: 2,
    Role.AGGREGATION: 3,
    Role.LEAF: 3,
    Role.BOUNDARY: 3,
    Role.RING_SWITCH: 4,
    Role.ACCESS_SWITCH: 4,
    Role.ACCESS_POINT: 5,
    Role.WIRELESS_CONTROLLER: 5,
    Role.CPE_5G: 5,
    Role.ONE_WAY_GATEWAY: 5,
    Role.EDGE_CONTROLLER: 5,
    Role.EDGE_GATEWAY: 5,
    Role.EDGE_CLOUD: 5,
    Role.CLOUD_HOST: 5,
    Role.SERVER: 5,
    Role.IDENTIFIER: 5,
    Role.MANAGEMENT: 5,
    Role.ENDPOINT: 6,
}
SPINE_LAYERS = 3  # drawn across all columns
SPINE = tuple(role for role, layer in LAYERS.items() if layer < SPINE_LAYERS)
BOX_W, BOX_H, GAP_X, GAP_Y, TOP, PAD = 118, 46, 12, 46, 16, 16
MOST_IN_LINE = 5
SWITCH_LAYER = 4
MOST_NODES = 160  # beyond this a picture tells nothing; endpoints go first, then whatever hangs on a switch


@dataclass(frozen=True, slots=True)
class Box:
    """A device in the picture."""

    name: str
    title: str
    role: str
    state: str  # up | down | unknown | unmanaged
    failed: int  # requirements that it fails
    x: float
    y: float
    w: float = BOX_W
    h: float = BOX_H


@dataclass(frozen=True, slots=True)
class Wire:
    """A cable in the picture; ``path`` is SVG path data."""

    path: str
    kind: str
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Column:
    """An owner's part of the picture."""

    title: str
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole picture; ``hidden`` counts devices that were left out."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    columns: tuple[Column, ...]
    hidden: int


def draw(park: Park, evidence: EvidenceSet, failed: Mapping[str, int] | None = None) -> Picture:
    """Return the picture of a park with its devices' newest states; ``failed`` counts failures by device."""
    counts = failed or {}
    devices = _shown(park)
    latest = _latest(evidence.intervals)
    places, columns, width, height = _places(park, devices)
    states = _states(park, latest)
    boxes = tuple(
        Box(
            d.name,
            d.title,
            d.role,
            _state(d, states.get(d.name, set())),
            counts.get(d.name, 0),
            *places[d.name],
        )
        for d in devices
    )
    return Picture(
        width, height, boxes, tuple(_wires(park, places, latest)), columns, len(park.devices) - len(devices)
    )


def _shown(park: Park) -> list[Device]:
    devices = list(park.devices)
    for deepest in (5, 4, 3):
        if len(devices) > MOST_NODES:
            devices = [device for device in devices if LAYERS[device.role] <= deepest]
    return devices[:MOST_NODES]


def _latest(intervals: Iterable[Interval]) -> dict[str, Interval]:
    found: dict[str, Interval] = {}
    for interval in intervals:
        newest = found.setdefault(interval.target, interval)
        if (interval.end_s, interval.start_s) > (newest.end_s, newest.start_s):  # spans touch
            found[interval.target] = interval
    return found


def _states(park: Park, latest: Mapping[str, Interval]) -> dict[str, set[State]]:
    found: dict[str, set[State]] = {}
    for target in park.targets:
        if target.id in latest and not target.vantage:  # a flow's trouble may be anywhere on its way
            found.setdefault(target.device, set()).add(latest[target.id].state)
    return found


def _state(device: Device, states: set[State]) -> str:
    if not device.managed:
        return "unmanaged"
    if State.DOWN in states:
        return "down"
    return "up" if State.UP in states else "unknown"


def _places(
    park: Park, devices: list[Device]
) -> tuple[dict[str, tuple[float, float]], tuple[Column, ...], float, float]:
    """Return where devices stand, the owners' columns (the park's own in the middle), width and height."""
    titles = {"": park.operator or park.title, **{tenant.id: tenant.title for tenant in park.tenants}}
    tenants = [tenant.id for tenant in park.tenants]
    middle = (len(tenants) + 1) // 2
    owners = [*tenants[:middle], "", *tenants[middle:]]
    above = _above(park, devices)
    places: dict[str, tuple[float, float]] = {}
    columns: list[Column] = []
    x, top = float(PAD), TOP + 3 * (BOX_H + GAP_Y) - 14
    for owner in owners:
        own = [device for device in devices if device.tenant == owner and device.role not in SPINE]
        if not own:
            continue
        rows = [[d for d in own if LAYERS[d.role] == layer] for layer in range(3, 7)]
        wide = max(min(len(row), MOST_IN_LINE) for row in rows)
        for layer, row in enumerate(rows, 3):
            _place_row(places, row, above, x, wide, layer)
        own_width = wide * (BOX_W + GAP_X) - GAP_X + 2 * PAD
        columns.append(Column(titles[owner], x - PAD / 2, top, own_width - PAD, 0))
        x += own_width + GAP_X
    width = max(x, 4.0 * (BOX_W + GAP_X))
    _place_spine(places, devices, width)
    bottom = max((y for _, y in places.values()), default=0.0) + BOX_H + PAD + 16
    sized = tuple(Column(c.title, c.x, c.y, c.w, bottom - c.y - 4) for c in columns)
    return places, sized, width, bottom


def _above(park: Park, devices: list[Device]) -> dict[str, list[str]]:
    """Return each device's neighbours in higher layers."""
    layers = {device.name: LAYERS[device.role] for device in devices}
    found: dict[str, list[str]] = {}
    for link in park.links:
        a, b = link.a_device, link.b_device
        if a in layers and b in layers and layers[a] != layers[b]:
            upper, lower = (a, b) if layers[a] < layers[b] else (b, a)
            found.setdefault(lower, []).append(upper)
    return found


def _place_spine(places: dict[str, tuple[float, float]], devices: list[Device], width: float) -> None:
    step = 2.0 * (BOX_W + GAP_X)  # wide, so that cables to what lies below pass between
    for layer in range(SPINE_LAYERS):
        row = [device for device in devices if LAYERS[device.role] == layer]
        start = (width - (len(row) - 1) * step - BOX_W) / 2
        for index, device in enumerate(row):
            places[device.name] = (start + index * step, TOP + layer * (BOX_H + GAP_Y))


def _place_row(
    places: dict[str, tuple[float, float]],
    row: list[Device],
    above: Mapping[str, list[str]],
    x: float,
    wide: int,
    layer: int,
) -> None:
    """Spread a layer's devices over the column, each near what it hangs on; long rows take several lines."""

    def order(device: Device) -> tuple[float, str, str]:
        known = [places[name][0] for name in above.get(device.name, ()) if name in places]
        return (sum(known) / len(known) if known and layer > SWITCH_LAYER else 0.0, device.site, device.name)

    step = BOX_W + GAP_X
    ordered = sorted(row, key=order)
    for index, device in enumerate(ordered):
        line, place = divmod(index, MOST_IN_LINE)
        here = min(len(row) - MOST_IN_LINE * line, MOST_IN_LINE)
        shift = (wide - here) * step / 2
        y = TOP + layer * (BOX_H + GAP_Y) + line * (BOX_H + 10)
        places[device.name] = (x + shift + place * step, y)


def _wires(
    park: Park, places: Mapping[str, tuple[float, float]], latest: Mapping[str, Interval]
) -> Iterable[Wire]:
    states = {
        target.param("link"): latest[target.id].state.value
        for target in park.targets
        if target.probe == "link" and target.id in latest
    }
    for link in park.links:
        if link.a_device not in places or link.b_device not in places:
            continue
        label = f"{link.a_device} {link.a_interface} – {link.b_device} {link.b_interface} ({link.kind})"
        path = _path(places[link.a_device], places[link.b_device])
        yield Wire(path, link.kind, states.get(link.id, "unknown"), label)


def _path(a: tuple[float, float], b: tuple[float, float]) -> str:
    """Return a straight line, or an arc over the boxes that stand between two of one row."""
    (ax, ay), (bx, by) = sorted((a, b), key=lambda place: (place[1], place[0]))
    if ay != by:
        return f"M{ax + BOX_W / 2:.1f} {ay + BOX_H:.1f}L{bx + BOX_W / 2:.1f} {by:.1f}"
    if bx - ax <= BOX_W + 2 * GAP_X or ay < TOP + 3 * (BOX_H + GAP_Y):
        return f"M{ax + BOX_W:.1f} {ay + BOX_H / 2:.1f}L{bx:.1f} {by + BOX_H / 2:.1f}"
    middle = (ax + bx + BOX_W) / 2
    left, right, low = ax + BOX_W / 2, bx + BOX_W / 2, ay + BOX_H
    return f"M{left:.1f} {low:.1f}Q{middle:.1f} {low + 34:.1f} {right:.1f} {low:.1f}"
