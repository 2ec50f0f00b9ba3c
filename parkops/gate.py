"""The health gate of a push: the plan's own flows, tried from the lab's nodes, and the monitor's probes."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from parkops.model import Expectation, Park, Reach, Sample, State, Target, Workspace
from parkops.push.gate import Gate, Health, NoGate, Question

# Probes that hold no session with a device: netconfd 2.13 takes no unconfirmed commit back while it is asked.
PROBES = frozenset({"icmp", "tcp", "ssh", "mqtt", "http", "ntp"})
PAUSE_S = 1.0  # between two looks at what does not pass yet
TOLD = 4  # problems that are named


def gate(name: str, park: Park, workspace: Workspace) -> Gate:
    """Return a gate by name: full, final or none."""
    return NoGate() if name == "none" else ParkGate(park, workspace, final_only=name == "final")


@dataclass(slots=True)
class Seen:
    """What passed, was dropped and was up at one moment; ids of expectations and targets."""

    passed: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    up: frozenset[str] = frozenset()

    def dump(self) -> str:
        """Write it down for the journal."""
        return json.dumps({name: sorted(getattr(self, name)) for name in ("passed", "dropped", "up")})

    @classmethod
    def load(cls, text: str) -> Seen:
        """Read it back."""
        return cls(**{name: frozenset(ids) for name, ids in json.loads(text).items()})


@dataclass(slots=True)
class ParkGate:
    """Between waves nothing that worked may be lost; in the end everything is as the plan says."""

    park: Park
    workspace: Workspace
    final_only: bool = False
    before: Seen = field(default_factory=Seen)

    def looks_at(self) -> Sequence[str]:
        """Tell what it looks at."""
        allowed = sum(one.allowed for one in self.park.expectations)
        words = [f"{len(self._targets())} targets of the monitor that were up before are up"]
        if self._lab():
            forbidden = len(self.park.expectations) - allowed
            words.append(f"{allowed} allowed flows pass and {forbidden} forbidden ones do not (in the lab)")
            words.append("a flow over UDP that need not be answered is told, and holds nothing up")
        else:
            words.append(f"the plan's {allowed} allowed flows are not tried: no lab runs to try them from")
        when = "after the last wave" if self.final_only else "after each wave, as far as they held before"
        return (*words, when)

    def baseline(self, kept: str = "") -> str:
        """Look at what holds before the first change."""
        if kept:
            self.before = Seen.load(kept)
        elif not self.final_only:
            expectations = self.park.expectations if self._lab() else ()
            reach = self._try(expectations, once=True)
            passed = frozenset(one.id for one in expectations if one.allowed and reach[one.id].passed)
            dropped = frozenset(
                one.id for one in expectations if not one.allowed and reach[one.id].passed is False
            )
            self.before = Seen(passed, dropped, frozenset(self._up(self._targets())))
        return self.before.dump()

    def at_stake(self) -> bool:
        """Tell whether any allowed flow passed before, or nobody could look."""
        return self.final_only or not self._lab() or bool(self.before.passed)

    def check(self, question: Question) -> Health:
        """Look until all holds, or the time is up."""
        if self.final_only and not question.final:
            return Health(seen="not asked before the last wave")
        expectations = self._expected(question.final)
        allowed = [one for one in expectations if one.allowed]
        missing: Sequence[str] = ("nothing was tried",)
        undecided: list[str] = []
        while missing and not question.stopped() and time.monotonic() < question.deadline_s:
            missing, undecided = self._missing(allowed)
            if missing:
                time.sleep(PAUSE_S)
        if missing:
            return Health(_told(missing))
        open_ends, unknown = self._open([one for one in expectations if not one.allowed])
        undecided += unknown
        words = [f"{len(expectations) - len(undecided)} flows as planned"]
        if undecided:
            words.append(f"{len(undecided)} not decidable ({', '.join(_told(undecided))})")
        return Health(_told(open_ends), ", ".join([*words, f"{len(self.before.up)} targets up"]))

    def _expected(self, final: bool) -> list[Expectation]:
        if not self._lab():
            return []
        held = self._held()
        return [one for one in self.park.expectations if final or one.id in held]

    def _missing(self, allowed: Sequence[Expectation]) -> tuple[list[str], list[str]]:
        """Return what does not work and must, and the flows of which trying tells nothing."""
        wrong, undecided = self._wrong(allowed, "does not pass")
        targets = [target for target in self._targets() if target.id in self.before.up]
        up = self._up(targets)
        return wrong + [f"{target.id} is down" for target in targets if target.id not in up], undecided

    def _open(self, forbidden: Sequence[Expectation]) -> tuple[list[str], list[str]]:
        return self._wrong(forbidden, "passes and is forbidden")

    def _wrong(self, expectations: Sequence[Expectation], words: str) -> tuple[list[str], list[str]]:
        """Try flows; return what is wrong, and the flows that can be neither."""
        from parkops.lab.expect import undecidable

        reach = self._try(expectations)
        wrong, undecided = [], []
        for one in expectations:
            seen = reach[one.id]
            if seen.passed is not None and seen.passed is not one.allowed:
                wrong.append(f"{one.id} {words}")
            elif undecidable(self.park, one, seen) and one.id not in self._held():
                undecided.append(one.id)
            elif seen.passed is None:
                wrong.append(f"{one.id} could not be decided: {seen.detail}")
        return wrong, undecided

    def _held(self) -> frozenset[str]:
        return self.before.passed | self.before.dropped

    def _lab(self) -> bool:
        from parkops import lab

        return lab.is_up(self.workspace)

    def _try(self, expectations: Sequence[Expectation], *, once: bool = False) -> dict[str, Reach]:
        from parkops.lab.expect import try_expectations

        if not expectations:
            return {}
        tries = [replace(one, allowed=False) for one in expectations] if once else expectations
        return {reach.expectation: reach for reach in try_expectations(self.park, self.workspace, tries)}

    def _targets(self) -> list[Target]:
        return [target for target in self.park.targets if target.probe in PROBES]

    def _up(self, targets: Sequence[Target]) -> Collection[str]:
        return {
            sample.target for sample in _probe(self.park, self.workspace, targets) if sample.state is State.UP
        }


def _probe(park: Park, workspace: Workspace, targets: Sequence[Target]) -> Iterable[Sample]:
    """Probe targets once, twice where they do not answer, in a store of its own."""
    from parkops.monitor.watch import Hooks, watch
    from parkops.store import Store
    from parkops.transport import secrets
    from parkops.transport.login import login

    if not targets:
        return ()
    seen: dict[str, Sample] = {}
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "gate.db") as store:
        asyncio.run(
            watch(
                targets,
                store,
                login=lambda: login(park.access, workspace),
                secret=lambda reference: secrets.resolve(reference, workspace.root),
                rounds=1,
                hooks=Hooks(on_sample=lambda sample: seen.update({sample.target: sample})),
            )
        )
    return seen.values()


def _told(problems: Sequence[str]) -> tuple[str, ...]:
    more = (f"and {len(problems) - TOLD} more",) if len(problems) > TOLD else ()
    return (*problems[:TOLD], *more)
