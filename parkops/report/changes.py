"""Write what changed between two assessments: a page for people, a document for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from parkops.model import Comparison, Snapshot, Verdict, VerdictChange
from parkops.report import chinese, words
from parkops.report.bundle import Language
from parkops.report.html import environment, template
from parkops.report.json_ import plain
from parkops.report.words import Words

VERSION = 1
RANK = {  # how good a verdict is; None where there is none
    Verdict.FAIL.value: 0,
    Verdict.UNKNOWN.value: 1,
    Verdict.WAIVED.value: 2,
    Verdict.PASS.value: 3,
    Verdict.NOT_APPLICABLE.value: 3,
}
SCORES = {
    "total": Words("总分", "Total score"),
    "infrastructure": Words("基础设施得分", "Infrastructure score"),
}
LEVELS = {
    "level1": Words("一级指标", "First-level indicator"),
    "level2": Words("二级指标", "Second-level indicator"),
    "indicator": Words("指标", "Indicator"),
}


def body(found: Comparison) -> dict[str, Any]:
    """Return the comparison as plain values; the two assessments are named, not repeated."""
    return {
        "older": _head(found.older),
        "newer": _head(found.newer),
        "same_plan": found.same_plan,
        "same_basis": found.same_basis,
        "worse": sum(worse(change) for change in found.verdicts),
        "verdicts": plain(found.verdicts),
        "scores": plain(found.scores),
    }


def worse(change: VerdictChange) -> bool:
    """Return whether a requirement fell, or one appeared that fails."""
    after = RANK.get(change.after or "", 3)
    return after < RANK.get(change.before or "", 1)


def files(found: Comparison, lang: Language) -> Mapping[str, bytes]:
    """Return diff.html and diff.json."""
    document = {"kind": "parkops.report-diff", "version": VERSION, **body(found)}
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    return {"diff.html": page(found, lang).encode(), "diff.json": text.encode()}


def page(found: Comparison, lang: Language) -> str:
    """Return the page; it holds one language, and no script."""
    return (
        environment()
        .get_template("diff.html.j2")
        .render(
            found=found,
            changes=sorted(found.verdicts, key=lambda change: not worse(change)),
            worse=worse,
            name=score_name,
            message=chinese.message,
            catalogues=words.CATALOGUES,
            lang=lang,
            only=lang,
            style=template("report.css"),
        )
    )


def score_name(mark: str) -> Words:
    """Return a score's name in both languages; see ScoreMark."""
    if mark in SCORES:
        return SCORES[mark]
    level, _, number = mark.partition(":")
    pair = LEVELS.get(level, Words(level, level))
    return Words(f"{pair.zh} {number}", f"{pair.en} {number}")


def _head(snapshot: Snapshot) -> dict[str, Any]:
    keys = ("id", "time_s", "park", "plan_digest", "profile", "grade", "coverage")
    return {key: getattr(snapshot, key) for key in keys}
