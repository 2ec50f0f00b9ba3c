"""`parkops store`: what the store keeps, and deleting what is old."""

from __future__ import annotations

import time

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

EVENTS_LEAST_S = 180 * 86_400.0  # as the plan's `monitoring.retention` has it


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def store(click_context: click.Context, as_json: bool) -> None:
    """Show what the store keeps, and how the monitor that writes it has done.

    The store is a file of SQLite below the park's folder, or a database of PostgreSQL: `--store URL` before
    the verb, or PARKOPS_STORE.

    \b
    Example:
      parkops store
      parkops store prune --raw 2h --intervals 3y --dry-run
      parkops --store postgresql://parkops@db/park status
    """
    if click_context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    ctx: Context = click_context.obj
    with ctx.open_store() as opened:
        counts, vitals, where = opened.counts(), opened.vitals(), opened.where
    if as_json:
        ctx.print_json(
            "store",
            {"where": where, "rows": dict(counts), "monitor": None if vitals is None else asdict(vitals)},
        )
        return
    ctx.console.print(where, markup=False, soft_wrap=True)
    for name, count in counts:
        ctx.console.print(f"  {count:>12,} {name}")
    if vitals is not None:
        from parkops.cli.eventing import ago

        ctx.console.print(
            f"The monitor stood still or did not run {vitals.gaps} times, {ago(vitals.gap_s)} in all;"
            f" its probes started at most {vitals.max_lag_s:.3f} s late."
        )


@store.command()
@click.option("--raw", metavar="TIME", help="Keep raw samples of so long, as 6h.")
@click.option("--rollups", metavar="TIME", help="Keep hourly rollups of so long, as 400d.")
@click.option("--intervals", metavar="TIME", help="Keep state intervals of so long, as 5y.")
@click.option("--events", metavar="TIME", help="Keep closed events of so long, as 5y; 180d at least.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted.")
@click.pass_obj
def prune(ctx: Context, /, dry_run: bool, **told: str | None) -> None:
    """Delete what is older than `monitoring.retention` of the plan says; options override it.

    A running monitor does so each hour, by the plan. The current interval of a target is always kept, and so
    are events that are not closed.

    \b
    Example:
      parkops store prune --raw 1h --rollups 90d
    """
    from parkops.figures import when

    now_s = time.time()
    kept = ctx.park().retention

    def before_s(name: str, kept_s: float | None) -> float | None:
        if text := told[name]:
            return when(text, now_s)
        return None if kept_s is None else now_s - kept_s

    if told["events"] and when(told["events"], now_s) > now_s - EVENTS_LEAST_S:
        hint = "a time of 180d or more"
        raise UsageError(
            "events are kept for six months at least", where=f"--events {told['events']}", hint=hint
        )
    limits_s = (
        before_s("raw", kept.raw_s) or 0.0,
        before_s("rollups", kept.rollups_s) or 0.0,
        before_s("intervals", kept.intervals_s) or 0.0,
        before_s("events", kept.events_s),
    )
    with ctx.open_store() as opened:
        gone = opened.prune(*limits_s, dry_run=dry_run)
    names = ("raw chunks", "rollups", "intervals", "events")
    listed = ", ".join(f"{count} {name}" for count, name in zip(gone, names, strict=True))
    ctx.console.print(f"{'Would delete' if dry_run else 'Deleted'} {listed}.")
