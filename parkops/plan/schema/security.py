"""Zones, the flows between them, and what watches over them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parkops.plan.schema.base import Flag, Number, Part, ServiceSpec, Text, Whole


class ZonePlan(Part):
    """A security zone."""

    title: Text
    kind: Literal["production", "enterprise", "public-service", "park-service", "management", "external"]
    mlps_level: Whole = Field(default=2, ge=1, le=4, description="Level of GB/T 22239-2019")
    industrial: Flag = Field(default=False, description="The industrial-control extension applies")


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


class SecurityPlan(Part):
    """Security platforms and how many of them report upward, as the operator states it."""

    platform: str = ""
    platforms: Whole = Field(default=0, ge=0)
    connected_platforms: Whole = Field(default=0, ge=0)
    quarantine: Flag = Field(default=False, description="A quarantine action is prepared for each tenant")
    graded_response: tuple[Literal["log", "limit", "quarantine", "block"], ...] = ()
