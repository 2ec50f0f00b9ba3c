"""`parkops rollback`: take a push back, by a transaction of its own."""

from __future__ import annotations

import sys

import click

from parkops.cli.common import Context, json_option
from parkops.cli.pushing import (
    carry_out,
    confirm_timeout_option,
    devices_at_once,
    gate_option,
    show_pushed,
)


@click.command()
@click.argument("transaction", required=False, default="", metavar="[TRANSACTION]")
@click.option("--device", "devices", multiple=True, metavar="DEVICE", help="Only this device; repeatable.")
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would go back.")
@confirm_timeout_option
@gate_option
@devices_at_once
@click.option("--yes", is_flag=True, help="Do not ask; without a terminal nothing is asked anyway.")
@json_option
@click.pass_obj
def rollback(
    ctx: Context,
    transaction: str,
    devices: tuple[str, ...],
    dry_run: bool,
    confirm_timeout_s: int,
    gate_name: str,
    workers: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Bring devices back to what they ran before a push.

    TRANSACTION is the id of one, or its beginning (`parkops journal list`). Without it, it is the one that
    was cut off, else the last that changed anything. The health gate compares with the plan as it stands
    now: going back to what an older plan asked for may need `--gate none`.

    \b
    Example:
      parkops -p inventories/demo rollback
      parkops -p inventories/demo rollback 261123 --device core-1
    """
    from parkops import push as room

    park = ctx.park()
    ctx.select(devices)
    if dry_run:
        names = room.what_goes_back(park, ctx.workspace, transaction, devices)
        ctx.console.print(f"Would go back: {', '.join(names)}; nothing was changed", markup=False)
        return
    ctx.enter_lab()
    if not yes and not as_json and sys.stdin.isatty():
        names = room.what_goes_back(park, ctx.workspace, transaction, devices)
        click.confirm(f"Take {', '.join(names)} back?", abort=True)
    pushed = carry_out(
        ctx,
        lambda settings: room.rollback(park, ctx.workspace, transaction, devices=devices, settings=settings),
        workers=workers,
        gate_name=gate_name,
        confirm_timeout_s=confirm_timeout_s,
        as_json=as_json,
    )
    code = show_pushed(ctx, pushed, as_json)
    if str(pushed.ending) in ("rolled back", "refused") and pushed.settled:
        code = 0  # what was cut off is not in force anywhere
    elif str(pushed.ending) == "rolled back" and not as_json:
        ctx.console.print("Nothing went back: devices run what they ran before. See --gate for another gate.")
    sys.exit(code)
