"""The network-wide transaction: either every device runs the new configuration, or every device the old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from parkops.errors import ParkopsError, Unreachable
from parkops.push.answers import stream
from parkops.push.contract import Driver, Phase, Site
from parkops.push.driver import diff_size, reason
from parkops.push.gate import Gate, NoGate, Question
from parkops.push.job import Interrupted, Run
from parkops.push.journal import Journal, Note
from parkops.push.phases import BEGUN, DONE, ENDED, IN_FORCE, begun_with, ended_with, kept
from parkops.push.replay import Ending, Stage
from parkops.store import pending

GATE_SHARE = 0.7  # of the confirm timer; the rest is for the confirmations
RETRY_S = 2.0  # between attempts to take back what does not answer
REFUSALS = 2  # how often a device may refuse to go back before that is believed
PlanWaves = Callable[[Sequence[Site], bool], tuple[tuple[str, ...], ...]]  # sites, anything at stake
SLACK_S = 45.0  # after its timer, in which a device must have reverted and answer again


class Failed(ParkopsError):
    """A phase failed on some devices, or the gate did not open."""


@dataclass(frozen=True, slots=True)
class Control:
    """How people interrupt: ``pause`` stops after the wave and asks, ``run.cancelled`` takes all back."""

    pause: threading.Event = field(default_factory=threading.Event)
    go_on: Callable[[str], bool] = lambda _: False  # asked at a pause; False takes everything back


@dataclass(slots=True)
class Transaction:
    """One change of the network; ``waves`` are device names in the order in which they are changed."""

    run: Run
    journal: Journal
    drivers: Mapping[str, Driver]
    sites: dict[str, Site]
    waves: tuple[tuple[str, ...], ...] = ()
    gate: Gate = field(default_factory=NoGate)
    control: Control = field(default_factory=Control)
    ending: Ending = Ending.OPEN
    reason: str = ""
    interrupted: bool = False

    def execute(self, plan_waves: PlanWaves) -> Ending:
        """Survey, plan the waves and carry them out; on any failure everything is as it was before."""
        return self._or_back(lambda: self._begin(plan_waves))

    def go_on(self, baseline: str) -> Ending:
        """Finish a transaction that was cut off: settle what is open, then carry out what is left."""
        return self._or_back(lambda: self._continue(baseline))

    def go_back(self, why: str) -> Ending:
        """Take a transaction back that was cut off."""
        return self._or_back(lambda: self._fail(why))

    def _begin(self, plan_waves: PlanWaves) -> Ending:
        self._phase(Phase.SURVEY, list(self.sites.values()))
        differing = [site for site in self.sites.values() if site.diff]
        self._release(site for site in self.sites.values() if not site.diff)
        if not differing:
            return self._end(Ending.UNCHANGED)
        seen = self.gate.baseline()
        self._note("baseline", texts={"baseline": seen})
        self.waves = plan_waves(differing, self.gate.at_stake())
        for number, wave in enumerate(self.waves, start=1):
            for name in wave:
                self.sites[name].wave = number
        self._note("waves", data={"waves": [list(wave) for wave in self.waves]}, wait=True)
        return self._forward()

    def _continue(self, baseline: str) -> Ending:
        if not self.waves:
            self._fail("it was cut off before anything was touched")
        self.gate.baseline(baseline)
        self._settle()
        return self._forward()

    def _settle(self) -> None:
        """Bring every device that stands between old and new to one of them."""
        for site in self._at({Stage.CONFIRMING}):
            try:
                self._phase(Phase.CONFIRM, [site])
            except Failed:
                site.stage, site.error = Stage.PENDING, None  # its timer was faster: it is old
        self._take_back(self._at({Stage.PENDING, Stage.CANCELLING}))

    def _forward(self) -> Ending:
        for number, wave in enumerate(self.waves, start=1):
            sites = [self.sites[name] for name in wave if self.sites[name].stage is not Stage.CONFIRMED]
            if sites:
                self._wave(number, sites)
            if number < len(self.waves):
                self._pause(number)
        return self._end(Ending.COMMITTED)

    def _wave(self, number: int, sites: list[Site]) -> None:
        """Commit, prove and confirm one wave: all of its devices, or none."""
        final = number == len(self.waves)
        self._note("wave", f"{number} of {len(self.waves)}: {', '.join(site.name for site in sites)}")
        self._phase(Phase.PREPARE, sites)
        for site in sites:
            site.token = f"parkops-{self.run.transaction}-{site.name}"
            site.timeout_s = self.run.confirm_timeout_s
            until_s = time.time() + site.timeout_s + SLACK_S
            pending.mark(self.run.workspace.state, site.name, until_s)
        deadline_s = time.monotonic() + GATE_SHARE * self.run.confirm_timeout_s
        self._phase(Phase.COMMIT, sites)
        self._phase(Phase.VERIFY, sites)
        self._ask_gate(Question(tuple(s.name for s in sites), final, deadline_s, self.run.cancelled.is_set))
        self._phase(Phase.CONFIRM, sites)
        self._release(sites)

    def _ask_gate(self, question: Question) -> None:
        self._note("gate", "; ".join(self.gate.looks_at()))
        health = self.gate.check(question)
        self._unless_interrupted("the confirmation")
        if health.ok and time.monotonic() > question.deadline_s:
            self._fail("the health gate answered too late: the devices' timers may have run out")
        if not health.ok:
            self._fail(f"the health gate did not open: {'; '.join(health.problems)}")
        self._note("gate-passed", health.seen)

    def _pause(self, number: int) -> None:
        if self.control.pause.is_set():
            self.control.pause.clear()
            if not self.control.go_on(f"wave {number} of {len(self.waves)} is confirmed"):
                raise Interrupted(f"interrupted after wave {number} of {len(self.waves)}")

    def _phase(self, phase: Phase, sites: Sequence[Site]) -> None:
        """Journal what is about to be done, do it on all sites, raise Failed unless all went well."""
        if phase is not Phase.CANCEL:
            self._unless_interrupted(phase)
        for site in sites:
            site.steps.note(str(phase), site.job.address, data=begun_with(phase, site))
            site.stage = BEGUN.get(phase, site.stage)
        self.journal.write()  # on disk, before it is done
        failed: list[str] = []
        for answer in stream(self.drivers, phase, sites, self.run):
            self._take(phase, answer.site, answer.error)
            if answer.error is not None:
                failed.append(answer.site.name)
        if failed:
            first = self.sites[min(failed)].error
            more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
            self._fail(f"{min(failed)} failed to {phase}{more}: {reason(first) if first else ''}")

    def _take(self, phase: Phase, site: Site, error: BaseException | None) -> None:
        if error is not None:
            site.error = site.error or error
            site.steps.note("failed", f"{phase}: {reason(error)}")
            return
        site.stage = ENDED.get(phase, site.stage)
        if phase is Phase.CONFIRM:
            pending.clear(self.run.workspace.state, site.name)
        detail = ""
        if phase is Phase.SURVEY:
            added, removed = diff_size(site.diff)
            detail = f"+{added} -{removed}" if site.diff else "runs what it is to run"
        site.steps.note(DONE[phase], detail, data=ended_with(phase, site), texts=kept(phase, site))

    def _or_back(self, work: Callable[[], Ending]) -> Ending:
        """Do it; whatever goes wrong, go back, and let what is no device's failure go on upwards."""
        try:
            return work()
        except (Failed, Interrupted) as error:
            self.interrupted = isinstance(error, Interrupted)
            return self._back(reason(error))
        except BaseException as error:
            self._back(reason(error))
            raise
        finally:
            self._release(self.sites.values())

    def _back(self, why: str) -> Ending:
        """Take everything back that may be in force; what cannot be proven to be old stays open."""
        self.run = replace(self.run, cancelled=threading.Event())
        self.journal.lenient = True  # what goes back must go back, even where it cannot be written down
        why = self.reason = self.run.vault.redact(why)
        touched = self._at(IN_FORCE)
        self._note("rollback" if touched else "stop", why, wait=True)
        self._release(self._at({Stage.PREPARED}))
        self._take_back(touched)
        doubtful = self._at(IN_FORCE)
        for site in doubtful:
            site.steps.note("doubt", reason(site.error) if site.error else why)
        if doubtful:
            self.journal.write()
            return self.ending
        return self._end(Ending.ROLLED_BACK if self._at({Stage.OLD}) else Ending.REFUSED)

    def _take_back(self, sites: Sequence[Site]) -> None:
        """Cancel, last wave first; ask those that do not answer again until their timers have run out."""
        stop_s = time.monotonic() + max((site.timeout_s for site in sites), default=0) + SLACK_S
        refusals = dict.fromkeys((site.name for site in sites), 0)
        left = list(sites)
        while left:
            for number in sorted({site.wave for site in left}, reverse=True):
                errors = self._cancel([site for site in left if site.wave == number])
                for name, error in errors.items():
                    refusals[name] += not isinstance(error, Unreachable)
            left = [s for s in left if s.stage is not Stage.OLD and refusals[s.name] < REFUSALS]
            if time.monotonic() > stop_s:
                return
            if left:
                time.sleep(RETRY_S)

    def _cancel(self, sites: Sequence[Site]) -> dict[str, BaseException]:
        for site in sites:
            if site.stage is not Stage.CANCELLING:
                site.steps.note("cancel", "back to the snapshot")
                site.stage = Stage.CANCELLING
        self.journal.write()
        errors: dict[str, BaseException] = {}
        for answer in stream(self.drivers, Phase.CANCEL, sites, self.run):
            if answer.error is None:
                answer.site.stage = Stage.OLD
                pending.clear(self.run.workspace.state, answer.site.name)
                answer.site.steps.note(DONE[Phase.CANCEL], "runs what it ran before")
            else:
                errors[answer.site.name] = answer.error
                answer.site.error = answer.site.error or answer.error
                answer.site.steps.note("failed", f"cancel: {reason(answer.error)}")
        return errors

    def _release(self, sites: Iterable[Site]) -> None:
        for _ in stream(self.drivers, Phase.RELEASE, list(sites), self.run):
            pass

    def _at(self, stages: Iterable[Stage]) -> list[Site]:
        wanted = frozenset(stages)
        return [site for site in self.sites.values() if site.stage in wanted]

    def _unless_interrupted(self, before: str) -> None:
        if self.run.cancelled.is_set():
            raise Interrupted(f"interrupted before {before}")

    def _fail(self, why: str) -> Ending:
        raise Failed(why)

    def _end(self, ending: Ending) -> Ending:
        self.ending = ending
        self._note("end", self.reason, data={"ending": str(ending)}, wait=True)
        return ending

    def _note(
        self,
        step: str,
        detail: str = "",
        data: Mapping[str, object] | None = None,
        texts: Mapping[str, str] | None = None,
        *,
        wait: bool = False,
    ) -> None:
        """Journal and tell a step of the whole; the journal's "" device is "park" to people."""
        detail = self.run.vault.redact(detail)
        note = Note(self.run.transaction, "", step, detail, data or {}, texts or {})
        self.journal.write(note, wait=wait)
        if self.run.progress is not None:
            self.run.progress("", step, detail)
