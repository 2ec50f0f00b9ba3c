"""`parkops events`: list outages, take them, close them."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Literal

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.model import Event


@click.group(invoke_without_command=True)
@click.option("--open", "open_only", is_flag=True, help="Only events that are open.")
@json_option
@click.pass_context
def events(click_context: click.Context, as_json: bool, open_only: bool) -> None:
    """List, acknowledge and close events (outages).

    The monitor opens an event when a target is down twice in a row and closes it at the first good
    answer; its length runs from the first loss to that answer.

    \b
    Example:
      parkops events --open
      parkops events ack 3 --by 王伟 --note "cable pulled, on my way"
      parkops events close 4 --by 王伟 --note "device was taken out of service"
    """
    if click_context.invoked_subcommand is not None:
        return
    ctx: Context = click_context.obj
    with ctx.open_store() as store:
        found = store.events(open_only=open_only)
    if as_json:
        from parkops.cli.status import event_document

        ctx.print_json("events", {"events": [event_document(event) for event in found]})
    else:
        _print(ctx, found, open_only)


def _print(ctx: Context, found: tuple[Event, ...], open_only: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from parkops.cli.status import WIDE, ago

    if not found:
        ctx.console.print("No open events." if open_only else "No events.")
        return
    wide = ctx.console.width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, expand=True)
    for name in ("Id", "Opened", "Length", "Target", "Cause", "Taken by", *(("Note",) if wide else ())):
        ratio = 1 if name in ("Cause", "Note") else None
        justify: Literal["left", "right"] = "right" if name == "Id" else "left"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", ratio=ratio)
    now_s = time.time()
    for event in found:
        length_s = event.duration_s
        length = f"open {ago(now_s - event.opened_s)}" if length_s is None else _length(length_s)
        opened = _clock(event.opened_s, now_s)
        cells = (str(event.id), opened, length, event.target, event.cause, event.acknowledged_by, event.note)
        style = None if event.closed_s is not None else "red" if event.severity == "critical" else "yellow"
        table.add_row(*map(Text, cells[: len(table.columns)]), style=style or "")
    ctx.console.print(table)


def _clock(time_s: float, now_s: float) -> str:
    day, today = (time.strftime("%Y-%m-%d", time.localtime(value)) for value in (time_s, now_s))
    return time.strftime("%H:%M:%S" if day == today else "%m-%d %H:%M", time.localtime(time_s))


def _length(seconds: float) -> str:
    from parkops.cli.status import ago

    return f"{seconds:.1f} s" if seconds < 60 else ago(seconds)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return ""


BY = click.option("--by", required=True, default=_user, show_default="your login name", help="Who takes it.")


@events.command()
@click.argument("event_id", metavar="ID", type=int)
@BY
@click.option("--note", default="", help="What is known or done.")
@click.pass_obj
def ack(ctx: Context, event_id: int, by: str, note: str) -> None:
    """Take an open event.

    \b
    Example:
      parkops events ack 3 --by 王伟 --note "cable pulled, on my way"
    """
    with ctx.open_store() as store:
        event = store.acknowledge(event_id, by, note)
    ctx.console.print(f"Event {event.id} ({event.target}) is with {event.acknowledged_by}.")


@events.command()
@click.argument("event_id", metavar="ID", type=int)
@BY
@click.option("--note", required=True, help="Why it ends without the target being up.")
@click.pass_obj
def close(ctx: Context, event_id: int, by: str, note: str) -> None:
    """Close an open event by hand; the monitor closes the others itself.

    \b
    Example:
      parkops events close 4 --by 王伟 --note "device was taken out of service"
    """
    with ctx.open_store() as store:
        event = store.close_event(event_id, note=f"closed by {by}: {note}")
    ctx.console.print(
        f"Event {event.id} ({event.target}) is closed after {_length(event.duration_s or 0.0)}."
    )
