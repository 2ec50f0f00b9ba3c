"""Cross-checks of zones whose members are elsewhere: users of remote access, what is behind a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parkops.errors import Problem
from parkops.plan import names
from parkops.plan.hints import unknown
from parkops.plan.marks import Key, Marks
from parkops.plan.names import sites
from parkops.plan.places import Places
from parkops.plan.schema import Plan

Found = Iterator[Problem]


@dataclass(frozen=True, slots=True)
class _Far:
    """A zone that is reached through one boundary; ``what`` says by whom or what, in an error."""

    zone: str
    tenant: str
    path: tuple[Key, ...]
    members: str
    what: str
    alone: bool  # no segment of the park lies in it


def check_far(plan: Plan, marks: Marks) -> Found:
    """Zones elsewhere belong to one tenant, and flows lead from them no further than its own segments."""
    found = list(_far(plan))
    yield from _zones(plan, marks, found)
    yield from _flows(plan, marks, found)


def _far(plan: Plan) -> Iterator[_Far]:
    for tenant, name, access in names.remote_accesses(plan):
        path = (*(("tenants", tenant) if tenant else ()), "remote_access", name, "zone")
        yield _Far(access.zone, tenant, path, "users", "users of remote access reach", False)
    for tenant, name, line in names.far_zones(plan):
        path = ("tenants", tenant, "leased_lines", name, "zone")
        yield _Far(line.zone or "", tenant, path, "the far end", "a leased line leads to", True)


def _zones(plan: Plan, marks: Marks, found: list[_Far]) -> Found:
    inside = {segment.zone: site.tenant for site in sites(plan) for segment in site.plan.segments.values()}
    owners = dict(inside)
    for far in found:
        if far.zone not in plan.zones:
            yield unknown(marks, far.path, far.zone, "zone", plan.zones)
        elif plan.zones[far.zone].kind == "external":
            what = f"{far.members} in the external zone {far.zone!r}"
            yield marks.problem(far.path, what, "a zone inside the park")
        elif owners.setdefault(far.zone, far.tenant) != far.tenant:
            owner = f"tenant {owners[far.zone]!r}" if owners[far.zone] else "the park"
            what = f"zone {far.zone!r} belongs to {owner} already"
            yield marks.problem(far.path, what, "a zone of its own for each tenant")
        elif far.alone and far.zone in inside:
            what = f"zone {far.zone!r} has segments in the park"
            yield marks.problem(far.path, what, "a zone of its own for what is behind lines")


def _flows(plan: Plan, marks: Marks, found: list[_Far]) -> Found:
    """Routes of what is elsewhere are known to its boundary only."""
    zones = {far.zone: far for far in found}
    if not zones:
        return
    places, fabric = Places.of(plan), _of_fabric(plan)
    for name, flow in plan.flows.items():
        for key, here, there in (("to", flow.src, flow.dst), ("from", flow.dst, flow.src)):
            far = zones.get(here)
            if far is None or not places.known(there):
                continue
            if places.tenant(there) != far.tenant or (far.alone and there in fabric):
                yield marks.problem(
                    ("flows", name, key),
                    f"{there!r} is beyond what {far.what}",
                    f"a zone or segment of {far.tenant or 'the park'}"
                    + (" behind its boundary" if far.alone and there in fabric else ""),
                )


def _of_fabric(plan: Plan) -> frozenset[str]:
    """Return the segments that leaves route, and their zones."""
    found: set[str] = set()
    for site in sites(plan):
        for name, segment in site.plan.segments.items() if site.fabric else ():
            found |= {site.segment(name), segment.zone}
    return frozenset(found)
