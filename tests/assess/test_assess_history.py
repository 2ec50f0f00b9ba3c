"""What is kept of an assessment, and what changed between two."""

from __future__ import annotations

from dataclasses import replace

from assess_park import NOW, good_evidence, good_park

from parkops.assess import assess
from parkops.assess.history import compare, snapshot
from parkops.model import AssessmentPolicy, EvidenceSet


def test_nothing_changes_between_an_assessment_and_itself():
    park = good_park()
    kept = snapshot(assess(park, good_evidence(park)))
    found = compare(kept, kept)
    assert (found.verdicts, found.scores, found.same_plan, found.same_basis) == ((), (), True, True)


def test_a_snapshot_holds_all_verdicts_and_scores():
    park = good_park()
    assessment = assess(park, good_evidence(park))
    kept = snapshot(assessment)
    assert len(kept.verdicts) == len(assessment.requirements) + len(assessment.controls)
    assert kept.score("total").point == assessment.total_point
    assert kept.score("indicator:6").value == 3
    assert {mark.id for mark in kept.scores} >= {"infrastructure", "level1:4", "level2:18", "indicator:60"}


def test_lost_evidence_is_a_change_with_both_reasons():
    park = good_park()
    before = snapshot(assess(park, good_evidence(park)))
    after = snapshot(assess(replace(park, plan_digest="other"), EvidenceSet(now_s=NOW)))
    found = compare(before, after)
    assert not found.same_plan
    change = next(item for item in found.verdicts if item.before == "pass" and item.after == "unknown")
    assert change.why_before.startswith("passed: ")
    assert change.why_after.startswith("not yet evidenced: ")
    moved = {change.id: change for change in found.scores}
    assert moved["indicator:6"].before.point == 50
    assert moved["indicator:6"].after.point is None
    assert "indicator:4" not in moved  # the plan states it, with or without evidence
    assert moved["total"].after.low < moved["total"].before.low


def test_another_basis_is_told():
    park = good_park()
    before = snapshot(assess(park, good_evidence(park)))
    park = replace(park, assessment=AssessmentPolicy(profile="electronics"))
    found = compare(before, snapshot(assess(park, good_evidence(park))))
    assert (found.same_plan, found.same_basis) == (True, False)


def test_requirements_that_only_one_knows():
    park = good_park()
    before = snapshot(assess(park, good_evidence(park)))
    gone = replace(before, verdicts=before.verdicts[1:])
    assert [(c.before, c.after) for c in compare(before, gone).verdicts] == [
        (before.verdicts[0].verdict, None)
    ]
    assert [(c.before, c.after) for c in compare(gone, before).verdicts] == [
        (None, before.verdicts[0].verdict)
    ]
