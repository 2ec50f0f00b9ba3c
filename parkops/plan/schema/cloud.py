"""The cloud: zones, hosts, quotas; and the platforms that the park hosts or uses."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from parkops.plan.schema.base import Flag, Host, Id, Number, Part, ServiceSpec, Text, Whole, examples

CloudModel = Literal["private", "park", "public", "hybrid"]


class CloudZonePlan(Part):
    """A zone of the cloud; the hosts in it name it by `cloud_zone`."""

    model_config = examples(
        {"title": "园区云一区", "model": "park"}, {"title": "公有云", "model": "public", "provider": "天翼云"}
    )

    title: Text
    model: CloudModel = Field(
        default="park", description="Who the zone is for and who runs it; a public one names its provider"
    )
    provider: str = Field(default="", max_length=200, description="Who runs a public zone")


class CloudTenantPlan(Part):
    """What a tenant may use of the cloud."""

    model_config = examples(
        {
            "zones": ["az-1"],
            "vcpus": 32,
            "memory_gb": 128,
            "storage_gb": 2000,
            "networks": ["huaxing.office.staff"],
        }
    )

    zones: tuple[str, ...] = Field(min_length=1, description="Zones of the cloud that it may use")
    vcpus: Whole = Field(ge=1, description="Virtual processors that it may use")
    memory_gb: Whole = Field(ge=1, description="Memory that it may use, GB")
    storage_gb: Whole = Field(ge=1, description="Storage that it may use, GB")
    networks: tuple[str, ...] = Field(
        default=(), description="Segments that its machines join, as services.name or tenant.site.name"
    )
    floating_ips: Whole = Field(
        default=0, ge=0, description="Addresses of its machines towards other networks"
    )


class CloudPlan(Part):
    """The park's cloud (云基础设施)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": "park", "servers": 24, "storage_tb": 320},
                {
                    "model": "hybrid",
                    "servers": 2,
                    "storage_tb": 40,
                    "zones": {"az-1": {"title": "园区云一区", "model": "park"}},
                    "tenants": {
                        "huaxing": {"zones": ["az-1"], "vcpus": 32, "memory_gb": 128, "storage_gb": 2000}
                    },
                },
            ]
        }
    )
    model: CloudModel = Field(description="Private, of the park, public, or several of these")
    servers: Whole = Field(ge=0, description="Servers under management, as the operator states")
    storage_tb: Number = Field(ge=0, description="Storage under management, TB, as the operator states")
    controller: str = Field(default="", description="Management server that runs the cloud's controller")
    overcommit: Number = Field(default=4, ge=1, le=16, description="Virtual CPUs for each core of a host")
    zones: dict[Id, CloudZonePlan] = Field(default_factory=dict, description="Zones of the cloud by name")
    tenants: dict[Id, CloudTenantPlan] = Field(
        default_factory=dict, description="Quotas; together they fit the hosts"
    )


class HostedPlan(Part):
    """A platform, a database, an application or a portal, or one outside that the park uses."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "园区工业互联网平台",
                    "kind": "platform",
                    "node": "mgmt-1",
                    "service": ["https"],
                    "users": ["hx-office"],
                    "reason": "企业使用园区平台",
                    "owner": "平台部",
                },
                {
                    "title": "城市工业互联网平台",
                    "kind": "upstream",
                    "zone": "internet",
                    "address": "platform.city.example",
                    "service": ["https"],
                    "users": ["operations"],
                    "reason": "数据上报",
                    "owner": "运营部",
                    "level": "city",
                },
            ]
        }
    )
    title: Text
    kind: Literal["platform", "database", "application", "portal", "upstream"] = Field(
        description="What it is; upstream is a platform outside that the park uses"
    )
    node: str = Field(default="", description="Node or endpoint of the park that it runs on")
    zone: str = Field(default="", description="External zone that an upstream platform is reached by")
    address: Host | Literal[""] = Field(default="", description="Name or address of an upstream platform")
    service: tuple[ServiceSpec, ...] = Field(
        min_length=1, description="What it listens on: tcp/PORT, udp/PORT, icmp, or a protocol by name"
    )
    users: tuple[str, ...] = Field(default=(), description="Zones or segments that use it; flows follow")
    reason: Text = Field(description="Why they use it; stands in each rule")
    owner: Text
    traffic: Literal["control", "management", "video", "data", "internet"] = "data"
    data: Literal["industry", "park", "enterprise", "government", ""] = Field(
        default="", description="Whose data a database holds"
    )
    level: Literal["government", "city", "national", ""] = Field(
        default="", description="Level of an upstream platform"
    )
    local_only: Flag = Field(default=False, description="Its data must not leave its tenant")
