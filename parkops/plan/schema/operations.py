"""Management, monitoring, cloud, and what the operator states."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parkops.plan.schema.base import Day, Flag, Host, Number, Part, Text, Whole


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
