"""Read a JSON report back as the snapshot that two assessments are compared by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parkops.errors import UsageError
from parkops.model import ScoreMark, Snapshot, VerdictMark
from parkops.report.json_ import KIND, VERSION


def read(path: Path) -> Snapshot:
    """Return the snapshot of a JSON report.

    Raises UsageError when the file is none of this program's version.
    """
    hint = "name a report.json, or a number of `parkops history`"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), hint=hint) from error
    except ValueError as error:
        raise UsageError(f"is no JSON: {error}", where=str(path), hint=hint) from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise UsageError("is no report of parkops", where=str(path), hint=hint)
    if document.get("version") != VERSION:
        found = document.get("version")
        raise UsageError(
            f"is of version {found}, this program reads version {VERSION}", where=str(path), hint=hint
        )
    try:
        return _snapshot(document)
    except (KeyError, TypeError) as error:
        raise UsageError(f"lacks {error}", where=str(path), hint=hint) from error


def _snapshot(document: Mapping[str, Any]) -> Snapshot:
    results = [*document["requirements"], *document["controls"]]
    scores = document["scores"]  # null in an audit of configurations
    return Snapshot(
        id=0,
        time_s=document["time_s"],
        park=document["park"]["id"],
        plan_digest=document["plan"]["digest"],
        profile=f"{scores['profile']}; weights: {scores['weights']}" if scores else "",
        grade=scores["grade"] if scores else "",
        coverage=scores["coverage"] if scores else 0.0,
        scores=tuple(_scores(document)),
        verdicts=tuple(
            VerdictMark(item["catalogue"], item["id"], item["verdict"], item["message"]) for item in results
        ),
    )


def _scores(document: Mapping[str, Any]) -> list[ScoreMark]:
    found = []
    for name in ("total", "infrastructure") if document["scores"] else ():
        span = document["scores"][name]
        found.append(ScoreMark(name, span["point"], span["low"], span["high"]))
    for item in document["groups"]:
        name = f"level{item['level']}:{item['id']}"
        found.append(ScoreMark(name, item["point"], item["low"], item["high"]))
    for item in document["indicators"]:
        name = f"indicator:{item['id']}"
        found.append(ScoreMark(name, item["score"], item["low"], item["high"], item["value"]))
    return found
