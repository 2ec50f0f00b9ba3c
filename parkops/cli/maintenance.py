"""`parkops maintenance`: planned work, during which events are recorded and told to nobody."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.cli.events import BY
from parkops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parkops.model import Park, Window

KINDS = ("role", "zone", "tenant", "device")


@click.group()
def maintenance() -> None:
    """Plan work: what happens during it is measured and recorded, and told to nobody.

    Work that recurs, or is long known, stands in the plan (`monitoring.maintenance`).

    \b
    Example:
      parkops maintenance add zone:hx-control --for 2h --reason 更换风扇
      parkops maintenance list
    """


@maintenance.command()
@click.argument("subject")
@click.option("--begin", default="now", show_default=True, help="2026-12-05T22:00 (local time), or now.")
@click.option("--for", "length", required=True, metavar="TIME", help="How long: 30min, 2h, 1d.")
@click.option("--reason", required=True, help="What is done.")
@BY
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_obj
def add(ctx: Context, subject: str, begin: str, length: str, reason: str, by: str, dry_run: bool) -> None:
    """Add planned work on all, role:ROLE, zone:ZONE, tenant:TENANT or device:NAME.

    \b
    Example:
      parkops maintenance add device:hx-p1-sw-2 --begin 2026-12-05T22:00 --for 90min --reason 换电源
    """
    from parkops.model import Window

    _check(ctx.park(), subject)
    begin_s = time.time() if begin == "now" else _time(begin)
    window = Window("", subject, reason, begin_s, begin_s + _seconds(length), by=by)
    if window.end_s <= time.time():
        raise UsageError("it would be over already", where=begin)
    if dry_run:
        ctx.console.print(f"Would be added: {_said(window)}", markup=False, soft_wrap=True)
        return
    with ctx.open_store() as store:
        window = store.add_maintenance(window)
    ctx.console.print(f"Planned work {window.number}: {_said(window)}", markup=False, soft_wrap=True)


@maintenance.command()
@click.argument("number", type=int)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_obj
def end(ctx: Context, number: int, dry_run: bool) -> None:
    """End planned work now; what is still wrong is told from then on.

    \b
    Example:
      parkops maintenance end 2
    """
    with ctx.open_store() as store:
        if dry_run:
            if number not in {window.number for window in store.maintenance()}:
                raise UsageError(f"there is no planned work {number}")
            ctx.console.print(f"Planned work {number} would end now.")
            return
        window = store.end_maintenance(number)
    ctx.console.print(f"Planned work {window.number} has ended.")


@maintenance.command("list")
@json_option
@click.pass_obj
def list_(ctx: Context, as_json: bool) -> None:
    """List planned work: that of the plan, and what was added.

    \b
    Example:
      parkops maintenance list
    """
    with ctx.open_store() as store:
        windows = (*ctx.park().policy.maintenance, *store.maintenance())
    now_s = time.time()
    if as_json:
        rows = [
            {
                "id": window.id, "number": window.number or None, "for": window.subject,
                "reason": window.reason, "when": _when(window), "begin_s": window.begin_s or None,
                "end_s": window.end_s or None, "by": window.by, "now": window.holds(now_s),
            }
            for window in windows
        ]  # fmt: skip
        ctx.print_json("maintenance", {"windows": rows})
        return
    if not windows:
        ctx.console.print("No planned work.")
        return
    table = ctx.table("", "for", "when", "reason", "by", "now")
    for window in windows:
        cells = (window.id, window.subject, _when(window), window.reason, window.by or "plan")
        table.add_row(*cells, "yes" if window.holds(now_s) else "")
    ctx.console.print(table)


def _said(window: Window) -> str:
    return f"{window.subject}, {_when(window)}: {window.reason}"


def _when(window: Window) -> str:
    if window.days or window.date:
        times = [f"{minute // 60:02}:{minute % 60:02}" for minute in (window.from_minute, window.to_minute)]
        return f"{window.date or ' '.join(window.days)} {times[0]} to {times[1]}"
    begin, end = (time.strftime("%Y-%m-%d %H:%M", time.localtime(t)) for t in (window.begin_s, window.end_s))
    return f"{begin} to {end}"


def _check(park: Park, subject: str) -> None:
    """Refuse what no target is meant by."""
    from parkops.model import Window

    kind = subject.partition(":")[0]
    if subject != "all" and (kind not in KINDS or ":" not in subject):
        hint = "write all, role:ROLE, zone:ZONE, tenant:TENANT or device:NAME"
        raise UsageError(f"{subject!r} is no part of a park", hint=hint)
    roles = {device.name: device.role.value for device in park.devices}
    window = Window("", subject, "")
    if not any(window.covers(target, roles.get(target.device, "")) for target in park.targets):
        raise UsageError(
            "nothing that is watched is meant", where=subject, hint=_others(park, roles, subject)
        )


def _others(park: Park, roles: Mapping[str, str], subject: str) -> str:
    """Say what else could be meant."""
    from difflib import get_close_matches

    kind, _, name = subject.partition(":")
    found = {
        "role": {roles.get(target.device, "") for target in park.targets},
        "zone": {target.zone for target in park.targets},
        "tenant": {target.tenant for target in park.targets},
        "device": {target.device for target in park.targets},
    }
    known = sorted(found[kind] - {""})
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _time(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        hint = "write 2026-12-05T22:00, or now"
        raise UsageError(f"{text!r} is no time", hint=hint) from None


def _seconds(text: str) -> float:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    try:
        value = float(number) * units[text[len(number) :].strip()]
    except (ValueError, KeyError):
        value = 0.0
    if value <= 0:
        raise UsageError(f"{text!r} is no length of time", hint="write 30min, 2h or 1d")
    return value
