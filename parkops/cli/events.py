"""`parkops events`: list events, take them, work on them, resolve and close them."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from typing import Any

    from parkops.model import Event
    from parkops.store import Store

F = TypeVar("F", bound="Callable[..., Any]")


@click.group(invoke_without_command=True)
@click.option("--open", "open_only", is_flag=True, help="Only events that are open.")
@click.option("--all", "everything", is_flag=True, help="Consequences too, under their cause.")
@json_option
@click.pass_context
def events(click_context: click.Context, as_json: bool, open_only: bool, everything: bool) -> None:
    """List events, and carry them from detection to closing.

    The monitor opens an event when a target is down twice in a row, a line loses or delays too much, a
    measured value is beyond its limit, or a device says that something is wrong. What is lost with a failed
    device or cable is a consequence of its event. The monitor resolves events; with the plan's
    `monitoring.close: by-hand` a person closes them.

    \b
    Example:
      parkops events --open
      parkops events show 3
      parkops events ack 3 --by 王伟 --note "cable pulled, on my way"
      parkops events link 3 --change 20261128
    """
    if click_context.invoked_subcommand is None:
        _list(click_context.obj, as_json, open_only, everything)


@events.command("list")
@click.option("--open", "open_only", is_flag=True, help="Only events that are open.")
@click.option("--all", "everything", is_flag=True, help="Consequences too, under their cause.")
@click.option("--device", default="", help="Only events of a device.")
@click.option("--tenant", default="", help="Only events of a tenant.")
@json_option
@click.pass_obj
def list_(ctx: Context, as_json: bool, open_only: bool, everything: bool, device: str, tenant: str) -> None:
    """List events, of a device or a tenant only.

    \b
    Example:
      parkops events list --open --tenant huaxing
    """
    _list(
        ctx, as_json, open_only, everything, lambda e: device in ("", e.device) and tenant in ("", e.tenant)
    )


def _list(
    ctx: Context,
    as_json: bool,
    open_only: bool,
    everything: bool,
    wanted: Callable[[Event], bool] = lambda _: True,
) -> None:
    from parkops.cli.eventing import event_document, event_table, tree

    with ctx.open_store() as store:
        found = [event for event in store.events(open_only=open_only) if wanted(event)]
    if as_json:
        ctx.print_json("events", {"events": [event_document(event) for event in found]})
        return
    shown, followers = tree(found)
    if not everything:
        present = {event.id for event in shown}
        shown = [event for event in shown if event.parent is None or event.parent not in present]
    if not shown:
        ctx.console.print("No open events." if open_only else "No events.")
    else:
        ctx.console.print(event_table(shown, followers, ctx.console.width))


@events.command()
@click.argument("event_id", metavar="ID", type=int)
@json_option
@click.pass_obj
def show(ctx: Context, event_id: int, as_json: bool) -> None:
    """Show one event whole: cause, consequences, deadlines, history, who was told.

    \b
    Example:
      parkops events show 3
    """
    from dataclasses import asdict

    from parkops.cli.eventing import event_document, page

    with ctx.open_store() as store:
        event, steps = store.event(event_id), store.event_steps(event_id)
        children = [other for other in store.events() if other.parent == event_id]
        deliveries = store.deliveries_of(event_id)
    if as_json:
        body = {
            "event": event_document(event),
            "history": [asdict(step) for step in steps],
            "consequences": [event_document(child) for child in children],
            "deliveries": [asdict(item) for item in deliveries],
        }
        ctx.print_json("event", body)
        return
    park = ctx.park()
    target = next((item for item in park.targets if item.id == event.target), None)
    ctx.console.print(page(event, target, steps, children, deliveries, park))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return ""


BY = click.option("--by", required=True, default=_user, show_default="your login name", help="Who does it.")


def _writer(function: F) -> F:
    """Add what every verb that changes an event takes."""
    function = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")(
        function
    )
    function = BY(function)
    return click.argument("event_id", metavar="ID", type=int)(function)


class _DryError(Exception):
    """Takes a transaction back."""


def _change(
    ctx: Context, dry_run: bool, what: str, change: Callable[[Store], Event], said: Callable[[Event], str]
) -> None:
    """Change an event and tell its receivers, or only say what that would be."""
    from parkops.monitor.announce import announce

    found: list[Event] = []
    policy = ctx.park().policy
    with ctx.open_store() as store:
        try:
            with store.transaction():
                found.append(change(store))
                if dry_run:
                    raise _DryError
                if what:
                    import time

                    announce(store, policy, found[0], what, time.time())
        except _DryError:
            pass
    ctx.console.print(("Would be so: " if dry_run else "") + said(found[0]), markup=False, soft_wrap=True)


@events.command()
@_writer
@click.option("--note", default="", help="What is known or done.")
@click.pass_obj
def ack(ctx: Context, event_id: int, by: str, note: str, dry_run: bool) -> None:
    """Take an open event, and its consequences with it.

    \b
    Example:
      parkops events ack 3 --by 王伟 --note "cable pulled, on my way"
    """
    _change(
        ctx, dry_run, "acknowledged",
        lambda store: store.acknowledge(event_id, by, note),
        lambda event: f"Event {event.id} ({event.target}) is with {event.acknowledged_by}.",
    )  # fmt: skip


@events.command()
@_writer
@click.option("--note", default="", help="What is being done.")
@click.pass_obj
def work(ctx: Context, event_id: int, by: str, note: str, dry_run: bool) -> None:
    """Say that an event is being worked on.

    \b
    Example:
      parkops events work 3 --by 李娜 --note "changing the transceiver"
    """
    _change(
        ctx, dry_run, "",
        lambda store: store.work_on(event_id, by, note),
        lambda event: f"Event {event.id} ({event.target}) is being worked on by {event.work_by}.",
    )  # fmt: skip


@events.command()
@_writer
@click.option("--note", required=True, help="What mended it.")
@click.pass_obj
def resolve(ctx: Context, event_id: int, by: str, note: str, dry_run: bool) -> None:
    """Say that what was wrong has ended; the monitor sees that itself where it can.

    \b
    Example:
      parkops events resolve 5 --by 李娜 --note "fan replaced"
    """
    _change(
        ctx, dry_run, "resolved",
        lambda store: store.resolve_event(event_id, note=note, by=by),
        lambda event: f"Event {event.id} ({event.target}) is resolved.",
    )  # fmt: skip


@events.command()
@_writer
@click.option("--note", required=True, help="Why it ends, or what was done.")
@click.pass_obj
def close(ctx: Context, event_id: int, by: str, note: str, dry_run: bool) -> None:
    """Close an event by hand; what was not resolved ends with it.

    \b
    Example:
      parkops events close 4 --by 王伟 --note "device was taken out of service"
    """
    from parkops.cli.eventing import length

    _change(
        ctx, dry_run, "closed",
        lambda store: store.close_event(event_id, note=f"closed by {by}: {note}", by=by),
        lambda event: (
            f"Event {event.id} ({event.target}) is closed after {length(event.duration_s or 0.0)}."
        ),
    )  # fmt: skip


@events.command("note")
@_writer
@click.argument("text")
@click.pass_obj
def note_(ctx: Context, event_id: int, text: str, by: str, dry_run: bool) -> None:
    """Add a note to an event, a closed one too.

    \b
    Example:
      parkops events note 4 "spare ordered" --by 李娜
    """
    _change(
        ctx, dry_run, "",
        lambda store: store.note_event(event_id, text, by),
        lambda event: f"Event {event.id} ({event.target}): {event.note}",
    )  # fmt: skip


@events.command()
@_writer
@click.option("--change", "push", required=True, metavar="PUSH", help="Id of the push, or how it begins.")
@click.pass_obj
def link(ctx: Context, event_id: int, push: str, by: str, dry_run: bool) -> None:
    """Link an event with the push that mended it.

    The monitor does so itself where a push touched the device shortly before it was well again.

    \b
    Example:
      parkops events link 3 --change 20261128
    """
    import time

    from parkops.mended import known
    from parkops.model import EventStep

    found = known(ctx.workspace, push)
    step = EventStep(event_id, time.time(), "linked", by, f"push {found}")

    def change(store: Store) -> Event:
        store.event(event_id)  # there is one
        return store.change_event(event_id, "change", found, step)

    _change(
        ctx, dry_run, "", change,
        lambda event: f"Event {event.id} ({event.target}) was mended by push {found}.",
    )  # fmt: skip
