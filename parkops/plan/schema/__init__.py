"""The plan language: what a park.yaml may say, with bounds, defaults and descriptions."""

from __future__ import annotations

from pydantic import Field

from parkops.plan.schema.backbone import Backbone, CircuitPlan, Cores, Exit
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
from parkops.plan.schema.edge import IdentifierPlan, NodePlan, Record, Resources
from parkops.plan.schema.operations import (
    AttestationPlan,
    CloudPlan,
    FigurePlan,
    ManagementPlan,
    MonitoringPlan,
    WaiverPlan,
)
from parkops.plan.schema.park import AccessInfo, ParkInfo, Pool4, Pool46, Pools, VlanPool
from parkops.plan.schema.security import FlowPlan, SecurityPlan, ZonePlan
from parkops.plan.schema.sites import EndpointPlan, PublicPlan, RingPlan, SegmentPlan, SitePlan, TenantPlan


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


__all__ = [
    "Access",
    "AccessInfo",
    "AttestationPlan",
    "Backbone",
    "CircuitPlan",
    "CloudPlan",
    "Cores",
    "Day",
    "Element",
    "EndpointPlan",
    "Exit",
    "FigurePlan",
    "Flag",
    "FlowPlan",
    "Host",
    "Id",
    "IdentifierPlan",
    "Line",
    "ManagementPlan",
    "MonitoringPlan",
    "NodePlan",
    "Number",
    "ParkInfo",
    "Part",
    "Plan",
    "Pool4",
    "Pool46",
    "Pools",
    "Prefix4",
    "Prefix6",
    "Protocol",
    "PublicPlan",
    "Record",
    "Resources",
    "RingPlan",
    "SecurityPlan",
    "SegmentPlan",
    "ServiceSpec",
    "SitePlan",
    "TenantPlan",
    "Text",
    "VlanPool",
    "WaiverPlan",
    "Whole",
    "ZonePlan",
]
