"""How far a park has come: shares that the plan states, and shares that were seen alive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from parkops.model import CoverageFigure, EndpointGroup, Interval, Park, Reach, Role, State

STANDARD = ("opc", "opcua", "dds", "mqtt", "lwm2m", "xmpp")
WIRELESS = ("wifi6", "5g", "lora")
EDGE = (Role.EDGE_CONTROLLER, Role.EDGE_GATEWAY, Role.EDGE_CLOUD)
MAX_AGE_S = 86_400.0  # what was seen earlier proves nothing about now


def coverage(
    park: Park, latest: Iterable[Interval], reach: Iterable[Reach], now_s: float
) -> tuple[CoverageFigure, ...]:
    """Return every share twice: by the plan, and by live evidence with what is not known."""
    seen = _Seen(park, latest, reach, now_s)
    return (
        *_new_network(park, seen),
        *_groups(park, seen),
        *_ipv6(park, seen),
        *_standard(park, seen),
        *_nodes(park, seen, "identifier", (Role.IDENTIFIER,)),
        *_nodes(park, seen, "edge", EDGE),
    )


class _Seen:
    """What is known of devices and groups now."""

    def __init__(self, park: Park, latest: Iterable[Interval], reach: Iterable[Reach], now_s: float) -> None:
        states = {
            item.target: item.state
            for item in latest
            if item.start_s <= now_s and now_s - item.end_s <= MAX_AGE_S  # later says nothing of then either
        }
        self._by_device: dict[str, dict[str, list[State]]] = {}
        for target in park.targets:
            if target.param("expect") == "blocked":
                continue  # what is silent as planned may as well be dead
            state = states.get(target.id, State.UNKNOWN)
            self._by_device.setdefault(target.device, {}).setdefault(target.probe, []).append(state)
        fresh = {item.expectation: item for item in reach if 0 <= now_s - item.time_s <= MAX_AGE_S}
        self._reached: dict[str, bool] = {}
        for expectation in park.expectations:
            found = fresh.get(expectation.id)
            if not expectation.allowed or found is None or found.passed is None:
                continue
            for name in (expectation.src_device, expectation.dst_device):
                self._reached[name] = self._reached.get(name, False) or found.passed

    def device(self, name: str, *probes: str) -> bool | None:
        """Tell whether a device answers (one of some probes, for all of them none need be named)."""
        states = [
            state
            for probe, found in self._by_device.get(name, {}).items()
            if not probes or probe in probes
            for state in found
        ]
        if State.UP in states:
            return True
        return False if State.DOWN in states else None

    def group(self, group: EndpointGroup) -> bool | None:
        """Tell whether the endpoint that stands for a group was reached, or its own probes answer."""
        if group.representative in self._reached:
            return self._reached[group.representative]
        return self.device(group.representative)


def _count(pairs: Iterable[tuple[float, bool | None]]) -> tuple[float, float]:
    """Return how much is so, and of how much that is not known."""
    told = list(pairs)
    return sum(n for n, held in told if held), sum(n for n, held in told if held is None)


def _figure(
    name: str, plan: float, whole: float, live: Sequence[tuple[float, bool | None]], detail: str
) -> tuple[CoverageFigure, CoverageFigure]:
    held, unknown = _count(live)
    return (
        CoverageFigure(name, "plan", plan, whole, 0.0, detail),
        CoverageFigure(name, "live", held, whole, unknown, detail),
    )


def _new_network(park: Park, seen: _Seen) -> tuple[CoverageFigure, ...]:
    """Endpoints behind 5G, Wi-Fi 6 or switches that NETCONF manages."""
    managed: dict[str, list[str]] = {}
    netconf = {target.device for target in park.targets if target.probe == "netconf"}
    for device in park.devices:
        if device.name in netconf:
            for segment in {port.segment for port in device.interfaces if port.segment}:
                managed.setdefault(segment, []).append(device.name)
    whole = sum(group.count for group in park.groups)
    new = [g for g in park.groups if g.access in ("wifi6", "5g") or g.segment in managed]
    live = [(g.count, _any(seen, managed.get(g.segment, ()), g)) for g in new]
    planned = sum(g.count for g in new)
    detail = "endpoints behind 5G, Wi-Fi 6 or NETCONF-managed switches, of all endpoints"
    return _figure("new-network", planned, whole, [*live, (whole - planned, False)], detail)


def _any(seen: _Seen, switches: Sequence[str], group: EndpointGroup) -> bool | None:
    told = [seen.device(name, "netconf") for name in switches] or [seen.group(group)]
    return True if True in told else None if None in told else False


def _groups(park: Park, seen: _Seen) -> tuple[CoverageFigure, ...]:
    whole = sum(g.count for g in park.groups)
    connected = sum(g.connected for g in park.groups)
    radio = [g for g in park.groups if g.access in WIRELESS]
    live = [(g.connected, seen.group(g)) for g in park.groups]
    alone = [(g.count - g.connected, False) for g in park.groups]
    by_radio = [(g.connected, seen.group(g)) for g in radio]
    by_wire = [(g.connected, False) for g in park.groups if g.access not in WIRELESS]
    return (
        *_figure("connected-devices", connected, whole, [*live, *alone], "endpoints on the network"),
        *_figure(
            "wireless", sum(g.connected for g in radio), connected, [*by_radio, *by_wire],
            "connected endpoints on Wi-Fi 6, 5G or LoRa",
        ),
    )  # fmt: skip


def _ipv6(park: Park, seen: _Seen) -> tuple[CoverageFigure, ...]:
    """Addresses of devices and endpoints that are IPv6, of all addresses in use."""
    ports = [(device.name, port) for device in park.devices for port in device.interfaces]
    v6 = [name for name, port in ports if port.ipv6]
    v4 = [name for name, port in ports if port.ipv4]
    told: Mapping[str, bool | None] = {name: _alive(seen, name) for name in {*v6, *v4}}
    detail = "IPv6 addresses of all addresses"
    live = [(1.0, told[name]) for name in v6] + [(1.0, None if told[name] is None else False) for name in v4]
    return _figure("ipv6", len(v6), len(v6) + len(v4), live, detail)


def _alive(seen: _Seen, name: str) -> bool | None:
    reached = seen._reached.get(name)
    return reached if reached is not None else seen.device(name)


def _standard(park: Park, seen: _Seen) -> tuple[CoverageFigure, ...]:
    """Tenants whose equipment speaks a standard data protocol."""
    tenants = {tenant.id for tenant in park.tenants}
    planned = {g.tenant for g in park.groups if g.protocol in STANDARD} & tenants
    told: dict[str, bool | None] = {}
    for group in park.groups:
        if group.tenant in planned and group.protocol in STANDARD:
            held = seen.group(group)
            told[group.tenant] = told.get(group.tenant) or held
    live = [(1.0, told.get(tenant)) for tenant in sorted(planned)]
    rest = (float(len(tenants - planned)), False)
    detail = "tenants with OPC UA, DDS, MQTT, LwM2M or XMPP"
    return _figure("standard-protocols", len(planned), len(tenants), [*live, rest], detail)


def _nodes(park: Park, seen: _Seen, name: str, roles: Sequence[Role]) -> tuple[CoverageFigure, ...]:
    nodes = [device.name for device in park.devices if device.role in roles]
    live = [(1.0, seen.device(node)) for node in nodes]
    return _figure(name, len(nodes), len(nodes), live, f"{name} nodes that answer, of those planned")
