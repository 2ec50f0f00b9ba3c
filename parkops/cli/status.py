"""`parkops status`: the park in one screen."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Literal

import click

from parkops.cli.common import Context, json_option
from parkops.cli.eventing import WIDE, ago, event_document, unserved

if TYPE_CHECKING:
    from rich.console import ConsoleDimensions, RenderableType
    from rich.table import Table
    from rich.text import Text

    from parkops.model import Park, Result, Vitals
    from parkops.monitor.board import Board, By, Row
    from parkops.store import Store

LATE_S = 1.0  # of lag is worth a word
MIN_ROWS = 4  # of events, and of what is not up, however low the terminal is
COLOURS = {"up": "green", "down": "bold red", "unknown": "yellow"}


@click.command()
@click.option(
    "--by",
    type=click.Choice(["role", "tenant", "zone"]),
    default="role",
    show_default=True,
    help="What a row of the table stands for.",
)
@json_option
@click.pass_obj
def status(ctx: Context, as_json: bool, by: str) -> None:
    """Show the park in one screen: counts, worst first, open events, the last push.

    States are those that `parkops monitor` recorded last; when they are old, the screen says so.

    \b
    Example:
      parkops status
      parkops status --by zone
      parkops status --json | jq .targets
    """
    from parkops.monitor import running_pid
    from parkops.monitor.board import By

    park = ctx.watched_park()
    with ctx.open_store() as store:
        seen = look(park, store, By(by), ctx.left_out)
    pid = running_pid(ctx.workspace)
    if as_json:
        ctx.print_json("status", document(park, seen, pid))
    else:
        ctx.console.print(screen(park, seen, By(by), pid, ctx.console.size))


def look(park: Park, store: Store, by: By, left_out: int = 0) -> Board:
    """Read what a screen shows from the store."""
    import time

    from parkops.monitor.board import board

    push, now_s = store.last_results(), time.time()
    seen = board(park, store.latest(), store.events(open_only=True), push, now_s, by)
    return replace(seen, vitals=store.vitals(), left_out=left_out)


def screen(park: Park, seen: Board, by: By, pid: int | None, size: ConsoleDimensions) -> RenderableType:
    """Lay a board out for a terminal of a size in columns and lines."""
    from rich.console import Group as Stack
    from rich.text import Text

    wide = size.width >= WIDE
    rows = max(MIN_ROWS, (size.height - len(seen.groups) - 14) // 2)
    parts: list[Any] = [headline(park, seen, pid), Text(), _groups(park, seen, by, wide), Text()]
    told = {event.target for event in seen.events}
    others = [row for row in seen.not_up if row.target.id not in told and row.since_s is not None]
    if others and not seen.stale:
        parts += [not_up(seen, others, rows), Text()]
    parts += [open_events(seen, wide, rows), Text()] if seen.events else [Text("No open events.")]
    parts.append(Text(_push_line(seen.results, seen.pushed_s, seen.time_s)))
    return Stack(*parts)


def headline(park: Park, seen: Board, pid: int | None) -> Text:
    """Say how the park is, and how old that is."""
    from rich.text import Text

    line = Text(f"{park.title or park.name}\n", style="bold")
    counts = ", ".join(f"{count} {state.value}" for state, count in seen.counts.items())
    line.append(f"{sum(seen.counts.values())} targets: {counts}", style="not bold")
    line.append(f"; {seen.troubled_devices} of {seen.devices} devices in trouble\n", style="not bold")
    runs = f"monitor runs (pid {pid})" if pid else "no monitor runs"
    if seen.age_s is None:
        line.append(f"{runs}, nothing was probed yet: start `parkops monitor`", style="not bold yellow")
    elif seen.stale:
        line.append(f"STALE: {runs}, last sample {ago(seen.age_s)} ago; ", style="bold red")
        line.append("what follows is as old as that", style="not bold red")
    else:
        line.append(f"{runs}, last sample {ago(seen.age_s)} ago", style="not bold")
    if seen.left_out:
        line.append(f"\n{unserved(seen.left_out)}", style="not bold")
    if seen.vitals is not None and (seen.vitals.gaps or seen.vitals.lag_s >= LATE_S):
        line.append(f"\n{_doing(seen.vitals)}", style="not bold yellow")
    return line


def _doing(vitals: Vitals) -> str:
    """Say what the monitor missed: what it did not see is unknown, and no outage."""
    parts = []
    if vitals.gaps:
        times = "once" if vitals.gaps == 1 else f"{vitals.gaps} times"
        parts.append(f"the monitor stood still or did not run {times}, {ago(vitals.gap_s)} in all")
    if vitals.lag_s >= LATE_S:
        parts.append(f"its probes start up to {vitals.lag_s:.1f} s late")
    return "; ".join(parts)


def _table(*columns: str, wide: str, numbers: tuple[str, ...] = ()) -> Table:
    """Return a table that gives the column ``wide`` what room the others leave."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, expand=True)
    for column in columns:
        if column == wide:
            table.add_column(column, no_wrap=True, overflow="ellipsis", ratio=1, min_width=10)
        else:
            justify: Literal["left", "right"] = "right" if column in numbers else "left"
            table.add_column(column, justify=justify, no_wrap=True, overflow="ellipsis")
    return table


def _groups(park: Park, seen: Board, by: By, wide: bool) -> RenderableType:
    from rich.text import Text

    titles = {tenant.id: tenant.title for tenant in park.tenants}
    zones = {zone.id: zone.title for zone in park.zones}
    numbers = ("Devices", "Up", "Down", "Unknown")
    names = {"role": ("Role",), "zone": ("Zone",), "tenant": ()}[by.value]
    extra = ("Zones",) if wide and by.value != "zone" else ()
    table = _table("Tenant", *names, *numbers, "Worst", *extra, wide="Worst", numbers=numbers)
    for group in seen.groups:
        name = zones.get(group.name, group.name) or "-"
        worst = f"{group.worst.target.id}: {group.worst.reason}" if group.worst else ""
        table.add_row(
            Text(titles.get(group.tenant, group.tenant) or "(park)"),
            *((Text(name),) if names else ()),
            str(group.devices),
            _count(group.up, "up"),
            _count(group.down, "down"),
            _count(group.unknown, "unknown"),
            Text(worst),
            *((Text(", ".join(group.zones)),) if extra else ()),
        )
    return table


def _count(number: int, state: str) -> Text:
    from rich.text import Text

    return Text(str(number), style=COLOURS[state] if number else "dim")


def not_up(seen: Board, rows: list[Row], limit: int) -> RenderableType:
    """Lay out targets that are not up."""
    from rich.text import Text

    table = _table("Not up, without an event", "State", "For", "Reason", wide="Reason")
    for row in rows[:limit]:
        state = Text(row.state.value, style=COLOURS[row.state.value])
        length = "-" if row.since_s is None else ago(seen.time_s - row.since_s)
        table.add_row(Text(row.target.id), state, length, Text(row.reason))
    _more(table, len(rows) - limit)
    return table


def open_events(seen: Board, wide: bool, limit: int) -> RenderableType:
    """Lay out open events, the worst first, each with the number of its consequences."""
    from rich.text import Text

    extra = ("Note",) if wide else ()
    table = _table("Target", "Event", "For", "Cause", "Taken by", *extra, wide="Cause", numbers=("Event",))
    causes = seen.causes
    for event in causes[:limit]:
        colour = "bold red" if event.severity == "critical" else "yellow"
        if event.muted or event.resolved_s is not None:
            colour = "dim"
        length, taken = ago(seen.time_s - event.opened_s), event.acknowledged_by or "-"
        with_it = seen.consequences(event)
        cause = event.cause + (f" (+{with_it} with it)" if with_it else "")
        late = event.overdue(seen.time_s)
        said = "; ".join(filter(None, (event.muted, f"LATE: {late}" if late else "", event.note)))
        cells = [str(event.id), length, cause, f"{taken}!" if late else taken, said]
        table.add_row(Text(event.target, style=colour), *map(Text, cells[: len(table.columns) - 1]))
    _more(table, len(causes) - limit)
    return table


def _more(table: Table, count: int) -> None:
    if count > 0:
        table.add_row(f"… and {count} more")


def _push_line(results: tuple[Result, ...], pushed_s: float | None, time_s: float) -> str:
    if pushed_s is None:
        return "Nothing was pushed yet."
    counts = Counter(result.outcome.value for result in results)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return f"Last push {ago(time_s - pushed_s)} ago: {len(results)} devices ({outcomes or 'none'})."


def document(park: Park, seen: Board, pid: int | None) -> dict[str, Any]:
    """Return a board for programs."""
    return {
        "park": park.name,
        "time_s": seen.time_s,
        "monitor": {
            "pid": pid,
            "last_sample_s": seen.last_sample_s,
            "age_s": seen.age_s,
            "stale": seen.stale,
            "vitals": None if seen.vitals is None else asdict(seen.vitals),
        },
        "targets": {state.value: count for state, count in seen.counts.items()},
        "left_out": seen.left_out,
        "devices": {"watched": seen.devices, "in_trouble": seen.troubled_devices},
        "groups": [
            {
                "tenant": group.tenant,
                "name": group.name,
                "devices": group.devices,
                "up": group.up,
                "down": group.down,
                "unknown": group.unknown,
                "zones": list(group.zones),
                "worst": group.worst.target.id if group.worst else None,
            }
            for group in seen.groups
        ],
        "not_up": [row_document(row) for row in seen.not_up],
        "events": [event_document(event) for event in seen.events],
        "push": None if seen.pushed_s is None else _push_document(seen.results, seen.pushed_s),
    }


def row_document(row: Row) -> dict[str, Any]:
    """Return one target's state for programs."""
    return {
        "target": row.target.id,
        "device": row.target.device,
        "state": row.state.value,
        "since_s": row.since_s,
        "reason": row.reason,
    }


def _push_document(results: tuple[Result, ...], pushed_s: float) -> dict[str, Any]:
    devices = {result.device: result.outcome.value for result in results}
    return {"time_s": pushed_s, "devices": devices, "ok": all(result.ok for result in results)}
