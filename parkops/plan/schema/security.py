"""Zones, the flows and conduits between them, and what watches over them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from parkops.plan.schema.base import Flag, Id, Line, Number, Part, ServiceSpec, Text, Whole, examples

Stage = Literal["log", "limit", "quarantine", "block"]


class ZonePlan(Part):
    """A security zone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "生产控制区", "kind": "production", "mlps_level": 3, "industrial": True}]
        }
    )
    title: Text
    kind: Literal["production", "enterprise", "public-service", "park-service", "management", "external"] = (
        Field(description="What is in it; external: outside the park")
    )
    mlps_level: Whole = Field(default=2, ge=1, le=4, description="Level of GB/T 22239-2019")
    industrial: Flag = Field(default=False, description="The industrial-control extension applies")
    security_level: Whole | None = Field(
        default=None, ge=1, le=4, description="Target security level (SL-T) of IEC 62443-3-3"
    )


class FlowBase(Part):
    """What is allowed, and why."""

    service: tuple[ServiceSpec, ...] = Field(
        min_length=1, description="tcp/PORT, udp/PORT, icmp, or a protocol by name such as opcua"
    )
    reason: Text
    owner: Text
    traffic: Literal["control", "management", "video", "data", "internet"] = "data"
    latency_ms: Number = Field(
        default=0, ge=0, description="Most time that a packet may take, ms; 0 for no target"
    )
    local_only: Flag = Field(default=False, description="The data must not leave its tenant")
    one_way: Flag = Field(
        default=False, description="Nothing may come back: UDP only, through a one-way gateway where one is"
    )
    log: Flag = Field(default=False, description="Each new session is logged")
    cleared: Line = Field(
        default="", description="Why data may leave the tenant though a local-only workload is at the source"
    )


class FlowPlan(FlowBase):
    """Traffic that is allowed; what no flow allows is dropped at every boundary."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": "hx-office",
                    "to": "hx-control",
                    "service": ["opcua"],
                    "reason": "制造执行系统读取设备状态",
                    "owner": "信息部",
                    "traffic": "control",
                    "latency_ms": 50,
                }
            ]
        }
    )
    src: str = Field(alias="from", description="A zone, or a segment as tenant.site.segment")
    dst: str = Field(alias="to", description="A zone, or a segment as tenant.site.segment")


class ConduitFlowPlan(FlowBase):
    """A flow inside a conduit; it leads from the conduit's first zone to its second."""

    model_config = examples({"service": ["tcp/443"], "reason": "下发工单", "owner": "生产部", "back": True})

    back: Flag = Field(default=False, description="It leads from the second zone to the first")


class ConduitPlan(Part):
    """The communication between two zones, taken together (IEC 62443-3-2, 3.1.6)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "zones": ["hx-office", "hx-control"],
                    "security_level": 2,
                    "flows": {"mes": {"service": ["opcua"], "reason": "读取设备状态", "owner": "信息部"}},
                }
            ]
        }
    )
    zones: tuple[str, str] = Field(description="The two zones that it joins")
    title: Line = ""
    security_level: Whole | None = Field(
        default=None, ge=1, le=4, description="SL-T; default the higher one of its zones"
    )
    flows: dict[Id, ConduitFlowPlan] = Field(
        default_factory=dict, description="Flows of the conduit; those of `flows` between its zones join them"
    )


class OneWayPlan(Part):
    """A one-way gateway between two zones: what passes it gets no answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "hx-control", "to": "hx-office", "title": "单向网闸"}]}
    )
    src: str = Field(alias="from", description="Zone that sends")
    dst: str = Field(alias="to", description="Zone that receives")
    title: Line = ""
    model: Line = Field(default="", description="Hardware, as it stands on the type plate")


class SecurityPlan(Part):
    """Security platforms, quarantine, response, and how strictly MLPS is held."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "platform": "安全态势感知平台",
                    "platforms": 3,
                    "connected_platforms": 2,
                    "quarantine": True,
                    "graded_response": ["log", "limit", "quarantine", "block"],
                    "mlps": "enforce",
                }
            ]
        }
    )
    platform: str = Field(default="", description="Name of the security platform")
    platforms: Whole = Field(default=0, ge=0, description="Security platforms of the park and its tenants")
    connected_platforms: Whole = Field(default=0, ge=0, description="How many of them report to the park's")
    quarantine: Flag = Field(default=False, description="A quarantine action is prepared for each tenant")
    graded_response: tuple[Stage, ...] = Field(
        default=(), description="Stages of a response, mildest first; default all four"
    )
    quarantine_segments: Flag = Field(
        default=False, description="Quarantine is prepared for each segment as well"
    )
    mlps: Literal["advise", "enforce"] = Field(
        default="advise", description="Refuse a plan that falls short of its zones' MLPS levels, or advise"
    )
    one_way: dict[Id, OneWayPlan] = Field(default_factory=dict, description="One-way gateways")
