"""Management, monitoring, growth, and what the operator states."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from parkops.plan.schema.base import Day, Flag, Host, Id, Line, Number, Part, Secret, Text, Whole, examples
from parkops.plan.schema.events import EventsPlan
from parkops.plan.schema.watching import ListenPlan, RetentionPlan


def _several(value: object) -> object:
    """Take one name for a list of one."""
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]
Money = Annotated[Number, Field(ge=0, le=1e12)]
User = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,30}$")]


class AaaServerPlan(Part):
    """A RADIUS or TACACS+ server: a management server of the park by its name, or an address."""

    model_config = examples({"key": "env:RADIUS_KEY", "port": 1812})

    key: Secret = Field(description="Shared secret, by reference")
    port: Whole | None = Field(default=None, ge=1, le=65535, description="Default 1812, or 49")


class AaaPlan(Part):
    """Who decides about logins (and network access); local users stand in when no server answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"protocol": "radius", "servers": {"mgmt-1": {"key": "env:RADIUS_KEY"}}}]
        }
    )
    protocol: Literal["radius", "tacacs"] = Field(
        default="radius", description="RADIUS (RFC 2865) or TACACS+ (RFC 8907)"
    )
    servers: dict[Host, AaaServerPlan] = Field(
        min_length=1, description="Servers, by the name of a management server or by address"
    )


class SnmpUserPlan(Part):
    """An SNMPv3 user, authentication and privacy (RFC 3414)."""

    model_config = examples(
        {"auth_key": "env:SNMP_AUTH", "privacy_key": "env:SNMP_PRIV", "privacy": "aes256"}
    )

    auth_key: Secret = Field(description="Key of authentication, by reference")
    privacy_key: Secret = Field(description="Key of encryption, by reference")
    auth: Literal["sha256", "sha384", "sha512"] = Field(default="sha256", description="HMAC-SHA-2 (RFC 7860)")
    privacy: Literal["aes128", "aes256"] = Field(default="aes128", description="AES in CFB mode (RFC 3826)")
    write: Flag = Field(default=False, description="It may change values, not only read")


class SnmpPlan(Part):
    """SNMPv3 access; older versions are never rendered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"users": {"watch": {"auth_key": "env:SNMP_AUTH", "privacy_key": "env:SNMP_PRIV"}}}]
        }
    )
    users: dict[User, SnmpUserPlan] = Field(min_length=1, description="Users by name")
    traps: tuple[str, ...] = Field(default=(), description="Management servers that receive notifications")


class LocalUserPlan(Part):
    """A local account for when no AAA server answers."""

    model_config = examples({"password_hash": "env:RESCUE_HASH", "role": "admin", "privilege": 15})

    password_hash: Secret = Field(description="Hash of its password, by reference")
    role: Literal["admin", "operator", "auditor"] = Field(
        default="admin", description="Three separate powers (GB/T 22239-2019, 8.1.10)"
    )
    privilege: Whole = Field(
        default=15, ge=0, le=15, description="Level of privilege where the platform knows levels; 15 is all"
    )


class LoginPlan(Part):
    """Limits on logins."""

    model_config = examples({"idle_s": 300, "login_attempts": 3, "lockout_s": 900, "sessions": 4})

    idle_s: Whole | None = Field(
        default=None, ge=30, le=3600, description="An idle session ends; default 600"
    )
    login_attempts: Whole | None = Field(default=None, ge=1, le=10, description="Default 5")
    lockout_s: Whole | None = Field(default=None, ge=30, le=86400, description="Default 600")
    sessions: Whole | None = Field(default=None, ge=1, le=16, description="At once; default 8")


class DnsPlan(Part):
    """Name resolution of the devices."""

    model_config = examples({"servers": ["mgmt-1"], "domain": "park.example"})

    servers: tuple[Host, ...] = Field(min_length=1, description="Management servers or addresses")
    domain: Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)*[a-z0-9-]+$")] = Field(
        default="park.internal", description="Domain that the names of devices end in"
    )


class OutOfBandPlan(Part):
    """The network that devices are managed by, apart from all that tenants use."""

    model_config = examples({"vrf": "mgmt"})

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
    ntp_key_id: Whole = Field(default=1, ge=1, le=65535, description="Number of the key")
    syslog_tls: Flag = Field(default=False, description="Logs travel over TLS (RFC 5425), port 6514")
    syslog_level: Literal["emergency", "alert", "critical", "error", "warning", "notice", "informational"] = (
        Field(default="informational", description="Least severity that is sent (RFC 5424)")
    )
    dns: DnsPlan | None = Field(default=None, description="Where devices resolve names")
    aaa: AaaPlan | None = Field(default=None, description="Who decides about logins")
    snmp: SnmpPlan | None = Field(default=None, description="SNMPv3 access for monitoring")
    local_users: dict[User, LocalUserPlan] = Field(
        default_factory=dict, description="Accounts for when no AAA server answers"
    )
    banner: Text = Field(
        default="Authorised access only. All activity is logged.", description="Text before the login"
    )
    levels: dict[Annotated[int, Field(ge=1, le=4)], LoginPlan] = Field(
        default_factory=dict, description="Stricter limits for devices of zones of an MLPS level"
    )
    control_plane_pps: Whole = Field(
        default=1000, ge=100, le=1_000_000, description="Limit of packets to a device itself"
    )
    out_of_band: OutOfBandPlan | None = Field(
        default=None, description="A management network apart from all others"
    )
    location: Line = Field(default="", description="Where the devices stand (SNMP sysLocation)")
    contact: Line = Field(default="", description="Who is called (SNMP sysContact)")


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
    availability_percent: Number = Field(gt=0, le=100, description="Share of the time that it must be up")
    window_days: Whole = Field(default=30, ge=1, le=366, description="Days over which that is counted")
    latency_ms: Number = Field(default=0, ge=0)
    loss_percent: Number = Field(
        default=0, ge=0, le=100, description="Most packets that may be lost; 0 for no target"
    )


ProbeName = Literal[
    "icmp", "tcp", "tls", "http", "https", "dns", "ntp", "ssh", "netconf", "snmp", "lldp", "link", "gnmi",
    "mqtt", "opcua", "modbus", "radius", "syslog", "identifier", "exit",
]  # fmt: skip


class ProbePlan(Part):
    """Something that is watched beside what follows from the rest of the plan."""

    model_config = examples(
        {
            "probe": "exit",
            "device": "fw-1",
            "address": "198.51.100.10",
            "port": 443,
            "interval_s": 60,
            "params": {"exits": "ct-1=203.0.113.1,cu-1=203.0.113.5", "through": "ct-1"},
        },
        {"probe": "gnmi", "device": "core-1", "params": {"path": "/system/state", "tls": False}},
    )
    probe: ProbeName = Field(description="How it is asked")
    device: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = Field(
        description="Managed device that it is about"
    )
    address: IPv4Address | IPv6Address | None = Field(
        default=None, description="Where it is asked, where not at the device's management address"
    )
    port: Whole | None = Field(default=None, ge=1, le=65535, description="Default: that of the probe")
    interval_s: Number | None = Field(
        default=None, ge=0.5, le=86400, description="Seconds between probes, where not those of the role"
    )
    params: dict[Annotated[str, Field(pattern=r"^[a-z_]{1,24}$")], Line | Number | Flag] = Field(
        default_factory=dict, description="Parameters of the probe (docs/monitor.md)"
    )


class MonitoringPlan(EventsPlan):
    """How closely the park is watched, and how events are treated."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "interval_s": 5,
                    "objective_percent": 99.9,
                    "intervals": {"core": 1, "boundary": 2},
                    "objectives": {"control": {"for": "class:control", "availability_percent": 99.99}},
                    "probes": {"portal": {"probe": "https", "device": "mgmt-1", "params": {"min_days": 14}}},
                    "vantage": {"hx-control": "hx-p1-gw-1", "hx-mobile": "none"},
                    "deadlines": {"critical": {"acknowledge_s": 600, "resolve_s": 7200}},
                    "notify": {"duty": {"webhook": "https://tickets.example/parkops"}},
                    "listen": {"syslog": {"port": 514}, "traps": {"address": "172.31.0.1"}},
                    "retention": {"raw_hours": 24},
                }
            ]
        }
    )
    interval_s: Number = Field(default=5, ge=0.5, le=3600, description="Seconds between probes")
    objective_percent: Number = Field(
        default=99.9, gt=0, le=100, description="Share of the time that everything must be up"
    )
    intervals: dict[str, Annotated[Number, Field(ge=0.5, le=3600)]] = Field(
        default_factory=dict, description="Seconds between probes by role of device"
    )
    objectives: dict[Id, ObjectivePlan] = Field(
        default_factory=dict, description="Objectives of some devices, zones, tenants, flows or classes"
    )
    probes: dict[Id, ProbePlan] = Field(
        default_factory=dict, description="What else is watched, by a name of its own"
    )
    vantage: dict[Id, Id] = Field(
        default_factory=dict,
        description="Node that probes from a zone, where not the first that can shall; none for no probing",
    )
    listen: ListenPlan = Field(
        default=ListenPlan(), description="Where it takes syslog, SNMP traps and flow records"
    )
    retention: RetentionPlan = Field(default=RetentionPlan(), description="How long it keeps what it saw")


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
    denominator: Number | None = Field(
        default=None, ge=0, description="Of a share, together with the numerator; a share of 0 is unknown"
    )
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

    model_config = examples(
        {"evidence": "evidence/patrol.pdf", "date": "2026-06-30", "by": "安全部", "expires": "2027-06-30"}
    )

    evidence: Text = Field(description="File or record that proves it")
    date: Day
    by: Text
    expires: Day = Field(description="Day from which it must be stated anew")
    sha256: str = Field(
        default="",
        pattern=r"^([0-9a-fA-F]{64})?$",
        description="SHA-256 of the evidence's file; a file that was changed since proves nothing",
    )


class WaiverPlan(Part):
    """A requirement that is not met on purpose."""

    model_config = examples({"owner": "安全部", "reason": "旧设备明年更换", "expires": "2027-12-31"})

    owner: Text = Field(description="Who answers for it")
    reason: Text = Field(description="Why it is not met")
    expires: Day = Field(description="Day from which it no longer holds")


class AssessmentPlan(Part):
    """How the park is scored and advised: thresholds of its sector, weights, money for measures."""

    model_config = examples(
        {"profile": "electronics"},
        {
            "profile": "assess/ours.yaml",
            "weights": "assess/weights.yaml",
            "budget": [2_000_000, 1_500_000, 1_000_000, 500_000, 500_000],
            "prices": {"edge-nodes": 60_000, "platform-onboarding": 80_000},
        },
    )

    profile: Line = Field(
        default="general",
        pattern=r"^([a-z][a-z0-9-]*|[^/].*\.ya?ml)$",
        description="Thresholds: general, electronics, heavy-industry, logistics, or a file beside the plan",
    )
    weights: Line = Field(
        default="",
        pattern=r"^([^/].*\.ya?ml)?$",
        description="File of weights beside the plan, as `parkops weights` writes it; default the guide's",
    )
    budget: Money | Annotated[tuple[Money, ...], Field(min_length=1, max_length=5)] = Field(
        default=(), description="For measures, in the plan's currency: of each year, or one number for each"
    )
    prices: dict[Id, Money] = Field(
        default_factory=dict, description="Price of one unit of a measure; `parkops advise --measures` lists"
    )
