"""`parkops diff`: what a push would change, in each device's own language."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from rich.text import Text

STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


@click.command()
@click.argument("devices", nargs=-1, metavar="[DEVICE]...")
@click.option("--workers", type=click.IntRange(1, 256), default=8, show_default=True, help="Devices at once.")
@json_option
@click.pass_obj
def diff(ctx: Context, devices: tuple[str, ...], workers: int, as_json: bool) -> None:
    """Show the difference between what devices run and what was rendered for them.

    Nothing is changed. Exit 1 if a device could not be read.

    \b
    Example:
      parkops -p inventories/demo diff
      parkops -p inventories/demo diff core-1 hx-p1-sw-1
    """
    from parkops import push

    names = [device.name for device in ctx.select(devices)]
    artifacts = ctx.artifacts()
    ctx.enter_lab()
    changes = push.plan(ctx.park(), artifacts, ctx.workspace, devices=names, workers=workers)
    if as_json:
        ctx.print_json("diff", {"devices": [asdict(change) for change in changes]})
    else:
        for change in changes:
            if change.diff:
                ctx.console.print(coloured(change.diff), soft_wrap=True)
        for change in changes:
            if change.error:
                ctx.console.print(change.error, style="red", markup=False, soft_wrap=True)
        unread = sum(bool(change.error) for change in changes)
        differ = sum(bool(change.diff) for change in changes)
        same = len(changes) - differ - unread
        ctx.console.print(f"{differ} differ, {same} run what was rendered, {unread} could not be read")
    if any(change.error for change in changes):
        sys.exit(1)


def coloured(text: str) -> Text:
    """Colour a unified diff."""
    from rich.text import Text

    shown = Text()
    for line in text.splitlines():
        style = next((style for prefix, style in STYLES if line.startswith(prefix)), "")
        shown.append(line + "\n", style)
    return shown
