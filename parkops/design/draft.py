"""The park while it is being designed: what the passes fill in before it is frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from parkops.design.allocate import Allocator
from parkops.design.roles import FIREWALLS
from parkops.errors import Problem
from parkops.model import (
    Advice,
    Allowance,
    Bgp,
    CloudTenant,
    CloudZone,
    Conduit,
    Device,
    EdgePort,
    ExitPath,
    Expectation,
    Flow,
    GateSchedule,
    Growth,
    HostedService,
    Igp,
    Interface,
    Lag,
    Link,
    ManagementPlane,
    Mlag,
    Nat,
    Need,
    Objective,
    OneWay,
    Pair,
    Park,
    Portal,
    PortMode,
    Ptp,
    QosClass,
    Quarantine,
    Ring,
    RingMember,
    Role,
    Routing,
    Rule,
    Segment,
    Service,
    SourceRef,
    StaticRoute,
    Stream,
    Target,
    TsnDomain,
    Vpn,
    Vrf,
    Vrrp,
    Wlan,
    Workload,
)
from parkops.model.frer import Frer
from parkops.model.incident import NO_POLICY, EventPolicy
from parkops.model.watching import NOWHERE, USUAL, Listening, Retention
from parkops.plan import LoadedPlan, Plan
from parkops.plan.limits import ROUTER_PORTS
from parkops.plan.marks import Marks
from parkops.plan.names import PlannedSite, sites
from parkops.platforms import Platform, Platforms, find_platforms, port_name


@dataclass(slots=True)
class DraftPort:
    """A port under construction; see `model.Interface`."""

    name: str
    mode: PortMode
    description: str = ""
    link: str = ""
    peer_device: str = ""
    peer_interface: str = ""
    ipv4: str = ""
    ipv6: str = ""
    segment: str = ""
    zone: str = ""
    pvid: int = 0
    vids: tuple[int, ...] = ()
    ring: str = ""
    ospf_cost: int = 0
    vrf: str = ""
    parent: str = ""
    lag: str = ""
    mtu_bytes: int = 1500
    rate_mbps: int = 1000
    metric: int = 0
    passive: bool = False
    vrrp: tuple[Vrrp, ...] = ()
    edge: EdgePort | None = None
    urpf: str = ""
    bogons: bool = False
    dhcp_relay: tuple[str, ...] = ()
    qos: bool = False
    ptp: bool = False
    schedule: GateSchedule | None = None
    source: SourceRef | None = None
    portal: Portal | None = None
    kind: str = ""  # of its link

    def freeze(self) -> Interface:
        """Return the finished interface."""
        return Interface(*_IN_ORDER(self))


_IN_ORDER = attrgetter(*(item.name for item in fields(Interface)))


@dataclass(slots=True)
class DraftDevice:
    """A device under construction; see `model.Device`. Lists and mappings become tuples."""

    name: str
    role: Role
    platform: str
    source: SourceRef
    title: str = ""
    tenant: str = ""
    site: str = ""
    ports_max: int = ROUTER_PORTS
    cables: dict[str, int] = field(default_factory=dict)  # stated port numbers, by peer, until they are used
    ports: dict[str, DraftPort] = field(default_factory=dict)
    management_ipv4: str = ""
    router_id: str = ""
    loopback_ipv4: str = ""
    loopback_ipv6: str = ""
    vlans: dict[int, str] = field(default_factory=dict)
    ring: str = ""
    rules: list[Rule] = field(default_factory=list)
    masquerade_interface: str = ""
    services: list[Service] = field(default_factory=list)
    gateway_ipv4: str = ""
    gateway_ipv6: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    plane: ManagementPlane | None = None
    needs: dict[str, Need] = field(default_factory=dict)  # by feature; see `need`
    igp: Igp | None = None
    bgp: Bgp | None = None
    statics: list[StaticRoute] = field(default_factory=list)
    vrfs: list[Vrf] = field(default_factory=list)
    vnis: dict[int, int] = field(default_factory=dict)
    anycast_mac: str = ""
    vtep_ipv4: str = ""
    lags: list[Lag] = field(default_factory=list)
    mlag: Mlag | None = None
    ring_members: list[RingMember] = field(default_factory=list)
    spanning_priority: int = 0
    ptp: Ptp | None = None
    wlans: list[Wlan] = field(default_factory=list)
    vpns: list[Vpn] = field(default_factory=list)
    nats: list[Nat] = field(default_factory=list)
    quarantines: list[Quarantine] = field(default_factory=list)
    workloads: list[Workload] = field(default_factory=list)
    qos: tuple[QosClass, ...] = ()
    exits: list[ExitPath] = field(default_factory=list)
    pair: str = ""
    model: str = ""
    unused: tuple[str, ...] = ()
    allowances: list[Allowance] = field(default_factory=list)
    frer: Frer | None = None

    def ports_by_number(self) -> list[DraftPort]:
        """Return the ports in the order of their numbers."""
        return sorted(self.ports.values(), key=lambda port: (len(port.name), port.name))

    def need(self, feature: str, source: SourceRef) -> None:
        """State that the design of this device needs a feature of its platform; the first source stays."""
        if feature not in self.needs:
            self.needs[feature] = Need(feature, source)

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The finished ports."""
        return tuple(port.freeze() for port in self.ports_by_number())

    @property
    def routing(self) -> Routing:
        """What it runs as a router."""
        return Routing(self.igp, self.bgp, tuple(self.statics))

    def freeze(self) -> Device:
        """Return the finished device."""
        self.rules.sort(key=lambda rule: rule.id)
        return Device(*map(_frozen, _DEVICE(self)))


_DEVICE = attrgetter(*(item.name for item in fields(Device)))


def _pairs(value: dict[Any, Any]) -> tuple[Any, ...]:
    """Return a mapping as pairs in the order of its keys; needs name their own keys."""
    pairs = sorted(value.items())
    needs = pairs and isinstance(pairs[0][1], Need)
    return tuple(pair[1] for pair in pairs) if needs else tuple(pairs)


_FROZEN: dict[type, Callable[[Any], tuple[Any, ...]]] = {list: tuple, dict: _pairs}


def _frozen(value: Any) -> Any:
    """Return lists and mappings as tuples."""
    return _FROZEN[type(value)](value) if type(value) in _FROZEN else value


@dataclass(slots=True)
class Draft:
    """What the passes share; lists that the `Park` has too are carried into it as they are."""

    loaded: LoadedPlan
    allocator: Allocator
    sites: tuple[PlannedSite, ...]
    catalogue: Platforms
    devices: dict[str, DraftDevice] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)  # what only the design can see
    pairs: list[Pair] = field(default_factory=list)
    vrfs: list[Vrf] = field(default_factory=list)
    qos: tuple[QosClass, ...] = ()
    tsn: list[TsnDomain] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    exits: list[ExitPath] = field(default_factory=list)
    vpns: list[Vpn] = field(default_factory=list)
    one_ways: list[OneWay] = field(default_factory=list)
    quarantines: list[Quarantine] = field(default_factory=list)
    workloads: list[Workload] = field(default_factory=list)
    cloud_zones: list[CloudZone] = field(default_factory=list)
    cloud_tenants: list[CloudTenant] = field(default_factory=list)
    hosted: list[HostedService] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    objectives: list[Objective] = field(default_factory=list)
    policy: EventPolicy = NO_POLICY
    listening: Listening = NOWHERE
    retention: Retention = USUAL
    plane: ManagementPlane | None = None
    conduits: list[Conduit] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    _places: dict[str, tuple[Segment, ...]] = field(default_factory=dict)
    _gateways: dict[str, list[tuple[DraftDevice, DraftPort]]] = field(default_factory=dict)

    def estate(self) -> dict[str, Any]:
        """Return what goes into the `Park` as it is: every field that both have, but those by name."""
        return {name: _frozen(getattr(self, name)) for name in ESTATE}

    @classmethod
    def of(cls, loaded: LoadedPlan, allocator: Allocator, catalogue: Platforms | None = None) -> Draft:
        """Return an empty draft of a plan."""
        return cls(loaded, allocator, tuple(sites(loaded.plan)), catalogue or find_platforms())

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.loaded.plan

    @property
    def marks(self) -> Marks:
        """Where the plan's values stand."""
        return self.loaded.marks

    def add(self, device: DraftDevice) -> DraftDevice:
        """Add a device, with what the plan says about it alone."""
        self.devices[device.name] = device
        if device.cables:
            self.allocator.reserve(f"ports/{device.name}", device.cables.values())
        return device

    def platform(self, device: DraftDevice) -> Platform:
        """Return the platform of a device."""
        return self.catalogue.get(device.platform)

    def connect(
        self, a: str, b: str, kind: str, *, detail: str = "", rate_mbps: int = 1000, important: bool = False
    ) -> tuple[DraftPort, DraftPort]:
        """Lay a cable between two devices on their next ports; ``detail`` tells parallel cables apart."""
        link = f"{a}--{b}" + (f":{detail}" if detail else "")
        ports = []
        for name, peer in ((a, b), (b, a)):
            device = self.devices[name]
            number = self._port_number(device, peer, link)
            called = port_name(self.platform(device), number, device.role.value)
            port = DraftPort(
                called, PortMode.UNUSED, f"to {peer}", link, peer, rate_mbps=rate_mbps, kind=kind
            )
            device.ports[port.name] = port
            ports.append(port)
        ports[0].peer_interface, ports[1].peer_interface = ports[1].name, ports[0].name
        self.links[link] = Link(link, a, ports[0].name, b, ports[1].name, kind, rate_mbps, important)
        return ports[0], ports[1]

    def _port_number(self, device: DraftDevice, peer: str, link: str) -> int:
        pool, number = f"ports/{device.name}", device.cables.pop(peer, None)
        if number is not None:
            return self.allocator.hold(pool, link, number)
        return self.allocator.take(pool, link, first=1, last=device.ports_max)

    def places(self, name: str) -> tuple[Segment, ...]:
        """Return the segments of a zone or segment id; none for an external zone. After addressing."""
        if not self._places:
            for segment_id, segment in sorted(self.segments.items()):
                self._places[segment_id] = (segment,)
                self._places[segment.zone] = (*self._places.get(segment.zone, ()), segment)
        return self._places.get(name, ())

    def uplinks(self, device: DraftDevice) -> list[str]:
        """Return the ports of a firewall that lead into the backbone."""
        return sorted(port.name for port in device.ports.values() if port.kind == "backbone")

    def outside_ports(self, device: DraftDevice) -> list[str]:
        """Return the ports of a firewall that lead out of the park."""
        return sorted(port.name for port in device.ports.values() if port.kind == "exit")

    def gateways(self, segment: str) -> list[tuple[DraftDevice, DraftPort]]:
        """Return the devices that route and filter for a segment, the leading one first, with their ports."""
        if not self._gateways:
            for _, device in sorted(self.devices.items()):
                for port in device.ports.values() if device.role in FIREWALLS else ():
                    if port.segment:
                        self._gateways.setdefault(port.segment, []).append((device, port))
        return self._gateways.get(segment, [])

    def external(self, name: str) -> bool:
        """Return whether a name is an external zone."""
        zone = self.plan.zones.get(name)
        return zone is not None and zone.kind == "external"


BY_NAME = ("devices", "links", "segments")
ESTATE = sorted({item.name for item in fields(Park)} & {item.name for item in fields(Draft)} - {*BY_NAME})
