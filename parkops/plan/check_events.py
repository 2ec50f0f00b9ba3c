"""Cross-checks of how events are treated: subjects exist, limits are in order, receivers are whole."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.model import THRESHOLDS, Role
from parkops.plan.hints import unknown
from parkops.plan.marks import Key, Marks
from parkops.plan.schema import Plan
from parkops.plan.schema.events import ReceiverPlan

Found = Iterator[Problem]
ROLES = tuple(role.value for role in Role if role not in (Role.ENDPOINT, Role.EXTERNAL))
KINDS = ("outage", "loss", "latency", "signal", "value")


def check_events(plan: Plan, marks: Marks) -> Found:
    """Everything under `monitoring` that is about events."""
    known = {"role": ROLES, "zone": tuple(plan.zones), "tenant": tuple(plan.tenants), "kind": KINDS}
    monitoring = plan.monitoring
    for name, work in monitoring.maintenance.items():
        at: tuple[Key, ...] = ("monitoring", "maintenance", name)
        kind, _, subject = work.subject.partition(":")
        if kind in known and subject not in known[kind]:
            yield unknown(marks, (*at, "for"), subject, kind, known[kind])
        if (work.date is None) == (not work.days):
            yield marks.key_problem(at, "planned work has one day, or days of the week", "`date` or `days`")
    for subject in monitoring.severities:
        kind, _, name = subject.partition(":")
        if kind in known and name not in known[kind]:
            expected = f"one of {', '.join(known[kind])}"
            yield marks.key_problem(("monitoring", "severities", subject), f"no {kind} {name!r}", expected)
    for value in monitoring.thresholds:
        if value not in THRESHOLDS:
            expected = f"one of {', '.join(sorted(THRESHOLDS))}"
            yield marks.key_problem(("monitoring", "thresholds", value), f"no threshold {value!r}", expected)
    for severity, deadline in monitoring.deadlines.items():
        if deadline.resolve_s < deadline.acknowledge_s:
            yield marks.problem(
                ("monitoring", "deadlines", severity, "resolve_s"),
                "it has to be well before anybody has taken it",
                "not less than `acknowledge_s`",
            )
    for name, receiver in monitoring.notify.items():
        yield from _receiver(plan, marks, ("monitoring", "notify", name), receiver)


def _receiver(plan: Plan, marks: Marks, at: tuple[Key, ...], receiver: ReceiverPlan) -> Found:
    ways = [receiver.alertmanager, receiver.webhook, receiver.mail]
    if sum(bool(way) for way in ways) != 1:
        yield marks.key_problem(at, "a receiver has one way to be told", "alertmanager, webhook or mail")
    if receiver.secret and not receiver.webhook:
        yield marks.problem((*at, "secret"), "only what a webhook gets is signed", "`webhook`")
    if bool(receiver.user) != bool(receiver.password):
        yield marks.key_problem(at, "half a login at the mail server", "`user` and `password`")
    for index, tenant in enumerate(receiver.tenants):
        if tenant not in plan.tenants:
            yield unknown(marks, (*at, "tenants", index), tenant, "tenant", plan.tenants)
