"""`parkops report`: assess the park and write the report."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.model import Assessment, EvidenceSet


@click.command()
@click.option(
    "--format",
    "formats",
    type=click.Choice(["html", "json"]),
    multiple=True,
    default=("html", "json"),
    show_default=True,
    help="What to write; may be given twice.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Language that the page opens in; both are in it.",
)
@click.option("--gate", is_flag=True, help="Exit 1 when a requirement failed.")
@json_option
@click.pass_obj
def report(
    ctx: Context,
    formats: Sequence[str],
    out: Path | None,
    lang: Literal["zh", "en"],
    gate: bool,
    as_json: bool,
) -> None:
    """Assess the park against the guide and write the report.

    What was never measured, or too long ago, is unknown: it neither passes nor fails.

    \b
    Example:
      parkops -p inventories/demo report
      parkops -p inventories/demo report --format html --lang en --out /srv/www
    """
    from parkops.report import json_

    assessment, evidence = ctx.assessed()
    ctx.keep(assessment)
    folder = out or ctx.workspace.reports
    paths = _write(ctx, assessment, evidence, formats, folder, lang)
    if as_json:
        body = json_.document(assessment, ctx.park(), evidence)
        ctx.print_json("report", {**body, "files": [str(path) for path in paths]})
    else:
        _summary(ctx, assessment, paths)
    if gate and any(result.verdict == "fail" for result in assessment.requirements):
        sys.exit(1)


def _write(
    ctx: Context,
    assessment: Assessment,
    evidence: EvidenceSet,
    formats: Sequence[str],
    folder: Path,
    lang: Literal["zh", "en"],
) -> list[Path]:
    from parkops.report import html, json_

    paths = []
    if "html" in formats:
        paths.append(html.write(assessment, ctx.park(), evidence, folder / "report.html", lang))
    if "json" in formats:
        paths.append(json_.write(assessment, ctx.park(), evidence, folder / "report.json"))
    return paths


def _summary(ctx: Context, assessment: Assessment, paths: Sequence[Path]) -> None:
    counts = Counter(result.verdict.value for result in assessment.requirements)
    table = ctx.table("requirements", "count")
    for verdict in ("pass", "fail", "unknown", "waived", "not-applicable"):
        table.add_row(verdict, str(counts[verdict]))
    ctx.console.print(table, markup=False)
    scores = ctx.table("score", "point", "interval")
    scores.add_row(*_score("total", assessment.total_point, assessment.total_low, assessment.total_high))
    scores.add_row(
        *_score(
            "infrastructure",
            assessment.infrastructure_point,
            assessment.infrastructure_low,
            assessment.infrastructure_high,
        )
    )
    ctx.console.print(scores, markup=False)
    ctx.console.print(f"{100 * assessment.coverage:.1f} % of the weight is known", markup=False)
    for path in paths:
        ctx.console.print(f"wrote {path}", markup=False, soft_wrap=True)


def _score(name: str, point: float | None, low: float, high: float) -> tuple[str, str, str]:
    return name, "unknown" if point is None else f"{point:.1f}", f"{low:.1f} to {high:.1f}"
