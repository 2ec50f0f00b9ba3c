"""`parkops report`: assess the park and write the report."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from parkops.cli.common import Context, json_option
from parkops.cli.controls import catalogue_files

if TYPE_CHECKING:
    from parkops.model import Assessment, Comparison, ScoreMark, Snapshot
    from parkops.report.bundle import Report, Writer

FORMATS = "html, pdf, xlsx, csv, json, junit, sarif, oscal, prometheus"


@click.command()
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAMES",
    default=("html,json",),
    show_default=True,
    help=f"What to write, separated by commas: {FORMATS}.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Language; the page holds both and opens in this one.",
)
@click.option("--tenant", metavar="ID", default="", help="Only what this tenant may see.")
@click.option("--domain", metavar="NAME", default="", help="Only the requirements of this domain.")
@click.option(
    "--diff",
    nargs=2,
    metavar="A B",
    help="Say what changed from A to B: JSON reports, or numbers of `parkops history`.",
)
@click.option(
    "--gate", is_flag=True, help="Exit 1 when a requirement failed; with --diff, when one got worse."
)
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@catalogue_files
@json_option
@click.pass_obj
def report(
    ctx: Context,
    formats: Sequence[str],
    out: Path | None,
    lang: Literal["zh", "en"],
    tenant: str,
    domain: str,
    diff: tuple[str, str] | None,
    gate: bool,
    dry_run: bool,
    files: Sequence[Path],
    as_json: bool,
) -> None:
    """Assess the park against the guide and write the report.

    What was never measured, or too long ago, is unknown: it neither passes nor fails.

    \b
    Example:
      parkops -p inventories/demo report
      parkops -p inventories/demo report --format html,pdf,xlsx --lang en --out /srv/www
      parkops -p inventories/demo report --tenant huaxing --format pdf
      parkops -p inventories/demo report --diff 1 2
    """
    if diff:
        _diff(ctx, diff, out, lang, gate=gate, dry_run=dry_run, as_json=as_json)
        return
    from parkops.report import json_, writers

    chosen = writers.choose(name for text in formats for name in _names(text))
    found = _report(ctx, lang, tenant, domain, files, dry_run=dry_run)
    folder = out or ctx.workspace.reports
    if tenant and out is None:
        folder /= tenant
    paths = _write(found, chosen, folder, dry_run=dry_run)
    if as_json:
        ctx.print_json("report", {**json_.body(found), "files": [str(path) for path in paths]})
    else:
        _summary(ctx, found.assessment, paths, dry_run=dry_run)
    if gate and _failed(found.assessment):
        sys.exit(1)


def _diff(
    ctx: Context,
    names: tuple[str, str],
    out: Path | None,
    lang: Literal["zh", "en"],
    *,
    gate: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from parkops.assess.history import compare
    from parkops.report import changes, writers

    found = compare(_kept(ctx, names[0]), _kept(ctx, names[1]))
    body, folder = changes.body(found), out or ctx.workspace.reports
    made = changes.files(found, lang)
    paths = [folder / name if dry_run else writers.put(folder / name, data) for name, data in made.items()]
    if as_json:
        ctx.print_json("report-diff", {**body, "files": [str(path) for path in paths]})
    else:
        _show_diff(ctx, found, paths, dry_run=dry_run)
    if gate and body["worse"]:
        sys.exit(1)


def _kept(ctx: Context, name: str) -> Snapshot:
    """Return a kept assessment by its number in the history, or that of a JSON report."""
    from parkops.report import kept

    if not name.isdecimal():
        return kept.read(Path(name))
    with ctx.open_store() as store:
        return store.assessment(int(name))


def _show_diff(ctx: Context, found: Comparison, paths: Sequence[Path], *, dry_run: bool) -> None:
    from parkops.report.changes import score_name, worse

    table = ctx.table("requirement", "before", "after", "")
    for change in found.verdicts:
        table.add_row(change.id, change.before or "-", change.after or "-", "worse" if worse(change) else "")
    ctx.console.print(table, markup=False)
    scores = ctx.table("score", "before", "after")
    for item in found.scores:
        scores.add_row(score_name(item.id).en, *(_point(mark) for mark in (item.before, item.after)))
    ctx.console.print(scores, markup=False)
    for path in paths:
        ctx.console.print(f"{'would write' if dry_run else 'wrote'} {path}", markup=False, soft_wrap=True)


def _point(mark: ScoreMark | None) -> str:
    return "-" if mark is None else " ".join(_score("", mark.point, mark.low, mark.high)[1:])


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _report(
    ctx: Context, lang: Literal["zh", "en"], tenant: str, domain: str, files: Sequence[Path], *, dry_run: bool
) -> Report:
    from parkops.report import scope
    from parkops.report.bundle import Report

    assessment, evidence = ctx.assessed(files)
    if not dry_run:
        ctx.keep(assessment)
    found = Report(assessment, ctx.park(), evidence, lang)
    if tenant:
        found = scope.for_tenant(found, tenant)
    return scope.for_domain(found, domain) if domain else found


def _failed(assessment: Assessment) -> bool:
    return any(result.verdict == "fail" for result in (*assessment.requirements, *assessment.controls))


def _write(report: Report, chosen: Mapping[str, Writer], folder: Path, *, dry_run: bool) -> list[Path]:
    from parkops.report import writers

    if not dry_run:
        return writers.write(report, chosen, folder)
    return [folder / name for writer in chosen.values() for name in writer(report)]


def _summary(ctx: Context, assessment: Assessment, paths: Sequence[Path], *, dry_run: bool) -> None:
    results = (*assessment.requirements, *assessment.controls)
    catalogues = list(dict.fromkeys(result.catalogue for result in results))
    counts = Counter((result.catalogue, result.verdict.value) for result in results)
    table = ctx.table("requirements", *catalogues)
    for verdict in ("pass", "fail", "unknown", "waived", "not-applicable"):
        table.add_row(verdict, *(str(counts[name, verdict]) for name in catalogues))
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
        ctx.console.print(f"{'would write' if dry_run else 'wrote'} {path}", markup=False, soft_wrap=True)


def _score(name: str, point: float | None, low: float, high: float) -> tuple[str, str, str]:
    return name, "unknown" if point is None else f"{point:.1f}", f"{low:.1f} to {high:.1f}"
