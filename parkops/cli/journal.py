"""`parkops journal`: list, show and verify what pushes did."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.push.chain import Entry
    from parkops.push.journal import Journal
    from parkops.push.replay import TransactionRecord


@click.group()
def journal() -> None:
    """List, show and verify what pushes did.

    \b
    Example:
      parkops -p inventories/demo journal list
    """


@journal.command("list")
@json_option
@click.pass_obj
def list_(ctx: Context, as_json: bool) -> None:
    """List transactions, newest first.

    \b
    Example:
      parkops -p inventories/demo journal list
    """
    from parkops.push.replay import replay

    with _opened(ctx) as opened:
        records = replay(opened.entries())[::-1]
    if as_json:
        ctx.print_json("journal", {"transactions": [asdict(record) for record in records]})
        return
    table = ctx.table("transaction", "begun", "who", "kind", "devices", "changed", "ending")
    for record in records:
        kind = f"{record.kind} of {record.of}" if record.of else record.kind
        counts = str(len(record.devices)), str(len(record.changed))
        table.add_row(record.id, _when(record.begun_s), record.who, kind, *counts, str(record.ending))
    ctx.console.print(table)


@journal.command()
@click.argument("transaction")
@click.option("--device", default="", metavar="DEVICE", help="Only this device's steps.")
@click.option("--diff", is_flag=True, help="Print the differences too.")
@json_option
@click.pass_obj
def show(ctx: Context, transaction: str, device: str, diff: bool, as_json: bool) -> None:
    """Show the steps of a transaction; TRANSACTION is an id, or its beginning.

    \b
    Example:
      parkops -p inventories/demo journal show 261123 --device core-1 --diff
    """
    from parkops.push.history import find
    from parkops.push.replay import replay

    with _opened(ctx) as opened:
        record = find(replay(opened.entries()), transaction, back=False)
        entries = [entry for entry in opened.entries(record.id) if device in ("", entry.device)]
        diffs = {
            one.name: opened.text(one.texts["diff"]) or ""
            for one in record.changed
            if "diff" in one.texts and device in ("", one.name)
        }
    if as_json:
        body = {"transaction": asdict(record), "entries": [asdict(entry) for entry in entries]}
        ctx.print_json("journal-transaction", {**body, "diffs": diffs})
        return
    _show(ctx, record, entries)
    if diff:
        from parkops.cli.diff import coloured

        for text in diffs.values():
            ctx.console.print(coloured(text), soft_wrap=True)


def _show(ctx: Context, record: TransactionRecord, entries: list[Entry]) -> None:
    from rich.text import Text

    table = ctx.table("entry", "time", "device", "step", "detail")
    for entry in entries:
        clock = time.strftime("%H:%M:%S", time.localtime(entry.time_s)) + f".{entry.time_s % 1:.3f}"[2:]
        table.add_row(str(entry.seq), clock, entry.device or "park", entry.step, Text(entry.detail))
    ctx.console.print(table)
    why = f": {record.reason}" if record.reason else ""
    said = f"{record.kind} of {_when(record.begun_s)} by {record.who}, {record.ending}{why}"
    ctx.console.print(said, markup=False, soft_wrap=True)
    ctx.console.print(f"plan {record.plan_digest}", markup=False)


@journal.command()
@json_option
@click.pass_obj
def verify(ctx: Context, as_json: bool) -> None:
    """Prove that no entry was changed, removed or put in between. Exit 1 if one was.

    Keep the printed hash elsewhere: it also proves that nothing was cut off at the end.

    \b
    Example:
      parkops -p inventories/demo journal verify
    """
    with _opened(ctx) as opened:
        verification = opened.verify()
    if as_json:
        ctx.print_json("journal-verification", {"whole": verification.whole, **asdict(verification)})
    else:
        for problem in verification.problems:
            ctx.console.print(problem, style="red", markup=False, soft_wrap=True)
        state = "whole" if verification.whole else "NOT whole"
        said = f"The journal is {state}: {verification.entries} entries, last hash {verification.head}"
        ctx.console.print(said, markup=False, soft_wrap=True)
    sys.exit(0 if verification.whole else 1)


@contextmanager
def _opened(ctx: Context) -> Iterator[Journal]:
    """Open the park's journal; UsageError when nothing was pushed yet."""
    from parkops.errors import UsageError
    from parkops.push.journal import Journal
    from parkops.push.lock import Locks

    path = Locks(ctx.workspace.state).database
    if not path.exists():
        raise UsageError("nothing was pushed yet", where=str(path))
    with Journal(path) as opened:
        yield opened


def _when(time_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_s))
