"""What a driver must offer, and the runner that works through devices one session each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import unified_diff
from typing import Generic, Protocol, TypeVar

from parkops.errors import ParkopsError
from parkops.model import Change, Guarantee, Outcome, Result, Running
from parkops.push.job import Interrupted, Job, Run, Steps

S = TypeVar("S")
T = TypeVar("T")


class Driver(Protocol):
    """Work on many devices; what goes wrong on one is in its own answer, never an exception."""

    @property
    def name(self) -> str:
        """The driver's name, as a platform states it."""
        ...

    def read(self, jobs: Sequence[Job], run: Run) -> Iterator[Running | Change]:
        """Read running configurations; a Change with an error stands for a device that could not be read."""
        ...

    def plan(self, jobs: Sequence[Job], run: Run) -> Iterator[Change]:
        """Tell what would change."""
        ...

    def apply(self, jobs: Sequence[Job], run: Run) -> Iterator[Result]:
        """Make each device run what was rendered for it, or leave it as it was."""
        ...


class SessionDriver(Protocol[S]):
    """Work on one device over a session of type ``S``; DeviceError says what went wrong."""

    @property
    def name(self) -> str:
        """The driver's name, as a platform states it."""
        ...

    def open(self, job: Job, run: Run) -> AbstractContextManager[S]:
        """Open a session."""
        ...

    def guarantee(self, session: S) -> Guarantee:
        """Tell what this device can promise."""
        ...

    def read_running(self, session: S, job: Job) -> Running:
        """Read the running configuration in canonical form."""
        ...

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Return the unified diff from running to intended, "" when nothing would change."""
        ...

    def apply(self, session: S, job: Job, running: Running, run: Run, steps: Steps) -> None:
        """Change the device; on an error it is as it was before, or the error says what is left."""
        ...


@dataclass(frozen=True, slots=True)
class OneByOne(Generic[S]):
    """Make a Driver of a SessionDriver: a session per device, a bounded number of them at once."""

    driver: SessionDriver[S]

    @property
    def name(self) -> str:
        """The driver's name."""
        return self.driver.name

    def read(self, jobs: Sequence[Job], run: Run) -> Iterator[Running | Change]:
        """Read running configurations."""
        return _each(lambda job: self._read(job, run), jobs, run.workers)

    def plan(self, jobs: Sequence[Job], run: Run) -> Iterator[Change]:
        """Tell what would change."""
        return _each(lambda job: self._plan(job, run), jobs, run.workers)

    def apply(self, jobs: Sequence[Job], run: Run) -> Iterator[Result]:
        """Push, with one result per device."""
        return _each(lambda job: self._apply(job, run), jobs, run.workers)

    def _read(self, job: Job, run: Run) -> Running | Change:
        steps = Steps(run, job.name)
        try:
            steps.take("read")
            with self.driver.open(job, run) as session:
                return self.driver.read_running(session, job)
        except Exception as error:  # noqa: BLE001  # the boundary: a device's failure is its own answer
            return Change(job.name, self.name, "", Guarantee(), reason(error))

    def _plan(self, job: Job, run: Run) -> Change:
        steps = Steps(run, job.name)
        try:
            steps.take("compare")
            with self.driver.open(job, run) as session:
                guarantee = self.driver.guarantee(session)
                running = self.driver.read_running(session, job)
            diff = run.vault.redact(self.driver.diff(job, running, run))
            steps.note("compared", _size(diff))
            return Change(job.name, self.name, diff, guarantee)
        except Exception as error:  # noqa: BLE001  # the boundary: a device's failure is its own answer
            return Change(job.name, self.name, "", Guarantee(), reason(error))

    def _apply(self, job: Job, run: Run) -> Result:
        started_s, diff, steps = time.monotonic(), "", Steps(run, job.name)

        def result(outcome: Outcome, message: str) -> Result:
            text = run.vault.redact(message)
            spent_s = time.monotonic() - started_s
            return Result(job.name, self.name, outcome, text, diff, tuple(steps.taken), spent_s)

        try:
            steps.take("connect", job.address)
            with self.driver.open(job, run) as session:
                running = self.driver.read_running(session, job)
                diff = run.vault.redact(self.driver.diff(job, running, run))
                if not diff:
                    return result(Outcome.UNCHANGED, "runs what was rendered")
                steps.take("differs", _size(diff), record=diff)
                self.driver.apply(session, job, running, run, steps)
            return result(Outcome.CHANGED, _size(diff))
        except Interrupted as error:
            return result(Outcome.SKIPPED, reason(error))
        except Exception as error:  # noqa: BLE001  # the boundary: a device's failure is its own result
            steps.note("failed", reason(error))
            return result(Outcome.FAILED, reason(error))


def _each(work: Callable[[Job], T], jobs: Sequence[Job], workers: int) -> Iterator[T]:
    """Run a function over jobs with bounded concurrency; answers come as they are ready."""
    if not jobs:
        return
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(jobs))), thread_name_prefix="push") as pool:
        for future in as_completed([pool.submit(work, job) for job in jobs]):
            yield future.result()


def unified(running: str, intended: str, name: str) -> str:
    """Return the unified diff from a device's running to its intended text."""
    lines = unified_diff(
        running.splitlines(keepends=True),
        intended.splitlines(keepends=True),
        f"{name} running",
        f"{name} intended",
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def reason(error: BaseException) -> str:
    """Say what went wrong; an error that is not parkops' own is named with its type."""
    return str(error) if isinstance(error, ParkopsError) else f"{type(error).__name__}: {error}"


def diff_size(diff: str) -> tuple[int, int]:
    """Count the added and removed lines of a unified diff."""
    lines = diff.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return added, removed


def _size(diff: str) -> str:
    added, removed = diff_size(diff)
    return f"+{added} -{removed}"
