"""`parkops push`: bring devices to the rendered configuration."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from parkops.model import Change, Result
    from parkops.push.job import Progress

STYLES = {"changed": "yellow", "unchanged": "green", "failed": "red", "skipped": "cyan"}
ENDS = frozenset(STYLES)


@click.command()
@click.argument("devices", nargs=-1, metavar="[DEVICE]...")
@click.option("--dry-run", is_flag=True, help="Change nothing; show each device's guarantee and difference.")
@click.option("--workers", type=click.IntRange(1, 256), default=8, show_default=True, help="Devices at once.")
@click.option("--yes", is_flag=True, help="Do not ask; without a terminal nothing is asked anyway.")
@json_option
@click.pass_obj
def push(
    ctx: Context, devices: tuple[str, ...], dry_run: bool, workers: int, yes: bool, as_json: bool
) -> None:
    """Push over NETCONF, SSH and Ansible; read back; take back what cannot be proven.

    A device that fails is left as it was, and hides no other. Exit 1 if one failed.

    \b
    Example:
      parkops -p inventories/demo push --dry-run
      parkops -p inventories/demo push core-1 core-2
    """
    from parkops import push as room
    from parkops.evidence import keep_push

    names = [device.name for device in ctx.select(devices)]
    park, artifacts = ctx.park(), ctx.artifacts()
    ctx.enter_lab()
    if dry_run:
        changes = room.plan(park, artifacts, ctx.workspace, devices=names, workers=workers)
        _show_plan(ctx, changes, as_json)
        sys.exit(1 if any(change.error for change in changes) else 0)
    if not yes and not as_json and sys.stdin.isatty():
        click.confirm(f"Push to {len(names)} devices?", abort=True)
    with _progress(ctx, names, as_json) as progress:
        results = room.run(park, artifacts, ctx.workspace, devices=names, workers=workers, progress=progress)
    with ctx.open_store() as store:
        keep_push(park, artifacts, ctx.workspace, store, results)
    _show_results(ctx, results, as_json)
    if not all(result.ok for result in results):
        sys.exit(1)


def _show_plan(ctx: Context, changes: Sequence[Change], as_json: bool) -> None:
    """Print what each device would get, and what it guarantees."""
    if as_json:
        ctx.print_json("push-plan", {"devices": [asdict(change) for change in changes]})
        return
    from parkops.push.driver import diff_size

    table = ctx.table("device", "driver", "difference", "guarantee")
    for change in changes:
        added, removed = diff_size(change.diff)
        size = "none" if change.empty else f"+{added} -{removed}"
        table.add_row(
            change.device,
            change.driver,
            "unknown" if change.error else size,
            change.error or change.guarantee.text,
        )
    ctx.console.print(table, markup=False)
    differ = sum(bool(change.diff) for change in changes)
    ctx.console.print(f"{differ} of {len(changes)} devices would change; nothing was changed")


def _show_results(ctx: Context, results: Sequence[Result], as_json: bool) -> None:
    """Print how each device came out."""
    counts = Counter(str(result.outcome) for result in results)
    if as_json:
        ctx.print_json("push", {"counts": counts, "devices": [asdict(result) for result in results]})
        return
    from rich.text import Text

    table = ctx.table("device", "driver", "outcome", "time", "message")
    for result in results:
        outcome = Text(str(result.outcome), style=STYLES[str(result.outcome)])
        row = (result.device, result.driver, outcome, f"{result.duration_s:.1f} s", Text(result.message))
        table.add_row(*row)
    ctx.console.print(table)
    said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    nothing = "; nothing was changed" if set(counts) <= {"unchanged"} else ""
    ctx.console.print(f"{len(results)} devices: {said}{nothing}")


@contextmanager
def _progress(ctx: Context, names: Sequence[str], as_json: bool) -> Iterator[Progress | None]:
    """Show steps as they happen: a live table on a terminal, a line each otherwise, nothing for programs."""
    if as_json or ctx.quiet:
        yield None
        return
    if not ctx.console.is_terminal:
        yield _lines(ctx)
        return
    from rich.live import Live

    board = _Board(names)
    with Live(get_renderable=board.render, console=ctx.console, refresh_per_second=8, transient=True):
        yield board.tell


def _lines(ctx: Context) -> Progress:
    started_s = time.monotonic()

    def tell(device: str, step: str, detail: str) -> None:
        line = f"{time.monotonic() - started_s:7.2f}  {device:<16} {step:<10} {detail.partition(chr(10))[0]}"
        ctx.console.print(line.rstrip(), markup=False, soft_wrap=True)

    return tell


class _Board:
    """The live view: the last step of every device."""

    def __init__(self, names: Sequence[str]) -> None:
        self._steps = dict.fromkeys(names, ("waiting", ""))
        self._lock = threading.Lock()
        self._started_s = time.monotonic()

    def tell(self, device: str, step: str, detail: str) -> None:
        """Take a step; the outcome, once told, stays."""
        with self._lock:
            if self._steps.get(device, ("", ""))[0] not in ENDS or step in ENDS:
                self._steps[device] = (step, detail.partition("\n")[0])

    def render(self) -> RenderableType:
        """Draw the table with a line that counts what is done."""
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            steps = dict(self._steps)
        done = sum(step in ENDS for step, _ in steps.values())
        title = f"{done} of {len(steps)} devices, {time.monotonic() - self._started_s:.0f} s"
        table = Table(box=None, pad_edge=False, caption=title, caption_justify="left")
        for head in ("device", "step", "detail"):
            table.add_column(head, no_wrap=True, overflow="ellipsis")
        for name, (step, detail) in steps.items():
            table.add_row(name, Text(step, style=STYLES.get(step, "")), Text(detail))
        return table
