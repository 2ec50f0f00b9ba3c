"""`parkops store`: what the store keeps, and deleting what is old."""

from __future__ import annotations

import time

import click

from parkops.cli.common import Context, json_option

DAY_S = 86_400.0


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
@click.option("--raw", default="6h", show_default=True, help="Keep raw samples of so long.")
@click.option("--rollups", default="400d", show_default=True, help="Keep hourly rollups of so long.")
@click.option("--intervals", default="5y", show_default=True, help="Keep state intervals of so long.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted.")
@click.pass_obj
def prune(ctx: Context, raw: str, rollups: str, intervals: str, dry_run: bool) -> None:
    """Delete what is older; a running monitor does so each hour, with the values shown as defaults.

    The current interval of a target is always kept, and so are events.

    \b
    Example:
      parkops store prune --raw 1h --rollups 90d
    """
    from parkops.figures import when

    now_s = time.time()
    with ctx.open_store() as opened:
        gone = opened.prune(*(when(text, now_s) for text in (raw, rollups, intervals)), dry_run=dry_run)
    told = ", ".join(
        f"{count} {name}" for count, name in zip(gone, ("raw chunks", "rollups", "intervals"), strict=True)
    )
    ctx.console.print(f"{'Would delete' if dry_run else 'Deleted'} {told}.")
