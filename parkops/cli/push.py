"""`parkops push`: bring the park to the rendered configuration, all of it or nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.cli.devices import trust_new_option
from parkops.cli.pushing import (
    carry_out,
    confirm_timeout_option,
    devices_at_once,
    gate_option,
    show_pushed,
    table_of_devices,
)

if TYPE_CHECKING:
    from parkops.model import Change, Park
    from parkops.push.forecast import Forecast


@click.command()
@click.argument("devices", nargs=-1, metavar="[DEVICE]...")
@click.option("--dry-run", is_flag=True, help="Change nothing; show waves, guarantees, gate and risks.")
@click.option("--except", "left_out", multiple=True, metavar="DEVICE", help="Leave a device out; repeatable.")
@click.option("--resume", is_flag=True, help="Finish the push that was cut off.")
@click.option(
    "--break-lock", "broken", multiple=True, metavar="DEVICE", help="Give up a dead push's locks; repeatable."
)
@confirm_timeout_option
@gate_option
@devices_at_once
@click.option("--yes", is_flag=True, help="Do not ask; without a terminal nothing is asked anyway.")
@trust_new_option
@json_option
@click.pass_obj
def push(
    ctx: Context,
    devices: tuple[str, ...],
    dry_run: bool,
    left_out: tuple[str, ...],
    resume: bool,
    broken: tuple[str, ...],
    confirm_timeout_s: int,
    gate_name: str,
    workers: int,
    yes: bool,
    trust_new: bool,
    as_json: bool,
) -> None:
    """Change the whole park in one transaction: waves, confirmed commits, a health gate, or all back.

    Ctrl-C once stops after the wave and asks; twice cancels and takes everything back. Exit 1 unless every
    device runs what was rendered for it.

    \b
    Example:
      parkops -p inventories/demo push --dry-run
      parkops -p inventories/demo push
      parkops -p inventories/demo push core-1 core-2
      parkops -p inventories/demo push --resume
    """
    from parkops import push as room

    if broken:
        _break_locks(ctx, broken)
        return
    names = [device.name for device in ctx.select(devices)]
    ctx.select(left_out)
    names = [name for name in names if name not in left_out]
    if trust_new:
        ctx.trust_new_hosts()
    park, artifacts = ctx.park(), ctx.artifacts()
    ctx.enter_lab()
    if dry_run:
        sys.exit(_dry_run(ctx, names, gate_name, confirm_timeout_s, workers, as_json))
    if not yes and not as_json and sys.stdin.isatty():
        click.confirm("Finish what was cut off?" if resume else f"Push to {len(names)} devices?", abort=True)
    pushed = carry_out(
        ctx,
        lambda settings: (
            room.resume(park, ctx.workspace, settings=settings)
            if resume
            else room.push(park, artifacts, ctx.workspace, devices=names, settings=settings)
        ),
        workers=workers,
        gate_name=gate_name,
        confirm_timeout_s=confirm_timeout_s,
        as_json=as_json,
    )
    sys.exit(show_pushed(ctx, pushed, as_json))


def _break_locks(ctx: Context, devices: Sequence[str]) -> None:
    from parkops.errors import UsageError
    from parkops.push.stale import break_locks

    park: Park | None = ctx.park()
    try:
        ctx.enter_lab()
    except UsageError:
        park = None  # a lab that is gone has no devices, and its locks can be given up all the same
    for said in break_locks(park, ctx.workspace, devices):
        ctx.console.print(said, markup=False)


def _dry_run(
    ctx: Context, names: Sequence[str], gate_name: str, confirm_timeout_s: int, workers: int, as_json: bool
) -> int:
    """Print what each device would get, and how the transaction would go; return the exit code."""
    from parkops import push as room
    from parkops.gate import gate
    from parkops.push.forecast import forecast

    park = ctx.park()
    changes = room.plan(park, ctx.artifacts(), ctx.workspace, devices=names, workers=workers)
    ahead = forecast(park, changes, gate(gate_name, park, ctx.workspace).looks_at(), confirm_timeout_s)
    if as_json:
        body = {"devices": [asdict(change) for change in changes], **asdict(ahead)}
        ctx.print_json("push-plan", body)
    else:
        _show_changes(ctx, changes)
        _show_waves(ctx, ahead)
        differ = sum(bool(change.diff) for change in changes)
        ctx.console.print(f"{differ} of {len(changes)} devices would change; nothing was changed")
    return 1 if any(change.error for change in changes) else 0


def _show_changes(ctx: Context, changes: Sequence[Change]) -> None:
    from rich.text import Text

    from parkops.push.driver import diff_size

    table = ctx.table("device", "driver", "difference", "guarantee")
    for change in changes:
        added, removed = diff_size(change.diff)
        size = "none" if change.empty else f"+{added} -{removed}"
        size = "unknown" if change.error else size
        table.add_row(change.device, change.driver, size, Text(change.error or change.guarantee.text))
    ctx.console.print(table)
    for change in changes:
        for note in (*change.notes, *filter(None, (change.unsafe,))):
            ctx.console.print(Text(f"{change.device}: {note}", "yellow"), soft_wrap=True)


def _show_waves(ctx: Context, ahead: Forecast) -> None:
    """Print the waves with what each puts at stake, the timer and the gate."""
    from rich.text import Text

    if not ahead.waves:
        return
    table = ctx.table("wave", "devices", "flows without a path while they are out")
    for wave in ahead.waves:
        flows = table_of_devices(wave.flows, 4) if wave.flows else "none"
        count = f"{len(wave.flows)}: {flows}" if wave.flows else flows
        table.add_row(str(wave.number), Text(", ".join(wave.devices)), Text(count))
    ctx.console.print(table)
    ctx.console.print(
        f"Confirm timer: {ahead.confirm_timeout_s} s. Order: {ahead.order}.", markup=False, soft_wrap=True
    )
    ctx.console.print(f"Health gate: {'; '.join(ahead.gate)}.", markup=False, soft_wrap=True)
