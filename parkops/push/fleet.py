"""The run over the fleet: every device by its driver, all drivers at once, one answer per device."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

from parkops.errors import UsageError
from parkops.model import Artifact, Change, Guarantee, Outcome, Park, Result, Running, Workspace
from parkops.platforms import load_platform
from parkops.push.ansible import AnsibleDriver
from parkops.push.driver import Driver, OneByOne, diff_size, reason
from parkops.push.job import Job, Progress, Run
from parkops.push.journal import Journal
from parkops.push.lock import locked
from parkops.push.netconf import NetconfDriver
from parkops.push.ssh import SshDriver
from parkops.transport.login import login
from parkops.transport.secrets import Vault

T = TypeVar("T", Result, Change, Running | Change)

DRIVERS: dict[str, Driver] = {
    "netconf": OneByOne(NetconfDriver()),
    "ssh": OneByOne(SshDriver()),
    "ansible": AnsibleDriver(),
}
WORKERS = 8
CONFIRM_S = 60


def plan(
    park: Park,
    artifacts: Iterable[Artifact],
    workspace: Workspace,
    *,
    devices: Sequence[str] = (),
    workers: int = WORKERS,
    progress: Progress | None = None,
) -> tuple[Change, ...]:
    """Return what a push would change on each device (all managed ones when none is named), by name."""
    run = _run(park, workspace, workers, progress)
    changes = _collect(
        run, _jobs(park, artifacts, devices), lambda d, jobs: d.plan(jobs, run), _failed_change
    )
    return tuple(sorted(changes, key=lambda change: change.device))


def read_running(
    park: Park,
    artifacts: Iterable[Artifact],
    workspace: Workspace,
    *,
    devices: Sequence[str] = (),
    workers: int = WORKERS,
    progress: Progress | None = None,
) -> tuple[Running, ...]:
    """Return the running configuration of each device that could be read, by name.

    A device that could not be read is missing; ``progress`` is told why, as step ``failed``.
    """
    run = _run(park, workspace, workers, progress)
    answers = _collect(
        run, _jobs(park, artifacts, devices), lambda d, jobs: d.read(jobs, run), _failed_change
    )
    for answer in answers:
        if isinstance(answer, Change) and run.progress:
            run.progress(answer.device, "failed", answer.error)
    return tuple(sorted((a for a in answers if isinstance(a, Running)), key=lambda a: a.device))


def run(
    park: Park,
    artifacts: Iterable[Artifact],
    workspace: Workspace,
    *,
    devices: Sequence[str] = (),
    workers: int = WORKERS,
    progress: Progress | None = None,
    dry_run: bool = False,
    confirm_timeout_s: int = CONFIRM_S,
) -> tuple[Result, ...]:
    """Push, and return one result per device, by name.

    ``confirm_timeout_s``: after how long a NETCONF device takes an unconfirmed commit back (1 and more).

    Management is a network of its own, so that no device is reached through another one: all go at once. A
    device that fails is left as it was, and hides no other. UsageError when another push of this park runs.
    """
    jobs = _jobs(park, artifacts, devices)
    if dry_run:
        changes = plan(
            park, artifacts, workspace, devices=[job.name for job in jobs], workers=workers, progress=progress
        )
        return tuple(_dry(change) for change in changes)
    with locked(workspace.state / "push.lock"), Journal(workspace.state / "journal.db") as journal:
        shared = _run(park, workspace, workers, progress)
        transaction = journal.begin(park.plan_digest, len(jobs))
        shared = replace(
            shared, journal=journal, transaction=transaction, confirm_timeout_s=confirm_timeout_s
        )
        results: list[Result] = []
        try:
            stream = _stream(shared, jobs, lambda d, part: d.apply(part, shared), _failed_result)
            with closing(stream):
                for result in stream:
                    journal.result(transaction, result)
                    results.append(result)
                    if shared.progress:
                        shared.progress(result.device, str(result.outcome), result.message)
        finally:
            journal.end(transaction, len(jobs) - sum(result.ok for result in results))
    return tuple(sorted(results, key=lambda result: result.device))


def driver_of(platform: str) -> str:
    """Return the name of a platform's driver; UsageError for a platform that nothing pushes to."""
    name = load_platform(platform).driver
    if name not in DRIVERS:
        raise UsageError(f"platform {platform!r} has no driver", hint=f"known: {', '.join(sorted(DRIVERS))}")
    return name


def _jobs(park: Park, artifacts: Iterable[Artifact], devices: Sequence[str]) -> tuple[Job, ...]:
    """Give each device its artifacts; UsageError for an unknown device."""
    by_device: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        by_device.setdefault(artifact.device, []).append(artifact)
    managed = {device.name: device for device in park.managed}
    for name in devices:
        if name not in managed:
            raise UsageError("no such managed device", where=name)
    wanted = dict.fromkeys(devices) if devices else managed
    return tuple(Job(managed[name], tuple(by_device.get(name, ()))) for name in wanted)


def _run(park: Park, workspace: Workspace, workers: int, progress: Progress | None) -> Run:
    lock = threading.Lock()

    def tell(device: str, step: str, detail: str) -> None:
        with lock:  # drivers tell from many threads
            if progress is not None:
                progress(device, step, detail)

    return Run(
        workspace=workspace,
        login=login(park.access, workspace),
        vault=Vault(workspace.root),
        workers=workers,
        progress=tell if progress is not None else None,
    )


def _collect(
    run: Run,
    jobs: Sequence[Job],
    work: Callable[[Driver, Sequence[Job]], Iterator[T]],
    failed: Callable[[Job, str, BaseException], T],
) -> list[T]:
    return list(_stream(run, jobs, work, failed))


def _stream(
    run: Run,
    jobs: Sequence[Job],
    work: Callable[[Driver, Sequence[Job]], Iterator[T]],
    failed: Callable[[Job, str, BaseException], T],
) -> Generator[T, None, None]:
    """Let each driver work on its devices in a thread of its own; yield answers as they come.

    An interrupt cancels the run and waits until every driver has taken back what it was in the middle of.
    """
    answers: queue.SimpleQueue[T | None] = queue.SimpleQueue()

    def drive(name: str, part: Sequence[Job]) -> None:
        missing = {job.name: job for job in part}
        try:
            for answer in work(DRIVERS[name], part):
                missing.pop(answer.device, None)
                answers.put(answer)
        except BaseException as error:  # noqa: BLE001  # a driver's own fault fails its devices, not the others
            for job in missing.values():
                answers.put(failed(job, name, error))
        finally:
            answers.put(None)

    parts: dict[str, list[Job]] = {}
    for job in jobs:
        parts.setdefault(driver_of(job.device.platform), []).append(job)
    threads = [threading.Thread(target=drive, args=part, name=part[0]) for part in parts.items()]
    for thread in threads:
        thread.start()
    try:
        open_ended = len(threads)
        while open_ended:
            answer = answers.get()
            if answer is None:
                open_ended -= 1
            else:
                yield answer
    except BaseException:
        run.cancelled.set()
        raise
    finally:
        for thread in threads:
            thread.join()


def _failed_result(job: Job, driver: str, error: BaseException) -> Result:
    return Result(job.name, driver, Outcome.FAILED, reason(error))


def _failed_change(job: Job, driver: str, error: BaseException) -> Change:
    return Change(job.name, driver, "", Guarantee(), reason(error))


def _dry(change: Change) -> Result:
    """Say what a push would do, as a result."""
    if change.error:
        return Result(change.device, change.driver, Outcome.FAILED, change.error)
    if change.empty:
        return Result(change.device, change.driver, Outcome.UNCHANGED, "runs what was rendered")
    added, removed = diff_size(change.diff)
    message = f"would change +{added} -{removed}; {change.guarantee.text}"
    return Result(change.device, change.driver, Outcome.SKIPPED, message, change.diff)
