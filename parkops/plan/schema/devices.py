"""Which platform a device is, by role or by name, and what is special about single devices."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from parkops.plan.schema.base import Part, Text, Whole

NodeRole = Literal[
    "edge-controller",
    "edge-gateway",
    "edge-cloud",
    "cloud-host",
    "server",
    "identifier-node",
    "management-server",
]
DeviceRole = Literal[
    "core",
    "spine",
    "aggregation",
    "leaf",
    "exit",
    "park-firewall",
    "boundary",
    "ring-switch",
    "access-switch",
    "access-point",
    "wireless-controller",
    "5g-cpe",
    "one-way-gateway",
    NodeRole,
]
PlatformName = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="A folder of platforms: huawei_vrp, frr, linux, …"),
]
PlatformMap = dict[DeviceRole, PlatformName]
DevicePattern = Annotated[
    str,
    Field(pattern=r"^[a-z0-9*?][a-z0-9*?-]{0,62}$", description="A device's name; * and ? stand for more"),
]


PortNumber = Annotated[Whole, Field(ge=1, le=576)]


class DevicePlan(Part):
    """What is special about one device, or about all whose names fit a pattern."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"platform": "huawei_vrp", "model": "S5735-L24T4X-IA1", "ports": 24},
                {"title": "一号车间 汇聚交换机", "properties": {"asset": "A-2026-0117", "rack": "3-12"}},
            ]
        }
    )

    platform: PlatformName | None = Field(default=None, description="Platform of this device alone")
    model: Text | None = Field(default=None, description="Hardware, as it stands on the type plate")
    title: Text | None = Field(default=None, description="Name for people, any language")
    ports: Whole | None = Field(default=None, ge=2, le=576, description="Data ports that the device has")
    properties: dict[Text, Text] = Field(
        default_factory=dict, description="Further facts: rack, asset number, ip_code, power_supplies, …"
    )
    cables: dict[str, PortNumber] = Field(
        default_factory=dict,
        description="Port numbers that cables stand in already, by the device they lead to",
    )
