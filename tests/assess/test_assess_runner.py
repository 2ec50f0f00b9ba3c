"""How findings become a requirement's verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from assess_park import NOW, good_evidence, good_park, ref

from parkops.assess import assess
from parkops.assess.catalogues import Requirement
from parkops.assess.checks import CHECKS, installed
from parkops.assess.context import Context
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


def requirement(*checks: tuple[str, str], name: str = "R-1") -> Requirement:
    entries = [
        {"kind": kind, "pass": f"{kind} criterion.", "check": [check] if check else []}
        for kind, check in checks
    ]
    given = {"id": name, "domain": "park", "aspect": "function", "source_ref": "s", "title_zh": "题"}
    return Requirement.model_validate({**given, "requirement": "text", "checks": entries, "tier": 1})


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
    whole = whole.model_copy(update={"checks": (entry,)})
    parts = [requirement(("plan", name), name=f"R-{n}") for n, name in enumerate(others, 1)]
    context = Context(good_park(), EvidenceSet(now_s=NOW))
    results = judge(context, (whole, *parts), ANSWERS)
    assert [result.id for result in results] == ["R-0", "R-1", "R-2"]
    assert results[0].verdict == expected


def test_built_in_checks_cannot_be_replaced_from_outside():
    assert all(installed()[name] is check for name, check in CHECKS.items())
