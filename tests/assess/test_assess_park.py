"""Whole assessments: the good park, the shipped demo park, and what is gathered from the store."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from assess_park import NOW, good_evidence, good_park
from assess_rich import rich_evidence, rich_park

from parkops.assess import assess
from parkops.evidence import gather
from parkops.model import (
    EvidenceSet,
    Outcome,
    Reach,
    Result,
    Running,
    Sample,
    State,
    Verdict,
    Workspace,
)
from parkops.pipeline import design_park, render_park
from parkops.store import Store

DECIDED = (Verdict.PASS, Verdict.FAIL)
LATER = NOW + 60 * 86_400.0  # after the dates of the demo's figures


def verdicts(assessment):
    return {result.id: result.verdict for result in assessment.requirements}


def test_a_park_that_states_and_shows_all_fails_nothing():
    park = rich_park()
    assessment = assess(park, rich_evidence(park))
    """What its short configurations lack is told by the checks of configurations alone."""
    short = {"config-holds", "catalogue-held", "none-failed"}
    every = (*assessment.requirements, *assessment.controls)
    failed = [f for result in every for f in result.findings if f.verdict is Verdict.FAIL]
    assert not [f"{f.requirement} {f.check}: {f.message}" for f in failed if f.check not in short]
    assert Counter(verdicts(assessment).values())[Verdict.PASS] >= 120


def test_without_evidence_only_the_plan_speaks():
    """Checks that look at the plan or at other controls stand under other kinds in a few places."""
    elsewhere = {"health-collected", "interconnects-in-force", "inventory-complete", "public-wifi-apart"}
    elsewhere |= {"catalogue-held", "indicators-computed", "none-failed", "syslog-target"}
    for park in (good_park(), rich_park()):
        assessment = assess(park, EvidenceSet(now_s=NOW))
        for result in (*assessment.requirements, *assessment.controls):
            told = [f for f in result.findings if f.verdict in DECIDED and f.check not in elsewhere]
            assert {finding.kind for finding in told} <= {"plan", "attest"}, result.id


def test_one_missing_device_in_the_evidence_leaves_it_unknown():
    park = good_park()
    evidence = good_evidence(park)
    fewer = replace(
        evidence, running=tuple(r for r in evidence.running if r.device != "a-bd-1"), artifacts=()
    )
    found = verdicts(assess(park, fewer))
    assert found["SEC-BND-SEC-01"] is Verdict.UNKNOWN
    assert found["SEC-BND-SEC-02"] is Verdict.PASS


@pytest.fixture(scope="module")
def demo():
    folder = Path(__file__).parents[2] / "inventories" / "demo"
    workspace = Workspace(folder)
    park, _ = design_park(workspace)
    return park, render_park(park, workspace)


def demo_evidence(park, artifacts, path: Path):
    """Put into a real store what a push and a minute of monitoring would leave, and gather it again."""
    by_device = {}
    for artifact in artifacts:
        by_device.setdefault(artifact.device, []).append(artifact)
    capabilities = ("urn:ietf:params:netconf:base:1.1", "ietf-interfaces", "ieee802-dot1q-bridge")
    with Store.open(path) as store:
        store.save_results(
            [Result(d.name, "x", Outcome.CHANGED, "+1") for d in park.managed], time_s=LATER - 300
        )
        store.save_running(
            Running(
                d.name,
                d.platform,
                next((a.text for a in by_device[d.name] if not a.destination), ""),
                LATER - 290,
                tuple((a.destination, a.text) for a in by_device[d.name] if a.destination),
                capabilities if d.platform == "ietf" else (),
            )
            for d in park.managed
        )
        store.save_samples(
            Sample(t.id, LATER - 60 + second, State.UP, 0.001) for t in park.targets for second in (0, 30, 58)
        )
        broken = next(t for t in park.targets if t.probe == "link")
        event = store.open_event(broken.id, broken.device, "critical", "link is down", LATER - 20)
        store.acknowledge(event.id, "值班员", time_s=LATER - 15)
        store.close_event(event.id, LATER - 10, note="healed")
        store.save_reach(
            Reach(e.id, e.allowed, LATER - 30, "", 0.001 if e.allowed else None) for e in park.expectations
        )
        return gather(park, artifacts, store, LATER)


def test_at_least_60_requirements_are_decided_for_a_pushed_and_monitored_demo_park(demo, tmp_path):
    park, artifacts = demo
    evidence = demo_evidence(park, artifacts, tmp_path / "parkops.db")
    assert len(evidence.running) == len(park.managed)
    assert evidence.reach
    assert evidence.events[0].acknowledged_by == "值班员"
    assessment = assess(park, evidence)
    decided = [result for result in assessment.requirements if result.verdict in DECIDED]
    assert len(decided) >= 60
    broken = [f.message for r in assessment.requirements for f in r.findings if "Error" in f.message]
    assert not broken
    by_domain = Counter(result.domain for result in decided)
    for domain in ("production", "backbone", "edge", "identifier", "security-public", "security-boundary"):
        assert by_domain[domain] >= 2, by_domain


def test_the_demo_park_scores_its_infrastructure(demo, tmp_path):
    park, artifacts = demo
    assessment = assess(park, demo_evidence(park, artifacts, tmp_path / "parkops.db"))
    assert assessment.infrastructure_point is not None
    low, high = assessment.infrastructure_low, assessment.infrastructure_high
    assert 0 < low < assessment.infrastructure_point < high < 100
    assert assessment.total_low < low
    assert {item.basis for item in assessment.indicators if item.id in (1, 2, 5, 6, 15)} == {"measured"}
    assert next(i.score for i in assessment.indicators if i.id == 8) == pytest.approx(52.63, abs=0.01)


def test_gather_without_a_store_measures_nothing(demo):
    park, artifacts = demo
    evidence = gather(park, artifacts, None, NOW)
    assert evidence == EvidenceSet(artifacts=artifacts, now_s=NOW)


def test_gather_leaves_out_what_the_park_no_longer_has(demo, tmp_path):
    park, artifacts = demo
    with Store.open(tmp_path / "parkops.db") as store:
        store.save_samples([Sample("gone/icmp", NOW, State.UP), Sample(park.targets[0].id, NOW, State.UP)])
        store.save_running([Running("gone", "ssh", "x", NOW)])
        store.save_reach([Reach("gone>x", True, NOW)])
        evidence = gather(park, artifacts, store, NOW)
    assert [interval.target for interval in evidence.intervals] == [park.targets[0].id]
    assert not evidence.running
    assert not evidence.reach
