"""The park backbone and its exits."""

from __future__ import annotations

from pydantic import Field

from parkops.plan.schema.base import Id, Part, Prefix4, Prefix6, Text, Whole


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
