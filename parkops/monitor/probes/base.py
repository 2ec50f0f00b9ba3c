"""What a probe is given, what it returns, and how it says that it failed or could not try."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from parkops.model import IcmpError, Sample, State, Target
from parkops.monitor.clock import RecordClock
from parkops.transport.stopped import StoppedError

if TYPE_CHECKING:
    from parkops.monitor.probes.icmp import Pinger
    from parkops.monitor.sessions import Sessions
    from parkops.monitor.vantage import Vantages

T = TypeVar("T")

# What the kernel says when this side could not try: nothing is known about the target then.
UNABLE = frozenset({
    errno.ENETUNREACH, errno.ENETDOWN, errno.EPERM, errno.EACCES, errno.EADDRNOTAVAIL, errno.EMFILE,
    errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAFNOSUPPORT, errno.EAGAIN,
})  # fmt: skip


Values = tuple[tuple[str, float], ...]  # "offset_s", "in_octets_total[GE1/0/1]" -> what was measured


class DownError(Exception):
    """The target did not do what it must; its state is down; ``values`` were measured all the same."""

    def __init__(self, what: str, values: Values = ()) -> None:
        super().__init__(what)
        self.values = values


class UnableError(Exception):
    """The probe could not be carried out; the target's state is unknown."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What all probes of one monitor share."""

    clock: RecordClock
    pinger: Pinger
    sessions: Sessions
    reads: Reads
    secret: Callable[[str], str]  # resolves "env:NAME", "file:PATH"
    vantages: Vantages | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a probe did at ``at_s`` (of time.perf_counter)."""

    at_s: float
    what: str


@dataclass(frozen=True, slots=True)
class Context:
    """What one target's probe may use; every wait inside it ends within ``timeout_s``."""

    tools: Tools
    timeout_s: float
    steps: list[Step] | None = None  # where somebody wants to see what the probe does

    def step(self, what: str) -> None:
        """Tell what was just done, sent or received, in short; kept only where somebody asked."""
        if self.steps is not None:
            self.steps.append(Step(time.perf_counter(), what))

    def start(self, target: Target) -> Attempt:
        """Begin to measure."""
        return Attempt(target.id, self.tools.clock.now(), time.perf_counter())


@dataclass(frozen=True, slots=True)
class Attempt:
    """One probe under way."""

    target: str
    time_s: float
    begin_s: float

    def up(self, rtt_s: float | None = None, values: Values = ()) -> Sample:
        """Return a good sample; its round trip is the time since the start unless it is given."""
        rtt_s = time.perf_counter() - self.begin_s if rtt_s is None else rtt_s
        return Sample(self.target, self.time_s, State.UP, rtt_s, values=values)

    def silent(self) -> Sample:
        """Return a good sample that has no round trip."""
        return Sample(self.target, self.time_s, State.UP)


class Probe(Protocol):
    """One look at one target.

    Returns an ``up`` sample, or raises: DownError (down), UnableError (unknown), OSError (either, by
    its number), TimeoutError (down).
    """

    async def __call__(self, target: Target, context: Context) -> Sample:
        """Probe the target once."""
        ...


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a probe: ``check`` raises ValueError for a value that it does not take."""

    check: Callable[[str], Any]
    required: bool = False


class Over(StrEnum):
    """What a probe's traffic is, where one may ask that it be blocked."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table of probes."""

    probe: Probe
    timeout_s: float
    port: int = 0  # default port; 0: the target must name one, unless ``portless``
    portless: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    on_timeout: State = State.DOWN
    over: Over | None = None  # None: `expect=blocked` makes no sense
    severity: str = "warning"
    paced: bool = False  # the probe bounds its own rate and needs no slot of the pool
    together: Callable[[Target], str] = lambda target: target.id  # targets of one key share a start time


class Reads:
    """Answers that several targets share: one read at a time for a key, and a moment's memory."""

    AGE_S = 0.25

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]], timeout_s: float) -> T:
        """Return the answer of a read that is under way or just ended, else begin one."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(_bounded(read, timeout_s))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        result: T = await asyncio.shield(task)
        return result

    def _done(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()  # looked at, so that nobody's leaving makes a warning
        asyncio.get_running_loop().call_later(self.AGE_S, self._tasks.pop, key, None)


async def _bounded(read: Callable[[], Awaitable[T]], timeout_s: float) -> T:
    async with asyncio.timeout(timeout_s):
        return await read()


def value(name: str, number: float, of: str = "") -> tuple[str, float]:
    """Return one measured value; ``of`` tells which of several, an interface or a sensor."""
    return (f"{name}[{of}]" if of else name), float(number)


def unable(error: OSError) -> bool:
    """Tell whether an error says that this side could not try; what a router says tells of the way there."""
    return error.errno in UNABLE and not isinstance(error, StoppedError)


def explain(error: OSError) -> str:
    """Return the system's words for an error, in lower case; asyncio puts other words in their place."""
    if isinstance(error, StoppedError):
        return str(IcmpError(*error.icmp))
    return (os.strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
