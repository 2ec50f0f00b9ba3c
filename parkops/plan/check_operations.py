"""Cross-checks of management, monitoring, growth and of what the operator states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from parkops.errors import Problem
from parkops.model import Role
from parkops.plan.flows import planned_flows
from parkops.plan.hints import unknown
from parkops.plan.indicators import BOOLEAN, COMPONENTS, GROWTH, INDICATORS, SHARE, WHOLE
from parkops.plan.marks import Key, Marks
from parkops.plan.measures import MEASURES, PROFILES
from parkops.plan.places import Places
from parkops.plan.schema import FigurePlan, Plan

Found = Iterator[Problem]
PROBED = tuple(role.value for role in Role if role not in (Role.ENDPOINT, Role.EXTERNAL))
TRAFFIC = ("control", "management", "video", "data", "internet")


def check_management(plan: Plan, marks: Marks) -> Found:
    """Every server of the management plane is a management server that exists."""
    places, management = Places.of(plan), plan.management
    roles: dict[str, str] = {
        name: item.node.role for name, item in places.attached.items() if item.node is not None
    }
    for key in ("ntp", "syslog"):
        names = getattr(management, key)
        listed = marks.has(("management", key, 0))
        for index, name in enumerate(names):
            yield from _server(
                marks, ("management", key, index) if listed else ("management", key), name, roles
            )
        yield from _twice(marks, ("management", key), names)
    yield from _server(marks, ("management", "monitoring"), management.monitoring, roles)
    if management.snmp:
        for index, name in enumerate(management.snmp.traps):
            yield from _server(marks, ("management", "snmp", "traps", index), name, roles)
    if plan.sdn:
        yield from _server(marks, ("sdn", "controller"), plan.sdn.controller, roles)
    if management.aaa and not management.local_users:
        yield marks.key_problem(
            ("management", "aaa"),
            "nobody could log in when no AAA server answers",
            "an account in `management.local_users`",
        )
    for level in management.levels:
        if not any(zone.mlps_level == level for zone in plan.zones.values()):
            yield marks.key_problem(
                ("management", "levels", level), f"no zone has MLPS level {level}", "a level that a zone has"
            )


def _server(marks: Marks, path: tuple[Key, ...], name: str, roles: Mapping[str, str]) -> Found:
    servers = sorted(node for node, role in roles.items() if role == "management-server")
    if name in servers:
        return
    what = f"{name!r} has the role {roles[name]}" if name in roles else f"no node {name!r}"
    close = get_close_matches(name, servers, n=1)
    yield marks.problem(
        path,
        what,
        f"a management-server: {', '.join(servers) or 'none is planned'}",
        f"did you mean {close[0]!r}?" if close else "",
    )


def _twice(marks: Marks, path: tuple[Key, ...], names: tuple[str, ...]) -> Found:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield marks.problem((*path, index), f"{name!r} stands twice", "each server once")


def check_monitoring(plan: Plan, marks: Marks) -> Found:
    """Intervals are stated for roles, objectives for things that exist."""
    for role in plan.monitoring.intervals:
        if role not in PROBED:
            yield _key(marks, ("monitoring", "intervals", role), role, "role", PROBED)
    known: dict[str, tuple[str, ...]] = {
        "role": PROBED,
        "zone": tuple(plan.zones),
        "tenant": tuple(plan.tenants),
        "flow": tuple(flow.id for flow in planned_flows(plan)),
        "class": TRAFFIC,
    }
    for name, objective in plan.monitoring.objectives.items():
        kind, _, subject = objective.subject.partition(":")
        if kind != "all" and subject not in known[kind]:
            path = ("monitoring", "objectives", name, "for")
            word = {"class": "traffic class"}.get(kind, kind)
            yield unknown(marks, path, subject, word, known[kind])


def _key(marks: Marks, path: tuple[Key, ...], name: str, kind: str, known: tuple[str, ...]) -> Problem:
    close = get_close_matches(name, known, n=1)
    return marks.key_problem(
        path,
        f"no {kind} {name!r}",
        f"one of {', '.join(known)}",
        f"did you mean {close[0]!r}?" if close else "",
    )


def check_growth(plan: Plan, marks: Marks) -> Found:
    """Growth by year is stated for each year of the horizon."""
    for system, percent in plan.growth.items():
        if isinstance(percent, tuple) and len(percent) != plan.park.horizon_years:
            yield marks.problem(
                ("growth", system),
                f"growth of {len(percent)} years",
                f"one number, or {plan.park.horizon_years}: one for each year of the horizon",
            )


def check_assessment(plan: Plan, marks: Marks) -> Found:
    """The profile is known or a file, prices are of known measures, the budget is for each year."""
    stated = plan.assessment
    if "." not in stated.profile and stated.profile not in PROFILES:
        close = get_close_matches(stated.profile, PROFILES, n=1)
        yield marks.problem(
            ("assessment", "profile"),
            f"no profile {stated.profile!r}",
            f"one of {', '.join(PROFILES)}, or a YAML file beside the plan",
            f"did you mean {close[0]!r}?" if close else "",
        )
    for key in ("profile", "weights"):
        if ".." in getattr(stated, key).split("/"):
            yield marks.problem(
                ("assessment", key), "a file outside the park's folder", "a file inside the park's folder"
            )
    if isinstance(stated.budget, tuple) and len(stated.budget) not in (0, plan.park.horizon_years):
        yield marks.problem(
            ("assessment", "budget"),
            f"a budget of {len(stated.budget)} years",
            f"one number, or {plan.park.horizon_years}: one for each year of the horizon",
        )
    for name in stated.prices:
        if name not in MEASURES:
            close = get_close_matches(name, MEASURES, n=1)
            yield marks.key_problem(
                ("assessment", "prices", name),
                f"no measure {name!r}",
                "one that `parkops advise --measures` lists",
                f"did you mean {close[0]!r}?" if close else "",
            )


def check_figures(plan: Plan, marks: Marks) -> Found:
    """A figure states its indicator in one way, in the indicator's unit, inside its bounds."""
    for number, figure in plan.figures.items():
        path = ("figures", number)
        if number not in INDICATORS:
            yield marks.key_problem(path, f"there is no indicator {number}", "1 to 60")
            continue
        if figure.x_min is not None and figure.x_max is not None and figure.x_min >= figure.x_max:
            yield marks.problem(
                (*path, "x_min"),
                f"x_min {figure.x_min:g} is not below x_max {figure.x_max:g}",
                "x_min < x_max (formula 2)",
            )
        yield from _ways(marks, path, figure)
        yield from _value(marks, path, number, figure)
        yield from _share(marks, path, number, figure)
        yield from _years(marks, path, number, figure)
        yield from _components(marks, path, number, figure)


def _ways(marks: Marks, path: tuple[Key, ...], figure: FigurePlan) -> Found:
    ways = [name for name in ("value", "numerator", "years") if getattr(figure, name) not in (None, {})]
    if len(ways) > 1:
        yield marks.key_problem(
            (*path, ways[1]), f"`{ways[1]}` beside `{ways[0]}`", "the value in one way only"
        )
    elif not ways and not figure.components:
        yield marks.key_problem(
            path, "no value is stated", "value, numerator and denominator, years, or components"
        )


def _value(marks: Marks, path: tuple[Key, ...], number: int, figure: FigurePlan) -> Found:
    kind, unit = INDICATORS[number]
    value, where = figure.value, (*path, "value")
    if value is None:
        return
    if (kind == BOOLEAN) is not isinstance(value, bool):
        yield marks.problem(
            where,
            f"indicator {number} is {'answered' if kind == BOOLEAN else 'measured in'} {unit}",
            "true or false" if kind == BOOLEAN else f"a number ({unit})",
        )
    elif kind in SHARE and not 0 <= value <= 100:
        yield marks.problem(where, f"a share of {value:g} %", "0 to 100", "in per cent")
    elif kind not in (BOOLEAN, *GROWTH) and value < 0:
        yield marks.problem(where, f"{value:g} {unit}", "0 or more")
    elif kind in WHOLE and value != int(value):
        yield marks.problem(where, f"{value:g} {unit}", "a whole number, as it is counted")


def _share(marks: Marks, path: tuple[Key, ...], number: int, figure: FigurePlan) -> Found:
    if (figure.numerator is None) is not (figure.denominator is None):
        given = "numerator" if figure.denominator is None else "denominator"
        yield marks.key_problem((*path, given), f"`{given}` alone", "numerator and denominator")
    if figure.numerator is None or figure.denominator is None:
        return
    kind, unit = INDICATORS[number]
    if kind not in SHARE:
        yield marks.key_problem((*path, "numerator"), f"indicator {number} is no share", f"`value` ({unit})")
    elif figure.numerator > figure.denominator:
        yield marks.problem(
            (*path, "numerator"),
            f"{figure.numerator:g} of {figure.denominator:g}",
            "a numerator up to the denominator",
        )


def _years(marks: Marks, path: tuple[Key, ...], number: int, figure: FigurePlan) -> Found:
    if not figure.years:
        return
    years, (kind, unit) = sorted(figure.years), INDICATORS[number]
    where = (*path, "years")
    if kind not in GROWTH:
        yield marks.key_problem(where, f"indicator {number} is no growth rate", f"`value` ({unit})")
    elif len(years) < 2:
        yield marks.problem(where, f"only the year {years[0]}", "two years or more, for a rate")
    elif years != list(range(years[0], years[-1] + 1)):
        yield marks.problem(where, "a year is missing between the others", "years in a row")
    for year in years:
        if year > figure.date.year:
            yield marks.key_problem((*where, year), f"the year {year} had not begun", f"up to {figure.date}")
        if figure.years[year] < 0:
            yield marks.problem((*where, year), f"{figure.years[year]:g} in {year}", "0 or more")
    if kind in GROWTH and len(years) > 1 and any(figure.years[year] == 0 for year in years[:-1]):
        yield marks.problem(where, "growth from nothing has no rate", "amounts above 0")


def _components(marks: Marks, path: tuple[Key, ...], number: int, figure: FigurePlan) -> Found:
    known = COMPONENTS.get(number, ())
    for name in figure.components:
        if name not in known:
            where = (*path, "components", name)
            if known:
                yield _key(marks, where, name, "component", known)
            else:
                yield marks.key_problem(where, f"indicator {number} has no components", "`value`")
    missing = [name for name in known if name not in figure.components]
    if figure.components and known and missing:
        yield marks.key_problem(
            (*path, "components"), f"components missing: {', '.join(missing)}", "all, or none"
        )


def check_statements(plan: Plan, marks: Marks) -> Found:
    """What the operator states is not out of date before it starts."""
    for requirement, attestation in plan.attestations.items():
        if attestation.expires <= attestation.date:
            yield marks.problem(
                ("attestations", requirement, "expires"),
                "expires before it was stated",
                f"a date after {attestation.date}",
            )
    if plan.security.connected_platforms > plan.security.platforms:
        yield marks.problem(
            ("security", "connected_platforms"),
            f"{plan.security.connected_platforms} platforms connected of {plan.security.platforms}",
            f"at most {plan.security.platforms}",
        )
