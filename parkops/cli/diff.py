"""`parkops diff`: what a push would change, in each device's own language."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.cli.devices import chosen, device_options

if TYPE_CHECKING:
    from rich.text import Text

    from parkops.model import Change

STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


@click.command()
@device_options
@click.option("--workers", type=click.IntRange(1, 256), default=8, show_default=True, help="Devices at once.")
@click.option(
    "--lines/--no-lines", default=True, help="Show the lines of the push, and those that take it back."
)
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write a page for a review."
)
@json_option
@click.pass_obj
def diff(
    ctx: Context,
    devices: tuple[str, ...],
    device: tuple[str, ...],
    tenant: str | None,
    trust_new: bool,
    workers: int,
    lines: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Show the difference between what devices run and what was rendered for them.

    With it come the lines of the push in a safe order, and the lines that take them back. Nothing is
    changed. Exit 1 if a device could not be read, or no safe way to its difference is known.

    \b
    Example:
      parkops -p inventories/demo diff
      parkops -p inventories/demo diff --tenant huaxing --html review.html
      parkops -p inventories/demo diff core-1 hx-p1-sw-1
    """
    from parkops import push

    names = chosen(ctx, (*devices, *device), tenant)
    artifacts = ctx.artifacts()
    ctx.enter_lab()
    if trust_new:
        ctx.trust_new_hosts()
    park = ctx.park()
    changes = push.plan(park, artifacts, ctx.workspace, devices=names, workers=workers)
    if page is not None:
        from parkops.push.review import page as review

        page.write_text(review(park, changes), encoding="utf-8")
    if as_json:
        ctx.print_json("diff", {"devices": [asdict(change) for change in changes]})
    else:
        _show(ctx, changes, lines)
        if page is not None:
            ctx.console.print(f"written: {page}", markup=False, soft_wrap=True)
    if any(change.error or change.unsafe for change in changes):
        sys.exit(1)


def _show(ctx: Context, changes: Sequence[Change], lines: bool) -> None:
    """Print each device's difference with its lines, what could not be read, and how many there are."""
    from rich.text import Text

    for change in changes:
        if change.diff:
            ctx.console.print(Text.assemble((change.device, "bold"), f", {change.guarantee.text}"))
            ctx.console.print(coloured(change.diff), soft_wrap=True, end="")
            if lines:
                _show_lines(ctx, f"{change.device}: lines of the push", change.remediation)
                _show_lines(ctx, f"{change.device}: lines that take it back", change.rollback)
            ctx.console.print()
    for change in changes:
        for note in change.notes:
            ctx.console.print(Text(f"{change.device}: {note}", "yellow"), soft_wrap=True)
        told = change.error or (change.unsafe and f"{change.device}: no safe way is known: {change.unsafe}")
        if told:
            ctx.console.print(told, style="red", markup=False, soft_wrap=True)
    unread = sum(bool(change.error) for change in changes)
    differ = sum(bool(change.diff) for change in changes)
    same = len(changes) - differ - unread
    ctx.console.print(f"{differ} differ, {same} run what was rendered, {unread} could not be read")


def _show_lines(ctx: Context, title: str, lines: Iterable[str]) -> None:
    from rich.text import Text

    told = [Text(f"  {row}") for line in lines for row in line.split("\n")]
    if told:
        ctx.console.print(Text(title, "bold"))
        for row in told:
            ctx.console.print(row, soft_wrap=True)


def coloured(text: str) -> Text:
    """Colour a unified diff."""
    from rich.text import Text

    shown = Text()
    for line in text.splitlines():
        style = next((style for prefix, style in STYLES if line.startswith(prefix)), "")
        shown.append(line + "\n", style)
    return shown
