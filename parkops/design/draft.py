"""The park while it is being designed: what the passes fill in before it is frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from parkops.design.allocate import Allocator
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
from parkops.plan import LoadedPlan, Plan
from parkops.plan.limits import ROUTER_PORTS
from parkops.plan.marks import Marks
from parkops.plan.names import PlannedSite, sites


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
    port_format: str = "eth{}"
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
        return Device(**{name: _frozen(getattr(self, name)) for name in _DEVICE})


_DEVICE = tuple(item.name for item in fields(Device))


def _frozen(value: Any) -> Any:
    """Return lists as tuples, and mappings as tuples of pairs in the order of their keys."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        pairs = sorted(value.items())
        needs = pairs and isinstance(pairs[0][1], Need)
        return tuple(pair[1] for pair in pairs) if needs else tuple(pairs)
    return value


@dataclass(slots=True)
class Draft:
    """What the passes share; lists that the `Park` has too are carried into it as they are."""

    loaded: LoadedPlan
    allocator: Allocator
    sites: tuple[PlannedSite, ...]
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
    plane: ManagementPlane | None = None
    conduits: list[Conduit] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)
    _places: dict[str, tuple[Segment, ...]] = field(default_factory=dict)

    def estate(self) -> dict[str, Any]:
        """Return what goes into the `Park` as it is: every field that both have, but those by name."""
        return {name: _frozen(getattr(self, name)) for name in ESTATE}

    @classmethod
    def of(cls, loaded: LoadedPlan, allocator: Allocator) -> Draft:
        """Return an empty draft of a plan."""
        return cls(loaded, allocator, tuple(sites(loaded.plan)))

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.loaded.plan

    @property
    def marks(self) -> Marks:
        """Where the plan's values stand."""
        return self.loaded.marks

    def add(self, device: DraftDevice) -> DraftDevice:
        """Add a device."""
        self.devices[device.name] = device
        return device

    def connect(
        self, a: str, b: str, kind: str, *, detail: str = "", rate_mbps: int = 1000, important: bool = False
    ) -> tuple[DraftPort, DraftPort]:
        """Lay a cable between two devices on their next ports; ``detail`` tells parallel cables apart."""
        link = f"{a}--{b}" + (f":{detail}" if detail else "")
        ports = []
        for name, peer in ((a, b), (b, a)):
            device = self.devices[name]
            number = self.allocator.take(f"ports/{name}", link, first=1, last=device.ports_max)
            port = DraftPort(device.port_format.format(number), PortMode.UNUSED, f"to {peer}", link, peer)
            device.ports[port.name] = port
            ports.append(port)
        ports[0].peer_interface, ports[1].peer_interface = ports[1].name, ports[0].name
        self.links[link] = Link(link, a, ports[0].name, b, ports[1].name, kind, rate_mbps, important)
        return ports[0], ports[1]

    def places(self, name: str) -> tuple[Segment, ...]:
        """Return the segments of a zone or segment id; none for an external zone. After addressing."""
        if not self._places:
            for segment_id, segment in sorted(self.segments.items()):
                self._places[segment_id] = (segment,)
                self._places[segment.zone] = (*self._places.get(segment.zone, ()), segment)
        return self._places.get(name, ())

    def external(self, name: str) -> bool:
        """Return whether a name is an external zone."""
        zone = self.plan.zones.get(name)
        return zone is not None and zone.kind == "external"


BY_NAME = ("devices", "links", "segments")
ESTATE = sorted({item.name for item in fields(Park)} & {item.name for item in fields(Draft)} - {*BY_NAME})
