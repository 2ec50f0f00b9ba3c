"""Pass: how events are treated, and how the monitor is set up."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.model import (
    DEADLINES,
    HOUR_S,
    Damping,
    Deadline,
    EventPolicy,
    Listening,
    Receiver,
    Retention,
    Window,
)
from parkops.model.watching import DAY_S
from parkops.plan.schema.events import MaintenancePlan, ReceiverPlan
from parkops.plan.schema.watching import (
    FlowListenerPlan,
    ListenPlan,
    RetentionPlan,
    SyslogListenerPlan,
    SyslogTlsListenerPlan,
    TrapListenerPlan,
)


def set_policy(draft: Draft) -> None:
    """Take over what the plan says of events, of listeners and of what is kept."""
    monitoring = draft.plan.monitoring
    draft.listening, draft.retention = _listening(monitoring.listen), _retention(monitoring.retention)
    stated = monitoring.deadlines
    draft.policy = EventPolicy(
        deadlines=tuple(
            Deadline(item.severity, stated[item.severity].acknowledge_s, stated[item.severity].resolve_s)
            if item.severity in stated
            else item
            for item in DEADLINES
        ),
        close=monitoring.close,
        hold_s=monitoring.hold_s,
        correlation_s=monitoring.correlation_s,
        damping=Damping(
            monitoring.damping.half_life_s, monitoring.damping.suppress, monitoring.damping.reuse
        ),
        maintenance=tuple(_window(name, work) for name, work in sorted(monitoring.maintenance.items())),
        thresholds=tuple(
            (value, limits.warning, limits.critical)
            for value, limits in sorted(monitoring.thresholds.items())
        ),
        severities=tuple(monitoring.severities.items()),
        receivers=tuple(_receiver(name, item) for name, item in sorted(monitoring.notify.items())),
    )


def _listening(plan: ListenPlan) -> Listening:
    tls = plan.syslog_tls
    return Listening(
        syslog=_socket(plan.syslog),
        syslog_tls=_socket(tls),
        certificate=tls.certificate if tls else "",
        key=tls.key if tls else "",
        authority=tls.authority if tls else "",
        traps=_socket(plan.traps),
        flows=_socket(plan.flows),
        netconf=plan.netconf,
    )


def _socket(
    plan: SyslogListenerPlan | SyslogTlsListenerPlan | TrapListenerPlan | FlowListenerPlan | None,
) -> tuple[str, int] | None:
    return (plan.address, plan.port) if plan is not None else None


def _retention(plan: RetentionPlan) -> Retention:
    return Retention(
        raw_s=plan.raw_hours * HOUR_S,
        rollups_s=plan.rollups_days * DAY_S,
        intervals_s=plan.intervals_days * DAY_S,
        events_s=plan.events_days * DAY_S if plan.events_days is not None else None,
    )


def _window(name: str, work: MaintenancePlan) -> Window:
    return Window(
        name,
        work.subject,
        work.reason,
        date=work.date.isoformat() if work.date else "",
        days=work.days,
        from_minute=_minute(work.begin),
        to_minute=_minute(work.end),
    )


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)


def _receiver(name: str, item: ReceiverPlan) -> Receiver:
    kind = "mail" if item.mail else "alertmanager" if item.alertmanager else "webhook"
    return Receiver(
        name,
        kind,
        item.alertmanager or item.webhook or "",
        item.secret or "",
        item.mail,
        item.sender if item.mail else "",
        item.server if item.mail else "",
        item.user or "",
        item.password or "",
        item.tls,
        item.tenants,
        item.severities,
    )
