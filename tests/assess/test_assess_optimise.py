"""The choice of measures is exact: against trying every set."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkops.assess.advice.optimise import Item, best, choices, classes_of, closed_sets, ordered

NAMES = "abcdefghij"


@st.composite
def cases(draw):
    """Items with needs on earlier ones, and indicators that several of them raise up to a cap."""
    size = draw(st.integers(1, 9))
    items = [
        Item(
            NAMES[place],
            draw(st.integers(0, 12)),
            frozenset(draw(st.lists(st.sampled_from(NAMES[:place]), max_size=1)) if place else ()),
        )
        for place in range(size)
    ]
    raises = [
        (draw(st.floats(0.1, 3)), draw(st.floats(20, 100)), {i.id: draw(st.integers(0, 60)) for i in items if
         draw(st.integers(0, 3)) == 0})
        for _ in range(draw(st.integers(1, 6)))
    ]  # fmt: skip
    return items, raises, draw(st.integers(0, 40))


def worth_of(raises):
    def worth(taken: frozenset[str]) -> float:
        return sum(
            weight * min(cap, sum(adds[i] for i in adds if i in taken)) for weight, cap, adds in raises
        )

    return worth


def brute(items, worth, money):
    sets = chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))
    feasible = []
    for chosen in sets:
        taken = frozenset(item.id for item in chosen)
        cost = sum(item.cost for item in chosen)
        if cost <= money and all(item.needs <= taken for item in chosen):
            feasible.append((worth(taken), -cost))
    return max(feasible)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_nothing_is_better_than_what_is_chosen(case):
    items, raises, money = case
    worth = worth_of(raises)
    parts = classes_of(items, [adds.keys() for _, _, adds in raises])
    found = best([choices(part, worth) for part in parts], money)
    value, _ = brute(items, worth, money)
    known = {item.id: item for item in items}
    assert found.value == pytest.approx(value, abs=1e-6)
    assert worth(found.items) == pytest.approx(value, abs=1e-6)
    assert found.cost == sum(known[name].cost for name in found.items) <= money
    assert all(known[name].needs <= found.items for name in found.items)


@given(cases(), st.integers(0, 20))
def test_more_money_is_never_worse(case, more):
    items, raises, money = case
    parts = classes_of(items, [adds.keys() for _, _, adds in raises])
    options = [choices(part, worth_of(raises)) for part in parts]
    assert best(options, money + more).value >= best(options, money).value - 1e-9


def test_unlimited_money_takes_all_that_is_worth_something():
    items = [Item("a", 5.0), Item("b", 7.0, frozenset("a")), Item("c", 1.0)]
    worth = worth_of([(1.0, 100.0, {"b": 10}), (1.0, 100.0, {"c": 0})])
    parts = classes_of(items, [("b",), ("c",)])
    assert best([choices(part, worth) for part in parts], float("inf")).items == {"a", "b"}


def test_classes_keep_what_is_needed_first():
    items = [Item("b", 1, frozenset("a")), Item("c", 1), Item("a", 1), Item("d", 1, frozenset("c"))]
    assert [list(part) for part in classes_of(items, [])] == [["c", "d"], ["a", "b"]]
    assert len(list(closed_sets({i.id: i for i in ordered(items)}))) == 9


def test_needs_in_a_ring_are_refused():
    with pytest.raises(ValueError, match="ring: a, b"):
        ordered([Item("a", 1, frozenset("b")), Item("b", 1, frozenset("a"))])


def test_forty_measures_of_like_worth_are_chosen_at_once():
    """Costs that are hard to tell apart; the bound keeps the lists short."""
    items = [Item(f"m{n}", 1000 + 37 * n % 113) for n in range(40)]
    raises = [(1.0, 1000.0, {item.id: item.cost + n % 7}) for n, item in enumerate(items)]
    parts = classes_of(items, [])
    options = [choices(part, worth_of([raises[n]])) for n, part in enumerate(parts)]
    found = best(options, 20_000.0)
    assert found.cost <= 20_000
    assert found.value >= 20_000 - 1100
