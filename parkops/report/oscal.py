"""Write the assessment as OSCAL 1.1 assessment-results; the unknown is an observation only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from parkops.model import EvidenceKind, Finding, RequirementResult, Verdict
from parkops.report.bundle import Report
from parkops.report.speech import Speech
from parkops.report.view import ORDER, results_of

OSCAL_VERSION = "1.1.3"
NAMESPACE = "https://parkops.example/ns/oscal"
MOST_EVIDENCE = 20  # of an observation: the JSON report holds all
MOST_FINDINGS = 20
METHODS = {
    EvidenceKind.PLAN.value: "EXAMINE",
    EvidenceKind.CONFIG.value: "EXAMINE",
    EvidenceKind.STATE.value: "TEST",
    EvidenceKind.PROBE.value: "TEST",
    EvidenceKind.ATTEST.value: "INTERVIEW",
}
_SPACE = re.compile(r"\s+")
Json = dict[str, Any]


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.oscal.json; identifiers are UUIDs of version 5, the same for the same input."""
    document = {"assessment-results": _Author(report).document()}
    return {"report.oscal.json": (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()}


class _Author:
    """Names everything below one UUID of this park, plan and time."""

    def __init__(self, report: Report) -> None:
        assessment = report.assessment
        key = (assessment.park, assessment.plan_digest, repr(assessment.time_s), report.tenant, report.domain)
        self._root = uuid5(NAMESPACE_URL, f"{NAMESPACE}/{'/'.join(key)}/{report.lang}")
        self._report, self._speech = report, Speech(report.lang)
        self._now = _stamp(assessment.time_s)

    def _uuid(self, *key: str) -> str:
        return str(uuid5(UUID(str(self._root)), "\0".join(key)))

    def document(self) -> Json:
        """Return the whole document."""
        report = self._report
        title = report.park.title or report.assessment.park
        return {
            "uuid": str(self._root),
            "metadata": {
                "title": _line(title),
                "last-modified": self._now,
                "version": report.assessment.plan_digest or "0",
                "oscal-version": OSCAL_VERSION,
            },
            "import-ap": {"href": "#" + self._uuid("plan")},
            "results": [self._result()],
            "back-matter": {
                "resources": [
                    {
                        "uuid": self._uuid("plan"),
                        "title": "The park's plan",
                        "rlinks": [{"href": report.park.plan_file or "park.yaml"}],
                    }
                ]
            },
        }

    def _result(self) -> Json:
        results = results_of(self._report.assessment)
        observations = [item for result in results for item in self._observations(result)]
        findings = [self._finding(result) for result in results if _decided(result)]
        risks = [self._risk(result) for result in results if result.verdict is Verdict.WAIVED]
        found: Json = {
            "uuid": self._uuid("result"),
            "title": _line(self._report.assessment.title or self._report.assessment.park),
            "description": "Verdicts over the evidence that stood at this time.",
            "start": self._now,
            "end": self._now,
            **({} if self._report.audit else {"props": self._scores()}),
            "reviewed-controls": {
                "control-selections": [
                    {"include-controls": [{"control-id": result.id} for result in results]}
                    if results
                    else {"include-all": {}}
                ]
            },
        }
        for name, items in (("observations", observations), ("risks", risks), ("findings", findings)):
            if items:
                found[name] = items
        return found

    def _scores(self) -> list[Json]:
        assessment = self._report.assessment
        values = {
            "total-point": assessment.total_point,
            "total-low": assessment.total_low,
            "total-high": assessment.total_high,
            "infrastructure-point": assessment.infrastructure_point,
            "infrastructure-low": assessment.infrastructure_low,
            "infrastructure-high": assessment.infrastructure_high,
            "coverage": assessment.coverage,
        }
        return [_prop(name, repr(value)) for name, value in values.items() if value is not None]

    def _observations(self, result: RequirementResult) -> list[Json]:
        kinds = dict.fromkeys(finding.kind for finding in result.findings)
        return [
            self._observation(result, kind, [f for f in result.findings if f.kind == kind]) for kind in kinds
        ]

    def _observation(self, result: RequirementResult, kind: str, findings: Sequence[Finding]) -> Json:
        seen = {finding.verdict for finding in findings}
        worst = next(verdict for verdict in ORDER if verdict in seen)
        telling = [finding for finding in findings if finding.verdict is worst]
        times = [item.time_s for f in findings for item in f.evidence if item.time_s is not None]
        evidence = list(self._evidence(telling))
        found: Json = {
            "uuid": self._uuid("observation", result.id, kind),
            "title": _line(f"{result.id}: {kind or 'evidence'}"),
            "description": self._said(telling),
            "props": [
                _prop("verdict", worst.value),
                _prop("control-id", result.id),
                _prop("findings", str(len(findings))),
            ],
            "methods": [METHODS.get(kind, "EXAMINE")],
            "collected": _stamp(max(times)) if times else self._now,
        }
        if evidence:
            found["relevant-evidence"] = evidence
        return found

    def _said(self, findings: Sequence[Finding]) -> str:
        lines = []
        for finding in findings[:MOST_FINDINGS]:
            about = "" if finding.subject == "park" else f"{self._speech.subject(finding.subject)}: "
            lines.append(about + self._speech.message(finding.message))
        if len(findings) > MOST_FINDINGS:
            lines.append(f"+ {len(findings) - MOST_FINDINGS}")
        return "\n\n".join(filter(None, lines)) or "–"

    def _evidence(self, findings: Iterable[Finding]) -> Iterable[Json]:
        unique = list(dict.fromkeys(item for finding in findings for item in finding.evidence))
        for item in unique[:MOST_EVIDENCE]:
            found: Json = {"description": f"{item.source}: {self._speech.evidence(item.text)}"}
            props = [_prop("source", item.source)] if item.source.strip() else []
            if item.digest:
                props.append(_prop("digest", item.digest))
            if item.time_s is not None:
                props.append(_prop("time", _stamp(item.time_s)))
            yield {**found, "props": props} if props else found

    def _finding(self, result: RequirementResult) -> Json:
        satisfied = result.verdict is Verdict.PASS
        status = {"state": "satisfied" if satisfied else "not-satisfied"}
        status["reason"] = "pass" if satisfied else "fail"
        related = [{"observation-uuid": item["uuid"]} for item in self._observations(result)]
        found: Json = {
            "uuid": self._uuid("finding", result.id),
            "title": _line(f"{result.id} {self._speech.title(result)}"),
            "description": self._speech.message(result.message) or result.verdict.value,
            "target": {"type": "objective-id", "target-id": result.id, "status": status},
        }
        mends = list(dict.fromkeys(f.mend for f in result.findings if f.mend and f.verdict is Verdict.FAIL))
        if mends:
            found["remarks"] = "\n\n".join(mends[:MOST_FINDINGS])
        if related:
            found["related-observations"] = related
        if result.verdict is Verdict.WAIVED:
            found["related-risks"] = [{"risk-uuid": self._uuid("risk", result.id)}]
        return found

    def _risk(self, result: RequirementResult) -> Json:
        said = self._speech.message(result.message)
        return {
            "uuid": self._uuid("risk", result.id),
            "title": _line(f"{result.id} {self._speech.title(result)}"),
            "description": said,
            "statement": said,
            "status": "deviation-approved",
        }


def _decided(result: RequirementResult) -> bool:
    """Return whether there is a true verdict: what a waiver covers may be unknown, then it has none."""
    if result.verdict is Verdict.WAIVED:
        return any(finding.verdict is Verdict.FAIL for finding in result.findings)
    return result.verdict in (Verdict.PASS, Verdict.FAIL)


def _prop(name: str, value: str) -> Json:
    return {"name": name, "ns": NAMESPACE, "value": _line(value)}


def _line(text: str) -> str:
    """Return a text as OSCAL strings want it: one line without space at its ends."""
    return _SPACE.sub(" ", text).strip() or "–"


def _stamp(time_s: float) -> str:
    return datetime.fromtimestamp(int(time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
