"""Management, monitoring, growth, and what the operator states."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from parkops.plan.schema.base import Day, Flag, Host, Id, Line, Number, Part, Secret, Text, Whole


def _several(value: object) -> object:
    """Take one name for a list of one."""
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]
User = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,30}$")]


class AaaServerPlan(Part):
    """A RADIUS or TACACS+ server: a management server of the park by its name, or an address."""

    key: Secret = Field(description="Shared secret, by reference")
    port: Whole | None = Field(default=None, ge=1, le=65535, description="Default 1812, or 49")


class AaaPlan(Part):
    """Who decides about logins (and network access); local users stand in when no server answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"protocol": "radius", "servers": {"mgmt-1": {"key": "env:RADIUS_KEY"}}}]
        }
    )
    protocol: Literal["radius", "tacacs"] = "radius"
    servers: dict[Host, AaaServerPlan] = Field(min_length=1)


class SnmpUserPlan(Part):
    """An SNMPv3 user, authentication and privacy (RFC 3414)."""

    auth_key: Secret
    privacy_key: Secret
    auth: Literal["sha256", "sha384", "sha512"] = "sha256"
    privacy: Literal["aes128", "aes256"] = "aes128"
    write: Flag = False


class SnmpPlan(Part):
    """SNMPv3 access; older versions are never rendered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"users": {"watch": {"auth_key": "env:SNMP_AUTH", "privacy_key": "env:SNMP_PRIV"}}}]
        }
    )
    users: dict[User, SnmpUserPlan] = Field(min_length=1)
    traps: tuple[str, ...] = Field(default=(), description="Management servers that receive notifications")


class LocalUserPlan(Part):
    """A local account for when no AAA server answers."""

    password_hash: Secret
    role: Literal["admin", "operator", "auditor"] = Field(
        default="admin", description="Three separate powers (GB/T 22239-2019, 8.1.10)"
    )
    privilege: Whole = Field(default=15, ge=0, le=15)


class LoginPlan(Part):
    """Limits on logins."""

    idle_s: Whole | None = Field(
        default=None, ge=30, le=3600, description="An idle session ends; default 600"
    )
    login_attempts: Whole | None = Field(default=None, ge=1, le=10, description="Default 5")
    lockout_s: Whole | None = Field(default=None, ge=30, le=86400, description="Default 600")
    sessions: Whole | None = Field(default=None, ge=1, le=16, description="At once; default 8")


class DnsPlan(Part):
    """Name resolution of the devices."""

    servers: tuple[Host, ...] = Field(min_length=1, description="Management servers or addresses")
    domain: Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)*[a-z0-9-]+$")] = "park.internal"


class OutOfBandPlan(Part):
    """The network that devices are managed by, apart from all that tenants use."""

    vrf: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,14}$")] = Field(
        default="mgmt", description="Routing instance of network devices for management"
    )


class ManagementPlan(LoginPlan):
    """Which nodes serve the management plane, and how devices are logged in to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"ntp": "mgmt-1", "syslog": "mgmt-1", "monitoring": "mgmt-1"},
                {
                    "ntp": ["mgmt-1", "mgmt-2"],
                    "syslog": ["mgmt-1", "mgmt-2"],
                    "monitoring": "mgmt-1",
                    "ntp_key": "env:NTP_KEY",
                    "aaa": {"servers": {"mgmt-1": {"key": "env:RADIUS_KEY"}}},
                    "local_users": {"rescue": {"password_hash": "env:RESCUE_HASH"}},
                },
            ]
        }
    )
    ntp: Names = Field(description="Management servers that give the time, best first")
    syslog: Names = Field(description="Management servers that collect logs")
    monitoring: str = Field(description="Management server that watches the park")
    upstream_ntp: tuple[Host, ...] = Field(default=(), description="Where the time servers get theirs from")
    ntp_key: Secret | None = Field(default=None, description="Key that authenticates the time (RFC 8573)")
    ntp_key_id: Whole = Field(default=1, ge=1, le=65535)
    syslog_tls: Flag = Field(default=False, description="Logs travel over TLS (RFC 5425), port 6514")
    syslog_level: Literal["emergency", "alert", "critical", "error", "warning", "notice", "informational"] = (
        "informational"
    )
    dns: DnsPlan | None = None
    aaa: AaaPlan | None = None
    snmp: SnmpPlan | None = None
    local_users: dict[User, LocalUserPlan] = Field(default_factory=dict)
    banner: Text = "Authorised access only. All activity is logged."
    levels: dict[Annotated[int, Field(ge=1, le=4)], LoginPlan] = Field(
        default_factory=dict, description="Stricter limits for devices of zones of an MLPS level"
    )
    control_plane_pps: Whole = Field(
        default=1000, ge=100, le=1_000_000, description="Limit of packets to a device itself"
    )
    out_of_band: OutOfBandPlan | None = None
    location: Line = ""
    contact: Line = ""


class ObjectivePlan(Part):
    """What share of the time something must be up, and how fast it must be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"for": "zone:hx-control", "availability_percent": 99.95, "latency_ms": 10}]
        }
    )
    subject: str = Field(
        alias="for",
        pattern=r"^(all|(role|zone|tenant|flow|class):.+)$",
        description="all, role:ROLE, zone:ZONE, tenant:TENANT, flow:FLOW or class:TRAFFIC",
    )
    availability_percent: Number = Field(gt=0, le=100)
    window_days: Whole = Field(default=30, ge=1, le=366)
    latency_ms: Number = Field(default=0, ge=0)
    loss_percent: Number = Field(default=0, ge=0, le=100)


class MonitoringPlan(Part):
    """How closely the park is watched."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "interval_s": 5,
                    "objective_percent": 99.9,
                    "intervals": {"core": 1, "boundary": 2},
                    "objectives": {"control": {"for": "class:control", "availability_percent": 99.99}},
                }
            ]
        }
    )
    interval_s: Number = Field(default=5, ge=0.5, le=3600)
    objective_percent: Number = Field(default=99.9, gt=0, le=100)
    intervals: dict[str, Annotated[Number, Field(ge=0.5, le=3600)]] = Field(
        default_factory=dict, description="Seconds between probes by role of device"
    )
    objectives: dict[Id, ObjectivePlan] = Field(default_factory=dict)


class FigurePlan(Part):
    """An indicator's value as the operator states it, with its evidence."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"value": 110, "evidence": "evidence/apps.xlsx", "date": "2026-09-30", "by": "平台部"},
                {
                    "numerator": 34,
                    "denominator": 40,
                    "evidence": "evidence/cloud.pdf",
                    "date": "2026-09-30",
                    "by": "运营部",
                },
                {
                    "years": {"2024": 410.5, "2025": 455},
                    "evidence": "evidence/output.pdf",
                    "date": "2026-03-31",
                    "by": "财务部",
                },
            ]
        }
    )
    value: Number | Flag | None = Field(default=None, description="The value, in the indicator's unit")
    numerator: Number | None = Field(default=None, ge=0, description="Of a share, instead of `value`")
    denominator: Number | None = Field(default=None, gt=0)
    years: dict[Annotated[int, Field(ge=2000, le=2100)], Number] = Field(
        default_factory=dict, description="Amounts by year, from which a yearly growth rate follows"
    )
    components: dict[Text, Number | Flag] = Field(
        default_factory=dict, description="Components of the indicator by their names in the catalogue"
    )
    x_min: Number | None = None
    x_max: Number | None = None
    evidence: Text = Field(description="File that shows it")
    date: Day
    by: Text = Field(description="Who states it")


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
