"""Write the findings as SARIF 2.1.0, so that an editor or a pipeline shows them at plan and config lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from parkops.model import Finding, RequirementResult, Verdict
from parkops.model.change import digest
from parkops.report.bundle import Report
from parkops.report.sources import Places
from parkops.report.speech import Speech
from parkops.report.view import results_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_PLACES = 20  # of a result
_ROOT = "The park's folder, which holds its plan."
_ROOT_AUDIT = "The folder in which the audit was made."
KINDS = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.UNKNOWN: "open",
    Verdict.NOT_APPLICABLE: "notApplicable",
    Verdict.WAIVED: "fail",
}
Json = dict[str, Any]


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.sarif.json: each failed finding is a result, and each other requirement one."""
    speech = Speech(report.lang)
    results = results_of(report.assessment)
    index = {result.id: number for number, result in enumerate(results)}
    places = Places(report.park, report.evidence)
    found = [
        {"ruleIndex": index[result.id], **item}
        for result in results
        for item in _results(result, speech, places)
    ]
    end = datetime.fromtimestamp(int(report.assessment.time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = {
        "tool": {"driver": _driver(results, speech)},
        "language": "zh-CN" if report.lang == "zh" else "en",
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "endTimeUtc": end}],
        "originalUriBaseIds": {"PARK": {"description": {"text": _ROOT_AUDIT if report.audit else _ROOT}}},
        "results": found,
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return {"report.sarif.json": (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()}


def _driver(results: Iterable[RequirementResult], speech: Speech) -> Json:
    return {"name": "parkops", "rules": [_rule(result, speech) for result in results]}


def _rule(result: RequirementResult, speech: Speech) -> Json:
    properties: Json = {"tags": [result.catalogue, result.domain, result.aspect]}
    if result.clauses:
        properties["clauses"] = list(result.clauses)
    if result.mapped:
        properties["mapped"] = list(result.mapped)
    return {
        "id": result.id,
        "shortDescription": {"text": speech.title(result)},
        "fullDescription": {"text": speech.text(result)},
        "properties": properties,
    }


def _results(result: RequirementResult, speech: Speech, places: Places) -> Iterator[Json]:
    failed = [finding for finding in result.findings if finding.verdict is Verdict.FAIL]
    if result.verdict is Verdict.FAIL and failed:
        for finding in failed:
            yield _failure(finding, speech, places)
        return
    yield {
        "ruleId": result.id,
        "kind": KINDS[result.verdict],
        "level": "error" if KINDS[result.verdict] == "fail" else "none",
        "message": {"text": speech.message(result.message) or result.verdict.value},
        "partialFingerprints": {"parkops/v1": digest(result.id)},
        **_locations(result.findings, places),
        **_suppressed(result, speech),
    }


def _failure(finding: Finding, speech: Speech, places: Places) -> Json:
    about = "" if finding.subject == "park" else f"{speech.subject(finding.subject)}: "
    text = f"{about}{speech.message(finding.message)}"
    key = "\0".join((finding.requirement, finding.check, finding.subject))
    found: Json = {
        "ruleId": finding.requirement,
        "kind": "fail",
        "level": "error",
        "message": {"text": text + (f"\n\n{finding.mend}" if finding.mend else "")},
        "partialFingerprints": {"parkops/v1": digest(key)},
        **_locations([finding], places),
        "properties": {"check": finding.check, "subject": finding.subject, "evidence": finding.kind},
    }
    if finding.mend:
        found["properties"]["mend"] = finding.mend
    return found


def _suppressed(result: RequirementResult, speech: Speech) -> Json:
    if result.verdict is not Verdict.WAIVED:
        return {}
    return {
        "suppressions": [
            {"kind": "external", "status": "accepted", "justification": speech.message(result.message)}
        ]
    }


def _locations(findings: Iterable[Finding], places: Places) -> Json:
    found = (places.of(item) for finding in findings for item in finding.evidence)
    unique = list(dict.fromkeys(place for place in found if place))[:MOST_PLACES]
    return {
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(place.uri),
                    "region": {"startLine": place.line},
                }
            }
            for place in unique
        ]
    }


def _artifact(path: str) -> Json:
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    return {"uri": quote(path), "uriBaseId": "PARK"}
