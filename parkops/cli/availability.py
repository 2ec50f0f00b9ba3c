"""`parkops availability`: how available everything was, how fast, and whether objectives hold."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from parkops.model import CoverageFigure, Event, Figures, GroupFigures, ObjectiveStatus

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
@click.option("--outages", "show_outages", is_flag=True, help="List the outages of the window as well.")
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
    from parkops.evidence import planned_work
    from parkops.figures import compute, when

    now_s = time.time()
    since_s, until_s = when(since, now_s), when(until, now_s)
    if since_s >= until_s:
        raise UsageError("the window ends before it begins", where=f"--from {since} --to {until}")
    park = ctx.park()
    with ctx.open_store() as store:
        windows = () if with_maintenance else planned_work(park, store)
        told = compute(park, store, since_s, until_s, windows=windows, kinds=(by, "park"))
        found = [event for event in store.events() if _touches(event, since_s, until_s)]
    rows = sorted(told.of(by), key=_worst_first)
    if as_json:
        ctx.print_json("availability", _document(told, rows, found))
    elif as_csv:
        click.echo(_csv(rows), nl=False)
    else:
        shown = rows if everything else rows[:WORST]
        _print(ctx, told, shown, len(rows), by)
        if objectives:
            _objectives(ctx, told.objectives)
        if coverage:
            _coverage(ctx, told.coverage)
        if utilisation:
            _utilisation(ctx, told)
        if show_outages:
            _outages(ctx, found, until_s)


def _touches(event: Event, since_s: float, until_s: float) -> bool:
    ended_s = event.closed_s if event.resolved_s is None else event.resolved_s
    return event.opened_s <= until_s and (ended_s is None or ended_s >= since_s)


def _worst_first(row: GroupFigures) -> tuple[float, float, str]:
    ratio = row.availability.ratio
    return (2.0 if ratio is None else ratio), -row.down_s, row.name


def percent(ratio: float | None) -> str:
    """Return a ratio for people; what is not exactly 1 is never shown as 100 %."""
    if ratio is None:
        return "-"
    if ratio in (0.0, 1.0):
        return f"{100 * ratio:.0f} %"
    return f"{min(99.9999, 100 * ratio):.4f} %"


def _span(seconds: float | None) -> str:
    from parkops.cli.eventing import ago

    if seconds is None:
        return "-"
    return f"{seconds:.1f} s" if 0 < seconds < 10 else ago(seconds)


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.3g}"


def _table(*heads: str, wide: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for head in heads:
        if head == wide:
            table.add_column(head, overflow="fold", ratio=None, min_width=10)
        else:
            table.add_column(head, justify="right", no_wrap=True)
    return table


def _print(ctx: Context, told: Figures, rows: Sequence[GroupFigures], count: int, by: str) -> None:
    from rich.text import Text

    from parkops.cli.eventing import WIDE

    def stamp(time_s: float) -> str:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_s))

    ctx.console.print(f"{stamp(told.since_s)} to {stamp(told.until_s)}", highlight=False)
    for whole in told.of("park"):
        known_s = whole.up_s + whole.down_s
        share = known_s / max(1e-9, whole.targets * (told.until_s - told.since_s))
        ctx.console.print(
            f"{whole.name}: {percent(whole.availability.ratio)} available, {whole.outages} outages;"
            f" {percent(min(1.0, share))} of the time of {whole.targets} targets is known"
        )
    if not rows:
        ctx.console.print(f"The park has no {by} that is watched.")
        return
    wide = ctx.console.width >= WIDE
    more = ("Unknown", "MTBF", "Loss", "p50 ms", "p99 ms") if wide else ()
    head = by.capitalize()
    table = _table(head, "Available", "Outages", "Down", "MTTR", "p95 ms", *more, wide=head)
    for row in rows:
        spent, rtt = row.availability, row.rtt_s
        extra = (
            (_span(row.unknown_s), _span(spent.mtbf_s), percent(row.loss_ratio),
             _ms(rtt.p50 if rtt else None), _ms(rtt.p99 if rtt else None))
            if wide else ()
        )  # fmt: skip
        table.add_row(
            Text(row.name), percent(spent.ratio), str(row.outages), _span(row.down_s), _span(spent.mttr_s),
            _ms(rtt.p95 if rtt else None), *extra,
        )  # fmt: skip
    ctx.console.print(table)
    if count > len(rows):
        ctx.console.print(f"{count - len(rows)} more are at least as available: --all shows them.")


def _objectives(ctx: Context, found: Sequence[ObjectiveStatus]) -> None:
    from rich.text import Text

    table = _table(
        "Objective", "Wanted", "Measured", "Budget left", "Burn 1h/6h/3d", "Held", wide="Objective"
    )
    for item in found:
        burns = "/".join("-" if b.rate is None else f"{b.rate:.1f}" for b in item.burns[2:])
        held = {True: "yes", False: "NO", None: "open"}[item.held]
        left = item.left_ratio
        table.add_row(
            Text(f"{item.objective}\n  {item.why}" if item.why else item.objective), percent(item.wanted),
            percent(item.measured), "-" if left is None else f"{100 * left:.1f} %", burns, held,
        )  # fmt: skip
    ctx.console.print()
    ctx.console.print(table if found else "The plan states no objectives.")


def _coverage(ctx: Context, found: Sequence[CoverageFigure]) -> None:
    from rich.text import Text

    plan = {item.id: item for item in found if item.basis == "plan"}
    table = _table("Share of", "By the plan", "Seen live", "Not known", wide="Share of")
    for item in found:
        if item.basis == "live":
            stated = plan[item.id]
            least = item.bounds[0] if item.bounds else None
            table.add_row(
                Text(item.detail),
                f"{stated.numerator:g} of {stated.denominator:g}",
                f"{item.numerator:g} ({percent(least)})",
                f"{item.unknown:g}",
            )
    ctx.console.print(table)


def _utilisation(ctx: Context, told: Figures) -> None:
    from rich.text import Text

    if not told.utilisation:
        ctx.console.print("No probe has read counters of interfaces in the window.")
        return
    table = _table("Interface", "Way", "Mean Mbit/s", "p95 Mbit/s", "p95 of rate", wide="Interface")
    for item in sorted(told.utilisation, key=lambda item: -item.p95_ratio):
        table.add_row(
            Text(f"{item.device} {item.interface}"), item.direction, f"{item.mean_bps / 1e6:.2f}",
            f"{item.p95_bps / 1e6:.2f}", f"{100 * item.p95_ratio:.1f} %",
        )  # fmt: skip
    ctx.console.print(table)


def _outages(ctx: Context, found: Sequence[Event], until_s: float) -> None:
    from rich.text import Text

    table = _table("Began", "Length", "Outage", wide="Outage")
    for event in sorted(found, key=lambda event: event.opened_s):
        ended_s = event.closed_s if event.resolved_s is None else event.resolved_s
        goes_on = "" if ended_s is not None else " ..."
        table.add_row(
            time.strftime("%m-%d %H:%M:%S", time.localtime(event.opened_s)),
            _span((until_s if ended_s is None else ended_s) - event.opened_s) + goes_on,
            Text(f"{event.target}: {event.cause}"),
        )
    ctx.console.print(table if found else "No outages.")


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
        "objectives": [asdict(item) for item in told.objectives],
        "coverage": [{**asdict(item), "ratio": item.ratio, "bounds": item.bounds} for item in told.coverage],
        "utilisation": [asdict(item) for item in told.utilisation],
        "outages": [event_document(event) for event in found],
    }
