"""A small park made by hand, for any platform: one device per role that together fill the whole model.

`sample_park("huawei_vrp")` names ports as the platform does. `only(device, "vlans", ...)` keeps some fields
of a device and sets the others to their defaults, so that a golden case shows one thing.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from parkops.model import (
    Access,
    Bgp,
    BgpNeighbor,
    Device,
    EdgePort,
    ExitPath,
    GateEntry,
    GateSchedule,
    Igp,
    Interface,
    Lag,
    Link,
    LocalUser,
    ManagementPlane,
    Mlag,
    Nat,
    Need,
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
    Server,
    Service,
    SnmpUser,
    SourceRef,
    StaticRoute,
    Tenant,
    Track,
    Vpn,
    Vrf,
    Vrrp,
    Wlan,
    Zone,
)
from parkops.platforms import lag_name, load_platform, loopback_name, port_name, subinterface_name, vlan_name

ALWAYS = ("name", "role", "platform", "source", "title", "tenant", "site")  # what `only` never clears


def at(path: str, line: int = 1) -> SourceRef:
    """Return where the imaginary plan asks for something."""
    return SourceRef("park.yaml", line, 3, path)


@dataclass(frozen=True, slots=True)
class Names:
    """Interface names as one platform writes them."""

    platform: str
    role: Role

    def port(self, number: int) -> str:
        return port_name(load_platform(self.platform), number, self.role.value)

    def lag(self, number: int) -> str:
        return lag_name(load_platform(self.platform), number)

    def vlan(self, vid: int) -> str:
        return vlan_name(load_platform(self.platform), vid)

    def sub(self, number: int, vid: int) -> str:
        return subinterface_name(load_platform(self.platform), self.port(number), vid)

    @property
    def loopback(self) -> str:
        return loopback_name(load_platform(self.platform))


PLANE = ManagementPlane(
    source=at("management", 12),
    servers=(
        Server("ntp", "172.31.0.2", "mgmt-1", 123, "udp", "env:PARK_NTP_KEY", 1),
        Server("ntp", "172.31.0.3", "mgmt-2", 123, "udp", "env:PARK_NTP_KEY", 1),
        Server("dns", "172.31.0.2", "mgmt-1", 53),
        Server("syslog", "172.31.0.2", "mgmt-1", 514, "udp"),
        Server("syslog", "172.31.0.3", "mgmt-2", 6514, "tls", level="warnings"),
        Server("radius", "172.31.0.2", "mgmt-1", 1812, "udp", "env:PARK_RADIUS_KEY"),
        Server("radius", "172.31.0.3", "mgmt-2", 1812, "udp", "env:PARK_RADIUS_KEY"),
        Server("tacacs", "172.31.0.4", "", 49, "tcp", "env:PARK_TACACS_KEY"),
        Server("snmp-trap", "172.31.0.2", "mgmt-1", 162),
    ),
    snmp_users=(SnmpUser("monitor", "env:PARK_SNMP_AUTH", "env:PARK_SNMP_PRIV"),),
    local_users=(
        LocalUser("parkops", "env:PARK_ADMIN_HASH"),
        LocalUser("watch", "env:PARK_WATCH_HASH", 1, "operator"),
        LocalUser("audit", "env:PARK_AUDIT_HASH", 2, "auditor"),
    ),
    banner="Authorised access only. 未经授权禁止访问。",
    domain="park.example",
    vrf="mgmt",
    networks=("172.31.0.0/24",),
    location="Building 3, room 201 机房",
    contact="noc@park.example",
)

QOS = (
    QosClass("network", 48, 6, 7, 5, strict=True),
    QosClass("control", 46, 5, 6, 20, strict=True),
    QosClass("video", 34, 4, 4, 30),
    QosClass("management", 16, 2, 2, 10),
    QosClass("data", 10, 1, 1, 25),
    QosClass("internet", 0, 0, 0, 10, limit_percent=50),
)

EDGE = EdgePort(auth="dot1x-mab", max_macs=4, storm_percent=1, guest_vlan=90, voice_vlan=80, poe=True)
MACHINE = EdgePort(auth="mab", max_macs=1, storm_percent=0.5)
PLAIN = EdgePort(max_macs=1, storm_percent=5)

VRF = Vrf(
    "huaxing",
    "huaxing",
    "10.255.0.11:101",
    ("65000:101",),
    ("65000:101",),
    at("tenants.huaxing", 40),
    10101,
    3901,
)
QUARANTINE = Quarantine(
    "q-huaxing",
    "huaxing",
    "tenant",
    "quarantine-huaxing",
    (),
    ("10.1.0.0/16", "2001:db8:1::/48"),
    4000,
    source=at("tenants.huaxing.quarantine", 44),
)


def _device(names: Names, name: str, number: int, line: int, **more: Any) -> Device:
    """Return a managed device with what every device has."""
    more.setdefault("unused", (names.port(21), names.port(22)))
    return Device(
        name=name,
        role=names.role,
        platform=names.platform,
        source=at(f"nodes.{name}", line),
        title=f"{name} 号设备",
        management_ipv4=f"172.31.0.{number}/24",
        router_id=f"10.255.0.{number}",
        plane=PLANE,
        qos=QOS,
        **more,
    )


def _loopback(number: int) -> dict[str, str]:
    return {"loopback_ipv4": f"10.255.0.{number}/32", "loopback_ipv6": f"2001:db8:ffff::{number}/128"}


def _uplink(names: Names, number: int, net: int, peer: str, **more: Any) -> Interface:
    """Return a routed point-to-point port of the backbone (RFC 3021, RFC 6164)."""
    return Interface(
        names.port(number),
        PortMode.ROUTED,
        f"to {peer}",
        link=f"{peer}-{net}",
        peer_device=peer,
        peer_interface="any",
        ipv4=f"10.254.0.{net}/31",
        ipv6=f"2001:db8:fffe::{net:x}/127",
        mtu_bytes=9000,
        rate_mbps=10_000,
        ospf_cost=10,
        metric=10,
        qos=True,
        source=at(f"backbone.links.{peer}", 20),
        **more,
    )


def _edge(names: Names, number: int, vid: int, edge: EdgePort, title: str) -> Interface:
    return Interface(
        names.port(number), PortMode.ACCESS, title, pvid=vid, edge=edge, qos=True, source=at("sites.hq", 60)
    )


def core(platform: str) -> Device:
    """Return a core router: OSPF with a key, a route reflector for EVPN, a tenant's VRF."""
    names = Names(platform, Role.CORE)
    tenant = Interface(
        names.sub(3, 101),
        PortMode.ROUTED,
        "huaxing hand-over",
        ipv4="10.1.255.0/31",
        ipv6="2001:db8:1:ff::/127",
        pvid=101,
        vrf="huaxing",
        parent=names.port(3),
        zone="huaxing-office",
        source=at("tenants.huaxing", 40),
    )
    bgp = Bgp(
        65000,
        "10.255.0.1",
        (
            BgpNeighbor(
                "10.255.0.21",
                65000,
                "agg-1",
                ("ipv4", "evpn"),
                update_source=names.loopback,
                reflector_client=True,
                password="env:PARK_BGP_KEY",
                bfd=True,
                source=at("backbone.bgp", 22),
            ),
            BgpNeighbor(
                "2001:db8:ffff::21",
                65000,
                "agg-1",
                ("ipv6",),
                update_source=names.loopback,
                reflector_client=True,
                source=at("backbone.bgp", 22),
            ),
            BgpNeighbor("10.1.255.1", 65101, "huaxing 华星", ("ipv4",), vrf="huaxing", max_prefixes=100),
        ),
        networks=(("", "10.255.0.1/32"),),
        cluster_id="10.255.0.1",
        redistribute=(("huaxing", "connected"), ("huaxing", "static")),
    )
    routing = Routing(
        Igp("ospf", key="env:PARK_OSPF_KEY"),
        bgp,
        (
            StaticRoute(
                "10.1.0.0/16", "10.1.255.1", "huaxing", description="huaxing 园区", source=at("tenants", 41)
            ),
            StaticRoute("2001:db8:1::/48", "2001:db8:1:ff::1", "huaxing"),
            StaticRoute("10.0.0.0/8", "discard", distance=250),
        ),
    )
    hand_over = Interface(names.port(3), PortMode.ROUTED, "to huaxing")
    return _device(
        names,
        "core-1",
        1,
        18,
        **_loopback(1),
        routing=routing,
        vrfs=(VRF,),
        quarantines=(QUARANTINE,),
        interfaces=(_uplink(names, 1, 0, "core-2"), _uplink(names, 2, 2, "agg-1"), hand_over, tenant),
    )


def spine(platform: str) -> Device:
    """Return a spine: eBGP underlay, EVPN towards the leaves."""
    names = Names(platform, Role.SPINE)
    neighbors = (
        BgpNeighbor("10.254.1.1", 65011, "leaf-1", ("ipv4",), bfd=True),
        BgpNeighbor("2001:db8:fffe::11", 65011, "leaf-1", ("ipv6",), bfd=True),
        BgpNeighbor("10.255.0.11", 65011, "leaf-1", ("evpn",), update_source=names.loopback, ebgp_multihop=3),
    )
    link = replace(_uplink(names, 1, 0, "leaf-1"), ipv4="10.254.1.0/31", ipv6="2001:db8:fffe::10/127")
    return _device(
        names,
        "spine-1",
        9,
        19,
        **_loopback(9),
        interfaces=(replace(link, ospf_cost=0, metric=0),),
        routing=Routing(None, Bgp(65001, "10.255.0.9", neighbors, (("", "10.255.0.9/32"),))),
    )


def leaf(platform: str) -> Device:
    """Return a leaf: IS-IS underlay, EVPN-VXLAN with symmetric routing and an anycast gateway."""
    names = Names(platform, Role.LEAF)
    gateway = Interface(
        names.vlan(101),
        PortMode.VLAN,
        "huaxing.hq.office",
        ipv4="10.1.1.1/24",
        ipv6="2001:db8:1:1::1/64",
        pvid=101,
        segment="huaxing.hq.office",
        vrf="huaxing",
        dhcp_relay=("172.31.0.2",),
    )
    trunk = Interface(names.port(5), PortMode.TRUNK, "to acc-1", vids=(101, 102), qos=True)
    bgp = Bgp(
        65000,
        "10.255.0.11",
        (
            BgpNeighbor("10.255.0.1", 65000, "core-1", ("evpn",), update_source=names.loopback),
            BgpNeighbor("10.255.0.2", 65000, "core-2", ("evpn",), update_source=names.loopback),
        ),
        redistribute=(("huaxing", "connected"),),
    )
    return _device(
        names,
        "leaf-1",
        11,
        24,
        **_loopback(11),
        interfaces=(_uplink(names, 1, 4, "core-1"), _uplink(names, 2, 6, "core-2"), trunk, gateway),
        vlans=((101, "huaxing.hq.office"), (102, "huaxing.hq.video")),
        routing=Routing(Igp("isis", net="49.0001.0102.5500.0011.00", key="env:PARK_ISIS_KEY"), bgp),
        vrfs=(VRF,),
        vnis=((101, 10_000_101), (102, 10_000_102)),
        anycast_mac="02:00:5e:00:01:01",
        vtep_ipv4="10.255.0.11",
    )


def aggregation(platform: str) -> Device:
    """Return an aggregation switch: M-LAG with its peer, VRRP gateways, a root of RSTP."""
    names = Names(platform, Role.AGGREGATION)
    peer, down = names.lag(1), names.lag(2)
    gateway = Interface(
        names.vlan(101),
        PortMode.VLAN,
        "office",
        ipv4="10.1.1.2/24",
        ipv6="2001:db8:1:1::2/64",
        pvid=101,
        segment="huaxing.hq.office",
        vrrp=(Vrrp(1, "10.1.1.1", "2001:db8:1:1::1", 120, track=(Track(1, names.port(1), 21),)),),
        metric=10,
        passive=True,
        dhcp_relay=("172.31.0.2", "2001:db8:0:31::2"),
        source=at("tenants.huaxing.sites.hq", 50),
    )
    members = tuple(
        Interface(names.port(n), PortMode.LAG_MEMBER, f"member of {lag}", lag=lag, rate_mbps=10_000)
        for n, lag in ((3, peer), (4, peer), (5, down))
    )
    trunks = (
        Interface(peer, PortMode.TRUNK, "peer link to agg-2", vids=(101, 102)),
        Interface(down, PortMode.TRUNK, "to acc-1", vids=(101, 102), qos=True),
    )
    return _device(
        names,
        "agg-1",
        21,
        26,
        **_loopback(21),
        interfaces=(_uplink(names, 1, 3, "core-1"), *members, *trunks, gateway),
        vlans=((101, "huaxing.hq.office"), (102, "huaxing.hq.video")),
        lags=(
            Lag(1, peer, (names.port(3), names.port(4)), "peer link to agg-2"),
            Lag(2, down, (names.port(5),), "to acc-1", mlag=2),
        ),
        mlag=Mlag("mlag", 1, "agg-2", peer, "172.31.0.21", "172.31.0.22", "02:00:00:00:00:15", 100),
        routing=Routing(Igp("ospf", area="0.0.0.1", key="env:PARK_OSPF_KEY")),
        spanning_priority=4096,
        pair="agg",
    )


def ring_switch(platform: str, protocol: str = "erps") -> Device:
    """Return a ring switch with its protocol, and time-aware ports where the platform has them."""
    names = Names(platform, Role.RING_SWITCH)
    role = {"erps": "owner", "mrp": "manager", "rstp": "root", "prp": "node", "hsr": "node"}[protocol]
    schedule = GateSchedule(1_000_000, 0, (GateEntry(0x80, 200_000), GateEntry(0x7F, 800_000)))
    ring = tuple(
        Interface(
            names.port(n),
            PortMode.TRUNK,
            f"ring to p1-sw-{n}",
            vids=(111, 112),
            ring="huaxing.p1",
            qos=True,
            ptp=True,
            schedule=schedule,
            source=at("tenants.huaxing.plants.p1.ring", 70),
        )
        for n in (1, 2)
    )
    member = RingMember(
        "huaxing.p1",
        protocol,
        role,
        names.port(1),
        names.port(2),
        1,
        3999 if protocol == "erps" else 0,
        (111, 112),
        recovery_ms=200 if protocol == "mrp" else 0,
        source=at("tenants.huaxing.plants.p1.ring", 70),
    )
    return _device(
        names,
        "p1-sw-1",
        31,
        68,
        tenant="huaxing",
        site="p1",
        ring="huaxing.p1",
        interfaces=(
            *ring,
            _edge(names, 3, 111, MACHINE, "welding cell 焊接"),
            _edge(names, 4, 112, PLAIN, "camera"),
        ),
        vlans=((111, "huaxing.p1.control"), (112, "huaxing.p1.video")),
        ring_members=(member,),
        spanning_priority=4096 if protocol == "rstp" else 0,
        ptp=Ptp(0, 100, 128, (names.port(1), names.port(2)), grandmaster=True),
    )


def access_switch(platform: str) -> Device:
    """Return an access switch: IEEE 802.1X with its fallback, telephones, guests, a LAG to the pair above."""
    names = Names(platform, Role.ACCESS_SWITCH)
    up = names.lag(1)
    ports = (
        Interface(names.port(1), PortMode.LAG_MEMBER, "member", lag=up, rate_mbps=10_000),
        Interface(names.port(2), PortMode.LAG_MEMBER, "member", lag=up, rate_mbps=10_000),
        Interface(up, PortMode.TRUNK, "to agg-1 and agg-2", vids=(80, 90, 101), qos=True),
        _edge(names, 3, 101, EDGE, "desk 3-201 工位"),
        _edge(names, 4, 101, MACHINE, "printer"),
        _edge(names, 5, 101, PLAIN, "meeting room"),
    )
    return _device(
        names,
        "acc-1",
        41,
        58,
        tenant="huaxing",
        site="hq",
        interfaces=ports,
        vlans=((80, "voice"), (90, "guest"), (101, "huaxing.hq.office"), (4000, "quarantine")),
        lags=(Lag(1, up, (names.port(1), names.port(2)), "to agg-1 and agg-2"),),
        quarantines=(replace(QUARANTINE, kind="segment", interfaces=(names.port(3),)),),
    )


def rules(inside: str, outside: str) -> tuple[Rule, ...]:
    """Return the rules of a boundary between a tenant and the park."""
    source = at("flows", 90)
    office4, office6, cloud4, cloud6 = "10.1.1.0/24", "2001:db8:1:1::/64", "10.9.1.0/24", "2001:db8:9:1::/64"
    return (
        Rule(
            "r1001",
            "office-to-cloud",
            "MES 办公到云",
            inside,
            outside,
            "tcp",
            (443, 8443),
            (office4,),
            (cloud4,),
            (office6,),
            (cloud6,),
            source,
            log=True,
            traffic_class="data",
        ),
        Rule(
            "r1002",
            "telemetry",
            "meters report",
            inside,
            outside,
            "udp",
            (5683,),
            (office4,),
            (cloud4, "10.9.2.0/24"),
            (office6,),
            (cloud6,),
            source,
            one_way=True,
            stateful=False,
        ),
        Rule(
            "r1003",
            "internet",
            "office to the internet",
            inside,
            outside,
            "tcp",
            (80, 443),
            (office4,),
            ("internet",),
            (office6,),
            ("internet",),
            source,
            traffic_class="internet",
        ),
        Rule(
            "r1004",
            "ping",
            "operator's probe",
            outside,
            inside,
            "icmp",
            (),
            ("172.31.0.2/32",),
            (office4,),
            (),
            (office6,),
            source,
        ),
        Rule(
            "r1005",
            "ospf",
            "the boundary's own service",
            outside,
            "",
            "tcp",
            (22,),
            ("172.31.0.0/24",),
            (),
            (),
            (),
            source,
        ),
    )


def boundary(platform: str) -> Device:
    """Return a boundary device of a pair: zones, rules, NAT, VPNs, VRRP, quarantine prepared but off."""
    names = Names(platform, Role.BOUNDARY)
    inside, outside = names.port(2), names.port(1)
    ports = (
        replace(_uplink(names, 1, 8, "agg-1"), zone="park-transit", urpf="strict"),
        Interface(
            inside,
            PortMode.ROUTED,
            "office",
            ipv4="10.1.1.2/24",
            ipv6="2001:db8:1:1::2/64",
            segment="huaxing.hq.office",
            zone="huaxing-office",
            metric=10,
            passive=True,
            vrrp=(Vrrp(1, "10.1.1.1", "2001:db8:1:1::1", 120),),
            dhcp_relay=("172.31.0.2",),
            source=at("tenants.huaxing", 40),
        ),
    )
    vpns = (
        Vpn(
            "huaxing-remote",
            "ipsec",
            "bd-1",
            "remote-access",
            "huaxing",
            500,
            "10.250.1.0/24",
            "2001:db8:250:1::/64",
            ("huaxing.hq.office",),
            "file:keys/bd-1",
            auth="radius",
            source=at("tenants.huaxing.vpn", 47),
        ),
        Vpn(
            "huaxing-branch",
            "ipsec",
            "bd-1",
            "site-to-site",
            "huaxing",
            500,
            "10.251.0.0/31",
            "",
            ("huaxing.hq.office",),
            "env:PARK_PSK",
            (("branch", "branch.huaxing.example", "203.0.113.9"),),
        ),
    )
    nats = (
        Nat("n1", "source", outside, "10.1.1.0/24", "interface", reason="office to the internet"),
        Nat(
            "n2",
            "destination",
            outside,
            "10.1.1.80",
            "198.51.100.80",
            "tcp",
            443,
            8443,
            "published 门户",
            at("services.portal", 95),
        ),
    )
    return _device(
        names,
        "bd-1",
        51,
        45,
        tenant="huaxing",
        **_loopback(51),
        interfaces=ports,
        rules=rules(inside, outside),
        routing=Routing(Igp("ospf", key="env:PARK_OSPF_KEY")),
        vpns=vpns,
        nats=nats,
        pair="huaxing-bd",
        quarantines=(replace(QUARANTINE, interfaces=(inside,)),),
    )


def exit_router(platform: str) -> Device:
    """Return an exit router: operators over BGP, the choice of exit, filters of addresses that cannot be."""
    names = Names(platform, Role.EXIT)
    operators = (("unicom", 4837, 1, 200, ("198.18.0.0/15",)), ("telecom", 4134, 2, 100, ()))
    ports, neighbors, exits = [], [], []
    for number, (operator, asn, net, preference, prefixes) in enumerate(operators, 1):
        near4, far4 = f"203.0.113.{4 * net + 1}", f"203.0.113.{4 * net + 2}"
        near6, far6 = f"2001:db8:e:{net}::1", f"2001:db8:e:{net}::2"
        ports.append(
            Interface(
                names.port(number),
                PortMode.ROUTED,
                f"{operator} 专线",
                ipv4=f"{near4}/30",
                ipv6=f"{near6}/64",
                zone="internet",
                urpf="loose",
                bogons=True,
                rate_mbps=1000,
                source=at(f"exits.{operator}", 30),
            )
        )
        for far, family in ((far4, "ipv4"), (far6, "ipv6")):
            neighbors.append(
                BgpNeighbor(
                    far,
                    asn,
                    operator,
                    (family,),
                    password="env:PARK_EXIT_KEY",
                    local_preference=preference,
                    med=10 * number,
                    prepend=number - 1,
                    max_prefixes=1000,
                    source=at(f"exits.{operator}", 31),
                )
            )
        exits.append(
            ExitPath(
                operator,
                "" if number == 1 else "huaxing",
                "exit-1",
                names.port(number),
                far4,
                far6,
                preference,
                50,
                prefixes,
                at("exits.policy", 35),
            )
        )
    statics = (StaticRoute("0.0.0.0/0", "203.0.113.6", distance=200), StaticRoute("::/0", "2001:db8:e:1::2"))
    return _device(
        names,
        "exit-1",
        61,
        29,
        **_loopback(61),
        interfaces=(*ports, _uplink(names, 3, 10, "core-1")),
        routing=Routing(
            Igp("ospf", key="env:PARK_OSPF_KEY"),
            Bgp(65000, "10.255.0.61", tuple(neighbors), (("", "198.51.100.0/24"), ("", "2001:db8::/32"))),
            statics,
        ),
        nats=(Nat("n1", "source", names.port(1), "10.0.0.0/8", "interface", reason="users 用户"),),
        exits=tuple(exits),
        masquerade_interface=names.port(1),
        gateway_ipv4="203.0.113.6",
        gateway_ipv6="2001:db8:e:1::2",
    )


def access_point(platform: str, role: Role = Role.ACCESS_POINT) -> Device:
    """Return an access point: an enterprise network with fast roaming, a guests' one, machines with a key."""
    names = Names(platform, role)
    wlans = (
        Wlan(
            "huaxing-office", "huaxing.hq.office", 101, "wpa3-enterprise", fast_roaming=True, isolation=False
        ),
        Wlan("huaxing 访客", "huaxing.hq.guest", 90, "open-portal", ("2.4", "5"), limit_mbps=10),
        Wlan("huaxing-agv", "huaxing.p1.control", 111, "wpa3-personal", ("5",), key="env:PARK_AGV_PSK"),
    )
    up = Interface(names.port(1), PortMode.TRUNK, "to acc-1", vids=(90, 101, 111), qos=True)
    return _device(
        names,
        "ap-1",
        71,
        64,
        tenant="huaxing",
        site="hq",
        interfaces=(up,),
        wlans=wlans,
        unused=(),
        vlans=((90, "guest"), (101, "office"), (111, "control")),
    )


def cpe(platform: str) -> Device:
    """Return a 5G CPE: a cellular uplink in front of a machine segment."""
    names = Names(platform, Role.CPE_5G)
    machine = Interface(
        names.port(1),
        PortMode.ROUTED,
        "AGV 5G",
        ipv4="10.1.20.1/24",
        ipv6="2001:db8:1:20::1/64",
        segment="huaxing.p1.agv",
        zone="huaxing-production",
    )
    return _device(
        names,
        "cpe-1",
        81,
        66,
        tenant="huaxing",
        site="p1",
        interfaces=(machine,),
        unused=(),
        properties=(("apn", "park.5g"), ("sim", "1")),
        needs=(Need("cellular", at("tenants.huaxing", 66)),),
    )


def _zones() -> tuple[Zone, ...]:
    rows = (
        ("huaxing-office", "华星办公", "enterprise", "huaxing", 2, False),
        ("huaxing-production", "华星生产", "production", "huaxing", 3, True),
        ("park-transit", "transit", "park-service", "", 3, False),
        ("internet", "internet", "external", "", 1, False),
    )
    return tuple(Zone(*row, at(f"zones.{row[0]}", 80)) for row in rows)


def _pairs() -> tuple[Pair, ...]:
    return (Pair("huaxing-bd", "firewall", ("bd-1", "bd-2"), at("tenants.huaxing", 40)),)


def _segments() -> tuple[Segment, ...]:
    rows = (
        ("huaxing.hq.office", "huaxing-office", 101, 1),
        ("huaxing.p1.control", "huaxing-production", 111, 11),
    )
    return tuple(
        Segment(
            name,
            zone,
            vlan,
            f"10.1.{net}.0/24",
            f"2001:db8:1:{net}::/64",
            "bd-1",
            "any",
            "huaxing",
            name,
            at(f"segments.{name}", 82),
        )
        for name, zone, vlan, net in rows
    )


def sample_park(platform: str, *devices: Device) -> Park:
    """Return a park with the given devices, or with one of each role, all of one platform."""
    makers = (
        core,
        spine,
        leaf,
        aggregation,
        ring_switch,
        access_switch,
        boundary,
        exit_router,
        access_point,
        cpe,
    )
    devices = devices or tuple(make(platform) for make in makers)
    server = Device(
        "mgmt-1",
        Role.MANAGEMENT,
        "host",
        at("management", 12),
        management_ipv4="172.31.0.2/24",
        services=(Service("chrony", 123, "udp"),),
    )
    return Park(
        name="sample",
        title="示范园区",
        operator="operator",
        plan_file="park.yaml",
        plan_digest="0" * 32,
        horizon_years=5,
        growth_percent=10,
        management_network="172.31.0.0/24",
        management_gateway="172.31.0.1",
        access=Access(),
        source=at("park"),
        devices=(*devices, server),
        links=(Link("core-2-0", "core-1", "a", "core-2", "b", "backbone", 10_000, important=True),),
        segments=_segments(),
        zones=_zones(),
        rings=(Ring("huaxing.p1", "erps", ("p1-sw-1", "p1-sw-2"), (), at("ring", 70)),),
        tenants=(Tenant("huaxing", "华星精密", important=True, source=at("tenants.huaxing", 40)),),
        facts=(
            ("management.ntp", "mgmt-1"),
            ("management.syslog", "mgmt-1"),
            ("management.upstream_ntp", ""),
            ("pools.ipv4", "10.0.0.0/8"),
            ("pools.ipv6", "2001:db8::/32"),
        ),
        vrfs=(VRF,),
        qos=QOS,
        pairs=tuple(pair for pair in _pairs() if {*pair.devices} <= {device.name for device in devices}),
        quarantines=(QUARANTINE,),
        plane=PLANE,
    )


def only(device: Device, *keep: str, **more: Any) -> Device:
    """Return the device with the named fields kept and every other one at its default, then ``more`` set."""
    cleared = {
        field.name: field.default
        for field in fields(device)
        if field.default is not MISSING and field.name not in (*ALWAYS, *keep)
    }
    return replace(device, **{**cleared, **more})


def ports(device: Device, *names: str) -> tuple[Interface, ...]:
    """Return some of a device's interfaces, for a case that needs no others."""
    return tuple(device.interface(name) for name in names)
