"""The diagnosis of a park: stage, deficiencies, risks, the path, and suppositions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations

import pytest
from assess_park import NOW, good_evidence, good_park, ref
from hypothesis import given, settings
from hypothesis import strategies as st

from parkops.assess import assess
from parkops.assess.advice.measures import measures, parts_of, standing
from parkops.assess.advice.path import evolution_path
from parkops.assess.advice.risks import years_to
from parkops.assess.advice.whatif import Supposed, parse, what_if
from parkops.assess.basis import shipped
from parkops.assess.catalogues import indicators, requirements
from parkops.assess.context import Context
from parkops.errors import UsageError
from parkops.model import (
    AssessmentPolicy,
    Attestation,
    Event,
    EvidenceSet,
    Figures,
    Growth,
    ObjectiveStatus,
    Utilisation,
    Waiver,
)
from parkops.plan.measures import MEASURES

BASIS = shipped()


@cache
def judged(policy: AssessmentPolicy = AssessmentPolicy(), years: int = 5):  # noqa: B008  a frozen value
    park = replace(good_park(), assessment=policy, horizon_years=years)
    context = Context(park, good_evidence(park))
    return context, assess(park, good_evidence(park))


def risks_of(evidence: EvidenceSet | None = None, **changes):
    park = replace(good_park(), **changes)
    found = assess(park, evidence or good_evidence(park)).diagnosis.risks
    return {(risk.kind, risk.subject): risk for risk in found}


def test_the_plans_table_of_measures_is_the_catalogues():
    assert tuple(entry.id for entry in measures()) == MEASURES
    numbers = {item.id: {part.name for part in item.components} for item in indicators().indicators}
    known = {item.id for item in requirements()}
    for entry in measures():
        assert set(entry.needs) <= set(MEASURES)
        assert set(entry.requirements) <= known
        for raised in entry.raises:
            assert raised.component in {"", *numbers[raised.indicator]}


def test_parts_of_a_measure_close_its_gap_together():
    context, assessment = judged()
    now = standing(assessment.indicators, BASIS)
    sums: dict[str, dict] = {}
    for part in parts_of(context, BASIS, now):
        for place, gain in part.lifts.items():
            own = sums.setdefault(part.measure.id, {})
            own[place] = own.get(place, 0.0) + gain
    assert sums
    for entry in measures():
        for place, gain in sums.get(entry.id, {}).items():
            reach = next(
                r.reach for r in entry.raises if r.indicator == place[0] and r.component in ("", place[1])
            )
            assert now.scores[place] + gain == pytest.approx(reach)


def test_units_are_those_of_the_indicator():
    context, assessment = judged()
    by_measure: dict[str, int] = {}
    for part in parts_of(context, BASIS, standing(assessment.indicators, BASIS)):
        by_measure[part.measure.id] = by_measure.get(part.measure.id, 0) + part.units
    assert by_measure["leased-lines"] == 3  # one of four that two tenants could have
    assert by_measure["edge-nodes"] == 3  # three of six
    assert by_measure["platform-onboarding"] == 2  # tenants
    assert by_measure["ipv6"] == 1 if "ipv6" in by_measure else True


PRICES = {"leased-lines": 30.0, "edge-nodes": 60.0, "platform-onboarding": 45.0, "industrial-apps": 1.0,
          "security-uplink": 20.0, "satisfaction": 35.0, "policy": 5.0}  # fmt: skip


def brute(context, assessment, money):
    """Return the best total over all sets of whole parts that hold what they need."""
    now = standing(assessment.indicators, BASIS)
    parts = [part for part in parts_of(context, BASIS, now) if part.price is not None]
    parts = [part for part in parts if part.needs <= {other.id for other in parts}]
    best = 0.0
    for size in range(len(parts) + 1):
        for chosen in combinations(parts, size):
            names = {part.id for part in chosen}
            if sum(part.price for part in chosen) > money or any(not part.needs <= names for part in chosen):
                continue
            gain = sum(
                now.weights[place[0]] * now.shares[place] * lift
                for part in chosen
                for place, lift in part.lifts.items()
            )
            best = max(best, gain)
    return best


@pytest.mark.parametrize("money", [0.0, 35.0, 80.0, 150.0, 240.0, 1000.0])
def test_no_set_of_measures_is_better_than_the_path(money):
    prices = {k: v for k, v in PRICES.items() if k not in ("industrial-apps",)}
    policy = AssessmentPolicy(budget=(money / 5,) * 5, prices=tuple(sorted(prices.items())))
    context, assessment = judged(policy)
    path = evolution_path(context, assessment, BASIS)
    gain = path.years[-1].total_low - assessment.total_low
    # Bounds are told over all admissible weights: compare with the gain at the catalogue's own.
    assert sum(item.gain for item in path.measures) == pytest.approx(brute(context, assessment, money))
    assert gain >= -1e-9
    assert sum(row.cost for row in path.years) <= money + 1e-9


def test_each_year_spends_no_more_than_there_is_by_then():
    policy = AssessmentPolicy(budget=(40.0, 0.0, 60.0, 10.0, 90.0), prices=tuple(sorted(PRICES.items())))
    context, assessment = judged(policy)
    path = evolution_path(context, assessment, BASIS)
    spent = there = 0.0
    for row, money in zip(path.years, policy.budget, strict=True):
        spent, there = spent + row.cost, there + money
        assert spent <= there + 1e-9
    lows = [assessment.total_low, *(row.total_low for row in path.years)]
    assert lows == sorted(lows)
    assert path.years[-1].infrastructure_low >= assessment.infrastructure_low


def test_what_a_measure_needs_comes_first():
    context, assessment = judged(
        AssessmentPolicy(budget=(1e9,) * 5, prices=tuple((m, 10.0) for m in MEASURES))
    )
    path = evolution_path(context, assessment, BASIS)
    last = {item.id: place for place, item in enumerate(path.measures)}
    first = {item.id: place for place, item in reversed(list(enumerate(path.measures)))}
    waiting = [item for item in path.measures if item.needs]
    assert waiting
    for item in waiting:
        assert all(last[need] < first[item.id] for need in item.needs)
    assert all(
        item.year >= entry.earliest for item in path.measures for entry in measures() if entry.id == item.id
    )


def test_what_has_no_price_is_left_out_with_the_reason():
    context, assessment = judged(AssessmentPolicy(budget=(1e9,) * 5, prices=(("policy", 10.0),)))
    path = evolution_path(context, assessment, BASIS)
    assert [item.id for item in path.measures] == ["policy"]
    reasons = {name: en for name, _, en in path.left_out}
    assert reasons["edge-nodes"] == "no price in the plan (assessment.prices)"


def test_lines_that_cost_by_the_month_are_priced_by_the_year():
    park = good_park()
    lines = tuple(replace(c, price=500.0) if c.kind == "leased-line" else c for c in park.circuits)
    park = replace(park, circuits=lines, assessment=AssessmentPolicy(budget=(6000.0,) * 5))
    path = assess(park, good_evidence(park)).diagnosis.path
    assert [(item.id, item.units, item.cost) for item in path.measures][:1] == [("leased-lines", 1, 6000.0)]


def test_without_a_budget_the_effort_is_spread_over_the_years():
    context, assessment = judged()
    path = evolution_path(context, assessment, BASIS)
    assert {row.budget for row in path.years} == {None}
    assert all(row.measures for row in path.years)
    assert not path.left_out


def test_the_reason_says_what_moves_and_what_is_not_known():
    context, assessment = judged()
    item = next(
        m for m in evolution_path(context, assessment, BASIS).measures if m.id == "platform-onboarding"
    )
    assert "indicator 7 from 0.0 to 100.0" in item.reason_en
    assert "indicator 7 is unknown and counts as 0" in item.reason_en
    assert "指标 7 由 0.0 升至 100.0" in item.reason_zh


def test_failed_requirements_are_deficiencies_with_their_reach():
    park = good_park()
    links = tuple(link for link in park.links if link.kind != "backbone" or "core-2" not in link.id)
    found = assess(replace(park, links=links), good_evidence(park)).diagnosis.deficiencies
    ids = {name: item for item in found for name in item.requirements}
    assert ids["NET-BB-REL-01"].consequence == 3
    assert "Actual:" in ids["NET-BB-REL-01"].message
    assert [item.consequence for item in found] == sorted((i.consequence for i in found), reverse=True)
    failed = {
        r.id
        for r in assess(replace(park, links=links), good_evidence(park)).requirements
        if r.verdict == "fail"
    }
    assert failed <= set(ids)


def test_single_points_name_what_hangs_on_them():
    found = risks_of()
    assert ("single-point", "core-1") not in found
    one = found["single-point", "s-sw-1"]
    assert one.text_en == "s-sw-1 stands alone; its loss cuts off: devices 3, endpoints 0"
    park = good_park()
    devices = tuple(d for d in park.devices if d.name != "core-2")
    links = tuple(x for x in park.links if "core-2" not in (x.a_device, x.b_device))
    alone = risks_of(devices=devices, links=links)["single-point", "core-1"]
    assert (alone.severity, alone.text_en) == (3, "core-1 is the only core: its loss stops the park")


def test_statements_that_run_out():
    days = {"OVER": "2026-09-01", "SOON": "2026-11-01", "LATER": "2027-09-01"}
    stated = tuple(Attestation(n, "e.pdf", "2026-01-01", "李工", day, ref(1)) for n, day in days.items())
    waived = (Waiver("W-1", "李工", "why", "2026-10-01", ref(2)),)
    found = risks_of(attestations=stated, waivers=waived)
    assert found["expiry", "OVER"].severity == 3
    assert found["expiry", "OVER"].text_zh == "OVER 的声明已于 2026-09-01 到期"
    assert found["expiry", "SOON"].severity == 2
    assert found["expiry", "W-1"].text_en == "the waiver of W-1 ends on 2026-10-01"
    assert ("expiry", "LATER") not in found


def test_pools_and_links_that_growth_fills():
    growth = (
        Growth("vlans", (50.0, 50.0, 50.0, 50.0, 50.0), ref(1)),
        Growth("backbone", (10.0,) * 5, ref(1)),
    )
    use = (
        Utilisation("core-1", "eth1", "out", 1e9, 3e8, 7e8, 9e8),
        Utilisation("core-1", "eth2", "out", 1e9, 3e8, 3e8, 9e8),
    )
    evidence = replace(good_evidence(good_park()), figures=Figures(NOW - 100, NOW, utilisation=use))
    found = risks_of(evidence, growth=growth, pools=(("vlans", 100, 200), ("asns", 1, 1000)))
    vlans = found["capacity", "pools.vlans"]
    assert "full in 1.7 years" in vlans.text_en
    assert vlans.due_s == pytest.approx(NOW + 1.71 * 365 * 86_400, rel=1e-3)
    assert "full in 1.4 years" in found["capacity", "core-1 eth1 out"].text_en
    assert not {("capacity", "pools.asns"), ("capacity", "core-1 eth2 out")} & set(found)


@given(st.floats(1, 100), st.floats(1, 100), st.lists(st.floats(0.1, 100), min_size=1, max_size=5))
def test_growth_reaches_the_size_exactly_when_it_says(used, size, percents):
    years = years_to(used, size, tuple(percents))
    grown = used
    for percent in percents[: int(years) if years is not None else None]:
        grown *= 1 + percent / 100
    if years is None:
        assert grown <= size * (1 + 1e-9)
    elif years > 0:
        assert (
            grown * (1 + percents[int(years) if years < len(percents) else -1] / 100) ** (years % 1)
            == (pytest.approx(size))
            or years % 1 < 1e-9
        )


def test_error_budgets_that_run_out():
    def status(name: str, spent_s: float) -> ObjectiveStatus:
        return ObjectiveStatus(name, "all", 2_592_000, 0.99, 0.995, 2_592_000, 0, 25_920, spent_s, 3, True)

    figures = Figures(
        NOW - 100, NOW, objectives=(status("good", 0), status("thin", 23_000), status("over", 30_000))
    )
    found = risks_of(replace(good_evidence(good_park()), figures=figures))
    assert ("error-budget", "good") not in found
    assert found["error-budget", "thin"].text_en == "11% of the error budget of thin is left"
    assert found["error-budget", "over"].severity == 3


def test_events_that_nobody_closed():
    events = (
        Event(7, "a-sw-1/icmp", "a-sw-1", "critical", "down", NOW - 3 * 86_400),
        Event(8, "a-sw-2/icmp", "a-sw-2", "warning", "down", NOW - 60),
    )
    found = risks_of(replace(good_evidence(good_park()), events=events))
    assert found["event", "a-sw-1/icmp"].text_en == "event 7 (a-sw-1/icmp) has been open for 3 days"
    assert ("event", "a-sw-2/icmp") not in found


def test_without_enough_evidence_there_is_no_stage_and_the_reason_says_so():
    found = assess(good_park(), EvidenceSet(now_s=NOW)).diagnosis
    assert found.stage is None
    assert found.next_stage.id == "standard"
    assert "less than the 60% that a grade needs" in found.why_en
    assert "低于定级下限 60%" in found.why_zh


def test_a_supposed_value_moves_what_hangs_on_it():
    context, assessment = judged()
    found = what_if(context, assessment, BASIS, {4: Supposed(4), 10: Supposed(100), 14: Supposed(80, True)})
    scores = {number: (old, new) for number, old, new in found.indicators}
    assert scores == {4: (25.0, 100.0), 10: (None, 100.0), 14: (None, 80.0)}
    (_, low, high), (_, new_low, new_high) = found.total
    assert new_low == pytest.approx(low + 0.2 * (0.3 * 0.2 * 75 + 0.2 * 0.3 * 100 + 0.2 * 0.1 * 80))
    assert new_high == pytest.approx(high - 0.2 * 0.2 * 0.1 * 20 + 0.2 * 0.3 * 0.2 * 75)
    assert found.coverage[1] > found.coverage[0]


@settings(deadline=None)
@given(st.integers(1, 60), st.floats(0, 100), st.floats(0, 100))
def test_supposing_more_is_never_worse(number, a, b):
    context, assessment = judged()
    less, more = (
        what_if(context, assessment, BASIS, {number: Supposed(points, True)}) for points in sorted((a, b))
    )
    assert more.total[1][1] >= less.total[1][1] - 1e-9
    assert more.infrastructure[1][1] >= less.infrastructure[1][1] - 1e-9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10", "10: no supposition: INDICATOR=VALUE"),
        ("a=1", "a=1: no supposition"),
        ("10=much", "10=much: no number, yes or no"),
        ("10=nan", "10=nan: no number, yes or no"),
    ],
)
def test_suppositions_that_are_none(text, message):
    with pytest.raises(UsageError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("number", "given_", "message"),
    [
        (61, Supposed(1), "there is no indicator 61"),
        (26, Supposed(7), "indicator 26 is answered yes or no"),
        (14, Supposed(7), "indicator 14 is made of components .*: suppose its score: 14=80p"),
        (8, Supposed(120, True), "a score of 120: 0 to 100"),
    ],
)
def test_suppositions_that_cannot_be_told(number, given_, message):
    context, assessment = judged()
    with pytest.raises(UsageError, match=message):
        what_if(context, assessment, BASIS, {number: given_})


def test_what_is_supposed_can_be_written_in_words():
    assert [parse(text) for text in ("26=yes", "27=no", "9=1,000", "14=80p")] == [
        (26, Supposed(1.0)), (27, Supposed(0.0)), (9, Supposed(1000.0)), (14, Supposed(80.0, True)),
    ]  # fmt: skip
