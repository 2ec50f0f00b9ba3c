"""What a picture shows: every device of a small park, groups of like devices of a large one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from parkops.model import Device, Park, PortMode, Role

LIMIT = 150  # boxes in one picture; beyond this it tells nothing

LAYERS: dict[Role, int] = {
    Role.EXTERNAL: 0,
    Role.EXIT: 1,
    Role.PARK_FIREWALL: 1,
    Role.CORE: 2,
    Role.SPINE: 2,
    Role.AGGREGATION: 3,
    Role.LEAF: 3,
    Role.BOUNDARY: 4,
    Role.ONE_WAY_GATEWAY: 4,
    Role.RING_SWITCH: 5,
    Role.ACCESS_SWITCH: 5,
    Role.WIRELESS_CONTROLLER: 6,
    Role.ACCESS_POINT: 6,
    Role.CPE_5G: 6,
    Role.EDGE_CONTROLLER: 6,
    Role.EDGE_GATEWAY: 6,
    Role.EDGE_CLOUD: 6,
    Role.CLOUD_HOST: 6,
    Role.SERVER: 6,
    Role.IDENTIFIER: 6,
    Role.MANAGEMENT: 6,
    Role.ENDPOINT: 7,
}
SWITCHES, HANGING = 5, 6  # layers


@dataclass(frozen=True, slots=True)
class Node:
    """A box: one device, or ``count`` like ones."""

    id: str
    title: str
    role: str
    layer: int
    owner: str  # Tenant.id, "" for the park itself
    site: str
    zone: str  # Zone.id, "" where a device is in none or in several
    count: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """A cable, or ``count`` cables between two groups; ``a`` is the upper end."""

    a: str
    b: str
    kind: str
    label: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class View:
    """All boxes and lines; ``folded`` says what was drawn together, "" for nothing."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    owners: tuple[tuple[str, str], ...]  # (Tenant.id, title), the park itself first
    zones: tuple[tuple[str, str], ...]  # (Zone.id, title) that occur
    folded: str = ""


def view(park: Park, devices: Sequence[Device] | None = None, limit: int = LIMIT) -> View:
    """Return what a picture of these devices (default: all) shows in at most ``limit`` boxes.

    Like devices are drawn together in steps, each coarser than the one before, until they fit; the last
    step has one box per tenant and one per role of the park's own devices, however many these are.
    """
    shown = tuple(park.devices if devices is None else devices)
    neighbours = _neighbours(park, {device.name for device in shown})
    folded, keys = _fold(shown, neighbours, limit)
    groups: dict[str, list[Device]] = {}
    for device in shown:
        groups.setdefault(keys(device), []).append(device)
    nodes = {key: _node(key, members) for key, members in groups.items()}
    home = {device.name: key for key, members in groups.items() for device in members}
    zones = {node.zone for node in nodes.values()}
    owners = {node.owner for node in nodes.values()}
    return View(
        park.title or park.name,
        tuple(nodes[key] for key in sorted(nodes)),
        tuple(_edges(park, home, nodes)),
        (
            *((("", park.operator or park.title),) if "" in owners else ()),
            *((tenant.id, tenant.title) for tenant in park.tenants if tenant.id in owners),
        ),
        tuple((zone.id, zone.title) for zone in park.zones if zone.id in zones),
        folded,
    )


Neighbours = dict[str, tuple[str, ...]]
Key = Callable[[Device], str]


def _fold(shown: Sequence[Device], neighbours: Neighbours, limit: int) -> tuple[str, Key]:
    """Return the finest step whose boxes fit, else the coarsest."""
    made = ((name, make(shown, neighbours)) for name, make in STEPS)
    for name, key in made:
        if len({key(device) for device in shown}) <= limit or name == STEPS[-1][0]:
            return name, key
    raise AssertionError("STEPS has a last one")


def _neighbours(park: Park, names: set[str]) -> Neighbours:
    found: dict[str, set[str]] = {name: set() for name in names}
    for link in park.links:
        if link.a_device in names and link.b_device in names:
            found[link.a_device].add(link.b_device)
            found[link.b_device].add(link.a_device)
    return {name: tuple(sorted(others)) for name, others in found.items()}


def _identity(device: Device) -> str:
    return device.name


def _each(_devices: Iterable[Device], _neighbours: Neighbours) -> Key:
    return _identity


def _hanging(devices: Iterable[Device], neighbours: Neighbours) -> Key:
    """Fold devices of one role that hang on the same neighbours."""
    like = Counter(_hook(device, neighbours) for device in devices if LAYERS[device.role] >= HANGING)

    def key(device: Device) -> str:
        hook = _hook(device, neighbours)
        return f"{hook} ×" if LAYERS[device.role] >= HANGING and like[hook] > 1 else device.name

    return key


def _hook(device: Device, neighbours: Neighbours) -> str:
    return f"{device.role} at {','.join(neighbours[device.name]) or device.site}"


def _sites(_devices: Iterable[Device], _neighbours: Neighbours) -> Key:
    """Fold what hangs on a site's switches by role, and the switches."""

    def key(device: Device) -> str:
        return f"{device.site or '-'} {device.role}" if LAYERS[device.role] >= SWITCHES else device.name

    return key


def _site_whole(_devices: Iterable[Device], _neighbours: Neighbours) -> Key:
    """Fold each site into one box."""
    return lambda device: f"site {device.site}" if LAYERS[device.role] >= SWITCHES else device.name


def _tenants(_devices: Iterable[Device], _neighbours: Neighbours) -> Key:
    """Fold each tenant into one box, and the park's own devices by role."""
    return lambda device: f"tenant {device.tenant}" if device.tenant else f"park {device.role}"


STEPS: tuple[tuple[str, Callable[[Iterable[Device], Neighbours], Key]], ...] = (
    ("", _each),
    ("like devices on one switch", _hanging),
    ("the devices of a site by role", _sites),
    ("each site", _site_whole),
    ("each tenant", _tenants),
)


def _node(key: str, members: Sequence[Device]) -> Node:
    first = min(members, key=lambda device: (LAYERS[device.role], device.name))
    layers = {LAYERS[device.role] for device in members}
    sites = {device.site for device in members}
    zones = {zone for device in members for zone in _zones(device)}
    roles = {device.role.value for device in members}
    titles = {device.title for device in members if device.title}
    return Node(
        id=key if len(members) > 1 else first.name,
        title=titles.pop() if len(titles) == 1 else (first.site if len(sites) == 1 else first.tenant),
        role=roles.pop() if len(roles) == 1 else "site" if len(sites) == 1 else "tenant",
        layer=min(layers),
        owner=first.tenant,
        site=first.site if len(sites) == 1 else "",
        zone=zones.pop() if len(zones) == 1 else "",
        count=len(members),
    )


def _zones(device: Device) -> set[str]:
    ports = (port for port in device.interfaces if port.mode is not PortMode.MANAGEMENT)
    return {port.zone for port in ports if port.zone}


def _edges(park: Park, home: dict[str, str], nodes: dict[str, Node]) -> Iterable[Edge]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for link in park.links:
        a, b = home.get(link.a_device, ""), home.get(link.b_device, "")
        if not a or not b or a == b:
            continue
        upper, lower = sorted((a, b), key=lambda key: (nodes[key].layer, key))
        label = f"{link.a_device} {link.a_interface} – {link.b_device} {link.b_interface}"
        found.setdefault((upper, lower, link.kind), []).append(f"{label} ({link.rate_mbps} Mbit/s)")
    for (a, b, kind), labels in sorted(found.items()):
        text = labels[0] if len(labels) == 1 else f"{len(labels)} × {kind}"
        yield Edge(nodes[a].id, nodes[b].id, kind, text, len(labels))
