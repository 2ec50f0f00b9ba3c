"""Assessments over time: one row for each report, its scores and verdicts as compact JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import astuple, replace

from parkops.errors import UsageError
from parkops.model import ScoreMark, Snapshot, Trend, TrendPoint, VerdictMark
from parkops.store.database import Database

_BY_ID = """
SELECT id, time_s, park, plan_digest, profile, grade, coverage, scores, verdicts
FROM assessments WHERE id = ?
"""
_FROM_NEWEST = """
SELECT id, time_s, park, plan_digest, profile, grade, coverage, scores, verdicts
FROM assessments ORDER BY id DESC LIMIT 1 OFFSET ?
"""


def save(connection: Database, snapshot: Snapshot) -> Snapshot:
    """Keep an assessment and return it with its id."""
    counts = Counter(mark.verdict for mark in snapshot.verdicts)
    row = connection.execute(
        "INSERT INTO assessments (time_s, park, plan_digest, profile, grade, coverage,"
        " passed, failed, unknown, scores, verdicts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            snapshot.time_s,
            snapshot.park,
            snapshot.plan_digest,
            snapshot.profile,
            snapshot.grade,
            snapshot.coverage,
            counts["pass"],
            counts["fail"],
            counts["unknown"],
            _text([astuple(mark) for mark in snapshot.scores]),
            _text([astuple(mark) for mark in snapshot.verdicts]),
        ),
    ).fetchone()
    return replace(snapshot, id=row[0])


def read(connection: Database, number: int) -> Snapshot:
    """Return one kept assessment; a negative number counts from the newest. UsageError when there is none."""
    query, value = (_BY_ID, number) if number >= 0 else (_FROM_NEWEST, -number - 1)
    row = connection.execute(query, (value,)).fetchone()
    if row is None:
        raise UsageError(f"there is no assessment {number}", hint="`parkops history` lists them")
    number, time_s, park, plan_digest, profile, grade, coverage, scores, verdicts = row
    return Snapshot(
        number,
        time_s,
        park,
        plan_digest,
        profile,
        grade,
        coverage,
        tuple(ScoreMark(*mark) for mark in json.loads(scores)),
        tuple(VerdictMark(*mark) for mark in json.loads(verdicts)),
    )


def trend(connection: Database, park: str, most: int) -> Trend:
    """Return the newest ``most`` assessments of a park, oldest first."""
    rows = connection.execute(
        "SELECT id, time_s, plan_digest, profile, coverage, passed, failed, unknown, scores"
        " FROM assessments WHERE park = ? ORDER BY id DESC LIMIT ?",
        (park, most),
    ).fetchall()
    return Trend(tuple(_point(*row) for row in reversed(rows)))


def _point(
    number: int,
    time_s: float,
    plan_digest: str,
    profile: str,
    coverage: float,
    passed: int,
    failed: int,
    unknown: int,
    scores: str,
) -> TrendPoint:
    marks = {mark[0]: ScoreMark(*mark) for mark in json.loads(scores)}
    total, infrastructure = marks["total"], marks["infrastructure"]
    levels = tuple(
        (int(name.partition(":")[2]), mark.point)
        for name, mark in marks.items()
        if name.startswith("level1:")
    )
    return TrendPoint(
        number,
        time_s,
        plan_digest,
        total.point,
        total.low,
        total.high,
        infrastructure.point,
        infrastructure.low,
        infrastructure.high,
        coverage,
        passed,
        failed,
        unknown,
        levels,
        profile,
    )


def _text(marks: list[tuple[object, ...]]) -> str:
    return json.dumps(marks, ensure_ascii=False, separators=(",", ":"))
