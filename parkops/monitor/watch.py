"""Watch targets: probe each in its time, record what is seen, say what changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parkops.errors import UsageError
from parkops.model import Event, Park, Sample, State, Target
from parkops.monitor import probes
from parkops.monitor.clock import RecordClock
from parkops.monitor.incidents import ChangeOf
from parkops.monitor.metrics import Metrics
from parkops.monitor.probes.base import Context, Reads, Tools
from parkops.monitor.probes.icmp import Pinger
from parkops.monitor.recorder import Recorder
from parkops.monitor.schedule import Schedule, Slot
from parkops.monitor.sessions import Sessions
from parkops.monitor.signals import Signals
from parkops.store import Store
from parkops.transport.login import Login

TICK_S = 0.1  # how often ``until`` is asked, at least
MIN_SLEEP_S = 0.005  # probes that are due within this time start together
FLUSH_S = 0.5
CONNECTIONS = 32  # probes other than ICMP that run at once
RETRY_S = 1.0  # a first loss is probed again after this time, or a quarter of the interval
LATE_S = 0.2  # an answer that took this much longer than its timeout tells of this process, not the target


@dataclass(frozen=True, slots=True)
class Summary:
    """What a watch came to."""

    rounds: int
    samples: int
    opened: int
    closed: int


@dataclass(frozen=True, slots=True)
class Life:
    """What events need beyond samples: the park, which push touched a device, and what others say."""

    park: Park | None = None  # its topology and policy; without it every event stands alone
    change_of: ChangeOf | None = None
    signals: Signals | None = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who wants to know; called in the monitor's loop, so they must be quick."""

    on_sample: Callable[[Sample], None] | None = None
    on_event: Callable[[Event], None] | None = None  # opened, changed, or ended
    on_round: Callable[[int], None] | None = None


def prepare(targets: Sequence[Target], interval_s: float | None = None) -> tuple[Target, ...]:
    """Check targets and fill in ports and the interval; UsageError names every mistake."""
    if interval_s is not None:
        targets = [replace(target, interval_s=interval_s) for target in targets]
    probes.check(targets)
    return tuple(replace(target, port=probes.port(target)) for target in targets)


async def watch(
    targets: Sequence[Target],
    store: Store,
    *,
    login: Callable[[], Login] | None = None,
    secret: Callable[[str], str] | None = None,
    quiet: Callable[[str], bool] = lambda _: False,
    rounds: int | None = None,
    until: Callable[[], bool] | None = None,
    interval_s: float | None = None,
    hooks: Hooks | None = None,
    metrics: Metrics | None = None,
    life: Life | None = None,
) -> Summary:
    """Probe ``targets`` until ``rounds`` are done, ``until()`` holds, or the task is cancelled.

    ``login`` gives what NETCONF and SSH sessions need, ``secret`` resolves references; without them those
    probes report ``unknown``. ``quiet`` names devices that no session may be held with now. Everything seen
    is in the store when this returns or raises.
    """
    pinger, sessions = Pinger(), Sessions(login or _no_login, quiet)
    tools = Tools(RecordClock(), pinger, sessions, Reads(), secret or _no_secret)
    watcher = _Watcher(
        prepare(targets, interval_s), store, tools, hooks or Hooks(), metrics or Metrics(), life or Life()
    )
    try:
        return await watcher.run(rounds, until)
    finally:
        await watcher.stop()
        pinger.close()
        await sessions.close()


def _no_login() -> Login:
    raise UsageError("this monitor was given no login")


def _no_secret(reference: str) -> str:
    raise UsageError(f"this monitor was given no secrets: {reference}")


class _Watcher:
    """The loop of one watch."""

    def __init__(
        self,
        targets: tuple[Target, ...],
        store: Store,
        tools: Tools,
        hooks: Hooks,
        metrics: Metrics,
        life: Life,
    ) -> None:
        self._targets, self._hooks, self._metrics = targets, hooks, metrics
        metrics.watch(targets)
        self._recorder = Recorder(
            targets, store, metrics, hooks.on_event, life.park, life.change_of, life.signals
        )
        self._clock = tools.clock
        self._contexts = [Context(tools, probes.timeout_s(target)) for target in targets]
        slots = [Slot(probes.PROBES[t.probe].together(t), t.interval_s) for t in targets]
        self._schedule = Schedule(slots, time.monotonic())
        self._pool = asyncio.Semaphore(CONNECTIONS)
        self._busy = [False] * len(targets)
        self._tasks: set[asyncio.Task[None]] = set()
        self._done = [0] * len(targets)
        self._round, self._behind = 0, len(targets)
        self._lag_s, self._begun, self._closed = 0.0, 0, 0

    async def run(self, rounds: int | None, until: Callable[[], bool] | None) -> Summary:
        """Start what is due and sleep until the next is."""
        housekeeping_s = flush_s = time.monotonic()
        while not self._finished(rounds, until):
            now_s = time.monotonic()
            while (due := self._schedule.pop(now_s)) is not None:
                self._start(due[1], due[0])
            if now_s - flush_s >= FLUSH_S:
                self._recorder.flush()
                flush_s = now_s
            if now_s - housekeeping_s >= 1.0:
                self._keep_house()
                housekeeping_s = now_s
            next_s = self._schedule.next_s
            wait_s = TICK_S if next_s is None else next_s - time.monotonic()
            await asyncio.sleep(min(TICK_S, max(MIN_SLEEP_S, wait_s)))
        metrics = self._metrics
        return Summary(self._round, metrics.samples, metrics.opened, metrics.closed)

    def _finished(self, rounds: int | None, until: Callable[[], bool] | None) -> bool:
        if not self._targets or (rounds is not None and self._round >= rounds):
            return True
        return until is not None and until()

    def _keep_house(self) -> None:
        self._metrics.lag_s, self._lag_s = self._lag_s, 0.0
        self._metrics.ahead_s = round(self._clock.ahead_s, 3)
        self._recorder.keep_house(self._clock.now())

    def _start(self, index: int, due_s: float) -> None:
        if self._busy[index]:
            self._metrics.skipped += 1
            return
        self._busy[index] = True
        task = asyncio.create_task(self._probe(index, due_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _probe(self, index: int, due_s: float) -> None:
        target = self._targets[index]
        try:
            if probes.PROBES[target.probe].paced:
                sample = await self._sample(index, due_s)
            else:
                async with self._pool:
                    sample = await self._sample(index, due_s)
        finally:
            self._busy[index] = False
        self._take(index, sample)

    async def _sample(self, index: int, due_s: float) -> Sample:
        target, context = self._targets[index], self._contexts[index]
        begin_s = time.monotonic()
        self._lag_s = max(self._lag_s, begin_s - due_s)
        sample = await probes.probe(target, context)
        late_s = time.monotonic() - begin_s - context.timeout_s
        if sample.state is State.DOWN and late_s > LATE_S:
            reason = f"the monitor stood still for {late_s:.1f} s"
            return replace(sample, state=State.UNKNOWN, reason=reason)
        return sample

    def _take(self, index: int, sample: Sample) -> None:
        turn = self._recorder.take(index, sample)
        if turn.doubtful:
            wait_s = min(RETRY_S, self._targets[index].interval_s / 4)
            self._schedule.again(index, time.monotonic() + wait_s)
        if self._hooks.on_sample is not None:
            self._hooks.on_sample(sample)
        self._done[index] += 1
        if self._done[index] == self._round + 1:
            self._behind -= 1
            if not self._behind:
                self._next_round()

    def _next_round(self) -> None:
        self._round = min(self._done)
        self._behind = sum(done == self._round for done in self._done)
        self._metrics.rounds = self._round
        self._recorder.flush()
        if self._hooks.on_round is not None:
            self._hooks.on_round(self._round)

    async def stop(self) -> None:
        """Drop the probes that are under way and write what was seen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._recorder.flush()
