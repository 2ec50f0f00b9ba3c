"""What a plan falls short of for the MLPS levels of its zones (GB/T 22239-2019), as far as it can tell."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.errors import Problem
from parkops.plan.flows import stated
from parkops.plan.marks import Marks
from parkops.plan.names import sites
from parkops.plan.places import Places
from parkops.plan.schema import Plan

Found = Iterator[Problem]


def check_mlps(plan: Plan, marks: Marks) -> Found:
    """Refuse the shortfalls where the plan says that its levels are enforced."""
    if plan.security.mlps == "enforce":
        yield from shortfalls(plan, marks)


def shortfalls(plan: Plan, marks: Marks) -> Found:
    """Yield what zones of level 3 and above ask for and the plan does not have."""
    places = Places.of(plan)
    high = sorted(zone for zone in places.owners if zone in plan.zones and plan.zones[zone].mlps_level >= 3)
    if not high:
        return
    yield from _management(plan, marks, high[0])
    yield from _power(plan, marks, high)
    yield from _isolation(plan, marks, places)
    if not plan.security.quarantine:
        yield marks.key_problem(
            ("security",),
            f"level 3 zone {high[0]!r} without a prepared quarantine",
            "security.quarantine: true (8.1.3.3)",
        )


def _management(plan: Plan, marks: Marks, zone: str) -> Found:
    management, path = plan.management, ("management",)
    roles = {user.role for user in management.local_users.values()}
    wanted = (
        (len(management.syslog) >= 2, "one log collector", "two in management.syslog (8.1.4.3)"),
        (management.aaa is not None, "no AAA server", "management.aaa (8.1.4.1)"),
        (management.ntp_key is not None, "unauthenticated time", "management.ntp_key (8.1.4.3)"),
        (
            {"admin", "operator", "auditor"} <= roles,
            "no separation of powers",
            "admin, operator and auditor in management.local_users (8.1.10)",
        ),
    )
    for held, what, expected in wanted:
        if not held:
            yield marks.key_problem(path, f"level 3 zone {zone!r} with {what}", expected)


def _power(plan: Plan, marks: Marks, high: list[str]) -> Found:
    for site in sites(plan):
        zones = sorted({segment.zone for segment in site.plan.segments.values()} & set(high))
        if zones and site.plan.power_supplies < 2:
            yield marks.key_problem(
                site.path,
                f"level 3 zone {zones[0]!r} on switches with one power supply",
                "power_supplies: 2 (8.1.1.9)",
            )


def _isolation(plan: Plan, marks: Marks, places: Places) -> Found:
    """Industrial control and other systems are apart, and joined one way only (8.5.2.1)."""
    for flow in stated(plan):
        ends = [plan.zones.get(places.zone(end)) for end in (flow.src, flow.dst)]
        if ends[0] is None or ends[1] is None:
            continue
        strict = [zone for zone in ends if zone is not None and zone.industrial and zone.mlps_level >= 3]
        if len(strict) == 1 and not flow.one_way:
            yield marks.key_problem(
                flow.path,
                f"flow {flow.id!r} joins an industrial zone of level 3 with another system in both ways",
                "one_way, through a gateway of security.one_way (8.5.2.1)",
            )
