"""Edge nodes: what they have, what they run, and identifier resolution."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parkops.plan.schema.base import Flag, Line, Part, Protocol, Text, Whole


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
