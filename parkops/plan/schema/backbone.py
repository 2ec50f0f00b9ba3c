"""The park backbone and its exits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from parkops.plan.schema.base import Flag, Id, Number, Part, Prefix4, Prefix6, Secret, Text, Whole, examples

Asn = Annotated[Whole, Field(ge=1, le=4_294_967_294, description="Number of an autonomous system (RFC 6793)")]
Redundancy = Literal["single", "pair"]


class CircuitPlan(Part):
    """A line of an operator that leads out of the park."""

    model_config = examples(
        {"operator": "中国电信", "bandwidth_mbps": 1000},
        {
            "operator": "中国联通",
            "bandwidth_mbps": 500,
            "exit": 2,
            "distance": 20,
            "ipv4": "198.51.100.4/30",
            "ipv6": "2001:db8:e:2::/64",
            "asn": 4837,
            "networks": ["198.18.0.0/15"],
        },
    )

    operator: Text = Field(description="Who runs the line")
    bandwidth_mbps: Whole = Field(gt=0, le=1_000_000, description="Rate of the line, Mbit/s")
    exit: Whole = Field(default=1, ge=1, le=4, description="Number of the exit router that it ends on")
    distance: Whole = Field(
        default=0, ge=0, le=1000, description="Relative length of the way; lower is nearer"
    )
    price: Number = Field(default=0, ge=0, description="Per month, in the plan's currency")
    ipv4: Prefix4 | None = Field(
        default=None, description="Transfer network: the operator is .1, the park .2"
    )
    ipv6: Prefix6 | None = Field(
        default=None, description="Transfer network: the operator is ::1, the park ::2"
    )
    asn: Asn | None = Field(
        default=None, description="The operator's AS; without it the default route is static"
    )
    key: Secret | None = Field(default=None, description="Key of the BGP session (RFC 2385)")
    networks: tuple[Prefix4 | Prefix6, ...] = Field(
        default=(), description="Destinations that are nearer over this line"
    )


class LeasedLinePlan(Part):
    """A private line of an operator between a tenant and its other places, as a link or as a tunnel."""

    model_config = examples(
        {"operator": "中国联通", "bandwidth_mbps": 200},
        {
            "operator": "中国移动",
            "bandwidth_mbps": 100,
            "ipv4": "192.0.2.8/30",
            "ipv6": "2001:db8:11::/64",
            "networks": ["10.200.0.0/16"],
            "zone": "hx-branch",
        },
    )

    operator: Text = Field(description="Who runs the line")
    bandwidth_mbps: Whole = Field(gt=0, le=1_000_000, description="Rate of the line, Mbit/s")
    zone: Id | None = Field(
        default=None,
        description="Zone of what is behind the line, for flows to name; without it nothing passes",
    )
    distance: Whole = Field(default=0, ge=0, le=1000, description="Relative length of the way")
    price: Number = Field(default=0, ge=0, description="Per month, in the plan's currency")
    ipv4: Prefix4 | None = Field(
        default=None,
        description="Transfer network: the far end is .1, the boundary .2; without it a line is only stated",
    )
    ipv6: Prefix6 | None = Field(
        default=None, description="Transfer network: the far end is ::1, the boundary ::2"
    )
    networks: tuple[Prefix4 | Prefix6, ...] = Field(default=(), description="What is reached over the line")
    tunnel: Literal["none", "ipsec"] = Field(default="none", description="Encrypt what passes")
    peer: Text | None = Field(default=None, description="IKE identity of the far end, for a tunnel")
    key: Secret | None = Field(default=None, description="Key of the tunnel, for a tunnel")


class ExitPolicy(Part):
    """Which line is taken out of the park."""

    model_config = examples(
        {"select": "load"},
        {"select": "distance", "tenants": {"huaxing": ["cu-1", "ct-1"]}},
    )

    select: Literal["load", "distance", "price"] = Field(
        default="load",
        description="Share by bandwidth; or the nearest, or the cheapest line first, others when it fails",
    )
    tenants: dict[Id, tuple[Id, ...]] = Field(
        default_factory=dict, description="Lines of single tenants, the first one preferred"
    )


class Exit(Part):
    """The way out of the park, through the park firewall and, where there are any, exit routers."""

    model_config = examples(
        {
            "circuits": {"ct-1": {"operator": "中国电信", "bandwidth_mbps": 1000}},
            "outside_ipv4": "203.0.113.0/30",
            "outside_ipv6": "2001:db8:ffff::/64",
        }
    )

    circuits: dict[Id, CircuitPlan] = Field(min_length=1, description="Lines of operators")
    outside_ipv4: Prefix4 = Field(description="Transfer network of the lines that state none of their own")
    outside_ipv6: Prefix6 = Field(description="Transfer network of the lines that state none of their own")
    routers: Whole = Field(
        default=0, ge=0, le=4, description="Exit routers; 0: the lines end on the park firewall itself"
    )
    asn: Asn | None = Field(default=None, description="The park's own AS towards operators")
    policy: ExitPolicy = Field(default=ExitPolicy(), description="Which line is taken")
    nat: Flag = Field(default=True, description="Translate IPv4 sources to the line's own address")
    urpf: Literal["none", "loose", "strict"] = Field(
        default="loose", description="Reverse path filter (RFC 3704)"
    )
    bogons: Flag | None = Field(
        default=None,
        description="Filter addresses that cannot be (RFC 6890); default yes where the line's own can be",
    )
    announce: tuple[Prefix4 | Prefix6, ...] = Field(
        default=(), description="The park's public prefixes; published services have addresses of them"
    )


class FirewallPlan(Part):
    """A boundary device: alone, or a pair that stands in for each other (VRRPv3, RFC 9568)."""

    model_config = examples({"redundancy": "pair"}, {"redundancy": "pair", "attach": "trunk"})

    redundancy: Redundancy = Field(default="single", description="One device, or two with virtual gateways")
    attach: Literal["routed", "trunk"] = Field(
        default="routed",
        description="A port for each segment, or a trunk for each site with a subinterface for each segment",
    )


class Cores(Part):
    """The core routers, fully meshed; every boundary attaches to the first two."""

    model_config = examples({"count": 2})

    count: Whole = Field(ge=1, le=4, description="How many")


class Count(Part):
    """A number of like devices."""

    model_config = examples({"count": 2})

    count: Whole = Field(ge=1, le=128, description="How many")


class Edges(Count):
    """Routers in pairs that boundaries attach to."""

    model_config = examples({"count": 4, "tenants": 24})

    tenants: Whole = Field(
        default=24, ge=1, le=280, description="Tenants that a pair takes before the next one is filled"
    )


class Keys(Part):
    """Keys of routing sessions, by reference."""

    model_config = examples({"igp": "env:OSPF_KEY", "bgp": "env:BGP_KEY"})

    igp: Secret | None = Field(default=None, description="Of OSPF or IS-IS neighbours")
    bgp: Secret | None = Field(default=None, description="Of BGP sessions inside the park")


class Backbone(Part):
    """The park backbone (园区骨干网络)."""

    model_config = examples(
        {
            "title": "园区骨干网络",
            "kind": "spine-leaf",
            "spines": {"count": 2},
            "leaves": {"count": 6},
            "igp": "isis",
            "overlay": "evpn-vxlan",
            "exit": {
                "circuits": {"ct-1": {"operator": "中国电信", "bandwidth_mbps": 1000}},
                "outside_ipv4": "203.0.113.0/30",
                "outside_ipv6": "2001:db8:ffff::/64",
            },
        }
    )

    title: Text = Field(default="backbone", description="Name for people")
    kind: Literal["core", "three-tier", "spine-leaf"] = Field(
        default="core", description="Cores only; core, aggregation and access; or a leaf-spine fabric"
    )
    cores: Cores | None = Field(default=None, description="Core routers, of kinds core and three-tier")
    aggregations: Edges | None = Field(
        default=None, description="Aggregation routers in pairs, of kind three-tier"
    )
    spines: Count | None = Field(default=None, description="Of kind spine-leaf")
    leaves: Edges | None = Field(
        default=None, description="In pairs, of kind spine-leaf; the first pair leads out"
    )
    exit: Exit = Field(description="The way out of the park")
    firewall: FirewallPlan = Field(default=FirewallPlan(), description="The park firewall")
    igp: Literal["ospf", "isis", "bgp"] = Field(
        default="ospf",
        description="Interior routing; bgp is eBGP on every link of a spine-leaf fabric (RFC 7938)",
    )
    overlay: Literal["none", "vrf", "evpn-vxlan"] = Field(
        default="none", description="A routing instance for each tenant: hop by hop, or over EVPN and VXLAN"
    )
    asn: Asn = Field(default=65_000, description="AS of the backbone, also of its route targets")
    bfd: Flag = Field(default=True, description="Detect dead neighbours in less than a second (RFC 5880)")
    keys: Keys = Field(default=Keys(), description="Keys of routing sessions")
    link_rate_mbps: Whole = Field(default=10_000, gt=0, description="Rate of the backbone's links")
    ports: Whole = Field(default=64, ge=4, le=576, description="Data ports of each backbone router")
    mtu_bytes: Whole = Field(default=1500, ge=1500, le=9600, description="Of the backbone's links")
