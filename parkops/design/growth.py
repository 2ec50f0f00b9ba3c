"""Pass: how each system grows over the horizon, and whether pools and quotas last so long."""

from __future__ import annotations

from math import prod

from parkops.design.draft import Draft
from parkops.design.pools import pool_sizes
from parkops.model import Advice, Growth
from parkops.plan.check_cloud import QUOTAS, capacity
from parkops.plan.places import Places

SYSTEMS = ("production", "enterprise", "backbone", "public", "edge", "cloud", "identifier")


def foresee_growth(draft: Draft) -> None:
    """State the growth of each system and pool, year by year, and what it will use up. After allocation."""
    plan, marks = draft.plan, draft.marks
    for system in sorted({*SYSTEMS, *plan.growth}):
        stated = system in plan.growth
        source = marks.ref("growth", system) if stated else marks.ref("park", "growth_percent")
        draft.growth.append(Growth(system, _percent(draft, system), source))
    for pool, used, size in pool_sizes(draft):
        _pool(draft, pool, used, size)
    _cloud(draft)


def _percent(draft: Draft, system: str) -> tuple[float, ...]:
    plan = draft.plan
    percent = plan.growth.get(system, plan.park.growth_percent)  # type: ignore[call-overload]  # a pool's name or a system's
    return percent if isinstance(percent, tuple) else (float(percent),) * plan.park.horizon_years


def _factor(draft: Draft, system: str) -> float:
    return prod(1 + percent / 100 for percent in _percent(draft, system))


def _pool(draft: Draft, pool: str, used: int, size: int) -> None:
    """Refuse a pool that its own stated growth uses up; advise where only the park's default does."""
    need = used * _factor(draft, pool)
    if need <= size:
        return
    years = draft.plan.park.horizon_years
    what = f"pools.{pool} holds {size} and uses {used}; in {years} years it would need {need:.0f}"
    if pool in draft.plan.growth:
        draft.problems.append(
            draft.marks.key_problem(
                ("pools", pool), what, f"room for {need:.0f}", "widen the pool, or state less growth"
            )
        )
    else:
        draft.advice.append(Advice("growth", what, f"room for {need:.0f}", draft.marks.ref("pools", pool)))


def _cloud(draft: Draft) -> None:
    cloud = draft.plan.cloud
    if cloud is None or not cloud.tenants:
        return
    have = capacity(cloud, Places.of(draft.plan).nodes("cloud-host"))
    for key, words in QUOTAS:
        now = sum(getattr(tenant, key) for tenant in cloud.tenants.values())
        need = now * _factor(draft, "cloud")
        if 0 < have[key] < need:
            draft.advice.append(
                Advice(
                    "growth",
                    f"quotas of {now} {words} grow to {need:.0f}, the hosts have {have[key]:g}",
                    f"hosts with {need:.0f}",
                    draft.marks.ref("cloud", "tenants"),
                )
            )
