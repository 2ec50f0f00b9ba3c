"""Reports to write: the hand-made park with evidence of all kinds, and with things that go wrong."""

from __future__ import annotations

from dataclasses import replace

from assess_park import NOW, good_evidence, good_park

from parkops.assess import assess
from parkops.model import (
    Assessment,
    Evidence,
    EvidenceKind,
    EvidenceSet,
    Finding,
    Park,
    RequirementResult,
    SourceRef,
    Verdict,
    Waiver,
)
from parkops.report.bundle import Language, Report

HOSTILE = "=cmd|'/c calc'!A1 <script>alert(1)</script>\x00\x1b]]>\n\"\\ {{ 7 * 7 }}"
CONTROL = RequirementResult(
    id="COMPANY-NET-01",
    title_zh="网络架构",
    text="Bandwidth suffices at peak times.",
    domain="communication-network",
    aspect="security",
    verdict=Verdict.FAIL,
    findings=(
        Finding(
            "COMPANY-NET-01",
            "capacity",
            Verdict.FAIL,
            "Expected: a. Actual: b.",
            (
                Evidence(
                    EvidenceKind.CONFIG, "fw-1", "fw-1:/etc/nftables.conf:3", "drop", NOW, 86400.0, "ab" * 16
                ),
                Evidence(EvidenceKind.CONFIG, "old-sw", "old/switch.cfg:12", "telnet server enable", None),
            ),
            "fw-1",
            "config",
            "undo telnet server enable\nquit",
        ),
    ),
    kinds=("config",),
    message="fw-1: Expected: a. Actual: b.",
    text_zh="带宽应满足业务高峰期需要。",
    catalogue="company",
    clauses=("7.1.2.1 b)", "8.1.2.1 b)"),
    confidence="knowledge",
    levels=(2, 3),
    mapped=("SR 7.2",),
)


def good_report(lang: Language = "en") -> Report:
    """Return the report of the hand-made park."""
    park = good_park()
    evidence = good_evidence(park)
    return Report(assess(park, evidence), park, evidence, lang)


def mixed_report(lang: Language = "en") -> Report:
    """Return one with all verdicts, a control of another catalogue, a mend and a waiver in force."""
    park, evidence = good_park(), good_evidence(good_park())
    devices = tuple(replace(d, properties=()) if d.name == "a-sw-1" else d for d in park.devices)
    bare = replace(park, devices=devices, figures=(), _index={})
    failed = [r.id for r in assess(bare, evidence).requirements if r.verdict is Verdict.FAIL]
    place = SourceRef("park.yaml", 9, 3, "waivers")
    waiver = Waiver(failed[0], "运维部", "待采购", "2027-01-01", place)
    park = replace(bare, waivers=(waiver,), _index={})
    return Report(_with_control(assess(park, evidence)), park, evidence, lang)


def bare_report(lang: Language = "en") -> Report:
    """Return the report of a park of which nothing is known."""
    park = good_park()
    evidence = EvidenceSet(now_s=NOW)
    return Report(assess(park, evidence), park, evidence, lang)


def hostile_report(lang: Language = "en") -> Report:
    """Return a report whose every free text is hostile."""
    report = mixed_report(lang)
    park = replace(report.park, title=HOSTILE, operator=HOSTILE, plan_file=HOSTILE, _index={})
    requirements = tuple(_hostile(result) for result in report.assessment.requirements)
    assessment = replace(report.assessment, title=HOSTILE, requirements=requirements)
    return replace(report, park=park, assessment=assessment)


def _hostile(result: RequirementResult) -> RequirementResult:
    findings = tuple(
        replace(
            finding,
            message=HOSTILE,
            mend=HOSTILE,
            subject=HOSTILE,
            evidence=tuple(replace(item, text=HOSTILE, source=HOSTILE) for item in finding.evidence),
        )
        for finding in result.findings
    )
    return replace(
        result, title_zh=HOSTILE, text=HOSTILE, text_zh=HOSTILE, message=HOSTILE, findings=findings
    )


def _with_control(assessment: Assessment) -> Assessment:
    return replace(assessment, controls=(*assessment.controls, CONTROL))


def reports(lang: Language = "en") -> dict[str, Report]:
    """Return all of them by name."""
    return {
        "good": good_report(lang),
        "mixed": mixed_report(lang),
        "bare": bare_report(lang),
        "hostile": hostile_report(lang),
    }


def park_of(report: Report) -> Park:
    """Return its park."""
    return report.park
