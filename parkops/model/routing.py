"""Layer 3: VRFs, interior and exterior routing, first-hop redundancy, address translation, VPN access."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model.source import SourceRef


@dataclass(frozen=True, slots=True)
class Vrf:
    """A routing instance of a tenant (RFC 4364); ``l3_vni`` joins it over EVPN (RFC 9135), 0 for none."""

    name: str
    tenant: str
    rd: str  # "<router id or AS>:<number>"; a device's own stands in Device.vrfs
    imports: tuple[str, ...]  # route targets, "AS:number"
    exports: tuple[str, ...]
    source: SourceRef
    l3_vni: int = 0
    l3_vlan: int = 0  # VLAN that carries the L3VNI where a platform needs one


@dataclass(frozen=True, slots=True)
class Igp:
    """The interior gateway protocol of a router."""

    protocol: str  # ospf | isis
    area: str = "0.0.0.0"  # OSPF area, dotted  # noqa: S104
    net: str = ""  # IS-IS network entity title (ISO 10589)
    level: int = 2  # IS-IS level
    key: str = ""  # secret reference of the authentication key, "" for none
    reference_mbps: int = 100_000  # reference bandwidth of the metric
    bfd: bool = True  # neighbours are watched (RFC 5882)
    default_route: bool = False  # the router's own default route is announced


@dataclass(frozen=True, slots=True)
class BgpNeighbor:
    """A BGP session (RFC 4271); ``families`` out of ipv4, ipv6, evpn."""

    address: str
    remote_as: int
    description: str
    families: tuple[str, ...]
    vrf: str = ""
    update_source: str = ""  # interface
    reflector_client: bool = False
    ebgp_multihop: int = 0
    password: str = ""  # secret reference (RFC 2385 / RFC 5925)
    bfd: bool = False
    local_preference: int = 0  # given to what is learnt here, 0: default
    med: int = 0  # announced, 0: none
    prepend: int = 0  # times that the own AS is prepended
    max_prefixes: int = 0  # 0: no limit
    source: SourceRef | None = None
    announces: tuple[str, ...] | None = None  # these prefixes and no others; None: no limit


@dataclass(frozen=True, slots=True)
class Bgp:
    """A router's BGP instance."""

    asn: int
    router_id: str
    neighbors: tuple[BgpNeighbor, ...]
    networks: tuple[tuple[str, str], ...] = ()  # (vrf, prefix) that are originated
    cluster_id: str = ""  # of a route reflector
    redistribute: tuple[tuple[str, str], ...] = ()  # (vrf, connected | static)


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A static route; ``next_hop`` is an address, or "discard"."""

    prefix: str
    next_hop: str
    vrf: str = ""
    distance: int = 1
    description: str = ""
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A port that a virtual router watches: where it is down, the priority is lower by ``decrement``."""

    number: int  # of the object on the device, from 1
    interface: str
    decrement: int


@dataclass(frozen=True, slots=True)
class Vrrp:
    """A virtual router (VRRPv3, RFC 9568) on an interface."""

    vrid: int
    ipv4: str
    ipv6: str
    priority: int  # 1 to 254; the highest leads
    preempt_delay_s: int = 30
    track: tuple[Track, ...] = ()  # ways into the backbone: a device that lost all of them leads no longer


@dataclass(frozen=True, slots=True)
class Nat:
    """A translation at an exit: ``source`` NAT of a prefix, or a published service (``destination``)."""

    id: str
    kind: str  # source | destination
    interface: str
    inside: str  # prefix, or the server's address
    outside: str  # address or prefix; "interface" for the port's own
    protocol: str = ""  # tcp | udp, destination only
    outside_port: int = 0
    inside_port: int = 0
    reason: str = ""
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class ExitPath:
    """One way out of the park as a tenant may use it, best first by ``preference`` (higher wins)."""

    circuit: str  # Circuit.id
    tenant: str  # "" for every tenant
    device: str
    interface: str
    next_hop4: str
    next_hop6: str
    preference: int
    weight: int  # share of the load among equal preferences
    prefixes: tuple[str, ...] = ()  # destinations that are nearer over this one
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class Vpn:
    """Remote access or a site-to-site tunnel that a device ends."""

    id: str
    kind: str  # wireguard | ipsec
    device: str
    purpose: str  # remote-access | site-to-site | one-way
    tenant: str
    port: int
    ipv4: str  # prefix of the clients, or of the tunnel
    ipv6: str
    segments: tuple[str, ...]  # Segment.id that may be reached
    key: str  # secret reference of the device's private key
    peers: tuple[tuple[str, str, str], ...] = ()  # (name, public key or certificate identity, address)
    auth: str = "key"  # key | certificate | radius
    idle_s: int = 900
    source: SourceRef | None = None
    interface: str = ""  # of the tunnel on the device, that rules name: wg0, ipsec0
    owner: str = ""  # who answers for it


@dataclass(frozen=True, slots=True)
class Routing:
    """What a router runs."""

    igp: Igp | None = None
    bgp: Bgp | None = None
    statics: tuple[StaticRoute, ...] = ()
