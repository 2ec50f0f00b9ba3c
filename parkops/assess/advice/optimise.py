"""Choose what is worth most for its cost: an exact multiple-choice knapsack by dynamic programming.

Source: Kellerer, Pferschy, Pisinger, Knapsack Problems (2004), chapters 5 (lists of undominated states) and
11 (multiple choice); states that cannot beat a known solution even with fractions of the rest are dropped.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

EPSILON = 1e-9
MOST_SETS = 100_000  # of one class; a catalogue that ties more measures together is refused


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be taken once, after what it needs."""

    id: str
    cost: float
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """A set of items of one class that may be taken together."""

    items: frozenset[str]
    cost: float
    value: float


Worth = Callable[[frozenset[str]], float]


def closed_sets(items: Mapping[str, Item]) -> Iterator[frozenset[str]]:
    """Yield every set of items that holds what its members need; ValueError when there are too many.

    ``items`` are in an order in which what is needed comes first.
    """
    found = [frozenset[str]()]
    for item in items.values():
        needs = {name for name in item.needs if name in items}
        found += [taken | {item.id} for taken in found if needs <= taken]
        if len(found) > MOST_SETS:
            raise ValueError(f"more than {MOST_SETS} ways to combine {', '.join(items)}")
    yield from found


def classes_of(items: Sequence[Item], together: Sequence[Collection[str]]) -> list[dict[str, Item]]:
    """Split items into classes whose worth and needs do not touch.

    ``together`` lists items that must share a class. Each class keeps what is needed before what needs it.
    """
    parent = {item.id: item.id for item in items}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    ties = [*together, *((item.id, *item.needs) for item in items)]
    for tie in ties:
        known = [name for name in tie if name in parent]
        for name in known[1:]:
            parent[root(name)] = root(known[0])
    found: dict[str, dict[str, Item]] = {}
    for item in ordered(items):
        found.setdefault(root(item.id), {})[item.id] = item
    return list(found.values())


def ordered(items: Sequence[Item]) -> list[Item]:
    """Return items so that what is needed comes first; ValueError for a ring of needs."""
    known = {item.id: item for item in items}
    done: dict[str, Item] = {}
    pending = list(items)
    while pending:
        ready = [i for i in pending if all(name in done or name not in known for name in i.needs)]
        if not ready:
            raise ValueError(f"needs go round in a ring: {', '.join(item.id for item in pending)}")
        done |= {item.id: item for item in ready}
        pending = [item for item in pending if item.id not in done]
    return list(done.values())


def choices(items: Mapping[str, Item], worth: Worth) -> list[Choice]:
    """Return the undominated choices of a class, cheapest first; the first one takes nothing."""
    every = [
        Choice(taken, sum(items[i].cost for i in sorted(taken)), worth(taken)) for taken in closed_sets(items)
    ]
    return _undominated(every)


def _undominated(every: Sequence[Choice]) -> list[Choice]:
    ranked = sorted(every, key=lambda c: (c.cost, -c.value, len(c.items), sorted(c.items)))
    found: list[Choice] = []
    for choice in ranked:
        if not found or choice.value > found[-1].value + EPSILON:
            found.append(choice)
    return found


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What the classes from some place on can be worth at most for some money, fractions allowed."""

    costs: tuple[float, ...]  # summed up
    values: tuple[float, ...]

    def at(self, money: float) -> float:
        place = bisect_right(self.costs, money) - 1
        value = self.values[place]
        if place + 1 < len(self.costs):
            width = self.costs[place + 1] - self.costs[place]
            value += (self.values[place + 1] - value) * (money - self.costs[place]) / width
        return value


def best(classes: Sequence[Sequence[Choice]], money: float) -> Choice:
    """Return the most worthy union of one choice of each class that costs at most ``money``; exact.

    Of those that are worth the same (to 1e-9) a cheapest one. Every class begins with a choice of no cost.
    """
    envelopes = [_envelope(classes[place:]) for place in range(len(classes) + 1)]
    states: list[tuple[float, float, tuple[int, ...]]] = [(0.0, 0.0, ())]
    floor = _greedy(classes, money)
    for place, options in enumerate(classes):
        following = [
            (cost + option.cost, value + option.value, (*path, number))
            for cost, value, path in states
            for number, option in enumerate(options)
            if cost + option.cost <= money + EPSILON
        ]
        following.sort(key=lambda state: (state[0], -state[1], state[2]))
        rest, states = envelopes[place + 1], []
        top = -1.0
        for cost, value, path in following:
            if value > top + EPSILON * 1e-3:
                top = value
                if value + rest.at(max(money - cost, 0.0)) >= floor - EPSILON:
                    states.append((cost, value, path))
    most = max(value for _, value, _ in states)
    cost, value, path = next(state for state in states if state[1] >= most - EPSILON)
    taken = frozenset[str]().union(*(classes[place][number].items for place, number in enumerate(path)))
    return Choice(taken, cost, value)


def _segments(options: Sequence[Choice]) -> list[tuple[float, float]]:
    """Return the steps (cost, value) of the upper concave hull of a class, steepest first."""
    hull: list[Choice] = []
    for option in options:
        while len(hull) > 1 and _slope(hull[-2], option) >= _slope(hull[-2], hull[-1]):
            hull.pop()
        hull.append(option)
    return [(b.cost - a.cost, b.value - a.value) for a, b in pairwise(hull)]


def _slope(a: Choice, b: Choice) -> float:
    width = b.cost - a.cost
    return (b.value - a.value) / width if width > 0 else float("inf")


def _envelope(classes: Sequence[Sequence[Choice]]) -> _Envelope:
    segments = [segment for options in classes for segment in _segments(options)]
    free = sum(options[0].value for options in classes)
    ranked = sorted(segments, key=lambda s: (-(s[1] / s[0] if s[0] else float("inf")), s))
    costs = list(accumulate((cost for cost, _ in ranked), initial=0.0))
    values = list(accumulate((value for _, value in ranked), initial=free))
    return _Envelope(tuple(costs), tuple(values))


def _greedy(classes: Sequence[Sequence[Choice]], money: float) -> float:
    """Return the worth of one solution: the steps of the hulls, steepest first, as far as they fit."""
    steps = []
    for place, options in enumerate(classes):
        steps += [(_slope(a, b), place, b) for a, b in pairwise(options)]
    taken = [options[0] for options in classes]
    spent = sum(choice.cost for choice in taken)
    for _, place, option in sorted(steps, key=lambda step: (-step[0], step[1], step[2].cost)):
        more = option.cost - taken[place].cost
        if option.value > taken[place].value and spent + more <= money + EPSILON:
            spent += more
            taken[place] = option
    return sum(choice.value for choice in taken)


__all__ = ["Choice", "Item", "Worth", "best", "choices", "classes_of", "closed_sets", "ordered"]
