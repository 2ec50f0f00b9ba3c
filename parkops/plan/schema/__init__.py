"""The plan language: what a park.yaml may say, with bounds, defaults and descriptions."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import Field

from parkops.plan.schema.backbone import Backbone, CircuitPlan, Cores, Exit, FirewallPlan, LeasedLinePlan
from parkops.plan.schema.base import (
    Access,
    Day,
    Element,
    Flag,
    Host,
    Id,
    Line,
    Number,
    Part,
    Prefix4,
    Prefix6,
    Protocol,
    ServiceSpec,
    Text,
    Whole,
)
from parkops.plan.schema.cloud import CloudPlan, CloudTenantPlan, CloudZonePlan, HostedPlan
from parkops.plan.schema.devices import DevicePattern, DevicePlan, DeviceRole, PlatformMap
from parkops.plan.schema.edge import (
    IdentifierPlan,
    NodePlan,
    PlacedWorkloadPlan,
    Record,
    Resources,
    WorkloadPlan,
)
from parkops.plan.schema.enterprise import (
    AccessPointsPlan,
    InterconnectPlan,
    PortalPlan,
    PortsPlan,
    PublishedPlan,
    QosClassPlan,
    QosPlan,
    RemoteAccessPlan,
    WirelessPlan,
    WlanPlan,
)
from parkops.plan.schema.operations import (
    AssessmentPlan,
    AttestationPlan,
    FigurePlan,
    LoginPlan,
    ManagementPlan,
    MonitoringPlan,
    ObjectivePlan,
    ProbePlan,
    WaiverPlan,
)
from parkops.plan.schema.park import AccessInfo, GrowthPlan, ParkInfo, Pool4, Pool46, Pools, VlanPool
from parkops.plan.schema.production import CpePlan, RingPlan, SdnPlan, StreamPlan, TsnPlan
from parkops.plan.schema.security import ConduitPlan, FlowBase, FlowPlan, OneWayPlan, SecurityPlan, ZonePlan
from parkops.plan.schema.sites import EndpointPlan, PublicPlan, SegmentPlan, SitePlan, TenantPlan


class Plan(Part):
    """A whole park."""

    park: ParkInfo = Field(description="Who the park is, and how long its design must last")
    access: AccessInfo = AccessInfo()
    pools: Pools = Field(description="Where addresses, VLANs and other numbers come from")
    zones: dict[Id, ZonePlan] = Field(min_length=1)
    platforms: PlatformMap = Field(
        default_factory=dict, description="Platform of each role; tenants and sites may say otherwise"
    )
    backbone: Backbone = Field(description="The backbone that joins all tenants, and the way out of the park")
    services: SitePlan = Field(
        description="The park's own service network: management servers, platforms, identifier nodes"
    )
    public: PublicPlan = Field(description="The public-service network: cameras, lamps, chargers, guests")
    tenants: dict[Id, TenantPlan] = Field(min_length=1)
    devices: dict[DevicePattern, DevicePlan] = Field(
        default_factory=dict, description="What is special about single devices, by name or pattern"
    )
    flows: dict[Id, FlowPlan] = Field(min_length=1)
    published: dict[Id, PublishedPlan] = Field(
        default_factory=dict, description="Services that are reached from outside"
    )
    interconnects: dict[Id, InterconnectPlan] = Field(
        default_factory=dict, description="Tenants that may reach each other"
    )
    remote_access: dict[Id, RemoteAccessPlan] = Field(
        default_factory=dict, description="Remote access that the park firewall ends"
    )
    qos: QosPlan = Field(default_factory=dict, description="What is special about traffic classes")
    conduits: dict[Id, ConduitPlan] = Field(
        default_factory=dict, description="What passes between two zones, taken together (IEC 62443-3-2)"
    )
    hosted: dict[Id, HostedPlan] = Field(
        default_factory=dict, description="Platforms, databases, applications, portals, and those outside"
    )
    sdn: SdnPlan | None = Field(default=None, description="A controller that devices report to")
    management: ManagementPlan = Field(description="Time, logs, names, logins of all devices")
    monitoring: MonitoringPlan = Field(
        default=MonitoringPlan(), description="How closely the park is watched"
    )
    cloud: CloudPlan | None = Field(default=None, description="Cloud infrastructure: zones, hosts, quotas")
    security: SecurityPlan = Field(
        default=SecurityPlan(),
        description="Quarantine, graded response, one-way gateways, how strictly MLPS is held",
    )
    growth: GrowthPlan = Field(default_factory=dict)
    figures: dict[int, FigurePlan] = Field(default_factory=dict)
    catalogues: tuple[Line, ...] = Field(
        default=(), description="Files of the park's own controls, beside the plan (`parkops controls new`)"
    )
    attestations: dict[str, AttestationPlan] = Field(default_factory=dict)
    waivers: dict[str, WaiverPlan] = Field(default_factory=dict)
    assessment: AssessmentPlan = Field(
        default=AssessmentPlan(), description="How the park is scored and advised"
    )

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What is worked out from the whole plan once, since it never changes: its sites, its places."""
        return {}


__all__ = [
    "Access",
    "AccessInfo",
    "AccessPointsPlan",
    "AssessmentPlan",
    "AttestationPlan",
    "Backbone",
    "CircuitPlan",
    "CloudPlan",
    "CloudTenantPlan",
    "CloudZonePlan",
    "ConduitPlan",
    "Cores",
    "CpePlan",
    "Day",
    "DevicePattern",
    "DevicePlan",
    "DeviceRole",
    "Element",
    "EndpointPlan",
    "Exit",
    "FigurePlan",
    "FirewallPlan",
    "Flag",
    "FlowBase",
    "FlowPlan",
    "GrowthPlan",
    "Host",
    "HostedPlan",
    "Id",
    "IdentifierPlan",
    "InterconnectPlan",
    "LeasedLinePlan",
    "Line",
    "LoginPlan",
    "ManagementPlan",
    "MonitoringPlan",
    "NodePlan",
    "Number",
    "ObjectivePlan",
    "OneWayPlan",
    "ParkInfo",
    "Part",
    "PlacedWorkloadPlan",
    "Plan",
    "PlatformMap",
    "Pool4",
    "Pool46",
    "Pools",
    "PortalPlan",
    "PortsPlan",
    "Prefix4",
    "Prefix6",
    "ProbePlan",
    "Protocol",
    "PublicPlan",
    "PublishedPlan",
    "QosClassPlan",
    "QosPlan",
    "Record",
    "RemoteAccessPlan",
    "Resources",
    "RingPlan",
    "SdnPlan",
    "SecurityPlan",
    "SegmentPlan",
    "ServiceSpec",
    "SitePlan",
    "StreamPlan",
    "TenantPlan",
    "Text",
    "TsnPlan",
    "VlanPool",
    "WaiverPlan",
    "Whole",
    "WirelessPlan",
    "WlanPlan",
    "WorkloadPlan",
    "ZonePlan",
]
