"""Watch targets: probe each in its time, record what is seen, say what changes."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from parkops.errors import UsageError
from parkops.model import Event, Park, Sample, State, Target, Vitals
from parkops.monitor import probes
from parkops.monitor.clock import RecordClock, boot_s
from parkops.monitor.incidents import ChangeOf
from parkops.monitor.metrics import Metrics
from parkops.monitor.probes import echo
from parkops.monitor.probes.base import Context, Reads, Tools
from parkops.monitor.probes.echo import Echo
from parkops.monitor.probes.icmp import Pinger
from parkops.monitor.recorder import Recorder
from parkops.monitor.schedule import Schedule, Slot
from parkops.monitor.sessions import Sessions
from parkops.monitor.signals import Signals
from parkops.monitor.standstill import Standstill
from parkops.monitor.vantage import Node, Vantages
from parkops.store import Store
from parkops.transport.login import Login

TICK_S = 0.1  # how often ``until`` is asked, at least
MIN_SLEEP_S = 0.02  # probes that are due within this time start together
BEHIND_S = 0.005  # the same while probes wait to be sent
FLUSH_S = 0.5
CONNECTIONS = 32  # probes other than ICMP that run at once
RETRY_S = 1.0  # a first loss is probed again after this time, or this share of the interval
RETRY_SHARE = 0.1
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
    vantages: Mapping[str, Node] | None = None,
    rounds: int | None = None,
    until: Callable[[], bool] | None = None,
    interval_s: float | None = None,
    hooks: Hooks | None = None,
    metrics: Metrics | None = None,
    life: Life | None = None,
) -> Summary:
    """Probe ``targets`` until ``rounds`` are done, ``until()`` holds, or the task is cancelled.

    ``login`` gives what NETCONF and SSH sessions need, ``secret`` resolves references; without them those
    probes report ``unknown``. ``quiet`` names devices that no session may be held with now, ``vantages``
    those that probe for us. Everything seen is in the store when this returns or raises.
    """
    pinger, sessions = Pinger(), Sessions(login or _no_login, quiet)
    posts = Vantages(vantages or {}, login or _no_login)
    tools = Tools(RecordClock(), pinger, sessions, Reads(), secret or _no_secret, posts)
    watcher = _Watcher(
        prepare(targets, interval_s), store, tools, hooks or Hooks(), metrics or Metrics(), life or Life()
    )
    try:
        return await watcher.run(rounds, until)
    finally:
        await watcher.stop()
        pinger.close()
        await posts.close()
        await sessions.close()


def _no_login() -> Login:
    raise UsageError("this monitor was given no login")


def _no_secret(reference: str) -> str:
    raise UsageError(f"this monitor was given no secrets: {reference}")


def _worth(targets: Sequence[Target]) -> list[int]:
    """Return how many rounds one sample of each target is good for: a round is the shortest interval long."""
    shortest_s = min((target.interval_s for target in targets), default=1.0)
    return [max(1, int(target.interval_s / shortest_s)) for target in targets]


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
        plain = [(index, target) for index, target in enumerate(targets) if echo.fits(target)]
        self._plain = frozenset(index for index, _ in plain)
        default_s = probes.PROBES["icmp"].timeout_s
        self._echo = Echo(plain, self._clock, self._good, self._take, default_timeout_s=default_s)
        self._others = [index for index in range(len(targets)) if index not in self._plain]
        others = [targets[index] for index in self._others]
        slots = [Slot(probes.PROBES[t.probe].together(t), t.interval_s) for t in others]
        self._schedule = Schedule(slots, boot_s())
        self._standstill = Standstill(self._clock.now(), store.vitals(), len(targets))
        self._pool = asyncio.Semaphore(CONNECTIONS)
        self._busy = [False] * len(targets)
        self._tasks: set[asyncio.Task[None]] = set()
        self._worth = _worth(targets)
        self._done = [0] * len(targets)  # rounds that each target's samples are good for
        self._round, self._behind = 0, len(targets)
        self._lag_s, self._skipped = 0.0, 0

    async def run(self, rounds: int | None, until: Callable[[], bool] | None) -> Summary:
        """Start what is due and sleep until the next is."""
        housekeeping_s = flush_s = boot_s()
        while not self._finished(rounds, until):
            now_s = boot_s()
            self._standstill.beat(now_s, self._clock.now())
            self._lag_s = max(self._lag_s, self._echo.step())
            while (due := self._schedule.pop(now_s)) is not None:
                self._start(self._others[due[1]], due[0])
            if now_s - flush_s >= FLUSH_S:
                self._recorder.flush()
                flush_s = now_s
            if now_s - housekeeping_s >= 1.0:
                self._keep_house()
                housekeeping_s = now_s
            next_s = min(self._schedule.next_s or float("inf"), self._echo.next_s())
            least_s = MIN_SLEEP_S if next_s else BEHIND_S
            await asyncio.sleep(min(TICK_S, max(least_s, next_s - boot_s())))
        metrics = self._metrics
        return Summary(self._round, metrics.samples, metrics.opened, metrics.closed)

    def _finished(self, rounds: int | None, until: Callable[[], bool] | None) -> bool:
        if not self._targets or (rounds is not None and self._round >= rounds):
            return True
        return until is not None and until()

    def _keep_house(self) -> None:
        metrics = self._metrics
        metrics.lag_s, self._lag_s = self._lag_s, 0.0
        metrics.ahead_s = round(self._clock.ahead_s, 3)
        metrics.skipped = self._skipped + self._echo.skipped
        metrics.vitals = self._vitals()
        self._recorder.keep_measured(self._clock.now(), metrics.vitals)
        self._recorder.keep_house(self._clock.now())

    def _vitals(self) -> Vitals:
        own = self._metrics
        return self._standstill.vitals(
            self._clock.now(),
            samples=own.samples,
            lag_s=own.lag_s,
            skipped=own.skipped,
            unwritten=own.unwritten,
            unsent=own.remote_lost,
            clock_ahead_s=own.ahead_s,
        )

    def _start(self, index: int, due_s: float) -> None:
        if self._busy[index]:
            self._skipped += 1
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
        begin_s = boot_s()
        self._lag_s = max(self._lag_s, begin_s - due_s)
        sample = await probes.probe(target, context)
        late_s = boot_s() - begin_s - context.timeout_s
        if sample.state is State.DOWN and late_s > LATE_S:
            reason = f"the monitor stood still for {late_s:.1f} s"
            return replace(sample, state=State.UNKNOWN, reason=reason, late_s=late_s)
        return sample

    def _good(self, index: int, time_s: float, rtt_s: float) -> None:
        """Take an answer to an echo request."""
        if not self._recorder.good(index, time_s, rtt_s):
            self._take(index, Sample(self._targets[index].id, time_s, State.UP, rtt_s))
            return
        if self._hooks.on_sample is not None:
            self._hooks.on_sample(Sample(self._targets[index].id, time_s, State.UP, rtt_s))
        self._count(index)

    def _take(self, index: int, sample: Sample) -> None:
        turn = self._recorder.take(index, sample)
        if turn.doubtful:
            due_s = boot_s() + min(RETRY_S, RETRY_SHARE * self._targets[index].interval_s)
            if index in self._plain:
                self._echo.again(index, due_s)
            else:
                self._schedule.again(bisect_left(self._others, index), due_s)
        if self._hooks.on_sample is not None:
            self._hooks.on_sample(sample)
        self._count(index)

    def _count(self, index: int) -> None:
        before = self._done[index]
        self._done[index] = after = before + self._worth[index]
        if before <= self._round < after:
            self._behind -= 1
            if not self._behind:
                self._next_round()

    def _next_round(self) -> None:
        self._round = min(self._done)
        self._behind = sum(done <= self._round for done in self._done)
        self._metrics.rounds = self._round
        self._recorder.flush()
        if self._hooks.on_round is not None:
            self._hooks.on_round(self._round)

    async def stop(self) -> None:
        """Drop the probes that are under way and write what was seen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._echo.close()
        self._recorder.end(self._vitals())
