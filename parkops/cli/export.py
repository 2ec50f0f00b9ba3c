"""`parkops export`: what was measured, as Parquet or CSV."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from parkops.cli.common import Context
from parkops.errors import UsageError

WHAT = ("intervals", "rollups", "events", "raw")


@click.command()
@click.argument("what", type=click.Choice(WHAT))
@click.option(
    "--format", "form", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True,
    help="Parquet needs the extra `parquet`.",
)  # fmt: skip
@click.option("--since", default="-30d", show_default=True, help="Begin: 2026-11-01, -30d, -12h ...")
@click.option("--until", default="now", show_default=True, help="End.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File; CSV goes to the screen without.")
@click.option("--dry-run", is_flag=True, help="Say what would be written.")
@click.pass_obj
def export(
    ctx: Context, what: str, form: str, since: str, until: str, output: Path | None, dry_run: bool
) -> None:
    """Write state intervals, hourly rollups, events or raw samples of a window to a file.

    Times are Unix times in seconds. Rollups carry percentiles that are within 1 % of the value; raw
    samples reach back a few hours only.

    \b
    Example:
      parkops export intervals --since 2026-11-01 --until 2026-12-01 -o november.csv
      parkops export rollups --format parquet --since -1y -o year.parquet
    """
    from parkops.figures import when
    from parkops.store.export import TABLES, write_csv, write_parquet

    now_s = time.time()
    since_s, until_s = when(since, now_s), when(until, now_s)
    if since_s >= until_s:
        raise UsageError("the window ends before it begins", where=f"--since {since} --until {until}")
    if form == "parquet" and output is None:
        raise UsageError("Parquet is written to a file", hint="name one with -o FILE")
    table = TABLES[what]
    with ctx.open_store() as store:
        rows = table.rows(store, since_s, until_s)
        if dry_run:
            click.echo(f"would write {sum(1 for _ in rows)} rows to {output or 'the screen'}")
            return
        if output is None:
            write_csv(table, rows, sys.stdout)
            return
        if form == "parquet":
            count = write_parquet(table, rows, output)
        else:
            with output.open("w", encoding="utf-8", newline="") as file:
                count = write_csv(table, rows, file)
    ctx.console.print(f"{output}: {count} rows", markup=False)
