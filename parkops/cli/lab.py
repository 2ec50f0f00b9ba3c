"""`parkops lab`: run the park as nodes on this machine, break it, heal it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.cli.lab_try import try_traffic

if TYPE_CHECKING:
    from parkops.lab import Fault, LabStatus

KINDS = ("link-down", "silent-loss", "loss", "delay", "node-dead", "daemon-dead", "clock-off", "flow-opened")


@click.group()
def lab() -> None:
    """Run the park as nodes on network namespaces of this machine.

    \b
    Example:
      parkops lab up
      parkops lab exec core-1 -- vtysh -c 'show ip ospf neighbor'
      parkops lab fault link-down hx-p1-sw-1:p1
      parkops lab heal --all
      parkops lab down
    """


@lab.command()
@click.option(
    "--official-yang", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    envvar="PARKOPS_LAB_OFFICIAL_YANG", help="Folder of the IEEE's and IETF's own YANG modules.",
)  # fmt: skip
@click.option(
    "--official-switch", multiple=True, metavar="NAME", envvar="PARKOPS_LAB_OFFICIAL_SWITCH",
    help="Switch that loads them instead of the lab's subset; may be repeated.",
)  # fmt: skip
@json_option
@click.pass_obj
def up(ctx: Context, as_json: bool, official_yang: Path | None, official_switch: tuple[str, ...]) -> None:
    """Start the lab; nodes boot with nothing but management access.

    \b
    Example:
      parkops lab up
      parkops lab up --official-yang yang/ --official-switch hx-p1-sw-1
    """
    from parkops import lab as room
    from parkops.errors import UsageError

    if bool(official_yang) != bool(official_switch):
        raise UsageError("--official-yang and --official-switch go together", where="lab up")
    official = {name: official_yang for name in official_switch if official_yang}
    park = ctx.park()
    with _Progress(ctx, len(park.devices), show=not as_json) as progress:
        status = room.up(park, ctx.workspace, progress.step, official=official)
    if as_json:
        ctx.print_json("lab", _document(status))
    else:
        key = ctx.workspace.lab / "ssh" / "id_ed25519"
        ctx.console.print(
            f"[green]The lab of {status.park} is up[/green]: {len(status.nodes)} nodes in "
            f"{status.boot_s:.1f} s. Key: {_short(key)}",
            markup=True,
        )


@lab.command()
@json_option
@click.pass_obj
def down(ctx: Context, as_json: bool) -> None:
    """Stop the lab; nothing of it stays behind.

    \b
    Example:
      parkops lab down
    """
    from parkops import lab as room

    was_up = room.down(ctx.workspace)
    if as_json:
        ctx.print_json("lab", {"running": False, "stopped": was_up})
    else:
        ctx.console.print("The lab is down." if was_up else "No lab was running.")


@lab.command()
@json_option
@click.pass_obj
def status(ctx: Context, as_json: bool) -> None:
    """Show the nodes and the faults of the running lab.

    \b
    Example:
      parkops lab status
      parkops lab status --json
    """
    from parkops import lab as room

    stands = room.status(ctx.workspace)
    if as_json:
        ctx.print_json("lab", _document(stands))
    elif not stands.running:
        ctx.console.print("No lab is running. Start it with: parkops lab up")
    else:
        _print_status(ctx, stands)


@lab.command(name="exec", context_settings={"ignore_unknown_options": True})
@click.argument("node")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def exec_(ctx: Context, node: str, command: tuple[str, ...]) -> None:
    """Run a command in a node as root; its exit status becomes this command's.

    \b
    Example:
      parkops lab exec hx-p1-sw-1 -- ovs-vsctl show
    """
    from parkops.lab import state
    from parkops.lab.access import node_argv

    _become(node_argv(state.require(ctx.workspace), node, command))


@lab.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def enter(ctx: Context, command: tuple[str, ...]) -> None:
    """Run a command in the lab's management network, with this machine's files; default: a shell.

    \b
    Example:
      parkops lab enter -- ping -c 1 172.31.0.11
    """
    from parkops import lab as room

    room.enter(ctx.workspace)
    _become([*(command or (os.environ.get("SHELL", "/bin/sh"),))])


@lab.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("where")
@click.option("--delay-ms", type=click.FloatRange(0, 60_000), default=0.0, help="Delay each way (delay).")
@click.option("--jitter-ms", type=click.FloatRange(0, 60_000), default=0.0, help="Spread of the delay.")
@click.option("--loss-percent", type=click.FloatRange(0, 100), default=0.0, help="Share lost (loss, delay).")
@click.option("--offset-s", type=float, default=0.0, help="By how much a clock is off (clock-off).")
@json_option
@click.pass_obj
def fault(
    ctx: Context,
    as_json: bool,
    kind: str,
    where: str,
    delay_ms: float,
    jitter_ms: float,
    loss_percent: float,
    offset_s: float,
) -> None:
    """Break something on purpose.

    WHERE is a link id or DEVICE:INTERFACE for link-down, silent-loss, loss and delay; DEVICE for
    node-dead and clock-off; DEVICE:DAEMON for daemon-dead; DEVICE:tcp/PORT for flow-opened, which lets a
    service pass a filter.

    \b
    Example:
      parkops lab fault link-down hx-p1-sw-1:p1
      parkops lab fault delay core-1:eth1 --delay-ms 40 --jitter-ms 5 --loss-percent 1
      parkops lab fault daemon-dead core-1:ospfd
      parkops lab fault clock-off mgmt-1 --offset-s 0.5
    """
    from parkops import lab as room
    from parkops.lab.faults import inject

    asked = room.Fault(room.FaultKind(kind), where, delay_ms, jitter_ms, loss_percent, offset_s)
    made = inject(ctx.workspace, asked)
    if as_json:
        ctx.print_json("lab.fault", _fault_document(made))
    else:
        ctx.console.print(f"{made.id}: {_describe(made)}. Heal it with: parkops lab heal {made.id}")


@lab.command()
@click.argument("fault_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Heal every fault.")
@json_option
@click.pass_obj
def heal(ctx: Context, as_json: bool, fault_id: str | None, everything: bool) -> None:
    """Heal a fault by its id, or all of them; a dead node boots again.

    \b
    Example:
      parkops lab heal f1
      parkops lab heal --all
    """
    from parkops.errors import UsageError
    from parkops.lab import faults

    if bool(fault_id) == everything:
        raise UsageError("give one fault's id, or --all", where="lab heal")
    healed = faults.heal(ctx.workspace, fault_id or "all")
    if as_json:
        ctx.print_json("lab.heal", {"healed": [_fault_document(one) for one in healed]})
    else:
        for one in healed:
            ctx.console.print(f"{one.id} healed: {_describe(one)}")
        if not healed:
            ctx.console.print("There was nothing to heal.")


class _Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, ctx: Context, total: int, show: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description:40.40}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        on = show and ctx.console.is_terminal
        self._bar = Progress(*columns, console=ctx.console, transient=True, disable=not on)
        self._task = self._bar.add_task("building the network", total=total)

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, text: str) -> None:
        """Show what has just happened."""
        self._bar.update(self._task, description=text, advance=1 if " up in " in text else 0)


def _print_status(ctx: Context, stands: LabStatus) -> None:
    from rich.text import Text

    ctx.console.print(f"Lab of {stands.park}: process {stands.pid}, up {_age(stands.started_s)}")
    table = ctx.table("node", "role", "management", "state", "boot", "title")
    for node in stands.nodes:
        mark = Text("up", style="green") if node.state == "up" else Text("dead", style="red")
        table.add_row(node.name, node.role, node.address, mark, f"{node.boot_s:.1f} s", node.title)
    ctx.console.print(table)
    if stands.faults:
        faults = ctx.table("fault", "what", "since")
        for one in stands.faults:
            faults.add_row(one.id, _describe(one), _age(one.since_s))
        ctx.console.print(faults)


def _describe(one: Fault) -> str:
    words = [one.kind.value, one.where]
    if one.delay_ms:
        words.append(f"{one.delay_ms:g} ms ± {one.jitter_ms:g} ms")
    if one.loss_percent:
        words.append(f"{one.loss_percent:g} % lost")
    if one.offset_s:
        words.append(f"{one.offset_s:+g} s")
    return " ".join(words)


def _age(since_s: float) -> str:
    minutes, seconds = divmod(int(max(0.0, time.time() - since_s)), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _document(stands: LabStatus) -> dict[str, object]:
    return {
        "running": stands.running,
        "park": stands.park,
        "pid": stands.pid,
        "started_s": stands.started_s,
        "boot_s": stands.boot_s,
        "rootless": stands.rootless,
        "nodes": [
            {
                "name": node.name,
                "title": node.title,
                "role": node.role,
                "platform": node.platform,
                "management": node.address,
                "state": node.state.value,
                "boot_s": node.boot_s,
            }
            for node in stands.nodes
        ],
        "faults": [_fault_document(one) for one in stands.faults],
    }


def _fault_document(one: Fault) -> dict[str, object]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "where": one.where,
        "link": one.link,
        "device": one.device,
        "delay_ms": one.delay_ms,
        "jitter_ms": one.jitter_ms,
        "loss_percent": one.loss_percent,
        "since_s": one.since_s,
    }


def _become(argv: list[str]) -> None:
    """Run a command in the foreground and end with its exit status."""
    try:
        raise SystemExit(subprocess.call(argv))
    except FileNotFoundError as error:
        from parkops.errors import UsageError

        raise UsageError(f"no such command: {argv[0]}") from error


lab.add_command(try_traffic)
