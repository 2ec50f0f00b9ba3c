"""The guide's two formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkops.assess.catalogues import indicators
from parkops.assess.formula import compositions, score, score_flag, total

NUMBERS = st.floats(-1e6, 1e6)


def test_worked_example_of_the_guide():
    """110 industrial apps, best 200, least 10: 52.63, printed as 52."""
    exact = score(110, 10, 200)
    assert round(exact, 2) == 52.63
    assert math.trunc(exact) == 52


def test_worked_example_of_indicator_1():
    """Full coverage scores 100; with the weight 0.3 of the text that is 30, with the table's 0.2 it is 20."""
    found = score(100, 0, 100)
    assert found == 100
    assert total([(1, 1, 0.3, found)]) == pytest.approx(30)
    weight = next(item.weight for item in indicators().indicators if item.id == 1)
    assert total([(1, 1, weight, found)]) == pytest.approx(20)


@pytest.mark.parametrize(("x", "expected"), [(-5, 0), (10, 0), (200, 100), (1000, 100), (105, 50)])
def test_score_is_held_inside_its_bounds(x, expected):
    assert score(x, 10, 200) == expected


def test_less_can_be_better():
    assert score(10, 100, 0) == 90


def test_no_score_without_a_range():
    with pytest.raises(ValueError, match="both 5"):
        score(1, 5, 5)


def test_yes_and_no():
    assert (score_flag(True), score_flag(False)) == (100, 0)


def test_formula_1():
    assert total([(0.2, 0.3, 0.2, 100), (0.3, 0.2, 0.1, 50)]) == pytest.approx(1.2 + 0.3)


@given(a=NUMBERS, b=NUMBERS, low=NUMBERS, width=st.floats(0.01, 1e6))
def test_score_is_monotone(a, b, low, width):
    less, more = sorted((a, b))
    assert 0 <= score(less, low, low + width) <= score(more, low, low + width) <= 100


def test_twenty_ways_to_share_out_the_illegible_weights():
    ways = list(compositions(4, 7))
    assert len(ways) == len(set(ways)) == 20
    assert all(sum(way) == 7 and min(way) >= 1 for way in ways)
