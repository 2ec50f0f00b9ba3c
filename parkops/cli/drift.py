"""`parkops drift`: what devices run that was not rendered, and what becomes of it."""

from __future__ import annotations

import queue
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.cli.devices import chosen, device_options
from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.model import Change, Park
    from parkops.push.drift import Drift
    from parkops.push.witness import Listeners

STYLES = {"compliant": "green", "drifted": "yellow", "not pushed": "cyan", "error": "red"}


@click.command()
@device_options
@click.option("--watch", is_flag=True, help="Go on: devices that announce changes are heard, others polled.")
@click.option(
    "--interval", type=click.FloatRange(1), default=60.0, show_default=True, help="Seconds between polls."
)
@click.option("--count", type=click.IntRange(1), help="End a watch after so many comparisons.")
@click.option("--accept", is_flag=True, help="Keep what devices run, as overrides beside the plan.")
@click.option("--reason", default="", help="Why it is accepted; stands in the override.")
@click.option("--remediate", is_flag=True, help="Push what was rendered to the devices that drifted.")
@click.option("--workers", type=click.IntRange(1, 256), default=8, show_default=True, help="Devices at once.")
@json_option
@click.pass_obj
def drift(
    ctx: Context,
    devices: tuple[str, ...],
    device: tuple[str, ...],
    tenant: str | None,
    trust_new: bool,
    watch: bool,
    interval: float,
    count: int | None,
    accept: bool,
    reason: str,
    remediate: bool,
    workers: int,
    as_json: bool,
) -> None:
    """Compare what devices run with what was rendered, and tell who changed what where a device can say.

    An empty or unreadable configuration is an error, never compliant. Exit 1 if a device drifted or could
    not be compared, and was neither accepted nor remediated.

    \b
    Example:
      parkops -p inventories/demo drift
      parkops -p inventories/demo drift --watch --interval 30
      parkops -p inventories/demo drift core-1 --accept --reason "agreed with the operator"
      parkops -p inventories/demo drift --remediate
    """
    if accept and (remediate or watch):
        raise UsageError("--accept stands alone", hint="compare once, and accept what you have seen")
    if accept and not reason:
        raise UsageError("accepted drift needs a reason", where="--reason")
    look = _Look(ctx, tuple(chosen(ctx, (*devices, *device), tenant)), workers, as_json)
    if trust_new:
        ctx.trust_new_hosts()
    ctx.enter_lab()
    if not (_watch(look, interval, count, remediate) if watch else _once(look, accept, reason, remediate)):
        sys.exit(1)


@dataclass(slots=True)
class _Look:
    """What one call compares, and how."""

    ctx: Context
    names: tuple[str, ...]
    workers: int
    as_json: bool
    changes: dict[str, Change] = field(default_factory=dict)  # of the last comparison

    @property
    def park(self) -> Park:
        """The park as this call accesses it."""
        return self.ctx.park()

    def compare(self, names: Sequence[str]) -> list[Drift]:
        """Compare devices."""
        from parkops import push
        from parkops.push.drift import State, judge
        from parkops.push.witness import who_changed
        from parkops.transport.login import login

        park, artifacts = self.park, self.ctx.artifacts()
        with self.ctx.open_store() as store:
            pushed = {running.device: running for running in store.running()}
        found: list[Drift] = []
        for change in push.plan(park, artifacts, self.ctx.workspace, devices=names, workers=self.workers):
            self.changes[change.device] = change
            drift = judge(change, artifacts, pushed.get(change.device))
            if drift.state is State.DRIFTED:
                device = park.device(change.device)
                who = who_changed(
                    device, login(park.access, self.ctx.workspace), self.ctx.workspace.platform_dirs
                )
                drift = judge(change, artifacts, pushed.get(change.device), who)
            found.append(drift)
        return found


def _once(look: _Look, accept: bool, reason: str, remediate: bool) -> bool:
    """Compare once; return whether nothing is left to do."""
    found = look.compare(look.names)
    _show(look, found)
    bad = [drift for drift in found if drift.state == "error"]
    drifted = [drift for drift in found if drift.state == "drifted"]
    if accept:
        _accept(look, drifted, reason)
        return not bad
    if remediate and drifted:
        return _remediate(look, drifted) and not bad
    return not bad and not drifted


def _watch(look: _Look, interval_s: float, count: int | None, remediate: bool) -> bool:
    """Compare all, then each device that announces a change at once, and all of them at each interval."""
    clean, rounds, names = True, 0, look.names
    with _listening(look) as listeners:
        while True:
            found = look.compare(names)
            rounds += 1
            _show(look, found)
            drifted = [drift for drift in found if drift.state == "drifted"]
            mended = not drifted or (remediate and _remediate(look, drifted))
            clean = mended and not any(drift.state == "error" for drift in found)
            if count is not None and rounds >= count:
                return clean
            names = _next(look, listeners, interval_s)


@contextmanager
def _listening(look: _Look) -> Iterator[Listeners]:
    from parkops.push.witness import Listeners
    from parkops.transport.login import login

    park = look.park
    listeners = Listeners(login(park.access, look.ctx.workspace), look.ctx.workspace.platform_dirs)
    listeners.start([park.device(name) for name in look.names])
    try:
        yield listeners
    finally:
        listeners.stop()


def _next(look: _Look, listeners: Listeners, interval_s: float) -> tuple[str, ...]:
    """Wait for a device's word, which is shown, or for the interval's end; return what to compare."""
    stop_s = time.monotonic() + interval_s
    heard: dict[str, None] = {}
    while True:
        left_s = 0.5 if heard else stop_s - time.monotonic()  # one edit may be announced in several pieces
        try:
            name, change = listeners.heard.get(timeout=max(0.01, left_s))
        except queue.Empty:
            return tuple(heard) or look.names
        heard[name] = None
        if not look.as_json:
            look.ctx.console.print(f"{name}: changed by {change}", markup=False, soft_wrap=True)


def _accept(look: _Look, drifted: Sequence[Drift], reason: str) -> None:
    """Keep what devices run."""
    from parkops.push.journal import who
    from parkops.push.overrides import Patch, accept

    for drift in drifted:
        day = time.strftime("%Y-%m-%d", time.gmtime())
        patch = Patch(accepted_on=day, accepted_by=who(), reason=reason, diff=drift.diff)
        file = accept(look.changes[drift.device], look.ctx.workspace.overrides, patch)
        if not look.as_json:
            look.ctx.console.print(f"{drift.device}: accepted in {file}", markup=False, soft_wrap=True)


def _remediate(look: _Look, drifted: Sequence[Drift]) -> bool:
    """Push what was rendered; return whether every device runs it."""
    from parkops import push
    from parkops.evidence import keep_push

    names = [drift.device for drift in drifted]
    park, artifacts, workspace = look.park, look.ctx.artifacts(), look.ctx.workspace
    results = push.run(park, artifacts, workspace, devices=names)
    with look.ctx.open_store() as store:
        keep_push(park, artifacts, workspace, store, results)
    if not look.as_json:
        for result in results:
            look.ctx.console.print(f"{result.device}: {result.outcome}: {result.message}", markup=False)
    return all(result.ok for result in results)


def _show(look: _Look, found: Sequence[Drift]) -> None:
    """Print what a comparison found out."""
    if look.as_json:
        look.ctx.print_json("drift", {"devices": [asdict(drift) for drift in found]})
        return
    from rich.text import Text

    console = look.ctx.console
    for drift in found:
        if drift.state == "compliant":
            continue
        console.print(Text.assemble((drift.device, "bold"), " ", (str(drift.state), STYLES[drift.state])))
        if drift.error:
            console.print(Text(f"  {drift.error}", "red"), soft_wrap=True)
        for item in drift.items:
            change = " -> ".join(part for part in (item.running, item.intended) if part)
            within = f"{item.within}: " if item.within else ""
            console.print(Text(f"  {item.kind:8} {item.owner:8} {within}{change}"), soft_wrap=True)
        for line in drift.who.splitlines():
            console.print(Text(f"  the device says: {line}"), soft_wrap=True)
    counts = Counter(str(drift.state) for drift in found)
    said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    console.print(f"{len(found)} devices: {said}")
