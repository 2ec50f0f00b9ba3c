"""Write the report as one HTML file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from parkops.model import Assessment, EvidenceSet, Park
from parkops.report import charts, chinese, words
from parkops.report.bundle import Language, Report
from parkops.report.payload import Payload, embedded
from parkops.report.view import (
    MOST_EVIDENCE,
    MOST_RESULTS,
    build,
    clause,
    domain_counts,
    duration,
    every_aspect,
    every_domain,
    number,
    stamp,
)

if TYPE_CHECKING:
    from jinja2 import Environment


def render(assessment: Assessment, park: Park, evidence: EvidenceSet, lang: Language = "zh") -> str:
    """Return the page, opened in ``lang``; both languages are in it. The same input gives the same text."""
    return page(Report(assessment, park, evidence, lang))


def page(report: Report) -> str:
    """Return the page of a report; its findings are JSON that the page's script draws when it is asked to."""
    script, style = template("report.js"), template("report.css")
    view = build(report.assessment, report.park, report.evidence)
    data = Payload(report.park).document(view.requirements)
    table = {"verdicts": words.VERDICTS, "kinds": words.KINDS}
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            lang=report.lang,
            only="",
            tenant=report.tenant,
            domain=report.domain,
            audit=report.audit,
            data=embedded({**data, "words": table}),
            script=script,
            style=style,
            script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        )
    )


def template(name: str) -> str:
    """Return a file of the templates as it is."""
    return (resources.files("parkops.report") / "templates" / name).read_text(encoding="utf-8")


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.html."""
    return {"report.html": page(report).encode()}


def write(
    assessment: Assessment, park: Park, evidence: EvidenceSet, path: Path, lang: Language = "zh"
) -> Path:
    """Write the page to ``path`` at once, or not at all; return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(render(assessment, park, evidence, lang), encoding="utf-8")
    return partial.replace(path)


def templates() -> Environment:
    """Return the templates; those of text have nothing to escape."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("parkops.report", "templates"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def environment() -> Environment:
    """Return the templates with the report's words and filters."""
    from markupsafe import Markup

    environment = templates()
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
        clause=clause,
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
        most_results=MOST_RESULTS,
        catalogues=words.CATALOGUES,
        grades=words.GRADES,
        risks=words.RISKS,
        profiles=words.PROFILES,
        domain_counts=domain_counts,
        every_domain=every_domain,
        every_aspect=every_aspect,
        shares=charts.shares,
    )
    return environment


__all__ = ["render", "write"]
