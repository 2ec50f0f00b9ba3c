"""`parkops availability`: how available everything was, how fast, and whether objectives hold."""

from __future__ import annotations

import csv
import io
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkops.model import Event, Figures, GroupFigures, ObjectiveStatus, Park

KINDS = ("tenant", "zone", "device", "role", "flow", "class", "target", "park")
COLUMNS = (
    "name", "targets", "availability", "up_s", "down_s", "unknown_s", "excluded_s", "outages", "mtbf_s",
    "mttr_s", "loss_ratio", "rtt_p50_s", "rtt_p95_s", "rtt_p99_s",
)  # fmt: skip
WORST = 20  # rows for people, the least available first; --all shows every one


@click.command()
@click.option("--from", "since", default="-30d", show_default=True, help="Begin: 2026-11-01, -30d, -12h ...")
@click.option("--to", "until", default="now", show_default=True, help="End: 2026-12-01, now ...")
@click.option("--by", type=click.Choice(KINDS), default="tenant", show_default=True, help="What a row is.")
@click.option(
    "--outages",
    "show_outages",
    is_flag=True,
    help="List the outages of the window, consequences under their cause.",
)
@click.option("--objectives", is_flag=True, help="Show the plan's objectives, budgets and burn rates.")
@click.option("--coverage", is_flag=True, help="Show shares of the park: by the plan, and seen live.")
@click.option("--utilisation", is_flag=True, help="Show how full links were.")
@click.option("--with-maintenance", is_flag=True, help="Count planned work as any other time.")
@click.option("--all", "everything", is_flag=True, help=f"Show every row, not the worst {WORST}.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
@click.pass_obj
def availability(
    ctx: Context,
    since: str,
    until: str,
    by: str,
    show_outages: bool,
    objectives: bool,
    coverage: bool,
    utilisation: bool,
    with_maintenance: bool,
    everything: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show availability, MTBF, MTTR, loss and latency over a window, worst first.

    Time in which the monitor did not run or could not probe is unknown: it counts neither as up nor as
    down, and is shown. Planned work is left out.

    \b
    Example:
      parkops availability --from 2026-11-01 --to 2026-12-01 --by zone
      parkops availability --from -7d --by flow --objectives
      parkops availability --from -1y --by target --csv > year.csv
    """
    from parkops.cli import figuring
    from parkops.evidence import planned_work
    from parkops.figures import compute, when

    now_s = time.time()
    since_s, until_s = when(since, now_s), when(until, now_s)
    if since_s >= until_s:
        raise UsageError("the window ends before it begins", where=f"--from {since} --to {until}")
    until_s = min(until_s, now_s)  # nothing is known of what is still to come
    if since_s >= until_s:
        raise UsageError("the window has not begun yet", where=f"--from {since} --to {until}")
    park = ctx.watched_park()
    with ctx.open_store() as store:
        windows = () if with_maintenance else planned_work(park, store)
        told = compute(park, store, since_s, until_s, windows=windows, kinds=(by, "park"))
        found = _outages_of(park, store.events(), since_s, until_s)
    rows = sorted(told.of(by), key=_worst_first)
    if as_json:
        ctx.print_json("availability", {**_document(told, rows, found), "left_out": ctx.left_out})
    elif as_csv:
        click.echo(_csv(rows), nl=False)
    else:
        shown = rows if everything else rows[:WORST]
        figuring.summary(ctx, told, shown, len(rows), by)
        if objectives:
            figuring.objectives(ctx, told.objectives)
        if coverage:
            figuring.coverage(ctx, told.coverage)
        if utilisation:
            figuring.utilisation(ctx, told)
        if show_outages:
            figuring.outages(ctx, found, until_s)


def _outages_of(park: Park, events: Sequence[Event], since_s: float, until_s: float) -> list[Event]:
    """Return the outages of a window, of targets that are watched, oldest first."""
    watched = {target.id for target in park.targets}

    def counts(event: Event) -> bool:
        ended_s = event.closed_s if event.resolved_s is None else event.resolved_s
        touches = event.opened_s < until_s and (ended_s is None or ended_s > since_s)
        return event.kind == "outage" and event.target in watched and touches

    return sorted(filter(counts, events), key=lambda event: event.opened_s)


def _worst_first(row: GroupFigures) -> tuple[float, float, str]:
    ratio = row.availability.ratio
    return (2.0 if ratio is None else ratio), -row.down_s, row.name


def _row(row: GroupFigures) -> dict[str, Any]:
    spent, rtt = row.availability, row.rtt_s
    return {
        "name": row.name, "targets": row.targets, "availability": spent.ratio, "up_s": row.up_s,
        "down_s": row.down_s, "unknown_s": row.unknown_s, "excluded_s": row.excluded_s,
        "outages": row.outages, "mtbf_s": spent.mtbf_s, "mttr_s": spent.mttr_s, "loss_ratio": row.loss_ratio,
        "rtt_p50_s": rtt.p50 if rtt else None, "rtt_p95_s": rtt.p95 if rtt else None,
        "rtt_p99_s": rtt.p99 if rtt else None,
    }  # fmt: skip


def _csv(rows: Sequence[GroupFigures]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(row) for row in rows)
    return text.getvalue()


def _document(told: Figures, rows: Sequence[GroupFigures], found: Sequence[Event]) -> dict[str, Any]:
    from parkops.cli.eventing import event_document

    return {
        "from_s": told.since_s,
        "to_s": told.until_s,
        "measured_from_s": told.measured_since_s,
        "groups": [{"by": row.by, **_row(row)} for row in rows],
        "park": [_row(row) for row in told.of("park")],
        "objectives": [_objective(item) for item in told.objectives],
        "coverage": [{**asdict(item), "ratio": item.ratio, "bounds": item.bounds} for item in told.coverage],
        "utilisation": [asdict(item) for item in told.utilisation],
        "outages": [event_document(event) for event in found],
    }


def _objective(item: ObjectiveStatus) -> dict[str, Any]:
    """Return an objective for programs; JSON has no infinity (RFC 8259, 6), by which a budget of 0 burns."""
    body = asdict(item)
    for burn in body["burns"]:
        burn["rate"] = None if burn["rate"] is None else min(burn["rate"], sys.float_info.max)
    return body
