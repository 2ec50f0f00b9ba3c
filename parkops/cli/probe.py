"""`parkops probe`: one target, once, now; with everything about it on one page."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from parkops.model import Event, Interval, Park, Target
    from parkops.monitor.once import Look
    from parkops.monitor.throughput import Throughput

COLOURS = {"up": "green", "down": "bold red", "unknown": "yellow"}
LAST = 5  # intervals and events that the page shows
DAYS_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class History:
    """What the store holds of a target, latest first."""

    intervals: tuple[Interval, ...]
    events: tuple[Event, ...]


@click.command()
@click.argument("target", metavar="TARGET")
@click.option("--debug", is_flag=True, help="Show everything about it on one page.")
@click.option(
    "--throughput", "transfer", is_flag=True, help="Also move up to 64 MiB each way, at most 3 s, over TCP."
)
@json_option
@click.pass_obj
@click.pass_context
def probe(
    click_context: click.Context, ctx: Context, target: str, debug: bool, transfer: bool, as_json: bool
) -> None:
    """Probe one target once, now, as the monitor does; nothing is recorded.

    TARGET is the id that `parkops monitor` and `parkops events` show, DEVICE/PROBE[/DETAIL]. With --debug:
    its parameters and the plan line that asks for it, every step with its time, what was measured, and the
    last intervals and events of the store. The exit code is 1 unless the target is up.

    \b
    Example:
      parkops probe core-1/icmp
      parkops probe mgmt-1/ntp --debug
      parkops probe mgmt-1/ssh --throughput
      parkops probe mgmt-1/ntp --json | jq .values
    """
    from parkops.monitor.once import measure, probe_once

    park = ctx.park()
    one = find(park, target)
    if ctx.enter_lab():
        if one not in ctx.park().targets:
            raise UsageError(f"the lab's nodes serve nothing that the probe {one.probe} asks", where=one.id)
    elif not as_json:
        ctx.console.print(f"No lab of this park runs: probing {one.address} from here.", style="dim")
    seen = probe_once(park, ctx.workspace, one)
    if not as_json:
        ctx.console.print(page(ctx, park, seen, _history(ctx, one.id)) if debug else _result(seen))
    moved = measure(park, ctx.workspace, one) if transfer else None
    if as_json:
        ctx.print_json("probe", document(seen, _history(ctx, one.id), moved))
    elif moved is not None:
        ctx.console.print(_moved(moved))
    click_context.exit(0 if seen.sample.state.value == "up" else 1)


def find(park: Park, name: str) -> Target:
    """Return a target by its id; UsageError with what may be meant."""
    from difflib import get_close_matches

    known = {target.id: target for target in park.targets}
    if name in known:
        return known[name]
    of_device = [target for target in known if target.startswith(f"{name}/")]
    close = get_close_matches(name, known, n=3) or of_device[:8]
    hint = f"did you mean {', '.join(close)}?" if close else f"there are {len(known)} targets: parkops status"
    raise UsageError("no such target", where=name, hint=hint)


def _history(ctx: Context, name: str) -> History:
    with ctx.open_store() as store:
        intervals = store.intervals(target=name, since_s=time.time() - DAYS_S)
        events = [event for event in store.events() if event.target == name]
    latest = sorted(intervals, key=lambda item: -item.start_s)[:LAST]
    return History(tuple(latest), tuple(sorted(events, key=lambda event: -event.opened_s)[:LAST]))


def document(seen: Look, history: History, moved: Throughput | None) -> dict[str, Any]:
    """Return everything for programs."""
    from dataclasses import asdict

    target, sample = seen.target, seen.sample
    return {
        "target": target.id,
        "probe": target.probe,
        "device": target.device,
        "address": target.address,
        "port": target.port,
        "timeout_s": seen.timeout_s,
        "interval_s": target.interval_s,
        "params": dict(target.params),
        "source": str(target.source) if target.source else "",
        "state": sample.state.value,
        "reason": sample.reason,
        "time_s": sample.time_s,
        "rtt_s": sample.rtt_s,
        "took_s": seen.took_s,
        "values": dict(sample.values),
        "steps": [{"at_s": step.at_s, "what": step.what} for step in seen.steps],
        "intervals": [asdict(item) for item in history.intervals],
        "events": [asdict(event) for event in history.events],
        "throughput": asdict(moved) if moved else None,
    }


def _moved(moved: Throughput) -> str:
    text = f"throughput over {moved.over}: {moved.down_bps / 1e6:.0f} Mbit/s from it"
    if moved.up_bps is not None:
        return f"{text}, {moved.up_bps / 1e6:.0f} Mbit/s to it"
    return f"{text} (bounded by encryption: it lets no other port be reached)"


def _result(seen: Look) -> RenderableType:
    from rich.text import Text

    sample = seen.sample
    text = Text.assemble(f"{seen.target.id}: ", (sample.state.value, COLOURS[sample.state.value]))
    if sample.rtt_s is not None:
        text.append(f" in {sample.rtt_s * 1000:.1f} ms")
    if sample.reason:
        text.append(f": {sample.reason}")
    for name, number in sample.values:
        text.append(f"\n  {name} = {number:g}")
    return text


def page(ctx: Context, park: Park, seen: Look, history: History) -> RenderableType:
    """Lay out everything about one probe."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = []
    for head, body in (
        ("Target", _about(ctx, park, seen)),
        ("Parameters", _parameters(ctx, seen)),
        ("Steps", _steps(ctx, seen)),
        ("Result", _result(seen)),
        ("Last intervals", _intervals(ctx, history)),
        ("Last events", _events(ctx, history)),
    ):
        parts += [Text(head, style="bold"), body, Text()]
    return Group(*parts[:-1])


def _about(ctx: Context, park: Park, seen: Look) -> RenderableType:
    target, table = seen.target, ctx.table("", "", "")
    table.show_header = False
    device = next((item for item in park.devices if item.name == target.device), None)
    place = " · ".join(part for part in (device.title if device else "", target.tenant, target.zone) if part)
    table.add_row("target", target.id, f"asked for at {target.source}" if target.source else "")
    table.add_row("device", target.device, place)
    if device is not None:
        table.add_row("", f"{device.platform}, {device.role.value}", f"stated at {device.source}")
    where = f"{target.address} port {target.port}" if target.port else target.address
    table.add_row("address", where, "allocated from pools.management")
    table.add_row(
        "interval", f"{target.interval_s:g} s", _interval_source(ctx, device.role.value if device else "")
    )
    table.add_row("timeout", f"{seen.timeout_s:g} s", "")
    return table


def _interval_source(ctx: Context, role: str) -> str:
    from parkops.pipeline import load_plan
    from parkops.plan.explain import explain

    loaded = load_plan(ctx.workspace)
    for path in (f"monitoring.intervals.{role}", "monitoring.interval_s"):
        stated = explain(loaded, path)
        if stated is not None and stated.place is not None:
            return f"{stated.place} {path}"
    return "the default of monitoring.interval_s"


def _parameters(ctx: Context, seen: Look) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from parkops.monitor.probes import known

    given = dict(seen.target.params)
    others = Text("by default: " + ", ".join(name for name in known(seen.target.probe) if name not in given))
    others.stylize("dim")
    if not given:
        return others
    table = ctx.table("name", "value", "from")
    for name in sorted(given):
        table.add_row(name, given[name], str(seen.target.source) if seen.target.source else "the design")
    return Group(table, others)


def _steps(ctx: Context, seen: Look) -> RenderableType:
    table = ctx.table("at", "what")
    for step in seen.steps:
        table.add_row(f"{step.at_s * 1000:.1f} ms", step.what)
    table.add_row(f"{seen.took_s * 1000:.1f} ms", f"ended: {seen.sample.state.value}")
    return table


def _intervals(ctx: Context, history: History) -> RenderableType:
    from rich.text import Text

    if not history.intervals:
        return Text("none: the monitor has not watched it", style="dim")
    table = ctx.table("from", "last seen" if history.intervals[0].open else "to", "state", "reason")
    for item in history.intervals:
        state = Text(item.state.value, style=COLOURS[item.state.value])
        table.add_row(_clock(item.start_s), _clock(item.end_s), state, item.reason)
    return table


def _events(ctx: Context, history: History) -> RenderableType:
    from rich.text import Text

    if not history.events:
        return Text("none", style="dim")
    table = ctx.table("id", "opened", "closed", "severity", "cause")
    for event in history.events:
        closed = "open" if event.closed_s is None else _clock(event.closed_s)
        table.add_row(str(event.id), _clock(event.opened_s), closed, event.severity, event.cause)
    return table


def _clock(time_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_s))
