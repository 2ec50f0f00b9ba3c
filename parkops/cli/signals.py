"""`parkops signals`: what devices said by themselves, and what flow records tell of the traffic."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.model.traffic import SignalRecord, Traffic

ROWS = 200


@click.command()
@click.option("--since", default="-24h", show_default=True, help="Begin: 2026-11-01, -30d, -12h ...")
@click.option("--device", metavar="NAME", help="Only this device's; '' for senders that are none.")
@click.option(
    "--name", metavar="TEXT", default="", help="Only signals whose name begins so: attack, leak ..."
)
@click.option("--traffic", is_flag=True, help="Show what passed between zones, by flow records, instead.")
@click.option("--all", "everything", is_flag=True, help=f"Show every row, not the latest {ROWS}.")
@json_option
@click.pass_obj
def signals(
    ctx: Context, since: str, device: str | None, name: str, traffic: bool, everything: bool, as_json: bool
) -> None:
    """List what traps, log messages, notifications and flow records have told the monitor.

    One row is a device and a name within an hour; what is more than a note has become an event
    (`parkops events`). Senders that are no device of the park stand under "unknown-sender".

    \b
    Example:
      parkops signals --since -2h
      parkops signals --name attack --json
      parkops signals --traffic --since -1h
    """
    from parkops.figures import when

    since_s = when(since, time.time())
    with ctx.open_store() as store:
        if traffic:
            passed = store.traffic(since_s - 60, time.time())
        else:
            heard = store.signals(since_s, device)
    if traffic:
        _show_traffic(ctx, passed, as_json)
        return
    heard = tuple(row for row in heard if row.name.startswith(name))
    if as_json:
        ctx.print_json("signals", {"signals": [asdict(row) for row in heard]})
    else:
        _show(ctx, heard if everything else heard[-ROWS:], len(heard))


def _show(ctx: Context, heard: tuple[SignalRecord, ...], count: int) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from parkops.cli.eventing import WIDE, ago

    if not heard:
        ctx.console.print("No signals.")
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, expand=True)
    wide = ctx.console.width >= WIDE
    for head in ("Last", "Times", "Device", "Signal", *(("Origin", "Text") if wide else ())):
        ratio = {"Signal": 2, "Text": 3}.get(head)
        justify: Literal["left", "right"] = "right" if head in ("Last", "Times") else "left"
        table.add_column(head, no_wrap=True, overflow="ellipsis", ratio=ratio, justify=justify)
    now_s = time.time()
    for row in heard:
        cells = (ago(now_s - row.last_s), str(row.count), row.device or "-", row.name, row.origin, row.text)
        style = "" if row.clears else {"critical": "red", "warning": "yellow"}.get(row.severity, "")
        table.add_row(*map(Text, cells[: len(table.columns)]), style=style)
    ctx.console.print(table)
    if count > len(heard):
        ctx.console.print(f"{count - len(heard)} older rows are left out (--all).")


def _show_traffic(ctx: Context, passed: tuple[Traffic, ...], as_json: bool) -> None:
    if as_json:
        ctx.print_json("traffic", {"traffic": [asdict(row) for row in passed]})
        return
    sums: dict[tuple[str, str, str], list[int]] = {}
    flows: dict[tuple[str, str, str], str] = {}
    for row in passed:
        key = (row.src, row.dst, row.service)
        total = sums.setdefault(key, [0, 0])
        total[0] += row.packets
        total[1] += row.octets
        flows[key] = flows.get(key) or row.flow
    if not sums:
        ctx.console.print("No flow records.")
        return
    table = ctx.table("From", "To", "Service", "Flow of the plan", "Packets", "Bytes")
    for key, total in sorted(sums.items(), key=lambda item: -item[1][1]):
        src, dst, _ = key
        inside = "(inside)" if src == dst else "none"
        table.add_row(*key, flows[key] or inside, f"{total[0]:,}", f"{total[1]:,}")
    ctx.console.print(table)
