"""How findings become a requirement's verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from assess_park import NOW, good_evidence, good_park, ref

from parkops.assess import assess
from parkops.assess.catalogues import Requirement, Scope
from parkops.assess.checks import CHECKS, installed
from parkops.assess.context import Context
from parkops.assess.controls import Control, of_guide
from parkops.assess.outcome import decided, not_applicable
from parkops.assess.runner import judge
from parkops.model import Attestation, EvidenceSet, Verdict, Waiver

ANSWERS = {
    "yes": lambda context: [decided(True, "a", "b")],
    "no": lambda context: [decided(False, "a", "b", subject="x")],
    "open": lambda context: [decided(None, "a", "b")],
    "away": lambda context: [not_applicable("a", "nothing of the kind")],
    "mixed": lambda context: [decided(True, "a", "b"), not_applicable("a", "c")],
    "silent": lambda context: [],
    "broken": lambda context: {}["a flow that is not there"],
    "none-failed": CHECKS["none-failed"],
}


def requirement(*checks: tuple[str, str], name: str = "R-1") -> Control:
    entries = [
        {"kind": kind, "pass": f"{kind} criterion.", "check": [check] if check else []}
        for kind, check in checks
    ]
    given = {"id": name, "domain": "park", "aspect": "function", "source_ref": "s", "title_zh": "题"}
    item = Requirement.model_validate({**given, "requirement": "text", "checks": entries, "tier": 1})
    return of_guide(item)


def verdict_of(*checks, park=None):
    context = Context(park or good_park(), EvidenceSet(now_s=NOW))
    return judge(context, (requirement(*checks),), ANSWERS)[0]


@pytest.mark.parametrize(
    ("checks", "expected", "words"),
    [
        ([("plan", "yes")], "pass", "passed: plan"),
        ([("plan", "yes"), ("config", "no")], "fail", "x: Expected: a. Actual: b."),
        ([("plan", "open"), ("config", "no")], "fail", "Expected: a."),
        ([("plan", "yes"), ("state", "open")], "unknown", "not yet evidenced: state (passed so far: plan)"),
        ([("plan", "yes"), ("state", "")], "unknown", "not yet evidenced: state"),
        ([("plan", "open"), ("state", "silent"), ("probe", "")], "unknown", "plan, state, probe"),
        ([("plan", "away")], "not-applicable", "nothing of the kind"),
        ([("plan", "away"), ("config", "yes")], "pass", "passed"),
        ([("plan", "mixed")], "pass", "passed"),
        ([("plan", "away"), ("config", "open")], "unknown", "config"),
        ([("plan", "yes"), ("plan", "no")], "fail", "x: "),
    ],
)
def test_folding(checks, expected, words):
    result = verdict_of(*checks)
    assert result.verdict == expected
    assert words in result.message
    assert result.kinds == tuple(kind for kind, _ in checks)


def test_a_broken_check_decides_nothing_and_says_why():
    result = verdict_of(("plan", "broken"))
    assert result.verdict is Verdict.UNKNOWN
    assert "KeyError" in result.findings[0].message


def test_an_unknown_check_decides_nothing():
    result = verdict_of(("plan", "nowhere"))
    assert result.verdict is Verdict.UNKNOWN
    assert "a check named nowhere" in result.findings[0].message


def test_every_finding_has_evidence():
    park = good_park()
    for result in assess(park, good_evidence(park)).requirements:
        assert all(finding.evidence for finding in result.findings)
        assert all(finding.kind for finding in result.findings)


def attestation(**given) -> Attestation:
    base = Attestation("R-1", "proof.pdf", "2026-01-01", "赵工", "2027-01-01", ref(3))
    return replace(base, **given)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ((), "unknown"),
        ((attestation(),), "pass"),
        ((attestation(expires_on="2026-09-01"),), "unknown"),
        ((attestation(stated_on="2026-12-31"),), "unknown"),
        ((attestation(stated_on="soon"),), "unknown"),
        ((attestation(requirement="R-2"),), "unknown"),
        ((attestation(expires_on="2026-09-01"), attestation()), "pass"),
    ],
)
def test_attestations_decide_while_they_are_in_force(stated, expected):
    park = replace(good_park(), attestations=stated)
    assert verdict_of(("attest", ""), park=park).verdict == expected


def test_an_attestation_replaces_no_other_kind_of_evidence():
    park = replace(good_park(), attestations=(attestation(),))
    assert verdict_of(("attest", ""), ("state", "open"), park=park).verdict is Verdict.UNKNOWN
    assert verdict_of(("attest", ""), ("state", "no"), park=park).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("checks", "expires", "expected"),
    [
        ([("plan", "no")], "2027-01-01", "waived"),
        ([("plan", "open")], "2027-01-01", "waived"),
        ([("plan", "yes")], "2027-01-01", "pass"),
        ([("plan", "no")], "2026-01-01", "fail"),
        ([("plan", "no")], "never", "fail"),
    ],
)
def test_waivers(checks, expires, expected):
    waiver = Waiver("R-1", "李工", "second exit under construction", expires, ref(4))
    result = verdict_of(*checks, park=replace(good_park(), waivers=(waiver,)))
    assert result.verdict == expected
    if expected == "waived":
        assert "second exit under construction" in result.message
        assert result.findings[-1].evidence[0].source == "park.yaml:4 x"


@pytest.mark.parametrize(
    ("others", "expected"),
    [(("yes", "yes"), "pass"), (("yes", "open"), "unknown"), (("no", "open"), "fail")],
)
def test_composites_are_judged_after_the_others(others, expected):
    whole = requirement(("state", "none-failed"), name="R-0")
    call = whole.checks[0].check[0].model_copy(update={"params": {"requirements": ["R-1", "R-2"]}})
    entry = whole.checks[0].model_copy(update={"check": (call,)})
    whole = replace(whole, checks=(entry,))
    parts = [requirement(("plan", name), name=f"R-{n}") for n, name in enumerate(others, 1)]
    context = Context(good_park(), EvidenceSet(now_s=NOW))
    results = judge(context, (whole, *parts), ANSWERS)
    assert [result.id for result in results] == ["R-0", "R-1", "R-2"]
    assert results[0].verdict == expected


def test_built_in_checks_cannot_be_replaced_from_outside():
    assert all(installed()[name] is check for name, check in CHECKS.items())


def scoped(levels=(), catalogue="mlps", **scope) -> Control:
    return replace(requirement(("plan", "yes")), catalogue=catalogue, levels=levels, scope=Scope(**scope))


@pytest.mark.parametrize(
    ("levels", "scope", "expected"),
    [
        ((2, 3), {}, "pass"),
        ((3,), {"industrial": True}, "pass"),
        ((2,), {"industrial": True}, "not-applicable"),
        ((1,), {}, "not-applicable"),  # only the Internet has level 1, and nobody asks it
        ((3,), {"kinds": ("enterprise",)}, "not-applicable"),
        ((2,), {"kinds": ("enterprise",)}, "pass"),
        ((2, 3), {"wireless": True}, "pass"),
        ((3,), {"sensing": True}, "pass"),
    ],
)
def test_a_control_counts_where_a_zone_asks_for_it(levels, scope, expected):
    context = Context(good_park(), EvidenceSet(now_s=NOW))
    result = judge(context, (scoped(levels, **scope),), ANSWERS)[0]
    assert result.verdict == expected
    assert expected == "pass" or "the park has no zone" in result.message


def test_a_zone_of_level_4_is_asked_what_level_3_is():
    park = good_park()
    park = replace(park, zones=tuple(replace(zone, mlps_level=4) for zone in park.zones))
    assert judge(Context(park, EvidenceSet(now_s=NOW)), (scoped((3,)),), ANSWERS)[0].verdict == "pass"


def test_only_devices_of_the_zones_that_ask_are_judged():
    context = Context(good_park(), EvidenceSet(now_s=NOW))
    office = context.within(frozenset({"a-office"}))
    names = {device.name for device in office.devices()}
    assert {"ao-sw-1", "a-bd-1", "core-1", "fw-1"} <= names  # what carries it is judged with it
    assert not {"a-sw-1", "b-bd-1", "ec-1"} & names
    alone = context.within(frozenset({"a-office"}), carriers=False)
    assert {device.name for device in alone.devices()} == {"ao-sw-1", "a-bd-1", "a-bd-2"}
    assert {tenant.id for tenant in office.tenants} == {"a"}
    assert {flow.id for flow in office.judged_flows} == {"a-id", "a-mes"}
    assert context.within(None).devices() == context.devices()


def test_mlps_results_stand_beside_those_of_the_guide():
    park = good_park()
    assessment = assess(park, good_evidence(park))
    assert len(assessment.requirements) == 192
    found = [result for result in assessment.controls if result.catalogue == "mlps"]
    assert len(found) == 101
    assert all(result.clauses and result.levels and result.confidence for result in found)
    validity = [result.id for result in assessment.controls if result.catalogue == "validity"]
    assert validity == ["PARKOPS-VALID-01", "PARKOPS-VALID-02", "PARKOPS-VALID-03"]


def test_the_same_call_over_the_same_zones_runs_once():
    calls = []
    checks = {"yes": lambda context: calls.append(context.asked) or [decided(True, "a", "b")]}
    twice = (requirement(("plan", "yes")), requirement(("plan", "yes"), name="R-2"), scoped((3,)))
    judge(Context(good_park(), EvidenceSet(now_s=NOW)), twice, checks)
    assert len(calls) == 2
