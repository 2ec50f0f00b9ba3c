"""The network as designed: devices, interfaces, links, segments, zones and flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from parkops.model.advice import AssessmentPolicy
from parkops.model.estate import (
    Advice,
    CloudTenant,
    CloudZone,
    Conduit,
    Growth,
    HostedService,
    Objective,
    OneWay,
    Pair,
    Workload,
)
from parkops.model.frer import Frer
from parkops.model.incident import NO_POLICY, EventPolicy
from parkops.model.plane import Allowance, ManagementPlane, Need, Quarantine
from parkops.model.routing import ExitPath, Nat, Routing, Vpn, Vrf, Vrrp
from parkops.model.source import SourceRef
from parkops.model.switching import (
    EdgePort,
    GateSchedule,
    Lag,
    Mlag,
    Portal,
    Ptp,
    QosClass,
    RingMember,
    Stream,
    TsnDomain,
    Wlan,
)
from parkops.model.watching import NOWHERE, USUAL, Listening, Retention

NO_ROUTING = Routing()


class Role(StrEnum):
    """What a device is for, in the guide's terms."""

    CORE = "core"
    SPINE = "spine"
    AGGREGATION = "aggregation"
    LEAF = "leaf"
    EXIT = "exit"  # exit router towards operators
    PARK_FIREWALL = "park-firewall"
    BOUNDARY = "boundary"
    RING_SWITCH = "ring-switch"
    ACCESS_SWITCH = "access-switch"
    ACCESS_POINT = "access-point"
    WIRELESS_CONTROLLER = "wireless-controller"
    CPE_5G = "5g-cpe"
    ONE_WAY_GATEWAY = "one-way-gateway"
    EDGE_CONTROLLER = "edge-controller"
    EDGE_GATEWAY = "edge-gateway"
    EDGE_CLOUD = "edge-cloud"
    CLOUD_HOST = "cloud-host"
    SERVER = "server"  # carries platforms, databases, applications
    IDENTIFIER = "identifier-node"
    MANAGEMENT = "management-server"
    ENDPOINT = "endpoint"
    EXTERNAL = "external"


class PortMode(StrEnum):
    """How an interface takes part in layer 2 or 3."""

    MANAGEMENT = "management"
    ROUTED = "routed"
    ACCESS = "access"
    TRUNK = "trunk"
    LAG_MEMBER = "lag-member"
    VLAN = "vlan"  # a routed VLAN interface
    LOOPBACK = "loopback"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Interface:
    """One port: its peer, its addresses (``a.b.c.d/len``, ``x::y/len``) and its VLANs."""

    name: str
    mode: PortMode
    description: str = ""
    link: str = ""  # Link.id, or "" when nothing is attached
    peer_device: str = ""
    peer_interface: str = ""
    ipv4: str = ""
    ipv6: str = ""
    segment: str = ""  # Segment.id
    zone: str = ""  # Zone.id of a routed port that leads into a zone
    pvid: int = 0  # access VLAN, 0 when none
    vids: tuple[int, ...] = ()  # VLANs that a trunk carries, tagged
    ring: str = ""  # ring id when the port is a ring port
    ospf_cost: int = 0  # 0: the port does not speak OSPF
    vrf: str = ""
    parent: str = ""  # port of a routed subinterface (IEEE 802.1Q), its VLAN is ``pvid``
    lag: str = ""  # Lag.name that the port is a member of
    mtu_bytes: int = 1500
    rate_mbps: int = 1000
    metric: int = 0  # of the interior protocol, 0: it does not run here
    passive: bool = False  # the interior protocol announces, but makes no neighbours here
    vrrp: tuple[Vrrp, ...] = ()
    edge: EdgePort | None = None  # towards an end device
    urpf: str = ""  # strict | loose (RFC 3704), "" for none
    bogons: bool = False  # filter addresses that cannot be (RFC 6890)
    dhcp_relay: tuple[str, ...] = ()  # servers
    qos: bool = False  # classified by DSCP and queued; edge ports are re-marked
    ptp: bool = False  # IEEE 802.1AS runs here
    schedule: GateSchedule | None = None
    source: SourceRef | None = None
    portal: Portal | None = None  # that clients behind a gateway's port are led to before they go further


@dataclass(frozen=True, slots=True)
class Rule:
    """One permitted flow on one enforcement point; everything not permitted is dropped."""

    id: str  # stable, from park.lock
    flow: str  # Flow.id
    reason: str
    in_interface: str
    out_interface: str  # "" for traffic to the device itself
    protocol: str  # tcp | udp | icmp
    ports: tuple[int, ...]
    src_v4: tuple[str, ...]
    dst_v4: tuple[str, ...]
    src_v6: tuple[str, ...]
    dst_v6: tuple[str, ...]
    source: SourceRef
    stateful: bool = True
    log: bool = False
    one_way: bool = False  # nothing may come back
    traffic_class: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A daemon that a device runs: ``kind`` is chrony, mosquitto, node_exporter, syslog, identifier."""

    kind: str
    port: int
    protocol: str = "tcp"
    params: tuple[tuple[str, str], ...] = ()

    def param(self, name: str, default: str = "") -> str:
        """Return a parameter's value."""
        return dict(self.params).get(name, default)


@dataclass(frozen=True, slots=True)
class Device:
    """One managed or simulated node of the park."""

    name: str
    role: Role
    platform: str  # folder of templates/: frr | ietf | linux | host
    source: SourceRef
    title: str = ""  # name for people, any language
    tenant: str = ""  # Tenant.id, "" for the park itself
    site: str = ""
    management_ipv4: str = ""  # "a.b.c.d/len", "" for endpoints and external nodes
    router_id: str = ""
    loopback_ipv4: str = ""
    loopback_ipv6: str = ""
    interfaces: tuple[Interface, ...] = ()
    vlans: tuple[tuple[int, str], ...] = ()  # (vid, name) that exist on a switch
    ring: str = ""
    rules: tuple[Rule, ...] = ()
    masquerade_interface: str = ""  # exit port with source NAT, "" for none
    services: tuple[Service, ...] = ()
    gateway_ipv4: str = ""  # default gateway of an endpoint or server
    gateway_ipv6: str = ""
    properties: tuple[tuple[str, str], ...] = ()  # ip_code, power_supplies, ups_minutes, ...
    plane: ManagementPlane | None = None
    needs: tuple[Need, ...] = ()  # features that the platform must have
    routing: Routing = NO_ROUTING
    vrfs: tuple[Vrf, ...] = ()
    vnis: tuple[tuple[int, int], ...] = ()  # (vid, VNI) bridged over VXLAN (RFC 8365)
    anycast_mac: str = ""  # of distributed gateways
    vtep_ipv4: str = ""  # source address of VXLAN tunnels
    lags: tuple[Lag, ...] = ()
    mlag: Mlag | None = None
    ring_members: tuple[RingMember, ...] = ()
    spanning_priority: int = 0  # of RSTP, in steps of 4096; 0: not set
    ptp: Ptp | None = None
    wlans: tuple[Wlan, ...] = ()
    vpns: tuple[Vpn, ...] = ()
    nats: tuple[Nat, ...] = ()
    quarantines: tuple[Quarantine, ...] = ()
    workloads: tuple[Workload, ...] = ()
    qos: tuple[QosClass, ...] = ()
    exits: tuple[ExitPath, ...] = ()
    pair: str = ""  # Pair.id
    model: str = ""  # hardware, as the plan states it
    unused: tuple[str, ...] = ()  # ports that nothing is connected to; they are shut
    allowances: tuple[Allowance, ...] = ()  # traffic of the infrastructure itself
    frer: Frer | None = None  # its part in seamless redundancy

    @property
    def management_address(self) -> str:
        """The management address without its prefix length."""
        return self.management_ipv4.partition("/")[0]

    @property
    def managed(self) -> bool:
        """True for what parkops configures."""
        return bool(self.management_ipv4)

    def property(self, name: str, default: str = "") -> str:
        """Return a stated property's value."""
        return dict(self.properties).get(name, default)

    def interface(self, name: str) -> Interface:
        """Return an interface by name; KeyError when there is none."""
        for interface in self.interfaces:
            if interface.name == name:
                return interface
        raise KeyError(f"{self.name} has no interface {name}")


@dataclass(frozen=True, slots=True)
class Link:
    """A cable between two ports."""

    id: str
    a_device: str
    a_interface: str
    b_device: str
    b_interface: str
    kind: str  # backbone | uplink | ring | access | exit
    rate_mbps: int = 1000
    important: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A broadcast domain with its VLAN, prefixes and gateway."""

    id: str  # "huaxing.p1.control"
    zone: str
    vlan: int
    ipv4: str  # "10.1.2.0/24"
    ipv6: str
    gateway_device: str
    gateway_interface: str
    tenant: str
    title: str
    source: SourceRef
    site: str = ""
    access: tuple[str, ...] = ()  # wired | wifi6 | 5g
    vrf: str = ""
    vni: int = 0
    purpose: str = ""  # office | management | conference | video | voice | control | guest ...
    anycast: bool = False  # the same gateway on every leaf


@dataclass(frozen=True, slots=True)
class Zone:
    """A security zone; ``mlps_level`` is the level of GB/T 22239-2019."""

    id: str
    title: str
    kind: str  # production | enterprise | public-service | park-service | management | external
    tenant: str
    mlps_level: int
    industrial: bool  # the industrial-control extension applies
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Flow:
    """Traffic that is allowed from one place to another; ends are zone or segment ids."""

    id: str
    src: str
    dst: str
    protocol: str
    ports: tuple[int, ...]
    reason: str
    traffic_class: str  # control | management | video | data | internet
    source: SourceRef
    owner: str = ""
    latency_ms: float = 0.0  # target, 0 when none is stated
    local_only: bool = False
    one_way: bool = False
    service: str = ""  # HostedService.id that it is for
    log: bool = False  # each new session is logged
    dst_device: str = ""  # Device.name, where it leads to one device of the segment only


@dataclass(frozen=True, slots=True)
class EndpointGroup:
    """Like endpoints on one segment: ``element`` is people, machines, materials or environment."""

    id: str
    title: str
    tenant: str
    segment: str
    element: str
    protocol: str  # opcua | mqtt | rtsp | modbus | ip ...
    access: str  # wired | wifi6 | 5g
    count: int
    connected: int  # how many of them are on the network
    source: SourceRef
    representative: str = ""  # Device.name of the lab host that stands for the group
    auth: str = ""  # dot1x | mab, "" for none


@dataclass(frozen=True, slots=True)
class Ring:
    """A layer-2 ring of switches."""

    id: str
    protocol: str  # rstp | erps | mrp | prp | hsr
    devices: tuple[str, ...]
    links: tuple[str, ...]
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Interconnect:
    """Two tenants that may reach each other, on request; flows say what passes."""

    id: str
    tenants: tuple[str, str]
    asked_by: str
    until: str  # ISO date, the last day
    reason: str
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Circuit:
    """A line of an operator: an exit of the park or a tenant's leased line."""

    id: str
    operator: str
    kind: str  # exit | leased-line
    bandwidth_mbps: int
    tenant: str
    source: SourceRef
    distance: int = 0  # relative length of the way, lower is nearer
    price: float = 0  # per month, in the plan's currency


@dataclass(frozen=True, slots=True)
class Tenant:
    """An enterprise of the park."""

    id: str
    title: str
    important: bool
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Figure:
    """A number or yes/no that the operator states, with its evidence (indicator ids from 1)."""

    indicator: int
    value: float | bool | None  # None: a share of nothing
    x_min: float | None
    x_max: float | None
    evidence: str
    stated_on: str  # ISO date
    stated_by: str
    source: SourceRef
    components: tuple[tuple[str, float], ...] = ()
    share: tuple[float, float] | None = None  # numerator and denominator that the value is made of
    years: tuple[tuple[int, float], ...] = ()  # amounts by year that the value is made of


@dataclass(frozen=True, slots=True)
class Attestation:
    """The operator's word for a requirement that no machine can decide."""

    requirement: str
    evidence: str
    stated_on: str
    stated_by: str
    expires_on: str
    source: SourceRef
    sha256: str = ""  # of the evidence's file, "" where the plan does not fix it


@dataclass(frozen=True, slots=True)
class Waiver:
    """A requirement that the operator does not meet on purpose."""

    requirement: str
    owner: str
    reason: str
    expires_on: str
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that the monitor watches; ``probe`` names a registered probe."""

    id: str  # "<device>/<probe>[/<detail>]", "flow/<flow>/<service>"
    probe: str  # a row of the monitor's table of probes
    device: str
    address: str
    port: int = 0
    interval_s: float = 5.0
    tenant: str = ""
    zone: str = ""
    params: tuple[tuple[str, str], ...] = ()
    vantage: str = ""  # Device.name that probes, "" for parkops itself
    source: SourceRef | None = None  # what in the plan asks for it

    def param(self, name: str, default: str = "") -> str:
        """Return a parameter's value."""
        return dict(self.params).get(name, default)

    @property
    def is_device(self) -> bool:
        """Tell whether its answer is the device's own: it is no flow, and asks nothing that lies behind."""
        return self.probe == "icmp" and self.id == f"{self.device}/icmp"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must hold between two endpoints: the flow passes, or it does not."""

    id: str
    src_device: str
    dst_device: str
    dst_address: str
    protocol: str  # tcp | udp | icmp
    port: int
    allowed: bool
    flow: str  # Flow.id, or "" for a forbidden pair
    reason: str


@dataclass(frozen=True, slots=True)
class Access:
    """How parkops logs in; ``key``, ``password``, ``enable`` are secret references, never secrets."""

    user: str = "parkops"
    key: str = ""  # "file:.parkops/lab/ssh/id_ed25519" | "env:NAME"
    password: str = ""
    known_hosts: str = ""  # file, relative to the park's folder
    jump: str = ""  # "user@host[:port]" that sessions pass through
    bind_device: str = ""  # the management VRF's device on the machine that runs parkops
    call_home: str = ""  # "address[:port]" where devices that call home are awaited (RFC 8071)
    trust_new: bool = False  # this call puts the keys of hosts that have none on file; never the plan
    enable: str = ""  # secret reference, of the password of `enable`


@dataclass(frozen=True, slots=True)
class Park:
    """The whole design: what every later stage reads."""

    name: str
    title: str
    operator: str
    plan_file: str
    plan_digest: str  # blake2b of the plan's bytes
    horizon_years: int
    growth_percent: float
    management_network: str  # "172.31.0.0/24"
    management_gateway: str  # address of the parkops side, "172.31.0.1"
    access: Access
    source: SourceRef
    devices: tuple[Device, ...] = ()
    links: tuple[Link, ...] = ()
    segments: tuple[Segment, ...] = ()
    zones: tuple[Zone, ...] = ()
    flows: tuple[Flow, ...] = ()
    groups: tuple[EndpointGroup, ...] = ()
    rings: tuple[Ring, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    targets: tuple[Target, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    figures: tuple[Figure, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()  # further stated facts: cloud.servers, security.platform, ...
    pools: tuple[tuple[str, int, int], ...] = ()  # (pool, used, size)
    vrfs: tuple[Vrf, ...] = ()
    qos: tuple[QosClass, ...] = ()
    pairs: tuple[Pair, ...] = ()
    tsn: tuple[TsnDomain, ...] = ()
    streams: tuple[Stream, ...] = ()
    exits: tuple[ExitPath, ...] = ()
    vpns: tuple[Vpn, ...] = ()
    one_ways: tuple[OneWay, ...] = ()
    quarantines: tuple[Quarantine, ...] = ()
    workloads: tuple[Workload, ...] = ()
    cloud_zones: tuple[CloudZone, ...] = ()
    cloud_tenants: tuple[CloudTenant, ...] = ()
    hosted: tuple[HostedService, ...] = ()
    growth: tuple[Growth, ...] = ()
    objectives: tuple[Objective, ...] = ()
    plane: ManagementPlane | None = None
    conduits: tuple[Conduit, ...] = ()
    advice: tuple[Advice, ...] = ()
    interconnects: tuple[Interconnect, ...] = ()
    catalogues: tuple[str, ...] = ()  # files of the user's own controls, relative to the park's folder
    policy: EventPolicy = NO_POLICY
    listening: Listening = NOWHERE
    retention: Retention = USUAL
    assessment: AssessmentPolicy = field(default_factory=AssessmentPolicy)
    _index: dict[str, Device] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._index.update({device.name: device for device in self.devices})

    def device(self, name: str) -> Device:
        """Return a device by name; KeyError when there is none."""
        return self._index[name]

    @property
    def managed(self) -> tuple[Device, ...]:
        """The devices that parkops configures, in name order."""
        return tuple(device for device in self.devices if device.managed)

    def fact(self, name: str, default: str = "") -> str:
        """Return a stated fact's value."""
        return dict(self.facts).get(name, default)
