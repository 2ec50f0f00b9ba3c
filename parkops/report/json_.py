"""Write the report as a versioned JSON document."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parkops.model import Assessment, EvidenceSet, Park, Verdict
from parkops.report.reach import fold
from parkops.report.waived import waived_features

VERSION = 1  # grows when a key changes its meaning or goes away


def document(assessment: Assessment, park: Park, evidence: EvidenceSet) -> dict[str, Any]:
    """Return the report as plain values; times are Unix seconds, scores 0 to 100, shares 0 to 1."""
    matrix = fold(park, evidence)
    return {
        "kind": "parkops.report",
        "version": VERSION,
        "park": {"id": park.name, "title": park.title, "operator": park.operator},
        "plan": {"file": park.plan_file, "digest": assessment.plan_digest},
        "time_s": assessment.time_s,
        "scores": {
            "total": _span(assessment.total_point, assessment.total_low, assessment.total_high),
            "infrastructure": _span(
                assessment.infrastructure_point,
                assessment.infrastructure_low,
                assessment.infrastructure_high,
            ),
            "coverage": assessment.coverage,
        },
        "verdicts": _verdicts(assessment),
        "groups": [asdict(group) for group in assessment.groups],
        "indicators": [asdict(indicator) for indicator in assessment.indicators],
        "requirements": [asdict(result) for result in assessment.requirements],
        "reach": {
            "allowed": {v: matrix.count(allowed=True, verdict=v) for v in ("held", "broken", "untried")},
            "forbidden": {v: matrix.count(allowed=False, verdict=v) for v in ("held", "broken", "untried")},
        },
        "push": {
            "time_s": evidence.pushed_s,
            "devices": [
                {"device": r.device, "driver": r.driver, "outcome": r.outcome, "message": r.message}
                for r in evidence.results
            ],
        },
        "events": [asdict(event) for event in evidence.events],
        "waived_features": [asdict(item) for item in waived_features(park)],
    }


def _span(point: float | None, low: float, high: float) -> dict[str, float | None]:
    return {"point": point, "low": low, "high": high}


def _verdicts(assessment: Assessment) -> dict[str, int]:
    counts = Counter(result.verdict for result in assessment.requirements)
    return {verdict.value: counts.get(verdict, 0) for verdict in Verdict}


def write(assessment: Assessment, park: Park, evidence: EvidenceSet, path: Path) -> Path:
    """Write the document to ``path`` at once, or not at all; return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    text = json.dumps(document(assessment, park, evidence), ensure_ascii=False, indent=2)
    partial.write_text(text + "\n", encoding="utf-8")
    return partial.replace(path)


__all__ = ["document", "write"]
