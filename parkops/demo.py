"""The main job as one story: plan, build, break, heal and prove a park in a lab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from parkops import lab
from parkops.assess import assess, basis_of
from parkops.assess.checks import CHECKS
from parkops.assess.history import snapshot
from parkops.assess.own import read_catalogues
from parkops.evidence import gather, keep_push
from parkops.gate import gate
from parkops.lab.expect import try_expectations
from parkops.lab.faults import heal, inject
from parkops.lab.state import Fault, FaultKind
from parkops.model import (
    Artifact,
    Assessment,
    Event,
    Expectation,
    Outcome,
    Park,
    Reach,
    Result,
    State,
    Target,
    Verdict,
    Workspace,
)
from parkops.monitor import MonitorThread
from parkops.pipeline import build_park, load_park
from parkops.push import Settings
from parkops.push import plan as plan_push
from parkops.push import run as push
from parkops.store import Store
from parkops.verify import verify

CONVERGE_S = 120.0  # OSPF, BFD and RSTP settle, neighbours are resolved
SETTLE_S = 60.0  # every target answers the monitor
DETECT_S = HEAL_S = 30.0
OPERATOR = "demo"  # who acknowledges the events
FAULT_ROUNDS = 4  # how long a fault is kept


class Teller(Protocol):
    """Who is told how the story goes."""

    def stage(self, title: str) -> None:
        """Say that a stage begins."""

    def say(self, text: str) -> None:
        """Say what happens inside the stage."""

    def claim(self, claim: Claim) -> None:
        """Say what was proven, or not."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that the story proves; ``detail`` is what was seen."""

    name: str
    held: bool
    detail: str


@dataclass(slots=True)
class Story:
    """What the stages hand on."""

    workspace: Workspace
    tell: Teller
    claims: list[Claim] = field(default_factory=list)
    report: Path | None = None
    assessment: Assessment | None = None

    def claim(self, name: str, held: bool, detail: str) -> None:
        """Record a claim and tell it."""
        claim = Claim(name, held, detail)
        self.claims.append(claim)
        self.tell.claim(claim)

    @property
    def held(self) -> bool:
        """True when every claim held."""
        return bool(self.claims) and all(claim.held for claim in self.claims)


def tell_story(
    workspace: Workspace, tell: Teller, write_report: Callable[..., Path], *, keep: bool = False
) -> Story:
    """Run the main job on a park; the lab is taken down whatever happens, unless ``keep``.

    ``write_report(assessment, park, evidence)`` writes the report and returns its path.
    """
    story = Story(workspace, tell)
    park, artifacts = _build(story)
    with _lab(story, park, keep=keep), Store.open(workspace.database) as store:
        _push(story, park, artifacts, store)
        _reach(story, park, store)
        _watch(story, park, store)
        _assess(story, park, artifacts, store, write_report)
    return story


@dataclass(frozen=True, slots=True)
class Watch:
    """The running monitor, and the store that it writes."""

    monitor: MonitorThread
    store: Store


def _build(story: Story) -> tuple[Park, tuple[Artifact, ...]]:
    story.tell.stage("Plan and design")
    park = load_park(story.workspace)
    park = replace(park, targets=lab.served(park.targets))
    story.claim(
        "plan is valid and buildable",
        True,
        f"{len(park.devices)} devices, {len(park.links)} links, {len(park.flows)} flows",
    )
    story.tell.stage("Render and verify")
    artifacts, _ = build_park(park, story.workspace)
    _, again = build_park(park, story.workspace)
    story.claim(
        "second render writes nothing",
        not again.changed and not again.removed,
        f"{again.unchanged} files unchanged",
    )
    findings = verify(park, artifacts)
    bad = [finding for finding in findings if finding.verdict is Verdict.FAIL]
    held = sum(finding.verdict is Verdict.PASS for finding in findings)
    story.claim(
        "proofs before the push hold",
        held > 0 and not bad,
        bad[0].message
        if bad
        else f"{held} proofs: features, redundancy, rules, syntax; {len(findings) - held} not decided",
    )
    return park, artifacts


@contextmanager
def _lab(story: Story, park: Park, *, keep: bool) -> Iterator[None]:
    story.tell.stage("Lab up")
    try:
        status = lab.up(park, story.workspace, story.tell.say)
        story.claim("lab is running", status.running, f"{len(status.nodes)} nodes in {status.boot_s:.1f} s")
        lab.enter(story.workspace)
        yield
    finally:
        if not keep:
            story.tell.stage("Lab down")
            lab.down(story.workspace)


def _push(story: Story, park: Park, artifacts: tuple[Artifact, ...], store: Store) -> None:
    workspace, tell = story.workspace, story.tell

    def progress(device: str, step: str, detail: str) -> None:
        tell.say(f"{device}: {step} {detail}".rstrip())

    tell.stage("Push: what would change")
    changes = plan_push(park, artifacts, workspace, progress=progress)
    wrong = [change for change in changes if change.error]
    story.claim(
        "every device tells its difference",
        not wrong and len(changes) == len(park.managed),
        "; ".join(f"{item.device}: {item.error}" for item in wrong) or f"{len(changes)} devices",
    )
    tell.stage("Push: NETCONF, SSH and Ansible")
    settings = Settings(progress=progress, gate=gate("full", park, workspace))
    results = push(park, artifacts, workspace, settings=settings)
    failed = [result for result in results if not result.ok]
    story.claim(
        "every device was configured and read back",
        not failed,
        "; ".join(f"{item.device}: {item.message}" for item in failed) or _drivers(results),
    )
    keep_push(park, artifacts, workspace, store, results)
    tell.stage("Push again")
    again = push(park, artifacts, workspace, progress=progress)
    touched = [result.device for result in again if result.outcome is not Outcome.UNCHANGED]
    story.claim(
        "second push changes nothing",
        not touched,
        f"touched: {', '.join(touched)}" if touched else f"{len(again)} devices unchanged",
    )


def _drivers(results: tuple[Result, ...]) -> str:
    names = sorted({result.driver for result in results})
    return ", ".join(f"{sum(item.driver == name for item in results)} by {name}" for name in names)


def _reach(story: Story, park: Park, store: Store) -> None:
    story.tell.stage("Traffic: what the plan allows, and what it forbids")
    allowed = tuple(item for item in park.expectations if item.allowed)
    deadline_s = time.monotonic() + CONVERGE_S
    while True:
        seen = _try(park, story.workspace, allowed)
        missing = [item for item in allowed if not seen[item.id].passed]
        if not missing or time.monotonic() > deadline_s:
            break
        story.tell.say(f"{len(allowed) - len(missing)} of {len(allowed)} allowed flows pass")
    forbidden = tuple(item for item in park.expectations if not item.allowed)
    seen.update(_try(park, story.workspace, forbidden))
    store.save_reach(seen.values())
    story.claim(
        "every allowed flow passes",
        not missing,
        _first(missing, seen) or f"{len(allowed)} of {len(allowed)} tried, IPv4 and IPv6",
    )
    dead = _without_listener(park, story.workspace, forbidden)
    story.claim(
        "what is forbidden is really there to be reached",
        not dead,
        ", ".join(dead) or "every service answers on its own device",
    )
    open_ends = [item for item in forbidden if seen[item.id].passed is not False]
    story.claim(
        "every forbidden flow is dropped",
        not open_ends,
        _first(open_ends, seen) or f"{len(forbidden)} of {len(forbidden)} tried, IPv4 and IPv6",
    )


def _try(park: Park, workspace: Workspace, expectations: tuple[Expectation, ...]) -> dict[str, Reach]:
    return {reach.expectation: reach for reach in try_expectations(park, workspace, expectations)}


def _without_listener(park: Park, workspace: Workspace, items: tuple[Expectation, ...]) -> list[str]:
    """Return the services that do not even answer on their own device: dropping those proves nothing."""
    own = {
        (item.dst_address, item.port): replace(
            item,
            id=f"{item.dst_device}:{item.port}/{item.dst_address}",
            src_device=item.dst_device,
            allowed=True,
        )
        for item in items
    }
    return [name for name, reach in _try(park, workspace, tuple(own.values())).items() if not reach.passed]


def _first(items: list[Expectation], seen: dict[str, Reach]) -> str:
    if not items:
        return ""
    return f"{len(items)} not so, first {items[0].id}: {seen[items[0].id].detail}"


def _watch(story: Story, park: Park, store: Store) -> None:
    story.tell.stage("Monitor")
    ring = park.rings[0]
    target = next(item for item in park.targets if item.param("link") in ring.links)
    with MonitorThread(park, story.workspace) as monitor:
        everything = [item.id for item in park.targets]
        up = monitor.wait_for(
            lambda seen: all(seen.state(name) == "up" for name in everything) and seen.rounds >= 2, SETTLE_S
        )
        down = [name for name in everything if monitor.state(name) != "up"]
        story.claim(
            "every target answers the monitor", up, _why(monitor, down) or f"{len(everything)} targets"
        )
        _cut_ring(story, park, Watch(monitor, store), target)
        _kill_broker(story, park, Watch(monitor, store))
        rounds = monitor.rounds  # some more, so that the record ends with every target's calm state
        monitor.wait_for(lambda seen: seen.rounds >= rounds + 2, SETTLE_S)


def _why(monitor: MonitorThread, names: list[str]) -> str:
    if not names:
        return ""
    sample = monitor.sample(names[0])
    return f"{len(names)} do not, first {names[0]}: {sample.reason if sample else 'no answer yet'}"


def _cut_ring(story: Story, park: Park, watch: Watch, target: Target) -> None:
    """Cut a ring cable; the plant must work on over the rest of the ring."""
    link = target.param("link")
    story.tell.stage(f"Fault: ring cable {link} cut")
    site = park.device(target.device).site
    inside = tuple(
        item
        for item in park.expectations
        if item.allowed and site in (park.device(item.src_device).site, park.device(item.dst_device).site)
    )
    with _broken(story, watch, target, Fault(FaultKind.LINK_DOWN, link), "the cut"):
        seen = _try(park, story.workspace, inside)
        watch.store.save_reach(seen.values())
        lost = [item for item in inside if not seen[item.id].passed]
        story.claim(
            "the plant works on over the rest of the ring",
            not lost,
            _first(lost, seen) or f"{len(inside)} flows pass",
        )


def _kill_broker(story: Story, park: Park, watch: Watch) -> None:
    """Kill the broker of an edge gateway: the machine answers on, its service does not."""
    target = next(item for item in park.targets if item.probe == "mqtt")
    story.tell.stage(f"Fault: MQTT broker of {target.device} dead")
    fault = Fault(FaultKind.DAEMON_DEAD, f"{target.device}:mosquitto")
    with _broken(story, watch, target, fault, "the dead broker"):
        ping = watch.monitor.state(f"{target.device}/icmp")
        story.claim("the event is the service's, not the machine's", ping == State.UP, f"ICMP is {ping}")


@contextmanager
def _broken(story: Story, watch: Watch, target: Target, fault: Fault, what: str) -> Iterator[None]:
    """Bring a fault about, see its event open, keep it for some rounds, heal it, see the event close."""
    monitor = watch.monitor
    begun_s, rounds = time.time(), monitor.rounds
    placed = inject(story.workspace, fault)
    opened = monitor.wait_for(lambda seen: _event(seen, target) is not None, DETECT_S)
    delay_s, taken = time.time() - begun_s, monitor.rounds - rounds
    story.claim(
        f"{what} opens an event within two probe rounds",
        opened and taken <= 2,
        f"after {delay_s:.1f} s, {taken} rounds of {target.interval_s:g} s were complete",
    )
    event = _event(monitor, target)
    if event is not None:
        watch.store.acknowledge(event.id, OPERATOR, f"{fault.kind} brought about on purpose")
    yield
    monitor.wait_for(lambda seen: seen.rounds >= rounds + FAULT_ROUNDS, FAULT_ROUNDS * target.interval_s * 3)
    round_s = max(target.interval_s, (time.time() - begun_s) / max(1, monitor.rounds - rounds))
    heal(story.workspace, placed)
    true_s = time.time() - begun_s
    closed = monitor.wait_for(lambda seen: _closed(seen, target) is not None, HEAL_S)
    event = _closed(monitor, target)
    measured_s = event.duration_s if event and event.duration_s is not None else 0.0
    story.claim(
        "healing closes it, and its length was measured",
        closed and abs(measured_s - true_s) <= 2 * round_s,
        f"measured {measured_s:.1f} s, true {true_s:.1f} s",
    )


def _event(monitor: MonitorThread, target: Target) -> Event | None:
    return next(iter(monitor.events(target.id)), None)


def _closed(monitor: MonitorThread, target: Target) -> Event | None:
    return next((event for event in monitor.events(target.id) if event.closed_s is not None), None)


def _assess(
    story: Story, park: Park, artifacts: tuple[Artifact, ...], store: Store, write_report: Callable[..., Path]
) -> None:
    story.tell.stage("Assess and report")
    evidence = gather(park, artifacts, store, time.time(), workspace=story.workspace)
    own = read_catalogues(story.workspace.root, park.catalogues, CHECKS)
    basis = basis_of(park.assessment, story.workspace.root)
    story.assessment = assess(park, evidence, own=own, basis=basis)
    store.save_assessment(snapshot(story.assessment))
    decided = sum(result.verdict in (Verdict.PASS, Verdict.FAIL) for result in story.assessment.requirements)
    story.report = write_report(story.assessment, park, evidence)
    story.claim(
        "requirements were decided on evidence",
        decided >= 40,
        f"{decided} of {len(story.assessment.requirements)} decided",
    )
