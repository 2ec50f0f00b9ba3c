"""Indicator scores, groups and the total with its bounds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from assess_park import NOW, good_evidence, good_park, ref
from hypothesis import given
from hypothesis import strategies as st

from parkops.assess import assess
from parkops.assess.catalogues import indicators, thresholds
from parkops.assess.context import Context
from parkops.assess.indicators import score_indicators
from parkops.assess.scores import group_scores, level1_score, total_score, weight_sets
from parkops.evidence import gather
from parkops.model import EvidenceSet, Figure, HostedService, IndicatorScore, Signal
from parkops.store import Store

CATALOGUE = indicators()
PARENT = {group.id: group.level1 for group in CATALOGUE.level2}


def made(scores: list[float | None], catalogue=CATALOGUE) -> tuple[IndicatorScore, ...]:
    return tuple(
        IndicatorScore(
            item.id, "", "", PARENT[item.level2], item.level2, item.weight, value, "", value,
            0.0 if value is None else value, 100.0 if value is None else value, "", "",
        )
        for item, value in zip(catalogue.indicators, scores, strict=True)
    )  # fmt: skip


SCORES = st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=60, max_size=60)


def test_weights_sum_to_one_at_each_level():
    assert sum(group.weight for group in CATALOGUE.level1) == pytest.approx(1)
    second, third = defaultdict(float), defaultdict(float)
    for group in CATALOGUE.level2:
        second[group.level1] += group.weight
    for item in CATALOGUE.indicators:
        third[item.level2] += item.weight
    assert all(value == pytest.approx(1) for value in (*second.values(), *third.values()))
    assert (len(second), len(third)) == (4, 18)


def test_every_admissible_weight_set_sums_to_one():
    sets = list(weight_sets(CATALOGUE))
    assert len(sets) == 20
    for beta in sets:
        assert sum(w for group, w in beta.items() if PARENT[group] == 2) == pytest.approx(1)
        assert all(weight > 0 for weight in beta.values())
    mean = sum(beta[5] for beta in sets) / len(sets)
    assert mean == pytest.approx(next(group.weight for group in CATALOGUE.level2 if group.id == 5))


@given(SCORES)
def test_bounds_contain_the_point(scores):
    items = made(scores)
    for found in (total_score(items, CATALOGUE), level1_score(items, CATALOGUE, 1)):
        assert 0 <= found.low <= found.high <= 100
        assert 0 <= found.coverage <= 1
        if found.point is not None:
            assert found.low - 1e-9 <= found.point <= found.high + 1e-9
    for group in group_scores(items, CATALOGUE):
        assert group.point is None or group.low - 1e-9 <= group.point <= group.high + 1e-9


@given(SCORES, st.integers(0, 59), st.floats(0, 100))
def test_a_better_indicator_never_lowers_the_score(scores, place, gain):
    if scores[place] is None:
        return
    better = [*scores]
    better[place] = min(100.0, scores[place] + gain)
    before, after = (total_score(made(list_), CATALOGUE) for list_ in (scores, better))
    assert after.low >= before.low - 1e-9
    assert after.high >= before.high - 1e-9
    assert after.point >= before.point - 1e-9


@given(SCORES, st.integers(0, 59), st.floats(0, 100))
def test_learning_an_indicator_never_widens_the_interval(scores, place, value):
    known = [*scores]
    known[place] = value
    before = total_score(made([*scores[:place], None, *scores[place + 1 :]]), CATALOGUE)
    after = total_score(made(known), CATALOGUE)
    assert after.low >= before.low - 1e-9
    assert after.high <= before.high + 1e-9
    assert after.coverage >= before.coverage


def test_nothing_known_leaves_the_whole_interval():
    found = total_score(made([None] * 60), CATALOGUE)
    assert (found.point, found.low, found.high, found.coverage) == (None, 0, pytest.approx(100), 0)


def test_illegible_weights_widen_the_total_even_when_all_is_known():
    scores = [100.0 if item.level2 == 5 else 0.0 for item in CATALOGUE.indicators]
    found = total_score(made(scores), CATALOGUE)
    assert found.coverage == pytest.approx(1)
    assert found.low == pytest.approx(0.3 * 0.1 * 100)
    assert found.high == pytest.approx(0.3 * 0.4 * 100)
    assert found.point == pytest.approx(0.3 * 0.175 * 100)


def figure(number: int, value: float | bool, **given) -> Figure:
    base = Figure(number, value, None, None, "proof.pdf", "2026-09-01", "李工", ref(90, f"figures.{number}"))
    return replace(base, **given)


def scored(figures=(), evidence=None, **changes):
    park = replace(good_park(), figures=tuple(figures), **changes)
    found = score_indicators(Context(park, evidence or EvidenceSet(now_s=NOW)), CATALOGUE, thresholds())
    return {item.id: item for item in found}


def test_a_figure_is_scored_with_its_own_thresholds():
    item = scored([figure(8, 110, x_min=10, x_max=200)])[8]
    assert item.score == pytest.approx(52.63, abs=0.01)
    assert (item.basis, item.value) == ("stated", 110)
    assert "stated with the figure" in item.explanation
    assert item.evidence[0].source == "park.yaml:90 figures.8"


def test_a_figure_without_thresholds_is_scored_by_the_proposal_and_says_so():
    item = scored([figure(8, 250)])[8]
    assert item.score == pytest.approx(50)
    assert "proposed by parkops" in item.explanation


def test_thresholds_can_grow_with_the_tenants():
    assert scored()[4].explanation.endswith("X_max 4 (proposed by parkops)")


def test_yes_or_no_shares_and_lists():
    found = scored([figure(26, True), figure(27, False), figure(37, 42.5), figure(34, 7)])
    assert [found[n].score for n in (26, 27, 37, 34)] == [100, 0, 42.5, 100]


def test_components_weigh_the_same():
    parts = (("responsible department exists", 1.0), ("security staff", 2.0))
    item = scored([figure(14, 2, components=parts)])[14]
    assert item.score == pytest.approx((100 + 50) / 2)


def test_missing_components_leave_the_score_unknown():
    item = scored([figure(14, 2, components=(("security staff", 2.0),))])[14]
    assert item.score is None
    assert "responsible department exists" in item.explanation


def test_a_figure_for_a_day_to_come_is_unknown():
    item = scored([figure(9, 5, stated_on="2027-01-01")])[9]
    assert (item.score, item.low, item.high, item.basis) == (None, 0, 100, "unknown")


def test_unknown_is_not_zero():
    item = scored()[10]
    assert (item.score, item.low, item.high) == (None, 0, 100)
    assert "not that all were repelled" in item.explanation


def test_measured_indicators_of_the_good_park():
    park = good_park()
    found = scored(evidence=good_evidence(park))
    assert {n: found[n].basis for n in (1, 2, 5, 6, 15)} == dict.fromkeys((1, 2, 5, 6, 15), "measured")
    assert found[1].score == 100
    assert found[6].value == 3
    assert found[15].value == 100
    assert found[11].value == pytest.approx(200 / 3)
    connected, ipv6, wireless = 100 * 11 / 12, 50.0, 100 * 50 / 110
    assert found[2].score == pytest.approx((connected + ipv6 + wireless) / 3, abs=0.5)


def test_what_was_not_seen_lately_leaves_room_above():
    park = good_park()
    evidence = good_evidence(park)
    gone = {t.id for t in park.targets if t.device in ("a-gw-1", "a-sw-1", "a-sw-2", "a-sw-3")}
    fewer = replace(evidence, intervals=tuple(i for i in evidence.intervals if i.target not in gone))
    before, after = scored(evidence=evidence), scored(evidence=fewer)
    assert (before[6].low, before[6].high) == (50, 50)
    assert (after[6].value, after[6].low, after[6].high) == (2, pytest.approx(100 / 3), 50)
    assert after[1].low < before[1].low
    assert after[1].high == before[1].high == 100


def test_platforms_in_use_support_a_figure_and_stand_in_for_none():
    park = good_park()
    node = next(e.dst_device for e in park.expectations if e.allowed and park.device(e.src_device).tenant)
    hosted = (HostedService("mes", "MES", "platform", "", node, "10.0.0.1", (("tcp", 443),), ref(1)),)
    evidence = good_evidence(park)
    measured = scored(evidence=evidence, hosted=hosted)[7]
    assert measured.basis == "measured"
    assert measured.explanation.startswith(f"{measured.value * 2 / 100:.0f} of 2 tenants seen to reach")
    assert scored([figure(7, 80)], evidence, hosted=hosted)[7].basis == "stated"
    assert scored(evidence=EvidenceSet(now_s=NOW), hosted=hosted)[7].basis == "unknown"


def test_attacks_that_were_seen_are_counted_each_once():
    park = good_park()
    told = (
        Signal(NOW - 9, "syslog", "fw-1", "attack-dropped:scan:192.0.2.9", "warning", "scan", count=3),
        Signal(NOW - 8, "syslog", "fw-1", "attack-passed:login:192.0.2.9", "critical", "login", count=1),
        Signal(NOW - 7, "syslog", "fw-1", "attack-dropped:scan:192.0.2.9", "info", "over", clears=True),
        Signal(NOW - 6, "syslog", "fw-1", "linkDown:eth1", "warning", "link"),
    )
    evidence = replace(good_evidence(park), signals=told)
    item = scored(evidence=evidence)[10]
    assert (item.value, item.score, item.basis) == (75, 75, "measured")
    assert item.explanation.startswith("3 of 4 attacks repelled")
    assert [cited.text for cited in item.evidence] == ["login", "scan"]


def test_attacks_of_a_year_come_from_the_store(tmp_path):
    park = good_park()
    with Store.open(tmp_path / "parkops.db") as store:
        store.save_signals(
            Signal(NOW - days * 86_400, "syslog", "fw-1", name, "warning")
            for days, name in (
                (200, "attack-dropped:scan:a"),
                (1, "attack-passed:scan:a"),
                (200, "linkDown:x"),
                (400, "attack-passed:scan:b"),
                (1, "linkDown:y"),
            )
        )
        evidence = gather(park, (), store, NOW)
    assert [s.name for s in evidence.signals] == [
        "attack-dropped:scan:a",
        "attack-passed:scan:a",
        "linkDown:y",
    ]
    assert scored(evidence=evidence)[10].value == 50


def test_measuring_beats_stating():
    park = good_park()
    assert scored([figure(6, 99)], good_evidence(park))[6].value == 3


def test_without_evidence_nothing_counts_as_measured():
    assert not [item for item in scored().values() if item.basis == "measured"]


def test_assessment_is_reproducible():
    park = good_park()
    evidence = good_evidence(park)
    assert assess(park, evidence) == assess(park, evidence)
