"""`parkops top`: the park live in a terminal: a map by zone, the worst first, events."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context

if TYPE_CHECKING:
    from rich.console import ConsoleDimensions, RenderableType
    from rich.text import Text

    from parkops.model import Park
    from parkops.monitor.board import Tile

GLYPHS = {"down": "✖", "unknown": "?", "up": "■"}
COLOURS = {"up": "green", "down": "bold red", "unknown": "yellow"}
TILE = 38  # columns of a zone's tile, at least
AROUND = 9  # lines beside the map and the rows below it: empty ones, heads, what is left out, keys
QUIT = ("q", "Q", "\x1b", "\x03", "\x04")


@click.command()
@click.option("--every", "every_s", type=click.FloatRange(0.2), default=1.0, show_default=True,
              help="Seconds between two looks.")  # fmt: skip
@click.option("--once", is_flag=True, help="Print one screen and end; so it is without a terminal.")
@click.pass_obj
def top(ctx: Context, every_s: float, once: bool) -> None:
    """Watch the park live, until q.

    Each zone is a tile with one sign for each device: ■ up, ✖ down, ? unknown; tiles in trouble come first.
    Below stand the open events with what they took with them. The states are those of `parkops monitor`,
    which runs elsewhere. Keys: e events or targets that are not up, space looks at once, q ends.

    \b
    Example:
      parkops top
      parkops top --once
    """
    park = ctx.watched_park()
    if once or not (ctx.console.is_terminal and sys.stdin.isatty()):
        ctx.console.print(_screen(ctx, park, "events", ctx.console.size, keys=False))
        return
    from rich.live import Live

    mode = "events"
    with Live(console=ctx.console, screen=True, auto_refresh=False) as live, _keys() as fd:
        while True:
            live.update(_screen(ctx, park, mode, ctx.console.size, keys=True), refresh=True)
            key = _key(fd, every_s)
            if key in QUIT:
                return
            if key == "e":
                mode = "targets" if mode == "events" else "events"


@contextmanager
def _keys() -> Iterator[int]:
    """Take keys as they are pressed, without their echo; the terminal is as before afterwards."""
    import termios
    import tty

    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield fd
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _key(fd: int, timeout_s: float) -> str:
    """Return the key that is pressed within a time, "" for none."""
    ready, _, _ = select.select([fd], [], [], timeout_s)
    if not ready:
        return ""
    pressed = os.read(fd, 16)
    return pressed.decode("utf-8", "replace")[:1] if len(pressed) == 1 or pressed[:1] != b"\x1b" else "?"


def _screen(ctx: Context, park: Park, mode: str, size: ConsoleDimensions, *, keys: bool) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from parkops.cli.status import headline, look, not_up, open_events
    from parkops.monitor import running_pid
    from parkops.monitor.board import By, tiles

    with ctx.open_store() as store:
        seen = look(park, store, By.ZONE, ctx.left_out)
    lines = size.height if keys else max(size.height, 40)
    found = tiles(park, seen)
    columns = max(1, size.width // (TILE + 2))
    room = max(3, lines - 12)
    map_rows = min((len(found) + columns - 1) // columns, max(2, room * 2 // 3))
    head = headline(park, seen, running_pid(ctx.workspace))
    more = len(found) > map_rows * columns
    below = max(1, lines - head.plain.count("\n") - map_rows - more - AROUND)
    parts: list[RenderableType] = [head, Text()]
    parts += [_map(park, found, columns, map_rows, size.width), Text()]
    if mode == "targets":
        parts.append(not_up(seen, list(seen.not_up), below) if seen.not_up else Text("Everything is up."))
    else:
        wide = size.width >= 110
        parts.append(open_events(seen, wide, below) if seen.events else Text("No open events."))
    if keys:
        stamp = time.strftime("%H:%M:%S")
        other = "targets" if mode == "events" else "events"
        parts += [Text(), Text(f"{stamp}   e {other}   space look   q quit", style="dim")]
    return Group(*parts)


def _map(park: Park, found: list[Tile], columns: int, rows: int, width: int) -> RenderableType:
    """Lay the tiles out, worst first, line by line."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2), expand=True)
    cell = max(TILE, width // columns - 2)
    for _ in range(columns):
        grid.add_column(no_wrap=True, overflow="crop", ratio=1)
    shown = found[: rows * columns]
    names = {zone.id: zone.title for zone in park.zones}
    tenants = {tenant.id: tenant.title for tenant in park.tenants}
    for begin in range(0, len(shown), columns):
        grid.add_row(*(_tile(tile, names, tenants, cell) for tile in shown[begin : begin + columns]))
    hidden = found[len(shown) :]
    if hidden:
        bad = sum(any(state != "up" for _, state in tile.devices) for tile in hidden)
        grid.add_row(Text(f"… and {len(hidden)} more zones, {bad} of them in trouble", style="dim"))
    return grid


def _tile(tile: Tile, names: dict[str, str], tenants: dict[str, str], cell: int) -> Text:
    """Return a zone's line: its name, and a sign for each device, those in trouble first."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    title = names.get(tile.zone) or tenants.get(tile.tenant, tile.tenant) or "(park)"
    states = [state.value for _, state in tile.devices]
    worst = next((name for name in ("down", "unknown") if name in states), "up")
    room = max(6, cell // 2)
    text = Text(set_cell_size(title, room) if cell_len(title) < room else _cut(title, room))
    text.stylize("bold" if worst == "up" else COLOURS[worst])
    left = cell - room - 2
    text.append(" ")
    order = {"down": 0, "unknown": 1, "up": 2}
    for state in sorted(states, key=lambda name: order[name])[:left]:
        text.append(GLYPHS[state], style=COLOURS[state])
    if len(states) > left:
        text.append("…", style="dim")
    return text


def _cut(title: str, room: int) -> str:
    from rich.cells import set_cell_size

    return set_cell_size(title, room - 1).rstrip() + "…"
