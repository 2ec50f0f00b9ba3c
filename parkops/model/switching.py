"""Layer 2: link aggregation, rings, edge ports, quality of service, time-sensitive networking, wireless."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model.frer import MemberStream
from parkops.model.source import SourceRef


@dataclass(frozen=True, slots=True)
class Lag:
    """A link aggregation group (IEEE 802.1AX, LACP active)."""

    number: int
    name: str  # interface name, by the platform
    members: tuple[str, ...]
    description: str = ""
    mlag: int = 0  # M-LAG / vPC / MC-LAG id, 0 when it ends on one device


@dataclass(frozen=True, slots=True)
class Mlag:
    """A device's half of a multi-chassis pair or of a stack."""

    kind: str  # mlag | stack
    domain: int
    peer: str  # device
    peer_link: str  # Lag.name
    local_address: str  # keepalive, management plane
    peer_address: str
    system_mac: str  # same on both, locally administered
    priority: int


@dataclass(frozen=True, slots=True)
class RingMember:
    """A switch's part in a ring: ERPS (ITU-T G.8032), MRP (IEC 62439-2), RSTP, PRP or HSR (IEC 62439-3)."""

    ring: str  # Ring.id
    protocol: str  # erps | mrp | rstp | prp | hsr
    role: str  # erps: owner | neighbor | node; mrp: manager | client; rstp: root | bridge; prp, hsr: node
    port0: str  # east; over the protection link of ERPS where that ends here; PRP LAN A
    port1: str  # the other one; PRP LAN B
    number: int  # ring, MRP domain or instance number, from 1
    control_vlan: int = 0  # R-APS VLAN
    vids: tuple[int, ...] = ()  # protected VLANs
    wtr_minutes: int = 5  # wait to restore (ERPS)
    recovery_ms: int = 0  # profile: MRP 500, 200, 30 or 10; 0 elsewhere
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class EdgePort:
    """What protects a port towards an end device."""

    auth: str = "none"  # none | dot1x | mab | dot1x-mab (IEEE 802.1X-2020; MAC authentication bypass)
    max_macs: int = 0  # port security, 0: no limit
    storm_percent: float = 0  # broadcast and multicast, per cent of the rate, 0: none
    bpdu_guard: bool = True
    dhcp_snooping: bool = True  # the port is not trusted
    arp_inspection: bool = True
    ra_guard: bool = True  # RFC 6105
    guest_vlan: int = 0
    voice_vlan: int = 0
    poe: bool = False


@dataclass(frozen=True, slots=True)
class QosClass:
    """A traffic class: code points, queue (7 is served first), and its share or its limit."""

    name: str  # control | network | video | management | data | internet
    dscp: int
    pcp: int
    queue: int
    percent: int  # guaranteed share of the rate
    strict: bool = False
    limit_percent: int = 0  # shaped or policed to this share, 0: not


@dataclass(frozen=True, slots=True)
class GateEntry:
    """One entry of a gate control list (IEEE 802.1Qbv): bit n opens queue n."""

    gates: int
    duration_ns: int


@dataclass(frozen=True, slots=True)
class GateSchedule:
    """A port's gate control list; ``base_ns`` counts from the domain's epoch."""

    cycle_ns: int
    base_ns: int
    entries: tuple[GateEntry, ...]


@dataclass(frozen=True, slots=True)
class Ptp:
    """A bridge's part in an IEEE 802.1AS domain."""

    domain: int
    priority1: int  # lower leads
    priority2: int
    ports: tuple[str, ...]
    grandmaster: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """A time-sensitive stream (IEEE 802.1Qcc) with its path, link by link."""

    id: str
    domain: str
    talker: str  # device
    listeners: tuple[str, ...]
    vlan: int
    pcp: int
    interval_ns: int
    frame_bytes: int
    latency_us: float  # required, worst case
    redundant: bool  # IEEE 802.1CB over both ways of the ring
    path: tuple[str, ...]  # Link.id
    offset_ns: int  # when the talker sends within its interval
    source: SourceRef
    bound_us: float = 0  # as designed, worst case
    destination: str = ""  # MAC address that the talker sends to; "": not stated
    handle: int = 0  # stream_handle of the whole (IEEE 802.1CB-2017, 6.1), 0: not redundant
    members: tuple[MemberStream, ...] = ()  # of a redundant stream, one each way round


@dataclass(frozen=True, slots=True)
class TsnDomain:
    """Switches that share time and schedule."""

    id: str
    devices: tuple[str, ...]
    grandmaster: str
    cycle_ns: int
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Portal:
    """A page that lets the clients behind a gateway's port in (RFC 8952)."""

    url: str
    address: str = ""  # of the server that gateways ask by the portal protocol, "" where none is stated
    key: str = ""  # secret reference, shared with that server

    @property
    def secure(self) -> bool:
        """Whether the page is read over TLS."""
        return self.url.startswith("https://")

    @property
    def served(self) -> bool:
        """Whether a server is known that tells gateways whom to let in."""
        return bool(self.address and self.key)

    @property
    def host(self) -> str:
        """The name of the page's server."""
        return self._place.partition(":")[0].lower()

    @property
    def port(self) -> int:
        """The TCP port of the page."""
        _, _, port = self._place.partition(":")
        return int(port) if port else 443 if self.secure else 80

    @property
    def _place(self) -> str:
        return self.url.partition("://")[2].partition("/")[0]


@dataclass(frozen=True, slots=True)
class Wlan:
    """A wireless network as an access point or a controller offers it."""

    ssid: str
    segment: str
    vlan: int
    security: str  # wpa3-enterprise | wpa2-enterprise | wpa3-personal | open-portal
    bands: tuple[str, ...] = ("5", "6")  # GHz
    standard: str = "wifi6"
    isolation: bool = True
    fast_roaming: bool = False  # IEEE 802.11r
    key: str = ""  # secret reference where the security is personal
    limit_mbps: int = 0  # per client, 0: none
    source: SourceRef | None = None
    portal: str = ""  # URL of the page that lets clients of an open network in
