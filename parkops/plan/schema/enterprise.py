"""Enterprise networks: port access, wireless, remote access, published services, interconnection, quality."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import Field

from parkops.plan.schema.base import Day, Flag, Id, Line, Number, Part, Secret, Text, Whole, examples

Auth = Literal["none", "dot1x", "mab", "dot1x-mab"]
Purpose = Literal[
    "office",
    "production-management",
    "conference",
    "surveillance",
    "voice",
    "control",
    "guest",
    "management",
    "service",
]
Ssid = Annotated[str, Field(min_length=1, max_length=32, description="Name of the wireless network")]
Ipv4 = Annotated[str, Field(pattern=r"^([0-9]{1,3}\.){3}[0-9]{1,3}$")]
TrafficName = Literal["network", "control", "video", "management", "data", "internet"]


class PortsPlan(Part):
    """What protects the ports of a segment towards end devices."""

    model_config = examples(
        {"auth": "dot1x-mab", "guest": "guest", "max_macs": 4, "storm_percent": 1, "poe": True}
    )

    auth: Auth = Field(
        default="none", description="IEEE 802.1X, MAC authentication, or the one after the other"
    )
    guest: Id | None = Field(default=None, description="Segment of the site for who cannot authenticate")
    voice: Id | None = Field(default=None, description="Segment of the site for telephones on the same port")
    max_macs: Whole = Field(default=0, ge=0, le=1000, description="Limit on MAC addresses; 0 for none")
    storm_percent: Number = Field(
        default=0,
        ge=0,
        le=100,
        description="Limit on broadcast and multicast, per cent of the rate; 0 for none",
    )
    trusted: Flag = Field(
        default=False, description="Servers of DHCP or routers are here: no snooping, no RA guard"
    )
    poe: Flag = Field(default=False, description="Ports give power (IEEE 802.3bt)")


class PortalPlan(Part):
    """A captive portal (RFC 8952): a page that lets clients of an open network in."""

    model_config = examples(
        {"url": "https://portal.park.example/guest"},
        {"url": "https://portal.park.example/guest", "server": "mgmt-1", "key": "env:PORTAL_KEY"},
    )

    url: Annotated[
        str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~/%-]*)?$")
    ] = Field(
        max_length=200,
        description="The page, by HTTPS where it asks for anything; gateways add a query of their own",
    )
    server: str = Field(
        default="", description="Node or endpoint group that serves it; default one outside the park"
    )
    address: IPv4Address | None = Field(
        default=None, description="Its server's address, where that is outside the park"
    )
    key: Secret | None = Field(
        default=None,
        description="Key of the portal protocol between gateways and the server; Linux gateways need none",
    )

    @property
    def port(self) -> int:
        """The TCP port of the page."""
        scheme, _, rest = self.url.partition("://")
        _, _, port = rest.partition("/")[0].partition(":")
        return int(port) if port else 443 if scheme == "https" else 80


class WlanPlan(Part):
    """A wireless network that the site's access points offer."""

    model_config = examples(
        {"ssid": "huaxing-office", "segment": "staff", "fast_roaming": True},
        {
            "ssid": "guest",
            "segment": "guest",
            "security": "open-portal",
            "portal": {"url": "https://portal.park.example/guest"},
            "limit_mbps": 10,
        },
    )

    ssid: Ssid
    segment: Id = Field(description="Segment of the site that its clients are in")
    security: Literal["wpa3-enterprise", "wpa2-enterprise", "wpa3-personal", "open-portal"] = Field(
        default="wpa3-enterprise", description="How clients authenticate; enterprise asks the RADIUS servers"
    )
    bands: tuple[Literal["2.4", "5", "6"], ...] | None = Field(
        default=None,
        min_length=1,
        description="GHz; default 5 and 6 where Wi-Fi 6E and WPA3 allow it, else 2.4 and 5",
    )
    standard: Literal["wifi5", "wifi6", "wifi6e", "wifi7"] = Field(
        default="wifi6", description="IEEE 802.11 generation"
    )
    isolation: Flag = Field(default=True, description="Clients do not reach each other")
    fast_roaming: Flag = Field(default=False, description="IEEE 802.11r")
    key: Secret | None = Field(default=None, description="Key of a personal network")
    limit_mbps: Whole = Field(default=0, ge=0, le=10_000, description="Rate of each client; 0 for no limit")
    portal: PortalPlan | None = Field(
        default=None, description="Where clients of an open network are led to before they may go further"
    )


class AccessPointsPlan(Part):
    """Access points that hang on one switch; they are called <site>-<name>-<number>."""

    model_config = examples({"count": 6, "switch": 2, "title": "二层走廊"})

    count: Whole = Field(ge=1, le=200, description="How many")
    switch: Whole = Field(default=1, ge=1, description="Number of the switch that they hang on")
    title: Line = Field(default="", description="Name for people")


class WirelessPlan(Part):
    """The wireless network of a site."""

    model_config = examples(
        {
            "networks": {"office": {"ssid": "huaxing-office", "segment": "staff"}},
            "access_points": {"ap": {"count": 4}},
            "controllers": 1,
        }
    )

    networks: dict[Id, WlanPlan] = Field(min_length=1, description="Wireless networks")
    access_points: dict[Id, AccessPointsPlan] = Field(min_length=1, description="Access points by switch")
    controllers: Whole = Field(default=0, ge=0, le=2, description="Wireless controllers, on switch 1")


class VpnUserPlan(Part):
    """A user of remote access."""

    model_config = examples({"identity": "CN=li, O=Huaxing"})

    identity: Text = Field(description="WireGuard public key, or the subject of a certificate")


class RemoteAccessPlan(Part):
    """Access for people who are elsewhere, ended on the boundary or on the park firewall."""

    model_config = examples(
        {
            "kind": "wireguard",
            "zone": "hx-remote",
            "segments": ["office.staff"],
            "key": "file:keys/hx-vpn",
            "users": {"li": {"identity": "5YJ2sPqHqk0M5dQwXcD1xN8vS2oQ3xq7kO2l5nF8dU0="}},
        },
        {
            "kind": "ipsec",
            "zone": "hx-remote",
            "address": "198.51.100.81",
            "segments": ["office.staff"],
            "auth": "radius",
            "key": "file:keys/hx-ike",
        },
    )

    kind: Literal["wireguard", "ipsec"] = Field(description="WireGuard, or IKEv2 and ESP (RFC 7296)")
    zone: str = Field(description="Zone that its users are in; flows from there say what they may do")
    segments: tuple[str, ...] = Field(
        min_length=1, description="Segments that are routed to users: site.segment of the tenant"
    )
    port: Whole | None = Field(
        default=None, ge=1, le=65535, description="UDP port; default 51820, or 500 for IKE"
    )
    key: Secret = Field(description="Private key of the device")
    address: Ipv4 | None = Field(
        default=None, description="Public address of IPsec on a tenant's boundary; WireGuard gets a port"
    )
    auth: Literal["key", "certificate", "radius"] = Field(
        default="key", description="How users prove who they are"
    )
    users: dict[Id, VpnUserPlan] = Field(
        default_factory=dict, description="Users with a key or a certificate"
    )
    idle_s: Whole = Field(
        default=900, ge=60, le=86_400, description="Idle sessions end after so many seconds"
    )
    reason: Text = Field(default="remote access", description="Why it is there")
    owner: Line = Field(default="", description="Who answers for it; default the tenant")


class PublishedPlan(Part):
    """A service of the park or of a tenant that is reached from outside."""

    model_config = examples(
        {
            "to": "hx-office-portal",
            "service": "tcp/443",
            "address": "198.51.100.80",
            "inside_port": 8443,
            "reason": "客户门户",
            "owner": "华星信息部",
        }
    )

    to: str = Field(description="Device that serves it: an endpoint group or a node, as hx-office-portal")
    service: Annotated[str, Field(pattern=r"^(tcp|udp)/([1-9][0-9]{0,4})$")] = Field(
        description="What is reached from outside"
    )
    inside_port: Whole | None = Field(
        default=None, ge=1, le=65535, description="Where it listens; default the same"
    )
    address: Ipv4 | None = Field(default=None, description="Public IPv4 address; default the line's own")
    reason: Text
    owner: Text


class InterconnectPlan(Part):
    """Two tenants whose networks may reach each other, on request; flows still say what may pass."""

    model_config = examples(
        {
            "between": ["huaxing", "yuntai"],
            "asked_by": "华星供应链部",
            "until": "2027-12-31",
            "reason": "联合制造",
        }
    )

    between: tuple[Id, Id] = Field(description="The two tenants")
    asked_by: Text = Field(description="Who asked for it")
    until: Day = Field(description="Last day; `parkops validate` tells when it is over")
    reason: Text = Field(description="Why they may reach each other")


class QosClassPlan(Part):
    """What is special about a traffic class."""

    model_config = examples({"percent": 30, "limit_percent": 60})

    dscp: Whole | None = Field(default=None, ge=0, le=63, description="Code point (RFC 2474)")
    pcp: Whole | None = Field(default=None, ge=0, le=7, description="Priority code point (IEEE 802.1Q)")
    queue: Whole | None = Field(default=None, ge=0, le=7, description="7 is served first")
    percent: Whole | None = Field(default=None, ge=1, le=100, description="Guaranteed share of the rate")
    strict: Flag | None = Field(default=None, description="Served before all that is not strict")
    limit_percent: Whole | None = Field(
        default=None, ge=0, le=100, description="Not more than this share; 0: no limit"
    )


QosPlan = dict[TrafficName, QosClassPlan]
