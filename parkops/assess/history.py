"""Keep an assessment small, and say what changed between two."""

from __future__ import annotations

from parkops.model import (
    Assessment,
    Comparison,
    ScoreChange,
    ScoreMark,
    Snapshot,
    VerdictChange,
    VerdictMark,
)

LEAST_MOVE = 0.005  # of a score: less is rounding


def snapshot(assessment: Assessment) -> Snapshot:
    """Return what is kept of an assessment."""
    scores = [
        ScoreMark("total", assessment.total_point, assessment.total_low, assessment.total_high),
        ScoreMark(
            "infrastructure",
            assessment.infrastructure_point,
            assessment.infrastructure_low,
            assessment.infrastructure_high,
        ),
    ]
    scores += [ScoreMark(f"level{g.level}:{g.id}", g.point, g.low, g.high) for g in assessment.groups]
    scores += [ScoreMark(f"indicator:{i.id}", i.score, i.low, i.high, i.value) for i in assessment.indicators]
    return Snapshot(
        id=0,
        time_s=assessment.time_s,
        park=assessment.park,
        plan_digest=assessment.plan_digest,
        profile=_basis(assessment),
        grade=assessment.grade,
        coverage=assessment.coverage,
        scores=tuple(scores),
        verdicts=tuple(
            VerdictMark(result.catalogue, result.id, result.verdict.value, result.message)
            for result in (*assessment.requirements, *assessment.controls)
        ),
    )


def _basis(assessment: Assessment) -> str:
    """Name what the scores were told by."""
    return f"{assessment.profile}; weights: {assessment.weights}"


def compare(older: Snapshot, newer: Snapshot) -> Comparison:
    """Return requirements with another verdict, and scores that moved, in the newer one's order."""
    return Comparison(
        older=older,
        newer=newer,
        verdicts=_verdicts(older, newer),
        scores=_scores(older, newer),
        same_plan=older.plan_digest == newer.plan_digest,
        same_basis=older.profile == newer.profile,
    )


def _verdicts(older: Snapshot, newer: Snapshot) -> tuple[VerdictChange, ...]:
    old = {(mark.catalogue, mark.id): mark for mark in older.verdicts}
    new = {(mark.catalogue, mark.id): mark for mark in newer.verdicts}
    changes = []
    for key in dict.fromkeys((*new, *old)):
        before, after = old.get(key), new.get(key)
        if before and after and before.verdict == after.verdict:
            continue
        changes.append(
            VerdictChange(
                *key,
                before.verdict if before else None,
                after.verdict if after else None,
                before.message if before else "",
                after.message if after else "",
            )
        )
    return tuple(changes)


def _scores(older: Snapshot, newer: Snapshot) -> tuple[ScoreChange, ...]:
    old = {mark.id: mark for mark in older.scores}
    new = {mark.id: mark for mark in newer.scores}
    pairs = ((name, old.get(name), new.get(name)) for name in dict.fromkeys((*new, *old)))
    return tuple(ScoreChange(name, before, after) for name, before, after in pairs if _moved(before, after))


def _moved(before: ScoreMark | None, after: ScoreMark | None) -> bool:
    if before is None or after is None:
        return True
    if (before.point is None) is not (after.point is None):
        return True
    moves = ((before.point or 0.0, after.point or 0.0), (before.low, after.low), (before.high, after.high))
    return any(abs(new - old) > LEAST_MOVE for old, new in moves)


__all__ = ["compare", "snapshot"]
