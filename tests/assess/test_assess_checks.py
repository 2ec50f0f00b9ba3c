"""Every check: passes in the good park, fails in its own words, and decides nothing without evidence."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from assess_cases import FAILING, Case
from assess_more_cases import FAILING_MORE, OPEN
from assess_park import NOW, good_evidence, good_park
from assess_rich import rich_evidence, rich_park

from parkops.assess.catalogues import Call
from parkops.assess.checks import CHECKS
from parkops.assess.context import Context
from parkops.assess.controls import built_in
from parkops.assess.outcome import combine
from parkops.model import EvidenceKind, EvidenceSet, Verdict

CALLS = [
    pytest.param(control.id, entry.kind, call, id=f"{control.id}-{entry.kind}-{call.name}")
    for control in built_in()
    for entry in control.checks
    for call in entry.check
]


LIVE = [item for item in CALLS if item.values[1] is not EvidenceKind.PLAN]
ALL_FAILING = (*FAILING, *FAILING_MORE)
OF_CONFIGURATIONS = {"addresses-match-plan", "config-holds"}  # test_assess_configurations has theirs
NEVER_PASS = {
    "published-services": "what is published is judged by more than the plan: unknown, or nothing is",
    "indicators-computed": "needs indicators; tests of the whole park show it",
}
NEVER_FAIL = {
    "alarms-tested": "that no alarm was needed is no failure",
    "backups-fresh": "a copy that was not read is not known to be missing",
    "changes-revert": "a rollback that was not exercised is no failed one",
    "drills-held": "as above",
    "edge-forms": "the plan language has no other form",
    "indicators-computed": "says that an indicator is unknown, which is what it is for",
    "none-failed": "fails on other controls; see the tests of the runner",
    "plan-validated": "a plan that breaks its schema is never assessed",
    "published-services": "see above",
    "recorded": "what is not on record is not known",
    "signals-arriving": "silence may be peace",
}
BY_THE_PLAN_ALONE = {  # the plan is always at hand, so these are never undecided
    "attestations-in-force", "backbone-load", "boundary-pairs", "cloud-managed", "cloud-model",
    "cloud-quotas", "conduits", "control-devices-guarded", "edge-capabilities", "edge-forms",
    "edge-placement", "edge-protected", "element-classes", "endpoints-fit", "enforced-boundaries",
    "exit-isolation", "exits", "exits-listed", "fact-stated", "flow-classes", "flow-to-role",
    "flows-classed", "flows-encrypted", "flows-named", "flows-through-gateway", "four-layers",
    "gateway-in-plants", "groups-attached", "groups-in-one-zone", "identifier-nodes",
    "identifier-upstream", "important-links", "important-services-twice", "important-zones-inside",
    "indicators-computed", "industrial-isolation", "interconnects-in-force", "inventory-complete",
    "ip-share", "local-stores", "logical-segments", "management-apart", "network-kinds",
    "no-dual-homed", "no-shared-switches", "objectives-set", "operators", "oversubscription",
    "own-zone", "paths-short", "plan-validated", "policy-by-level", "ports-at-horizon",
    "prefixes-apart", "properties-stated", "public-wifi", "public-wifi-apart", "published-services",
    "quarantines-prepared", "rings-planned", "rules-stateful", "security-functions", "security-parts",
    "separate-business-networks", "single-points", "spare-capacity", "storage-paths", "switching-tiers",
    "technology-by-scene", "tenant-attachments", "tenant-functions", "tenant-isolation",
    "tenant-single-points", "two-sided-protection", "upstream-platforms", "waivers-in-force",
    "wired-and-wireless", "wireless-like-wired", "wireless-share", "wlan-gateways",
    "zones-declare-level", "zones-served",
}  # fmt: skip
VERDICTS = dict.fromkeys((control.id for control in built_in()), Verdict.PASS)


def run(call: Call, park, evidence):
    """Run a check; a waiver or an attestation of "x" stands for a failed or an open item of MLPS."""
    verdicts = dict(VERDICTS)
    for verdict, stated in ((Verdict.FAIL, park.waivers), (Verdict.UNKNOWN, park.attestations)):
        if any(item.requirement == "x" for item in stated):
            verdicts["MLPS-CN-ARCH-01"] = verdict
    context = Context(park, evidence, verdicts=verdicts)
    return list(CHECKS[call.name](context, **call.params))


@pytest.fixture(scope="module")
def good():
    park = rich_park()
    return park, rich_evidence(park)


@pytest.mark.parametrize(("requirement", "kind", "call"), CALLS)
def test_catalogue_check_holds_in_the_good_park(good, requirement, kind, call):
    if call.name in ("none-failed", "indicators-computed", "config-holds") or requirement == "NET-ENT-REL-03":
        return  # these need more than a park (see below), or a drill of their own
    outcomes = run(call, *good)
    if call.name == "syslog-target":
        outcomes = [outcome for outcome in outcomes if "-sw-" not in outcome.subject]
    assert outcomes
    bad = [o.message for o in outcomes if o.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)]
    assert not bad


@pytest.mark.parametrize("case", ALL_FAILING, ids=lambda case: case.id)
def test_check_fails_in_its_own_words(good, case: Case):
    park, evidence = case.change(*good)
    outcomes = run(Call(name=case.check, params=case.params), park, evidence)
    failed = [outcome for outcome in outcomes if outcome.verdict is Verdict.FAIL]
    assert failed, [outcome.message for outcome in outcomes]
    said = [f"{outcome.subject}: {outcome.message}" for outcome in failed]
    assert any(case.words in text for text in said), said
    assert all(text.count("Expected: ") == 1 and text.count("Actual: ") == 1 for text in said)


@pytest.mark.parametrize("case", OPEN, ids=lambda case: case.id)
def test_check_says_what_it_lacks(good, case: Case):
    park, evidence = case.change(*good)
    outcomes = run(Call(name=case.check, params=case.params), park, evidence)
    opened = [outcome for outcome in outcomes if outcome.verdict is Verdict.UNKNOWN]
    assert any(case.words in outcome.message for outcome in opened), [o.message for o in outcomes]


def test_every_check_has_its_three_cases(good):
    """A registered check without a passing, a failing and an undecided case is refused here."""
    passing = {
        call.values[2].name
        for call in CALLS
        if any(outcome.verdict is Verdict.PASS for outcome in run(call.values[2], *good))
    }
    nothing = EvidenceSet(now_s=NOW)
    opened = {case.check for case in OPEN} | {
        call.values[2].name
        for call in LIVE
        if any(outcome.verdict is Verdict.UNKNOWN for outcome in run(call.values[2], good[0], nothing))
    }
    checks = set(CHECKS) - OF_CONFIGURATIONS
    assert passing | set(NEVER_PASS) >= checks
    assert {case.check for case in ALL_FAILING} | set(NEVER_FAIL) >= checks
    assert opened | BY_THE_PLAN_ALONE >= checks
    assert not opened & BY_THE_PLAN_ALONE


def test_every_check_is_used_by_the_catalogue():
    assert {call.values[2].name for call in CALLS} == set(CHECKS)


@pytest.mark.parametrize(("requirement", "kind", "call"), CALLS)
def test_catalogue_parameters_fit_the_check(requirement, kind, call):
    inspect.signature(CHECKS[call.name]).bind(None, **call.params)


FROM_ELSEWHERE = {
    "attestations-in-force",  # look at the plan, or at other controls
    "catalogue-held",
    "interconnects-in-force",
    "inventory-complete",
    "public-wifi-apart",
    "indicators-computed",  # says that an indicator is unknown, which is what it is for
    "none-failed",
    "published-services",
}


@pytest.mark.parametrize(("requirement", "kind", "call"), LIVE)
def test_without_evidence_nothing_is_decided(good, requirement, kind, call):
    if call.name in FROM_ELSEWHERE:
        return
    park, _ = good
    outcomes = run(call, park, EvidenceSet(now_s=NOW))
    if call.name == "health-collected":  # a device without an agent has none, whatever is seen
        outcomes = [outcome for outcome in outcomes if "-sw-" not in outcome.subject]
    if call.name in ("syslog-target",):  # the collector needs no target
        outcomes = [outcome for outcome in outcomes if outcome.subject != "mgmt-1"]
    assert combine(o.verdict for o in outcomes) in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE)
    assert not [o.message for o in outcomes if o.verdict in (Verdict.PASS, Verdict.FAIL)]


@pytest.mark.parametrize(("requirement", "kind", "call"), LIVE)
def test_stale_evidence_decides_nothing(good, requirement, kind, call):
    records = {"availability", "detection-time", "events-closed", "events-documented"}
    records |= {"quiet-after-push", "response-time"}
    if call.name in FROM_ELSEWHERE | records:  # these speak of a window that is over
        return
    park, evidence = good
    outcomes = run(call, park, replace(evidence, artifacts=(), now_s=NOW + 800 * 86_400))
    outcomes = [o for o in outcomes if o.subject != "mgmt-1" or call.name != "syslog-target"]
    if call.name == "health-collected":
        outcomes = [outcome for outcome in outcomes if "-sw-" not in outcome.subject]
    assert not [o.message for o in outcomes if o.verdict in (Verdict.PASS, Verdict.FAIL)]


def test_stale_configuration_is_not_replaced_by_what_was_rendered(good):
    park, evidence = good
    late = replace(evidence, now_s=NOW + 30 * 86_400)
    for call in (Call(name="default-deny"), Call(name="unused-ports-shut")):
        assert {outcome.verdict for outcome in run(call, park, late)} == {Verdict.UNKNOWN}


def test_rendered_configuration_counts_until_it_is_read_back_and_says_so(good):
    park, evidence = good
    outcomes = run(Call(name="default-deny"), park, replace(evidence, running=()))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.PASS}
    assert all("rendered, not read back" in outcome.evidence[0].text for outcome in outcomes)


def test_config_evidence_cites_path_and_line(good):
    outcomes = run(Call(name="default-deny", params={"roles": ["park-firewall"]}), *good)
    sources = {item.source for outcome in outcomes for item in outcome.evidence}
    assert "fw-1:/etc/nftables.conf:3" in sources


def test_availability_waits_for_a_window_that_can_tell(good):
    park, _ = good
    short = good_evidence(park, window_s=100.0)
    call = Call(name="availability", params={"objective_percent": 99.9, "roles": ["boundary"]})
    outcomes = run(call, park, short)
    assert {outcome.verdict for outcome in outcomes} == {Verdict.UNKNOWN}
    assert "a window of 2000 s is needed" in outcomes[0].message


def test_availability_fails_early_when_no_window_can_save_it(good):
    park, _ = good
    evidence = good_evidence(park, window_s=100.0)
    lost = tuple(replace(item, up_s=90.0, down_s=10.0, outages=1) for item in evidence.availability)
    call = Call(name="availability", params={"objective_percent": 99.9, "roles": ["boundary"]})
    outcomes = run(call, park, replace(evidence, availability=lost))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.FAIL}


def test_health_needs_an_agent_on_every_device():
    good = good_park(), good_evidence(good_park())
    outcomes = run(Call(name="health-collected"), *good)
    lacking = {outcome.subject for outcome in outcomes if outcome.verdict is Verdict.FAIL}
    assert lacking == {device.name for device in good[0].managed if "-sw-" in device.name}


def test_published_services_are_not_judged_by_the_plan_alone(good):
    park, evidence = good
    source = replace(park.flows[0], id="pub", src="internet", dst="edge")
    outcomes = run(Call(name="published-services"), replace(park, flows=(*park.flows, source)), evidence)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.UNKNOWN]
    assert [o.verdict for o in run(Call(name="published-services"), park, evidence)] == [
        Verdict.NOT_APPLICABLE
    ]


def test_a_percentile_needs_enough_tries(good):
    park, evidence = good
    few = replace(evidence, reach=evidence.reach[:20])
    call = Call(name="round-trip", params={"limit_ms": 10, "targets": ["edge-gateway", "edge-cloud"]})
    outcomes = run(call, park, few)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.UNKNOWN]
    assert "100 are needed to tell" in outcomes[0].message
