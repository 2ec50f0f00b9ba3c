"""Profiles, weights and grades as data: shipped ones, and files of the user's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from assess_park import NOW, good_evidence, good_park
from hypothesis import given
from hypothesis import strategies as st
from test_assess_scores import SCORES, figure, made

from parkops.assess import assess, basis_of
from parkops.assess.basis import groups_of, profile_names, shipped
from parkops.assess.context import Context
from parkops.assess.grade import graded
from parkops.assess.indicators import score_indicators
from parkops.assess.scores import level1_score, total_score, weight_sets
from parkops.errors import PlanError
from parkops.model import AssessmentPolicy, EvidenceSet
from parkops.plan.measures import PROFILES

WEIGHTS = "kind: parkops.weights\nversion: 1\n"


def scored(basis, *figures, evidence=None):
    park = replace(good_park(), figures=figures)
    found = score_indicators(
        Context(park, evidence or EvidenceSet(now_s=NOW)), basis.catalogue, basis.thresholds
    )
    return {item.id: item for item in found}


def problems(tmp_path, text, **keys):
    key = next(iter(keys))
    (tmp_path / keys[key]).write_text(text, encoding="utf-8")
    with pytest.raises(PlanError) as caught:
        basis_of(AssessmentPolicy(**keys), tmp_path)
    return str(caught.value).splitlines()


def test_the_plan_knows_the_shipped_profiles():
    assert set(profile_names()) == set(PROFILES)


@pytest.mark.parametrize("name", PROFILES)
def test_weights_of_every_profile_sum_to_one_at_each_level(name):
    catalogue = shipped(name).catalogue
    weights = {
        level: {item.id: item.weight for item in getattr(catalogue, level)}
        for level in ("level1", "level2", "indicators")
    }
    for (level, _), members in groups_of(catalogue).items():
        assert sum(weights[level][number] for number in members) == pytest.approx(1)


@pytest.mark.parametrize("name", PROFILES)
def test_thresholds_of_every_profile_have_a_width_and_a_reason(name):
    basis = shipped(name)
    for threshold in basis.thresholds.indicators.values():
        assert threshold.x_min != threshold.x_max
        assert threshold.why


def test_a_sector_scores_by_its_own_thresholds_and_says_so():
    general = scored(shipped(), figure(8, 250))[8]
    electronics = scored(shipped("electronics"), figure(8, 250))[8]
    assert (general.score, electronics.score) == (pytest.approx(50), pytest.approx(100 * 240 / 790))
    assert electronics.explanation.endswith("(profile electronics)")


def test_a_profile_of_the_users_own(tmp_path):
    (tmp_path / "ours.yaml").write_text(
        "base: electronics\nthresholds:\n  8: {x_min: 0, x_max: 500, why: ours}\n"
        "grades:\n  coverage_floor: 0\n  grades: [{id: planning, low: 0, name_zh: 初, name_en: First}]\n",
        encoding="utf-8",
    )
    basis = basis_of(AssessmentPolicy(profile="ours.yaml"), tmp_path)
    found = scored(basis, figure(8, 250), figure(57, 125))
    assert (found[8].score, found[57].score) == (50, 50)
    assert found[8].explanation.endswith("(profile ours.yaml)")
    assert basis.stage_of(99).name_en == "First"


def test_mistakes_of_a_profile_are_told_with_their_places(tmp_path):
    text = "base: electronic\nthresholds:\n  8: {x_min: 0, x_max: 5, why: a}\n"
    assert problems(tmp_path, text, profile="p.yaml")[0].startswith("p.yaml:1:7: no profile 'electronic'")
    text = "thresholds:\n  61: {x_min: 0, x_max: 5, why: a}\n  8: {x_min: 5, x_max: 5, why: a}\n"
    assert problems(tmp_path, text, profile="p.yaml") == [
        "p.yaml:2:3: there is no indicator 61: 1 to 60",
        "p.yaml:3:3: x_min and x_max are the same",
    ]
    text = "thresholds:\n  8: {x_min: a, x_max: 5, why: a}\nweigths: {}\n"
    found = problems(tmp_path, text, profile="p.yaml")
    assert found[0].startswith("p.yaml:2:14: 'a': input should be a valid number")
    assert found[1].startswith("p.yaml:3:1: unknown key 'weigths'")
    assert found[1].endswith("did you mean 'weights'?")
    assert problems(tmp_path, "a: [\n", profile="p.yaml")[0].startswith("p.yaml:2:1: ")
    assert problems(tmp_path, "base: a\nbase: b\n", profile="p.yaml") == [
        "p.yaml:2:1: 'base' stands twice: each key once"
    ]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PlanError, match=r"no\.yaml:1:1: cannot be read: No such file"):
        basis_of(AssessmentPolicy(weights="no.yaml"), tmp_path)


def test_stated_weights_take_effect_and_end_the_interval(tmp_path):
    (tmp_path / "w.yaml").write_text(
        WEIGHTS + "level2: {5: 0.1, 6: 0.2, 7: 0.3, 8: 0.1, 9: 0.1, 10: 0.2}\n"
        "level1: {1: 0.4, 2: 0.2, 3: 0.2, 4: 0.2}\n",
        encoding="utf-8",
    )
    basis = basis_of(AssessmentPolicy(weights="w.yaml"), tmp_path)
    assert len(list(weight_sets(basis.catalogue))) == 1
    scores = [100.0 if item.level2 == 5 else 0.0 for item in basis.catalogue.indicators]
    found = total_score(made(scores, basis.catalogue), basis.catalogue)
    assert found.low == found.high == pytest.approx(found.point) == pytest.approx(0.2 * 0.1 * 100)
    park = replace(good_park(), assessment=AssessmentPolicy(weights="w.yaml"))
    assessment = assess(park, good_evidence(park), basis=basis)
    assert (assessment.weights, assessment.groups[0].weight) == ("w.yaml", 0.4)


def test_mistakes_of_weights_are_told_with_their_places(tmp_path):
    text = WEIGHTS + "level1: {1: 0.4, 2: 0.2, 3: 0.2, 4: 0.3}\nindicators:\n  1: 1\n  99: 1\n"
    assert problems(tmp_path, text, weights="w.yaml") == [
        "w.yaml:3:13: level 1 sums to 1.1: 1",
        "w.yaml:5:6: the group of indicators below 1 lacks 2, 3, 4, 5, 6: all of a group",
        "w.yaml:6:7: indicators has no 99",
    ]


@given(SCORES, st.sampled_from(PROFILES), st.integers(0, 59), st.floats(0, 100))
def test_the_score_is_monotone_in_every_profile(scores, name, place, gain):
    catalogue = shipped(name).catalogue
    known = [0.0 if value is None else value for value in scores]
    better = [*known]
    better[place] = min(100.0, known[place] + gain)
    for fold in (total_score, lambda items, tree: level1_score(items, tree, 1)):
        before, after = (fold(made(values, catalogue), catalogue) for values in (known, better))
        assert after.point >= before.point - 1e-9
        assert after.low >= before.low - 1e-9
        assert after.high >= before.high - 1e-9


@pytest.mark.parametrize("name", PROFILES)
def test_weights_of_a_level_reach_the_total_whole(name):
    catalogue = shipped(name).catalogue
    parents = {group.id: group.level1 for group in catalogue.level2}
    sums = defaultdict(float)
    for item in catalogue.indicators:
        only = [100.0 if other.id == item.id else 0.0 for other in catalogue.indicators]
        sums[parents[item.level2]] += total_score(made(only, catalogue), catalogue).point
    assert sums == pytest.approx({group.id: 100 * group.weight for group in catalogue.level1})


@pytest.mark.parametrize(
    ("coverage", "point", "grade"),
    [(0.59, 90.0, ""), (0.6, 90.0, "leading"), (1.0, 79.9, "optimised"), (1.0, 40.0, "standard"),
     (1.0, 0.0, "planning"), (1.0, None, "")],
)  # fmt: skip
def test_a_grade_needs_coverage(coverage, point, grade):
    base = assess(good_park(), EvidenceSet(now_s=NOW))
    found = graded(
        replace(base, coverage=coverage, total_point=point, total_low=10, total_high=100), shipped()
    )
    assert (found.grade, found.grade_low, found.grade_high) == (grade, "planning", "leading")


def test_shares_of_nothing_are_unknown_with_a_reason():
    item = scored(shipped(), figure(7, None, share=(0, 0)))[7]
    assert (item.score, item.low, item.high, item.basis) == (None, 0, 100, "unknown")
    assert item.explanation == "a share of 0 has no value"


def test_growth_names_its_two_years():
    found = scored(shipped(), figure(54, 10.0, years=((2024, 200.0), (2025, 220.0))))[54]
    assert found.explanation.startswith("10 % a year from 200 in 2024 to 220 in 2025 stated by")
    assert found.score == pytest.approx(100 * 30 / 70)


def test_sums_have_a_cap():
    found = scored(shipped(), figure(34, 9), figure(36, 5))
    assert found[34].score == 100
    assert found[34].explanation.endswith("(length of the guide's list, capped)")
    assert found[36].explanation.endswith("(length of the guide's list)")
