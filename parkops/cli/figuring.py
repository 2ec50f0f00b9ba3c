"""Figures on paper: the tables of `parkops availability`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from parkops.cli.common import Context
    from parkops.model import CoverageFigure, Event, Figures, GroupFigures, ObjectiveStatus


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


def summary(ctx: Context, told: Figures, rows: Sequence[GroupFigures], count: int, by: str) -> None:
    """Say how the whole park was, and lay out its rows."""
    from rich.text import Text

    from parkops.cli.eventing import WIDE, unserved

    def stamp(time_s: float) -> str:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(time_s))

    ctx.console.print(f"{stamp(told.since_s)} to {stamp(told.until_s)}", highlight=False)
    for whole in told.of("park"):
        known_s = whole.up_s + whole.down_s
        share = known_s / max(1e-9, known_s + whole.unknown_s)
        ctx.console.print(
            f"{whole.name}: {percent(whole.availability.ratio)} available,"
            f" {whole.outages} outage{'' if whole.outages == 1 else 's'};"
            f" {percent(min(1.0, share))} of the time of {whole.targets} targets is known"
        )
    if ctx.left_out:
        ctx.console.print(unserved(ctx.left_out))
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


def objectives(ctx: Context, found: Sequence[ObjectiveStatus]) -> None:
    """Lay out objectives with what is left of their budgets."""
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


def coverage(ctx: Context, found: Sequence[CoverageFigure]) -> None:
    """Lay out shares of the park."""
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


def utilisation(ctx: Context, told: Figures) -> None:
    """Lay out how full links were."""
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


def outages(ctx: Context, found: Sequence[Event], until_s: float) -> None:
    """Lay out outages, consequences under their root cause."""
    from rich.text import Text

    from parkops.cli.eventing import tree

    table = _table("Event", "Began", "Length", "Outage", wide="Outage")
    shown, numbers = tree(found)[0], {event.id for event in found}
    for event in shown:
        length_s = event.duration_s
        goes_on = "" if length_s is not None else " ..."
        said = f"{event.target}: {event.cause}"
        if event.parent is not None:
            said = f"└ {said}" if event.parent in numbers else f"{said} (with event {event.parent})"
        table.add_row(
            str(event.id),
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.opened_s)),
            _span(until_s - event.opened_s - event.calm_s if length_s is None else length_s) + goes_on,
            Text(said),
        )
    ctx.console.print(table if found else "No outages.")
