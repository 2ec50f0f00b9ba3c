"""How events are treated: deadlines, planned work, damping, thresholds, and who is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from parkops.plan.schema.base import Day, Host, Id, Number, Part, Secret, Text, examples

Severity = Literal["critical", "warning"]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description='Time of day, "23:30"')]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=500)]


class DeadlinePlan(Part):
    """Within what time an event is answered."""

    model_config = examples({"acknowledge_s": 600, "resolve_s": 7200})

    acknowledge_s: Number = Field(gt=0, description="Seconds until somebody has taken it")
    resolve_s: Number = Field(gt=0, description="Seconds until it is well again")


class DampingPlan(Part):
    """Penalties of targets that come and go (RFC 2439): an outage adds 1, time halves what there is."""

    model_config = examples({"half_life_s": 900, "suppress": 3.5, "reuse": 0.75})

    half_life_s: Number = Field(default=900, gt=0, description="After so many seconds a penalty is half")
    suppress: Number = Field(default=3.5, gt=1, description="From here on it is one event that stays open")
    reuse: Number = Field(default=0.75, gt=0, le=1, description="Below, a recovery ends the event again")


class ThresholdPlan(Part):
    """When a measured value is an event; without a limit it is none of that severity."""

    model_config = examples({"warning": 30, "critical": 7})

    warning: Number | None = Field(default=None, description="Limit of a warning, in the value's unit")
    critical: Number | None = Field(default=None, description="Limit of a critical event")


class MaintenancePlan(Part):
    """Planned work: on one day, or each week on some; local times. Events of that time are told to nobody."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"for": "all", "reason": "更换风扇", "date": "2026-12-05", "from": "22:00", "to": "02:00"},
                {"for": "role:server", "reason": "备份", "days": ["sat"], "from": "01:00", "to": "03:00"},
            ]
        }
    )  # fmt: skip
    subject: str = Field(
        alias="for",
        pattern=r"^(all|(role|zone|tenant|device):.+)$",
        description="all, role:ROLE, zone:ZONE, tenant:TENANT or device:NAME",
    )
    reason: Text = Field(description="What is done")
    date: Day | None = Field(default=None, description="The day of work that is done once")
    days: tuple[Weekday, ...] = Field(default=(), description="Days of work that recurs")
    begin: Clock = Field(alias="from", description='Time of day at which it begins, "22:00"')
    end: Clock = Field(
        alias="to", description="Time of day at which it ends, of the next day where it is not later"
    )


class ReceiverPlan(Part):
    """Who is told of events: an Alertmanager, a webhook, or people by mail."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"alertmanager": "http://mgmt-1.example:9093"},
                {"webhook": "https://tickets.example/parkops", "secret": "env:WEBHOOK_KEY"},
                {
                    "mail": ["duty@park.example"],
                    "sender": "parkops@park.example",
                    "server": "mail.example:25",
                    "tenants": ["huaxing"],
                    "severities": ["critical"],
                },
            ]
        }
    )
    alertmanager: Url | None = Field(default=None, description="Base URL of an Alertmanager (API v2)")
    webhook: Url | None = Field(default=None, description="URL that takes events as JSON")
    secret: Secret | None = Field(default=None, description="Key that signs what it gets (HMAC-SHA256)")
    mail: tuple[Address, ...] = Field(default=(), description="Addresses of people")
    sender: Address = Field(default="parkops@localhost", description="Sender of mail")
    server: Host = Field(default="localhost:25", description="Mail server, host[:port]")
    user: Text | None = Field(default=None, description="Login at the mail server")
    password: Secret | None = Field(default=None, description="Its password, by reference")
    tls: Literal["none", "starttls", "tls"] = Field(default="none", description="TLS to the mail server")
    tenants: tuple[Id, ...] = Field(default=(), description="Only events of these tenants; none for all")
    severities: tuple[Severity, ...] = Field(default=(), description="Only these; none for all")


class EventsPlan(Part):
    """What `monitoring` says of events."""

    close: Literal["automatic", "by-hand"] = Field(
        default="automatic", description="Whether a person has to close what is resolved"
    )
    hold_s: Number = Field(
        default=300, ge=0, le=86400, description="What comes back within this time is the same event"
    )
    correlation_s: Number = Field(
        default=15, ge=0, le=600, description="Time for which a cause is waited for before anybody is told"
    )
    deadlines: dict[Severity, DeadlinePlan] = Field(
        default_factory=dict, description="By severity; default 15 min and 4 h, of warnings 4 h and 24 h"
    )
    damping: DampingPlan = Field(default=DampingPlan(), description="When what comes and goes is one event")
    severities: dict[
        Annotated[str, Field(pattern=r"^(probe|kind|role|zone|tenant|device):.+$")], Severity
    ] = Field(
        default_factory=dict,
        description="Severity by what an event is about, as probe:mqtt or kind:loss; the first that fits",
    )
    thresholds: dict[Annotated[str, Field(pattern=r"^[a-z_]+$")], ThresholdPlan] = Field(
        default_factory=dict, description="Limits of measured values, instead of the built-in ones"
    )
    maintenance: dict[Id, MaintenancePlan] = Field(default_factory=dict, description="Planned work")
    notify: dict[Id, ReceiverPlan] = Field(default_factory=dict, description="Who is told of events")
