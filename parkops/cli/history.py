"""`parkops history`: earlier assessments."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.model import Trend


@click.command()
@click.option("--last", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
@json_option
@click.pass_obj
def history(ctx: Context, last: int, as_json: bool) -> None:
    """List earlier assessments of the park, newest last; each `parkops report` keeps one.

    `parkops report --diff 3 7` says what changed between two of them.

    \b
    Example:
      parkops history
      parkops history --last 100 --json
    """
    from parkops.model import Trend

    trend = Trend()
    if ctx.workspace.has_store:
        with ctx.open_store() as store:
            trend = store.trend(ctx.park().name, last)
    if as_json:
        ctx.print_json("history", {"assessments": [asdict(point) for point in trend.points]})
        return
    if not trend.points:
        ctx.console.print("No assessment is kept yet; `parkops report` makes one.")
        return
    _print(ctx, trend)


def _print(ctx: Context, trend: Trend) -> None:
    wide = ctx.console.width >= 100
    heads = ["id", "time", "total", "infrastructure", "known", "pass", "fail", "unknown"]
    table = ctx.table(*heads, *(("plan", "scored by") if wide else ()))
    for point in trend.points:
        cells = [
            str(point.id),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(point.time_s)),
            span(point.total_point, point.total_low, point.total_high),
            span(point.infrastructure_point, point.infrastructure_low, point.infrastructure_high),
            f"{100 * point.coverage:.0f} %",
            str(point.passed),
            str(point.failed),
            str(point.unknown),
        ]
        cells += [point.plan_digest[:8], point.profile] if wide else []
        table.add_row(*cells)
    ctx.console.print(table, markup=False)


def span(point: float | None, low: float, high: float) -> str:
    """Print a score with its bounds."""
    return f"{'?' if point is None else f'{point:.1f}'} ({low:.1f}–{high:.1f})"
