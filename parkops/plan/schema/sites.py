"""Sites: switches with segments, endpoints and nodes; the tenants that own them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from parkops.plan.schema.backbone import Asn, FirewallPlan, LeasedLinePlan
from parkops.plan.schema.base import (
    Access,
    Element,
    Flag,
    Host,
    Id,
    Line,
    Part,
    Protocol,
    ServiceSpec,
    Text,
    Whole,
    examples,
)
from parkops.plan.schema.devices import PlatformMap
from parkops.plan.schema.edge import NodePlan, PlacedWorkloadPlan
from parkops.plan.schema.enterprise import Auth, PortsPlan, Purpose, RemoteAccessPlan, WirelessPlan
from parkops.plan.schema.production import CpePlan, RingPlan, TsnPlan


class SegmentPlan(Part):
    """A broadcast domain; VLAN and prefixes come from the pools."""

    model_config = examples(
        {"zone": "hx-control", "title": "控制网", "access": ["wired", "wifi6"], "purpose": "control"}
    )

    zone: str = Field(description="Security zone that it is in")
    title: Line = ""
    access: tuple[Access, ...] = Field(default=("wired",), description="How its endpoints are connected")
    purpose: Purpose | None = Field(default=None, description="What it is for")
    ports: PortsPlan = Field(default=PortsPlan(), description="What protects its ports")
    dhcp_relay: tuple[Host, ...] = Field(default=(), description="DHCP servers that its gateway relays to")


class EndpointPlan(Part):
    """A group of like endpoints on one segment."""

    model_config = examples(
        {
            "title": "可编程控制器",
            "segment": "control",
            "element": "machines",
            "count": 40,
            "connected": 38,
            "protocol": "opcua",
            "switch": 2,
            "gateway": "gw-1",
        }
    )

    segment: str = Field(description="Segment of the same site that the group is in")
    title: Text
    element: Element
    count: Whole = Field(ge=1, le=100_000, description="How many there are")
    connected: Whole | None = Field(
        default=None, ge=0, description="How many are on the network; default all"
    )
    protocol: Protocol = Field(
        default="ip", description="What it speaks; opcua, modbus and other servers listen on their port"
    )
    access: Access = "wired"
    switch: Whole = Field(default=1, ge=1, description="Number of the switch that the group hangs on")
    auth: Auth | None = Field(default=None, description="How it is let in; default as its segment says")
    services: tuple[ServiceSpec, ...] = Field(
        default=(), description="What it listens on; default what its protocol implies"
    )
    gateway: str = Field(default="", description="Edge node of the tenant or of the park that it reports to")


class SitePlan(Part):
    """Switches with segments, endpoints and nodes: a plant, an office, a service network."""

    model_config = examples(
        {
            "title": "一号车间",
            "kind": "plant",
            "switches": 4,
            "ring": {"protocol": "erps"},
            "ip_code": "IP40",
            "power_supplies": 2,
            "segments": {"control": {"zone": "hx-control"}},
            "endpoints": {
                "plc": {"title": "可编程控制器", "segment": "control", "element": "machines", "count": 12}
            },
        }
    )

    title: Text
    kind: Literal["plant", "office", "service", "public"] = Field(
        default="office", description="What the site is"
    )
    switches: Whole = Field(default=1, ge=1, le=50, description="Switches of the site, numbered from 1")
    ring: RingPlan | None = Field(
        default=None, description="How its switches form a ring; none: a tree below switch 1"
    )
    ports: Whole = Field(default=12, ge=4, le=52, description="Data ports of each switch")
    gateway: Literal["boundary", "fabric"] = Field(
        default="boundary",
        description="Who routes for it: its boundary, or the nearest router of an EVPN-VXLAN backbone; "
        "then each zone is a routing instance, and what leaves it passes the park firewall",
    )
    blocks: tuple[Annotated[Whole, Field(ge=1, le=64)], ...] = Field(
        default=(), description="With gateway fabric: the pair of routers of each switch; default 1"
    )
    redundancy: Literal["none", "mlag", "stack"] = Field(
        default="none", description="Switches 1 and 2 are an M-LAG pair or a stack; the others attach to both"
    )
    wireless: WirelessPlan | None = Field(default=None, description="Its wireless network")
    platforms: PlatformMap = Field(default_factory=dict, description="Platform of each role of this site")
    ip_code: str = Field(default="IP20", pattern=r"^IP[0-6][0-9]$")
    power_supplies: Whole = Field(default=1, ge=1, le=2)
    ups_minutes: Whole = Field(default=0, ge=0)
    segments: dict[Id, SegmentPlan] = Field(min_length=1)
    endpoints: dict[Id, EndpointPlan] = Field(default_factory=dict)
    nodes: dict[Id, NodePlan] = Field(default_factory=dict)
    workloads: dict[Id, PlacedWorkloadPlan] = Field(
        default_factory=dict, description="Programs that are placed on the site's edge nodes"
    )
    tsn: TsnPlan | None = Field(default=None, description="Time-sensitive streams of its switches")
    cpes: dict[Id, CpePlan] = Field(default_factory=dict, description="5G customer-premises devices")


class PublicPlan(SitePlan):
    """The public-service network (园区公共服务网络)."""

    model_config = examples(
        {
            "title": "公共服务",
            "kind": "public",
            "mode": "shared",
            "segments": {"video": {"zone": "video"}},
            "endpoints": {
                "camera": {
                    "title": "摄像机",
                    "segment": "video",
                    "element": "environment",
                    "count": 60,
                    "protocol": "rtsp",
                }
            },
        }
    )

    mode: Literal["own", "shared"] = Field(
        description="Its own network with a gateway of its own, or a share behind the park firewall"
    )
    boundary: FirewallPlan = Field(
        default=FirewallPlan(), description="Its gateway, where the network is its own"
    )


class TenantPlan(Part):
    """An enterprise of the park."""

    model_config = examples(
        {
            "title": "华星电子",
            "prefix": "hx",
            "boundary": {"redundancy": "pair"},
            "sites": {"office": {"title": "办公楼", "segments": {"staff": {"zone": "hx-office"}}}},
        }
    )

    title: Text
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,7}$")] = Field(description="Starts device names")
    important: Flag = Field(default=False, description="Its outage matters to the whole park")
    platforms: PlatformMap = Field(default_factory=dict, description="Platform of each role of this tenant")
    boundary: FirewallPlan = Field(default=FirewallPlan(), description="Its boundary device, or a pair")
    asn: Asn | None = Field(
        default=None, description="AS of its boundary, where an overlay wants one; default a private one"
    )
    block: Whole | None = Field(
        default=None, ge=1, description="Number of the pair of aggregations or leaves that it attaches to"
    )
    leased_lines: dict[Id, LeasedLinePlan] = Field(
        default_factory=dict, description="Private lines to its other places"
    )
    remote_access: dict[Id, RemoteAccessPlan] = Field(
        default_factory=dict, description="Remote access that its boundary ends"
    )
    sites: dict[Id, SitePlan] = Field(min_length=1, description="Its plants, offices and other sites by name")
