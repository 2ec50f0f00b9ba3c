"""`parkops notice`: each tenant's monthly security notice."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.model import TenantNotice
    from parkops.report.notices import Log, Period


@click.command()
@click.option(
    "--tenant", "tenants", multiple=True, metavar="TENANT", help="Only this tenant; may be repeated."
)
@click.option("--month", metavar="YEAR-MONTH", help="Default: this month so far (UTC).")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder; default reports/notices."
)
@click.option("--dry-run", is_flag=True, help="Say what would be written.")
@json_option
@click.pass_obj
def notice(
    ctx: Context, tenants: Sequence[str], month: str | None, out: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Write each tenant's monthly security notice, as a page and as text, in Chinese and English.

    Events, security log, traffic that was tried and blocked, availability, changes, open risks, and what the
    tenant is asked to do; a tenant's notice names nothing of another tenant.

    \b
    Example:
      parkops notice
      parkops notice --tenant huaxing --month 2026-11 --out /srv/notices
    """
    from parkops.report import bulletin, notices, writers
    from parkops.report.bundle import Report

    span = notices.period(month or time.strftime("%Y-%m", time.gmtime()))
    assessment, evidence = ctx.assessed()
    report = Report(assessment, ctx.park(), evidence)
    log = _log(ctx, span)
    chosen = list(dict.fromkeys(tenants)) or [tenant.id for tenant in ctx.park().tenants]
    made = [notices.gather(report, tenant, span, log) for tenant in chosen]
    folder = out or ctx.workspace.reports / "notices"
    paths = []
    for item in made:
        for name, data in bulletin.files(item).items():
            paths.append(folder / name if dry_run else writers.put(folder / name, data))
    if as_json:
        files = [str(path) for path in paths]
        ctx.print_json("notices", {"files": files, "notices": [asdict(item) for item in made]})
        return
    _print(ctx, made)
    for path in paths:
        ctx.console.print(f"{'would write' if dry_run else 'wrote'} {path}", markup=False, soft_wrap=True)


def _log(ctx: Context, span: Period) -> Log:
    from parkops.report.notices import Log

    if not ctx.workspace.has_store:
        return Log()
    with ctx.open_store() as store:
        return Log(
            availability=store.availability(span.since_s, min(span.until_s, time.time())),
            events=store.events(),
            results=store.results_between(span.since_s, span.until_s),
            heard=tuple(item for item in store.signals(span.since_s) if span.holds(item.last_s)) or None,
        )


def _print(ctx: Context, made: Sequence[TenantNotice]) -> None:
    table = ctx.table("tenant", "month", "events", "changes", "risks", "tasks")
    for item in made:
        counts = (len(item.events), len(item.changes), len(item.risks), len(item.tasks))
        table.add_row(item.tenant, item.month, *map(str, counts))
    ctx.console.print(table, markup=False)
