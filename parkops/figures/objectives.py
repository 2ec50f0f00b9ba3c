"""Objectives of the plan against what was measured: verdicts, error budgets, burn rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from parkops.figures.groups import Members
from parkops.figures.spread import Summed, spread
from parkops.model import Availability, Burn, Objective, ObjectiveStatus, Park

DAY_S = 86_400.0
# Pairs of the multiwindow alerts of The Site Reliability Workbook, chapter 5, and their whole.
BURN_WINDOWS_S = (300.0, 1800.0, 3600.0, 6 * 3600.0, 3 * DAY_S)


class Seconds(Protocol):
    """Seconds by state of every target within a window, without planned work; and how much that is."""

    def of(self, since_s: float, until_s: float) -> Mapping[str, Availability]:
        """Return them by target."""
        ...

    def planned(self, since_s: float, until_s: float) -> Mapping[str, float]:
        """Return the seconds of planned work by target."""
        ...


def objectives(
    park: Park, groups: Members, seconds: Seconds, sums: Mapping[str, Summed], until_s: float
) -> tuple[ObjectiveStatus, ...]:
    """Return the status of every objective at ``until_s``."""
    return tuple(_status(item, _ids(park, groups, item), seconds, sums, until_s) for item in park.objectives)


def _ids(park: Park, groups: Members, item: Objective) -> Sequence[str]:
    kind, _, name = item.subject.partition(":")
    if kind == "all":
        return groups.get(("park", park.name), ())
    return groups.get(("role" if kind == "device" else kind, name), ())


def _status(
    item: Objective, ids: Sequence[str], seconds: Seconds, sums: Mapping[str, Summed], until_s: float
) -> ObjectiveStatus:
    window_s, wanted = item.window_days * DAY_S, item.availability_percent / 100
    up_s, down_s = _sum(ids, seconds.of(until_s - window_s, until_s))
    planned = seconds.planned(until_s - window_s, until_s)
    known_s = up_s + down_s
    whole_s = sum(window_s - planned.get(target, 0.0) for target in ids)
    budget_s = (1 - wanted) * whole_s
    total = Summed()
    for target in ids:
        if target in sums:
            total.merge(sums[target])
    found = spread(total)
    p95_s = found.p95 if found is not None else None
    loss = total.lost / total.probes if total.probes else None
    verdicts = (
        _held(down_s, whole_s - known_s, budget_s, known_s, whole_s),
        _at_most("latency (95 %)", p95_s, item.latency_ms / 1000, "s"),
        _at_most("loss", loss, item.loss_percent / 100, ""),
    )
    states = [held for held, _ in verdicts]
    held = False if False in states else None if None in states or not ids else True
    why = "; ".join(why for state, why in verdicts if why and state is held)
    return ObjectiveStatus(
        item.id, item.subject, window_s, wanted, up_s / known_s if known_s else None, known_s,
        max(0.0, whole_s - known_s), budget_s, down_s, len(ids), held,
        why if ids else "no target measures it",
        tuple(_burn(ids, seconds, wanted, span_s, until_s) for span_s in BURN_WINDOWS_S),
        item.latency_ms / 1000, p95_s, item.loss_percent / 100, loss,
    )  # fmt: skip


def _sum(ids: Sequence[str], found: Mapping[str, Availability]) -> tuple[float, float]:
    spans = [found[target] for target in ids if target in found]
    return sum(span.up_s for span in spans), sum(span.down_s for span in spans)


def _held(
    down_s: float, unknown_s: float, budget_s: float, known_s: float, whole_s: float
) -> tuple[bool | None, str]:
    """Judge availability: what is not known may have been down, or not."""
    if down_s > budget_s:
        return False, f"down for {down_s:.0f} s, the budget is {budget_s:.0f} s"
    if down_s + max(0.0, unknown_s) > budget_s:
        share = 100 * known_s / whole_s if whole_s else 0.0
        return None, f"{share:.1f} % of the window was measured"
    return True, ""


def _at_most(what: str, measured: float | None, wanted: float, unit: str) -> tuple[bool | None, str]:
    if not wanted:
        return True, ""
    if measured is None:
        return None, f"{what} was not measured"
    if measured <= wanted:
        return True, ""
    told = f"{what} is {measured:.4g} {unit}".rstrip()
    return False, f"{told}, wanted at most {wanted:.4g} {unit}".rstrip()


def _burn(ids: Sequence[str], seconds: Seconds, wanted: float, span_s: float, until_s: float) -> Burn:
    up_s, down_s = _sum(ids, seconds.of(until_s - span_s, until_s))
    if not up_s + down_s:
        return Burn(span_s, None)
    share = down_s / (up_s + down_s)
    if wanted >= 1:
        return Burn(span_s, float("inf") if share else 0.0)
    return Burn(span_s, share / (1 - wanted))
