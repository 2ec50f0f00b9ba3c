"""Run the monitor of a park: its targets, its store, its login, one monitor at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from parkops.errors import UsageError
from parkops.model import Event, Park, Sample, State, Workspace
from parkops.model.incident import POLICY
from parkops.monitor.incidents import ChangeOf
from parkops.monitor.metrics import Metrics
from parkops.monitor.signals import Signals
from parkops.monitor.vantage import Node
from parkops.monitor.watch import Hooks, Life, Summary, prepare, watch
from parkops.store import Store, pending
from parkops.transport import secrets
from parkops.transport.login import login

BUSY_TIMEOUT_S = 0.5  # probes stand still while a write waits; what cannot be written is kept


@contextmanager
def only_one(workspace: Workspace) -> Iterator[None]:
    """Hold the park's monitor lock; UsageError when another process has it."""
    workspace.state.mkdir(parents=True, exist_ok=True)
    with (workspace.state / "monitor.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            hint = "there is one store, and one monitor writes it"
            raise UsageError(f"a monitor of this park runs already (pid {file.read()})", hint=hint) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def running_pid(workspace: Workspace) -> int | None:
    """Return the process id of the park's monitor, None when none runs."""
    try:
        with (workspace.state / "monitor.lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except OSError:
        pass
    return None


def run(
    park: Park,
    workspace: Workspace,
    *,
    rounds: int | None = None,
    until: Callable[[], bool] | None = None,
    interval_s: float | None = None,
    hooks: Hooks | None = None,
    metrics: Metrics | None = None,
    change_of: ChangeOf | None = None,
    signals: Signals | None = None,
) -> Summary:
    """Watch a park until ``rounds`` are done, ``until()`` holds or, in the main thread, Ctrl-C.

    ``change_of`` tells which push may have mended a device, ``signals`` is where others say what they see.
    UsageError when a target cannot be probed, or another monitor runs.
    """
    targets = prepare(park.targets, interval_s)
    with only_one(workspace), Store.open(workspace.database, BUSY_TIMEOUT_S) as store:
        if not store.claim():
            raise UsageError("a monitor on another machine writes this store", where=store.where)
        _retire(store, {target.id for target in targets})
        return asyncio.run(
            _until_interrupted(
                lambda stopped: watch(
                    targets,
                    store,
                    login=lambda: login(park.access, workspace),
                    secret=lambda reference: secrets.resolve(reference, workspace.root),
                    quiet=lambda device: pending.waits(workspace.state, device),
                    vantages=vantage_nodes(park),
                    rounds=rounds,
                    until=lambda: stopped.is_set() or (until is not None and until()),
                    hooks=hooks,
                    metrics=metrics,
                    life=Life(park, change_of, signals),
                )
            )
        )


def vantage_nodes(park: Park) -> dict[str, Node]:
    """Return the devices that probe for us."""
    names = sorted({target.vantage for target in park.targets if target.vantage})
    return {name: Node(name, park.device(name).management_address) for name in names}


async def _until_interrupted(begin: Callable[[threading.Event], Coroutine[None, None, Summary]]) -> Summary:
    stopped = threading.Event()
    if threading.current_thread() is threading.main_thread():
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
    return await begin(stopped)


def _retire(store: Store, watched: set[str]) -> None:
    with store.transaction():
        store.retire_others(watched)
        for event in store.events(open_only=True):
            if event.target not in watched and event.kind != "signal":
                store.close_event(event.id, note="no longer watched", by=POLICY)


class MonitorThread:
    """A monitor in a thread of its own; use it as a context manager, or start and stop it.

    The thread keeps the network namespace of the thread that starts it.
    """

    def __init__(
        self,
        park: Park,
        workspace: Workspace,
        *,
        interval_s: float | None = None,
        metrics: Metrics | None = None,
        change_of: ChangeOf | None = None,
        signals: Signals | None = None,
    ) -> None:
        self._park, self._workspace, self._interval_s = park, workspace, interval_s
        self._change_of = change_of
        self.signals = signals or Signals()
        self.metrics = metrics or Metrics()
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._samples: dict[str, Sample] = {}
        self._events: dict[int, Event] = {}
        self._rounds = 0

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="parkops-monitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, wait until all is written, and raise what ended the monitor early, if anything did."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def __enter__(self) -> MonitorThread:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def rounds(self) -> int:
        """How many rounds are done."""
        return self._rounds

    def sample(self, target: str) -> Sample | None:
        """Return a target's latest sample."""
        return self._samples.get(target)

    def state(self, target: str) -> State | None:
        """Return the state that a target's latest sample shows."""
        sample = self._samples.get(target)
        return None if sample is None else sample.state

    def events(self, target: str | None = None) -> tuple[Event, ...]:
        """Return the events that opened or closed since the start, by id, as they are now."""
        events = sorted(self._events.values(), key=lambda event: event.id)
        return tuple(event for event in events if target in (None, event.target))

    def wait_for(self, predicate: Callable[[MonitorThread], bool], timeout_s: float) -> bool:
        """Wait until ``predicate(self)`` holds; asked after every sample and event. False on timeout.

        Raises what ended the monitor, if it ended.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while not predicate(self):
                if self._error is not None:
                    raise self._error
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or not self._changed.wait(left_s):
                    return predicate(self)
            return True

    def _run(self) -> None:
        hooks = Hooks(self._on_sample, self._on_event, self._on_round)
        try:
            run(
                self._park,
                self._workspace,
                until=self._stop.is_set,
                interval_s=self._interval_s,
                hooks=hooks,
                metrics=self.metrics,
                change_of=self._change_of,
                signals=self.signals,
            )
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits or stops
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _on_sample(self, sample: Sample) -> None:
        with self._changed:
            self._samples[sample.target] = sample
            self._changed.notify_all()

    def _on_event(self, event: Event) -> None:
        with self._changed:
            self._events[event.id] = event
            self._changed.notify_all()

    def _on_round(self, number: int) -> None:
        with self._changed:
            self._rounds = number
            self._changed.notify_all()
