"""What `push` and `rollback` share: options, progress, interrupts and the table of results."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from parkops.cli.common import Context

if TYPE_CHECKING:
    from types import FrameType

    from rich.console import RenderableType

    from parkops.push import Pushed, Settings
    from parkops.push.job import Progress

F = TypeVar("F", bound=Callable[..., Any])
STYLES = {"changed": "yellow", "unchanged": "green", "failed": "red", "skipped": "cyan"}
ENDS = frozenset(STYLES)
GATES = ("full", "final", "none")


def devices_at_once(function: F) -> F:
    """Add `--workers`."""
    return click.option(
        "--workers", type=click.IntRange(1, 256), default=8, show_default=True, help="Devices at once."
    )(function)


def gate_option(function: F) -> F:
    """Add `--gate`."""
    words = (
        "Health gate: full (no wave may break what passed before, in the end all flows do as planned), "
        "final (only in the end), none."
    )
    return click.option(
        "--gate", "gate_name", type=click.Choice(GATES), default="full", show_default=True, help=words
    )(function)


def confirm_timeout_option(function: F) -> F:
    """Add `--confirm-timeout`."""
    return click.option(
        "--confirm-timeout",
        "confirm_timeout_s",
        type=click.IntRange(10, 3600),
        default=120,
        show_default=True,
        metavar="SECONDS",
        help="How long a device waits for its confirmation before it goes back by itself.",
    )(function)


def carry_out(
    ctx: Context,
    work: Callable[[Settings], Pushed],
    *,
    workers: int,
    gate_name: str,
    confirm_timeout_s: int,
    as_json: bool,
) -> Pushed:
    """Run a transaction with progress, health gate and interrupts, and keep what it did as evidence."""
    from parkops.evidence import keep_push
    from parkops.gate import gate
    from parkops.push import Settings
    from parkops.push.transaction import Control

    with _progress(ctx, as_json) as progress:
        settings = Settings(
            workers,
            progress,
            confirm_timeout_s,
            gate(gate_name, ctx.park(), ctx.workspace),
            Control(go_on=ask_to_go_on),
        )
        with _interrupts(ctx, settings):
            pushed = work(settings)
    with ctx.open_store() as store:
        keep_push(ctx.park(), ctx.artifacts(), ctx.workspace, store, pushed.results)
    return pushed


def show_pushed(ctx: Context, pushed: Pushed, as_json: bool) -> int:
    """Print how each device and the whole came out; return the exit code."""
    results = pushed.results
    counts = Counter(str(result.outcome) for result in results)
    if as_json:
        body = {"transaction": pushed.tx, "ending": str(pushed.ending), "reason": pushed.reason}
        ctx.print_json("push", {**body, "counts": counts, "devices": [asdict(result) for result in results]})
    else:
        _show_table(ctx, pushed)
        said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        nothing = "; nothing was changed" if str(pushed.ending) in ("unchanged", "refused") else ""
        ctx.console.print(f"{len(results)} devices: {said}{nothing}")
        why = f": {pushed.reason}" if pushed.reason else ""
        ctx.console.print(
            f"Transaction {pushed.tx} {pushed.ending}{why}", markup=False, soft_wrap=True, style="bold"
        )
    if pushed.interrupted:
        return 130
    return 0 if str(pushed.ending) in ("committed", "unchanged") else 1


def _show_table(ctx: Context, pushed: Pushed) -> None:
    from rich.text import Text

    table = ctx.table("device", "driver", "outcome", "message")
    for result in pushed.results:
        outcome = Text(str(result.outcome), style=STYLES[str(result.outcome)])
        table.add_row(result.device, result.driver, outcome, Text(result.message))
    ctx.console.print(table)


@contextmanager
def _interrupts(ctx: Context, settings: Settings) -> Iterator[None]:
    """Ctrl-C once: stop after the wave and ask; twice: cancel and take everything back."""
    control = settings.control

    def interrupt(number: int, frame: FrameType | None) -> None:
        if control.pause.is_set():
            settings.cancelled.set()
            click.echo("Cancelled: everything is taken back.", err=True)
        else:
            control.pause.set()
            click.echo("Stopping after this wave; again to cancel and take everything back.", err=True)

    before = {one: signal.signal(one, interrupt) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def ask_to_go_on(where: str) -> bool:
    """Ask whether to go on after a wave; without a terminal the answer is no."""
    if not sys.stdin.isatty():
        return False
    return click.confirm(f"{where}. Go on? No takes everything back.", default=False, err=True)


@contextmanager
def _progress(ctx: Context, as_json: bool) -> Iterator[Progress | None]:
    """Show steps as they happen: a live table on a terminal, a line each otherwise, nothing for programs."""
    if as_json or ctx.quiet:
        yield None
        return
    if not ctx.console.is_terminal:
        yield _lines(ctx)
        return
    from rich.live import Live

    board = _Board()
    with Live(get_renderable=board.render, console=ctx.console, refresh_per_second=8, transient=True):
        yield board.tell


def _lines(ctx: Context) -> Progress:
    started_s = time.monotonic()

    def tell(device: str, step: str, detail: str) -> None:
        said = detail.partition("\n")[0]
        line = f"{time.monotonic() - started_s:7.2f}  {device or 'park':<16} {step:<11} {said}"
        ctx.console.print(line.rstrip(), markup=False, soft_wrap=True)

    return tell


class _Board:
    """The live view: what the whole is at, and the last step of every device."""

    def __init__(self) -> None:
        self._steps: dict[str, tuple[str, str]] = {}
        self._whole = ("", "")
        self._lock = threading.Lock()
        self._started_s = time.monotonic()

    def tell(self, device: str, step: str, detail: str) -> None:
        """Take a step; an outcome, once told, stays."""
        with self._lock:
            if not device:
                self._whole = (step, detail.partition("\n")[0])
            elif self._steps.get(device, ("", ""))[0] not in ENDS or step in ENDS:
                self._steps[device] = (step, detail.partition("\n")[0])

    def render(self) -> RenderableType:
        """Draw the table with a line that says what the whole is at."""
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            steps, whole = sorted(self._steps.items()), self._whole
        title = f"{time.monotonic() - self._started_s:.0f} s  {' '.join(whole)}".rstrip()
        table = Table(box=None, pad_edge=False, caption=Text(title), caption_justify="left")
        for head in ("device", "step", "detail"):
            table.add_column(head, no_wrap=True, overflow="ellipsis")
        for name, (step, detail) in steps:
            table.add_row(name, Text(step, style=STYLES.get(step, "")), Text(detail))
        return table


def table_of_devices(names: Sequence[str], limit: int = 8) -> str:
    """Name devices, the first ones of many."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
