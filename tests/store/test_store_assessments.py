"""Assessments are kept whole, read by id or from the newest, and lined up over time."""

from __future__ import annotations

import pytest

from parkops.errors import UsageError
from parkops.model import ScoreMark, Snapshot, VerdictMark


def made(time_s: float, park: str = "east", point: float | None = 50.0) -> Snapshot:
    scores = (
        ScoreMark("total", point, 20.0, 90.0),
        ScoreMark("infrastructure", 70.0, 40.0, 80.0),
        ScoreMark("level1:1", 70.0, 40.0, 80.0),
        ScoreMark("indicator:8", 52.63, 52.63, 52.63, 110.0),
    )
    verdicts = (
        VerdictMark("guide", "NET-BB-01", "pass", "passed: 规划"),
        VerdictMark("guide", "NET-BB-02", "fail", "Expected: a. Actual: b."),
        VerdictMark("mlps", "MLPS-1", "unknown", "not yet evidenced: probe"),
    )
    return Snapshot(0, time_s, park, "abcd", "general", "standard", 0.7, scores, verdicts)


def test_an_assessment_comes_back_as_it_was(store):
    kept = store.save_assessment(made(1.0))
    newest = store.save_assessment(made(2.0, point=None))
    assert (kept.id, newest.id) == (1, 2)
    assert store.assessment(1) == kept
    assert (store.assessment(-1), store.assessment(-2)) == (newest, kept)


@pytest.mark.parametrize("number", [0, 2, -2])
def test_an_unknown_assessment_is_named(store, number):
    store.save_assessment(made(1.0))
    with pytest.raises(UsageError, match=rf"there is no assessment {number}: `parkops history`"):
        store.assessment(number)


def test_the_trend_is_of_one_park_oldest_first(store):
    for time_s in (1.0, 2.0, 3.0):
        store.save_assessment(made(time_s))
    store.save_assessment(made(4.0, "west"))
    points = store.trend("east", 2).points
    assert [point.time_s for point in points] == [2.0, 3.0]
    assert (points[0].passed, points[0].failed, points[0].unknown) == (1, 1, 1)
    assert (points[0].total_point, points[0].infrastructure_high, points[0].levels) == (50, 80, ((1, 70.0),))
    assert store.trend("north").points == ()
