"""Write the report as one HTML file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from parkops.model import Assessment, EvidenceSet, Park
from parkops.report import chinese, words
from parkops.report.bundle import Language, Report
from parkops.report.view import MOST_EVIDENCE, build, duration, number, stamp

if TYPE_CHECKING:
    from jinja2 import Environment


def render(assessment: Assessment, park: Park, evidence: EvidenceSet, lang: Language = "zh") -> str:
    """Return the page, opened in ``lang``; both languages are in it. The same input gives the same text."""
    script = (resources.files("parkops.report") / "templates" / "report.js").read_text(encoding="utf-8")
    style = (resources.files("parkops.report") / "templates" / "report.css").read_text(encoding="utf-8")
    script_hash = b64encode(sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            view=build(assessment, park, evidence),
            lang=lang,
            script=script,
            style=style,
            script_hash=script_hash,
        )
    )


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.html."""
    page = render(report.assessment, report.park, report.evidence, report.lang)
    return {"report.html": page.encode()}


def write(
    assessment: Assessment, park: Park, evidence: EvidenceSet, path: Path, lang: Language = "zh"
) -> Path:
    """Write the page to ``path`` at once, or not at all; return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(render(assessment, park, evidence, lang), encoding="utf-8")
    return partial.replace(path)


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("parkops.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        stamp=stamp,
        number=number,
        duration=duration,
        frame=chinese.message,
        part=chinese.part,
        subject=chinese.subject,
        evidence=chinese.evidence,
        explanation=chinese.explanation,
        trusted=Markup,
    )
    environment.globals.update(
        verdicts=words.VERDICTS,
        marks=words.MARKS,
        domains=words.DOMAINS,
        aspects=words.ASPECTS,
        kinds=words.KINDS,
        bases=words.BASES,
        outcomes=words.OUTCOMES,
        roles=words.ROLES,
        states=words.STATES,
        pair=words.Words,
        words=words.words,
        most_evidence=MOST_EVIDENCE,
    )
    return environment


__all__ = ["render", "write"]
