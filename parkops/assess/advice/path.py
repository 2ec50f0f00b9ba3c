"""The evolution path: which measures raise the total most under the budget, and in which year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from parkops.assess.advice.measures import Part, Place, Standing, parts_of, standing
from parkops.assess.advice.optimise import Choice, Item, best, choices, classes_of
from parkops.assess.advice.reasons import reason
from parkops.assess.advice.rescore import lifted, rescored, score_after
from parkops.assess.basis import Basis
from parkops.assess.context import Context
from parkops.model import Assessment, EvolutionPath, PathYear, PlannedMeasure, Verdict


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the path is chosen from."""

    parts: Mapping[str, Part]
    now: Standing
    costs: Mapping[str, float]  # money, or effort where no budget is stated
    budget: tuple[float, ...]  # summed up, by year

    def lifts(self, taken: Iterable[str]) -> dict[Place, float]:
        found: dict[Place, float] = {}
        for name in sorted(taken):
            for place, gain in self.parts[name].lifts.items():
                found[place] = found.get(place, 0.0) + gain
        return found

    def worth(self, taken: frozenset[str]) -> float:
        """Return what a set adds to the total's lower bound."""
        gain = 0.0
        for place, lift in self.lifts(taken).items():
            score = self.now.scores[place]
            point = self.now.weights[place[0]] * self.now.shares[place]
            gain += point * (min(100.0, score + lift) - score)
        return gain


def evolution_path(context: Context, assessment: Assessment, basis: Basis) -> EvolutionPath:
    """Return the path over the horizon of the plan.

    First the set of measures is chosen that raises the total most for all the money; then each year takes
    what of it raises the total most for the money that is there by then (what is not spent stays). Both are
    exact. Without a budget, every measure that raises something is taken, and the effort is spread evenly.
    """
    now = standing(assessment.indicators, basis)
    parts = parts_of(context, basis, now)
    money = bool(context.park.assessment.budget)
    priced = [part for part in parts if not money or part.price is not None]
    usable = _usable(priced, context.park.horizon_years)
    plan = _plan(usable, now, context, money)
    classes = _classes(plan)
    final = best([choices(part, plan.worth) for part in classes], plan.budget[-1])
    years = _years(plan, classes, final)
    return _path(context, assessment, basis, plan, parts, years, money)


def _usable(parts: Sequence[Part], horizon: int) -> list[Part]:
    """Leave out what comes too late, and what needs something that is not there."""
    kept = [part for part in parts if part.measure.earliest <= horizon]
    while True:
        names = {part.id for part in kept}
        whole = [part for part in kept if part.needs <= names]
        if len(whole) == len(kept):
            return kept
        kept = whole


def _plan(parts: Sequence[Part], now: Standing, context: Context, money: bool) -> _Plan:
    years = context.park.horizon_years
    if money:
        costs = {part.id: part.price or 0.0 for part in parts}
        budget = tuple(accumulate(context.park.assessment.budget))
    else:
        costs = {part.id: part.effort for part in parts}
        whole = sum(costs.values())
        budget = tuple(whole * (year + 1) / years for year in range(years))
    return _Plan({part.id: part for part in parts}, now, costs, budget)


def _classes(plan: _Plan) -> list[dict[str, Item]]:
    by_indicator: dict[int, list[str]] = {}
    for name, part in plan.parts.items():
        for number, _ in part.lifts:
            by_indicator.setdefault(number, []).append(name)
    items = [Item(name, plan.costs[name], part.needs) for name, part in plan.parts.items()]
    return classes_of(items, list(by_indicator.values()))


def _years(plan: _Plan, classes: Sequence[Mapping[str, Item]], final: Choice) -> list[frozenset[str]]:
    """Return what is taken by the end of each year, each year's set exactly best for its money."""
    taken: list[frozenset[str]] = []
    before = frozenset[str]()
    for year, money in enumerate(plan.budget, 1):
        allowed = {
            name for name in final.items if name in before or plan.parts[name].measure.earliest <= year
        }
        options = []
        for part in classes:
            members = {name: item for name, item in part.items() if name in allowed}
            options.append(_further(plan, members, before & members.keys()))
        before = _most(options, money)
        taken.append(before)
    return taken


def _further(plan: _Plan, members: Mapping[str, Item], own: frozenset[str]) -> list[Choice]:
    """Return the choices of a class that hold what is taken already."""
    rest = {name: item for name, item in members.items() if name not in own}
    fixed = sum(members[name].cost for name in sorted(own))
    return [
        Choice(choice.items | own, choice.cost + fixed, choice.value)
        for choice in choices(rest, lambda more: plan.worth(more | own))
    ]


def _most(options: Sequence[Sequence[Choice]], money: float) -> frozenset[str]:
    """Return the best union of choices; what is taken already is paid first."""
    spent = sum(found[0].cost for found in options)
    relative = [[Choice(c.items, c.cost - found[0].cost, c.value) for c in found] for found in options]
    return best(relative, max(money - spent, 0.0)).items


def _path(
    context: Context,
    assessment: Assessment,
    basis: Basis,
    plan: _Plan,
    parts: Sequence[Part],
    years: Sequence[frozenset[str]],
    money: bool,
) -> EvolutionPath:
    failed = {r.id for r in assessment.requirements if r.verdict is Verdict.FAIL}
    unknown = {item.id for item in assessment.indicators if item.score is None}
    taken: list[PlannedMeasure] = []
    rows: list[PathYear] = []
    before = frozenset[str]()
    budget = context.park.assessment.budget
    for year, now in enumerate(years, 1):
        own = _in_order(plan, now - before, before)
        steps = []
        for name, members in _by_measure(plan, own).items():
            steps.append(_planned(plan, name, members, year, before, _Known(failed, unknown)))
            before |= frozenset(members)
        taken += steps
        lifts = plan.lifts(now)
        after = rescored(
            assessment, tuple(lifted(item, plan.now, lifts) for item in assessment.indicators), basis
        )
        rows.append(
            PathYear(
                year=year,
                budget=budget[year - 1] if money else None,
                cost=sum(step.cost or 0.0 for step in steps),
                measures=tuple(step.id for step in steps),
                total_low=after.total_low,
                total_point=after.total_point,
                infrastructure_low=after.infrastructure_low,
                infrastructure_point=after.infrastructure_point,
                stage=basis.stage_of(after.total_low).id,
            )
        )
    return EvolutionPath(tuple(rows), tuple(taken), _left_out(parts, plan, before, money))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the reasons tell of the park as it is."""

    failed: set[str]  # requirements
    unknown: set[int]  # indicators


def _by_measure(plan: _Plan, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the parts of each measure that one year takes, in the order of the first of them."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(plan.parts[name].measure.id, []).append(name)
    return found


def _in_order(plan: _Plan, names: frozenset[str], before: frozenset[str]) -> list[str]:
    """Return what is taken in a year, most points for its cost first, what is needed before what needs it."""
    found: list[str] = []
    pending = set(names)
    while pending:
        done = before | set(found)
        ready = [name for name in pending if plan.parts[name].needs <= done]
        gains = {name: plan.worth(done | {name}) - plan.worth(done) for name in ready}
        ranked = sorted(ready, key=lambda n: (-gains[n] / max(plan.costs[n], 1e-9), n))
        found.append(ranked[0])
        pending.remove(ranked[0])
    return found


def _planned(
    plan: _Plan, name: str, members: Sequence[str], year: int, before: frozenset[str], known: _Known
) -> PlannedMeasure:
    parts = [plan.parts[member] for member in members]
    entry = parts[0].measure
    after = before | frozenset(members)
    old, new = plan.lifts(before), plan.lifts(after)
    moved = tuple(
        (number, score_after(number, plan.now, old), score_after(number, plan.now, new))
        for number in sorted({place[0] for part in parts for place in part.lifts})
    )
    prices = [part.price for part in parts]
    planned = PlannedMeasure(
        id=name,
        name_zh=entry.name_zh,
        name_en=entry.name_en,
        year=year,
        units=sum(part.units for part in parts),
        per=entry.per,
        cost=None if None in prices else sum(price or 0.0 for price in prices),
        indicators=moved,
        requirements=tuple(item for item in entry.requirements if item in known.failed),
        gain=plan.worth(after) - plan.worth(before),
        needs=tuple(
            sorted(need for need in entry.needs if any(n.measure.id == need for n in plan.parts.values()))
        ),
    )
    zh, en = reason(planned, entry, known.unknown)
    return replace(planned, reason_zh=zh, reason_en=en)


def _left_out(
    parts: Sequence[Part], plan: _Plan, taken: frozenset[str], money: bool
) -> tuple[tuple[str, str, str], ...]:
    """Return what is not taken, or not whole, with the reason."""
    found: dict[str, tuple[str, str]] = {}
    for part in parts:
        if part.id in taken:
            continue
        if money and part.price is None:
            why = "规划中没有价格（assessment.prices）", "no price in the plan (assessment.prices)"
        elif part.id not in plan.parts:
            why = (
                "规划期内来不及，或其前提没有价格",
                "too late for the horizon, or what it needs has no price",
            )
        else:
            why = "在预算内，其他措施更划算", "others are worth more within the budget"
        name = part.measure.id
        if any(plan.parts[other].measure.id == name for other in taken):
            why = f"只做一部分：{why[0]}", f"only in part: {why[1]}"
        found.setdefault(name, why)
    return tuple((name, zh, en) for name, (zh, en) in found.items())


__all__ = ["evolution_path"]
