"""Edge nodes: what they have, what they run, and identifier resolution."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from parkops.plan.schema.base import (
    Flag,
    Id,
    Line,
    Number,
    Part,
    Protocol,
    ServiceSpec,
    Text,
    Whole,
    examples,
)
from parkops.plan.schema.devices import NodeRole

Image = Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$", description="Container image")]
EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
WorkloadKind = Literal["controller", "opcua-gateway", "modbus-bridge", "analytics", "application"]


class Resources(Part):
    """What an edge node has and what it is rated for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cpu_cores": 4,
                    "memory_gb": 8,
                    "storage_gb": 128,
                    "objects": 120,
                    "protocols": ["opcua", "mqtt"],
                }
            ]
        }
    )
    cpu_cores: Whole = Field(ge=1, description="Processor cores")
    memory_gb: Whole = Field(ge=1)
    storage_gb: Whole = Field(ge=1)
    objects: Whole = Field(default=0, ge=0, description="Connected objects that it is rated for")
    protocols: tuple[Protocol, ...] = Field(default=(), description="Protocols that it understands")


class WorkloadPlan(Part):
    """A program that an edge node runs in a container."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "image": "registry.example/analytics:1.4",
                    "kind": "analytics",
                    "cpu_cores": 2,
                    "memory_mb": 2048,
                    "ports": ["tcp/8080"],
                }
            ]
        }
    )
    image: Image
    kind: WorkloadKind = Field(default="application", description="What the program is")
    cpu_cores: Number = Field(gt=0, le=1024, description="Processors that it needs")
    memory_mb: Whole = Field(ge=1, description="Memory that it needs, MB")
    storage_gb: Whole = Field(default=0, ge=0, description="Storage that it needs, GB")
    ports: tuple[ServiceSpec, ...] = Field(default=(), description="Ports or protocols that it listens on")
    local_only: Flag = Field(
        default=False, description="Its data stay with the tenant: flows that would take them out are refused"
    )
    cycle_us: Whole = Field(default=0, ge=0, le=10_000_000, description="Control cycle of a controller")
    env: dict[EnvName, Line] = Field(default_factory=dict, description="Values, or secret references")


class PlacedWorkloadPlan(WorkloadPlan):
    """A program that the design places on edge nodes of its site."""

    model_config = examples(
        {
            "image": "registry.example/vision:2.1",
            "kind": "analytics",
            "cpu_cores": 1.5,
            "memory_mb": 1024,
            "replicas": 2,
            "nodes": ["edge-1", "edge-2"],
        }
    )

    replicas: Whole = Field(default=1, ge=1, le=100, description="Each on a node of its own")
    nodes: tuple[str, ...] = Field(default=(), description="Nodes that may carry it; none: every edge node")


class Record(Part):
    """An identifier and what it resolves to."""

    model_config = examples({"identifier": "88.136.1/A-2026-0001", "value": "https://id.example/A-2026-0001"})

    identifier: str = Field(
        pattern=r"^[0-9]+(\.[0-9]+)+/[A-Za-z0-9._-]+$",
        max_length=128,
        description="Identifier: prefix/suffix",
    )
    value: str = Field(max_length=1000, description="What it resolves to")


class IdentifierPlan(Part):
    """The resolution service of an identifier node (标识解析)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"prefix": "88.136.1", "upstream": "二级节点", "upstream_prefix": "88.136"}]
        }
    )
    prefix: str = Field(
        pattern=r"^[0-9]+(\.[0-9]+)+$",
        max_length=64,
        description="Prefix that it resolves; unique in the park",
    )
    upstream: Text = Field(
        description="National or secondary node that it is registered with, or an identifier node of the park"
    )
    upstream_prefix: str = Field(
        default="",
        pattern=r"^([0-9]+(\.[0-9]+)+)?$",
        max_length=64,
        description="Prefix of an upstream node outside the park; the node's own lies inside it",
    )
    via: str = Field(default="", description="External zone by which an upstream node outside is reached")
    tenants: tuple[str, ...] = Field(default=(), description="Tenants that it resolves for; none: the park")
    records: tuple[Record, ...] = Field(default=(), description="Identifiers that it answers for")


class NodePlan(Part):
    """A Linux node that parkops configures through Ansible."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"role": "management-server", "segment": "operations"},
                {
                    "role": "edge-gateway",
                    "segment": "control",
                    "broker": True,
                    "resources": {"cpu_cores": 4, "memory_gb": 8, "storage_gb": 128, "objects": 120},
                },
            ]
        }
    )
    role: NodeRole = Field(description="What the node is")
    segment: str
    title: Line = ""
    switch: Whole = Field(default=1, ge=1, description="Number of the switch that it hangs on")
    broker: Flag = Field(default=False, description="Run an MQTT broker (mosquitto)")
    cycle_us: Whole = Field(
        default=0, ge=0, le=10_000_000, description="Control cycle of an edge controller, required there"
    )
    resources: Resources | None = Field(default=None, description="What it has and is rated for")
    identifier: IdentifierPlan | None = Field(
        default=None, description="Its resolution service, on an identifier node"
    )
    workloads: dict[Id, WorkloadPlan] = Field(default_factory=dict, description="Programs that it runs")
    cloud_zone: str = Field(default="", description="Zone of the cloud that a cloud host belongs to")
