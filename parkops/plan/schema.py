"""The plan language: what a park.yaml may say, with bounds, defaults and descriptions."""

from __future__ import annotations

import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError


def _day(value: object) -> object:
    """Return a date; a number or a time of day is none, though pydantic would take it for one."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        return datetime.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise PydanticCustomError("date_type", "not a date") from None


def _text_for(kind: Literal["ip_v4_network", "ip_v6_network"]) -> BeforeValidator:
    """Return a validator that refuses a bare number, which pydantic would take for an address."""

    def check(value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError(kind, "not a prefix")
        return value

    return BeforeValidator(check)


# Strict, because YAML says which of `2`, `"2"` and `true` was meant.
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]
Day = Annotated[datetime.date, BeforeValidator(_day)]
Prefix4 = Annotated[IPv4Network, _text_for("ip_v4_network")]
Prefix6 = Annotated[IPv6Network, _text_for("ip_v6_network")]
Line = Annotated[str, Field(max_length=200)]  # text that a description or a comment carries
Text = Annotated[Line, Field(min_length=1)]
Id = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]{0,23}$", description="lower-case letters, digits and hyphens")
]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$")]
ServiceSpec = Annotated[str, Field(pattern=r"^(tcp|udp)/([1-9][0-9]{0,4})$|^icmp$")]
Access = Literal["wired", "wifi6", "5g", "lora"]
Element = Literal["people", "machines", "materials", "environment"]
Protocol = Literal["opcua", "mqtt", "dds", "lwm2m", "xmpp", "modbus", "profinet", "rtsp", "ip"]


class Part(BaseModel):
    """A part of the plan: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class ParkInfo(Part):
    """Who and what the park is."""

    id: Id
    title: Text = Field(description="Name for people, any language")
    operator: Text
    horizon_years: Whole = Field(default=5, ge=3, le=5, description="Years that the design must last")
    growth_percent: Number = Field(
        default=5, ge=0, le=200, description="Yearly growth of everything connected"
    )


class AccessInfo(Part):
    """How parkops logs in; secrets are references (env:NAME, file:PATH)."""

    user: Id = "parkops"
    key: str = Field(default="file:.parkops/lab/ssh/id_ed25519", pattern=r"^(env|file):.+")
    known_hosts: str = ".parkops/lab/known_hosts"


class Pool4(Part):
    """An IPv4 pool."""

    ipv4: Prefix4


class Pool46(Pool4):
    """A dual-stack pool."""

    ipv6: Prefix6


class VlanPool(Part):
    """The VLANs that parkops may use."""

    first: Whole = Field(ge=2, le=4094)
    last: Whole = Field(ge=2, le=4094)


class Pools(Part):
    """Where addresses and VLANs come from; what was given out stands in park.lock."""

    management: Pool4
    loopbacks: Pool46
    links: Pool46
    segments: Pool46
    vlans: VlanPool


class CircuitPlan(Part):
    """A line of an operator."""

    operator: Text
    bandwidth_mbps: Whole = Field(gt=0, le=1_000_000)


class Exit(Part):
    """The way out of the park, through the park firewall."""

    circuits: dict[Id, CircuitPlan] = Field(min_length=1)
    outside_ipv4: Prefix4 = Field(description="Transfer network towards the operator")
    outside_ipv6: Prefix6


class Cores(Part):
    """The core routers, fully meshed; every boundary attaches to the first two."""

    count: Whole = Field(ge=1, le=4)


class Backbone(Part):
    """The park backbone (园区骨干网络)."""

    title: Text = "backbone"
    cores: Cores
    exit: Exit
    link_rate_mbps: Whole = Field(default=10_000, gt=0)


class ZonePlan(Part):
    """A security zone."""

    title: Text
    kind: Literal["production", "enterprise", "public-service", "park-service", "management", "external"]
    mlps_level: Whole = Field(default=2, ge=1, le=4, description="Level of GB/T 22239-2019")
    industrial: Flag = Field(default=False, description="The industrial-control extension applies")


class SegmentPlan(Part):
    """A broadcast domain; VLAN and prefixes come from the pools."""

    zone: str
    title: Line = ""
    access: tuple[Access, ...] = ("wired",)


class EndpointPlan(Part):
    """A group of like endpoints on one segment."""

    segment: str
    title: Text
    element: Element
    count: Whole = Field(ge=1, le=100_000)
    connected: Whole | None = Field(
        default=None, ge=0, description="How many are on the network; default all"
    )
    protocol: Protocol = "ip"
    access: Access = "wired"
    switch: Whole = Field(default=1, ge=1, description="Number of the switch that the group hangs on")
    services: tuple[ServiceSpec, ...] = ()


class Resources(Part):
    """What an edge node has and what it is rated for."""

    cpu_cores: Whole = Field(ge=1)
    memory_gb: Whole = Field(ge=1)
    storage_gb: Whole = Field(ge=1)
    objects: Whole = Field(ge=0, description="Connected objects that it is rated for")
    protocols: tuple[Protocol, ...] = ()


class Record(Part):
    """An identifier and what it resolves to."""

    identifier: str = Field(pattern=r"^[0-9]+(\.[0-9]+)+/[A-Za-z0-9._-]+$", max_length=128)
    value: str = Field(max_length=1000)


class IdentifierPlan(Part):
    """The resolution service of an identifier node (标识解析)."""

    prefix: str = Field(pattern=r"^[0-9]+(\.[0-9]+)+$", max_length=64)
    upstream: Text = Field(description="National or secondary node that it is registered with")
    tenants: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()


class NodePlan(Part):
    """A Linux node that parkops configures through Ansible."""

    role: Literal["edge-gateway", "edge-cloud", "identifier-node", "management-server"]
    segment: str
    title: Line = ""
    switch: Whole = Field(default=1, ge=1)
    broker: Flag = Field(default=False, description="Run an MQTT broker (mosquitto)")
    resources: Resources | None = None
    identifier: IdentifierPlan | None = None


class RingPlan(Part):
    """Ring redundancy of a site's switches."""

    protocol: Literal["rstp"] = "rstp"


class SitePlan(Part):
    """Switches with segments, endpoints and nodes: a plant, an office, a service network."""

    title: Text
    kind: Literal["plant", "office", "service", "public"] = "office"
    switches: Whole = Field(default=1, ge=1, le=50)
    ring: RingPlan | None = None
    ports: Whole = Field(default=12, ge=4, le=52, description="Data ports of each switch")
    ip_code: str = Field(default="IP20", pattern=r"^IP[0-6][0-9]$")
    power_supplies: Whole = Field(default=1, ge=1, le=2)
    ups_minutes: Whole = Field(default=0, ge=0)
    segments: dict[Id, SegmentPlan] = Field(min_length=1)
    endpoints: dict[Id, EndpointPlan] = Field(default_factory=dict)
    nodes: dict[Id, NodePlan] = Field(default_factory=dict)


class PublicPlan(SitePlan):
    """The public-service network (园区公共服务网络)."""

    mode: Literal["own", "shared"] = Field(description="Its own network, or a share of the backbone")


class TenantPlan(Part):
    """An enterprise of the park."""

    title: Text
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,7}$")] = Field(description="Starts device names")
    important: Flag = False
    leased_lines: dict[Id, CircuitPlan] = Field(default_factory=dict)
    sites: dict[Id, SitePlan] = Field(min_length=1)


class FlowPlan(Part):
    """Traffic that is allowed; what no flow allows is dropped at every boundary."""

    src: str = Field(alias="from", description="A zone, or a segment as tenant.site.segment")
    dst: str = Field(alias="to")
    service: tuple[ServiceSpec, ...] = Field(min_length=1)
    reason: Text
    owner: Text
    traffic: Literal["control", "management", "video", "data", "internet"] = "data"
    latency_ms: Number = Field(default=0, ge=0)
    local_only: Flag = Field(default=False, description="The data must not leave its tenant")


class ManagementPlan(Part):
    """Which nodes serve the management plane."""

    ntp: str
    syslog: str
    monitoring: str
    upstream_ntp: tuple[Host, ...] = ()


class MonitoringPlan(Part):
    """How closely the park is watched."""

    interval_s: Number = Field(default=5, ge=0.5, le=3600)
    objective_percent: Number = Field(default=99.9, gt=0, le=100)


class CloudPlan(Part):
    """The park's cloud as the operator states it."""

    model: Literal["private", "park", "public", "hybrid"]
    servers: Whole = Field(ge=0)
    storage_tb: Number = Field(ge=0)
    controller: str = ""


class SecurityPlan(Part):
    """Security platforms and how many of them report upward, as the operator states it."""

    platform: str = ""
    platforms: Whole = Field(default=0, ge=0)
    connected_platforms: Whole = Field(default=0, ge=0)
    quarantine: Flag = Field(default=False, description="A quarantine action is prepared for each tenant")
    graded_response: tuple[Literal["log", "limit", "quarantine", "block"], ...] = ()


class FigurePlan(Part):
    """An indicator's value as the operator states it, with its evidence."""

    value: Number | Flag
    x_min: Number | None = None
    x_max: Number | None = None
    evidence: Text
    date: Day
    by: Text


class AttestationPlan(Part):
    """The operator's word for a requirement that no machine can decide."""

    evidence: Text
    date: Day
    by: Text
    expires: Day


class WaiverPlan(Part):
    """A requirement that is not met on purpose."""

    owner: Text
    reason: Text
    expires: Day


class Plan(Part):
    """A whole park."""

    park: ParkInfo
    access: AccessInfo = AccessInfo()
    pools: Pools
    zones: dict[Id, ZonePlan] = Field(min_length=1)
    backbone: Backbone
    services: SitePlan
    public: PublicPlan
    tenants: dict[Id, TenantPlan] = Field(min_length=1)
    flows: dict[Id, FlowPlan] = Field(min_length=1)
    management: ManagementPlan
    monitoring: MonitoringPlan = MonitoringPlan()
    cloud: CloudPlan | None = None
    security: SecurityPlan = SecurityPlan()
    figures: dict[int, FigurePlan] = Field(default_factory=dict)
    attestations: dict[str, AttestationPlan] = Field(default_factory=dict)
    waivers: dict[str, WaiverPlan] = Field(default_factory=dict)


__all__ = ["IPv4Address", "Part", "Plan", "SitePlan"]
