"""The park while it is being designed: what the passes fill in before it is frozen."""

from __future__ import annotations

from dataclasses import dataclass, field

from parkops.design.allocate import Allocator
from parkops.model import (
    Expectation,
    Flow,
    Interface,
    Link,
    PortMode,
    Ring,
    Role,
    Rule,
    Segment,
    Service,
    SourceRef,
    Target,
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

    def freeze(self) -> Interface:
        """Return the finished interface."""
        return Interface(**{name: getattr(self, name) for name in self.__slots__})


@dataclass(slots=True)
class DraftDevice:
    """A device under construction; see `model.Device`."""

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

    def ports_by_number(self) -> list[DraftPort]:
        """Return the ports in the order of their numbers."""
        return sorted(self.ports.values(), key=lambda port: (len(port.name), port.name))


@dataclass(slots=True)
class Draft:
    """What the passes share."""

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
    _places: dict[str, tuple[Segment, ...]] = field(default_factory=dict)

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
