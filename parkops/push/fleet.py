"""The push of a park: its jobs, its waves, its locks and its journal, around one transaction."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from parkops.errors import UsageError
from parkops.model import Artifact, Change, Device, Park, Result, Running, Workspace
from parkops.platforms import load_platform
from parkops.push.ansible import AnsibleDriver
from parkops.push.answers import stream
from parkops.push.contract import Driver, PerDevice, Phase, Site
from parkops.push.driver import diff_size, reason
from parkops.push.gate import Gate, NoGate
from parkops.push.history import find, jobs_back, managed_device, sites_of, waves_of
from parkops.push.job import Job, Progress, Run, Steps
from parkops.push.journal import Journal, Note
from parkops.push.lock import Locks
from parkops.push.netconf import NetconfDriver
from parkops.push.replay import Ending, replay
from parkops.push.results import Pushed, change_of, foretold, result_of
from parkops.push.ssh import SshDriver
from parkops.push.transaction import Control, Transaction
from parkops.push.vendor_cli import VendorCliDriver
from parkops.push.vendor_netconf import VendorNetconfDriver
from parkops.push.vendors import driver_name
from parkops.push.waves import grows, plan_waves
from parkops.transport.login import login
from parkops.transport.secrets import Vault

DRIVERS: dict[str, Driver] = {
    "netconf": PerDevice(NetconfDriver()),
    "ssh": PerDevice(SshDriver()),
    "ansible": AnsibleDriver(),
    "vendor-cli": PerDevice(VendorCliDriver()),
    "vendor-netconf": PerDevice(VendorNetconfDriver()),
}
WORKERS = 8
CONFIRM_S = 120  # how long a device waits for its confirmation


@dataclass(frozen=True, slots=True)
class Settings:
    """How a push is carried out; ``confirm_timeout_s`` is from 10 up."""

    workers: int = WORKERS
    progress: Progress | None = None
    confirm_timeout_s: int = CONFIRM_S
    gate: Gate = field(default_factory=NoGate)
    control: Control = field(default_factory=Control)
    cancelled: threading.Event = field(default_factory=threading.Event)
    drivers: Mapping[str, Driver] = field(default_factory=lambda: DRIVERS)


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
    settings = Settings(workers, progress)
    sites, errors = _look(park, artifacts, workspace, devices, settings, Phase.SURVEY)
    changes = (change_of(site, errors.get(site.name)) for site in sites)
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
    """Return the running configuration of each device that could be read, by name, without secrets.

    A device that could not be read is missing; ``progress`` is told why, as step ``failed``.
    """
    sites, errors = _look(park, artifacts, workspace, devices, Settings(workers, progress), Phase.READ)
    for name, error in errors.items():
        if progress is not None:
            progress(name, "failed", sites[0].steps.run.vault.redact(reason(error)))
    found = (site.snapshot for site in sites if site.name not in errors and site.snapshot is not None)
    return tuple(sorted(found, key=lambda running: running.device))


def run(
    park: Park,
    artifacts: Iterable[Artifact],
    workspace: Workspace,
    *,
    devices: Sequence[str] = (),
    dry_run: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
    confirm_timeout_s: int = CONFIRM_S,
) -> tuple[Result, ...]:
    """Push, and return one result per device, by name: `push` for who needs no more of it."""
    settings = settings or Settings(progress=progress, confirm_timeout_s=confirm_timeout_s)
    if dry_run:
        changes = plan(park, artifacts, workspace, devices=devices, progress=settings.progress)
        return tuple(foretold(change) for change in changes)
    return push(park, artifacts, workspace, devices=devices, settings=settings).results


def push(
    park: Park,
    artifacts: Iterable[Artifact],
    workspace: Workspace,
    *,
    devices: Sequence[str] = (),
    settings: Settings | None = None,
) -> Pushed:
    """Bring devices (all managed ones when none is named) to what was rendered for them, all or none.

    UsageError when a device is unknown, or another transaction holds one of them.
    """
    jobs = _jobs(park, artifacts, devices)
    return _begin(park, workspace, jobs, settings or Settings(), kind="push")


def resume(park: Park, workspace: Workspace, tx: str = "", settings: Settings | None = None) -> Pushed:
    """Finish a transaction that was cut off: forwards, or backwards where it was going back already.

    UsageError when there is none, or it runs.
    """
    return _finish(park, workspace, tx, settings or Settings(), back=False)


def rollback(
    park: Park,
    workspace: Workspace,
    tx: str = "",
    *,
    devices: Sequence[str] = (),
    settings: Settings | None = None,
) -> Pushed:
    """Take a transaction back: the one that was cut off, or any earlier one by a transaction of its own.

    Without ``tx`` it is the one that was cut off, else the last that changed anything. ``devices`` narrows an
    earlier one down to these.
    """
    settings = settings or Settings()
    with Journal(Locks(workspace.state).database) as journal:
        record = find(replay(journal.entries()), tx, back=True)
        if record.ending is not Ending.OPEN:
            jobs = jobs_back(park, journal, record, devices)
    if record.ending is not Ending.OPEN:
        return _begin(park, workspace, jobs, settings, kind="rollback", of=record.id)
    if devices:
        hint = f"finish it first: `parkops rollback {record.id}`"
        raise UsageError("a transaction that was cut off goes back as a whole", where=record.id, hint=hint)
    return replace(_finish(park, workspace, record.id, settings, back=True), settled=True)


def what_goes_back(
    park: Park, workspace: Workspace, tx: str = "", devices: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the devices that a rollback with the same arguments would change."""
    with Journal(Locks(workspace.state).database) as journal:
        record = find(replay(journal.entries()), tx, back=True)
        if record.ending is Ending.OPEN:
            return tuple(device.name for device in record.changed)
        return tuple(job.name for job in jobs_back(park, journal, record, devices))


def driver_of(device: Device, drivers: Mapping[str, Driver] = DRIVERS, dirs: Sequence[Path] = ()) -> str:
    """Return the name of a device's driver; UsageError for a platform that nothing pushes to."""
    name = driver_name(load_platform(device.platform, dirs), device)
    if name not in drivers:
        known = ", ".join(sorted(drivers))
        raise UsageError(f"platform {device.platform!r} has no driver", hint=f"known: {known}")
    return name


def _begin(
    park: Park, workspace: Workspace, jobs: Sequence[Job], settings: Settings, *, kind: str, of: str = ""
) -> Pushed:
    locks, tx = Locks(workspace.state), _new_id()
    names = [job.name for job in jobs]
    with Journal(locks.database) as journal, locks.running(tx):
        shared = replace(_run(park, workspace, settings), journal=journal, transaction=tx)
        sites = {job.name: _site(job, shared, settings) for job in jobs}
        data = {"kind": kind, "of": of, "plan": park.plan_digest, "devices": names}
        journal.begin(Note(tx, "", "begin", data=data), lambda database: locks.claim(database, tx, names))
        work = _transaction(shared, journal, sites, settings)
        return _ended(
            work, lambda: work.execute(lambda differing, at_stake: _waves(park, differing, at_stake))
        )


def _finish(park: Park, workspace: Workspace, tx: str, settings: Settings, *, back: bool) -> Pushed:
    locks = Locks(workspace.state)
    with Journal(locks.database) as journal:
        record = find(replay(journal.entries()), tx, back=back)
        if record.ending is not Ending.OPEN:
            raise UsageError(f"it has ended: {record.ending}", where=record.id)
        with locks.running(record.id):
            locks.take(record.id, record.devices)
            shared = replace(_run(park, workspace, settings), journal=journal, transaction=record.id)
            journal.write(Note(record.id, "", "resume", "back" if back or record.going_back else "forward"))
            sites = sites_of(park, journal, record, shared)
            work = _transaction(shared, journal, sites, settings)
            work.waves = waves_of(record)
            if back or record.going_back:
                why = record.reason or "rolled back by hand"
                return _ended(work, lambda: work.go_back(why))
            baseline = journal.text(record.baseline) or ""
            return _ended(work, lambda: work.go_on(baseline))


def _transaction(run: Run, journal: Journal, sites: dict[str, Site], settings: Settings) -> Transaction:
    return Transaction(run, journal, settings.drivers, sites, gate=settings.gate, control=settings.control)


def _ended(work: Transaction, carry_out: Callable[[], Ending]) -> Pushed:
    """Carry out, and say how each device came out."""
    started_s = time.monotonic()
    carry_out()
    spent_s = time.monotonic() - started_s
    results = tuple(result_of(site, work, spent_s) for _, site in sorted(work.sites.items()))
    for result in results:
        if work.run.progress is not None:
            work.run.progress(result.device, str(result.outcome), result.message)
    return Pushed(work.run.transaction, work.ending, work.reason, results, work.interrupted)


def _waves(park: Park, differing: Sequence[Site], at_stake: bool) -> tuple[tuple[str, ...], ...]:
    inside_first = grows(diff_size(site.diff) for site in differing)
    return plan_waves(park, [site.name for site in differing], inside_first=inside_first, at_stake=at_stake)


def _jobs(park: Park, artifacts: Iterable[Artifact], devices: Sequence[str]) -> tuple[Job, ...]:
    """Give each device its artifacts; UsageError for an unknown device."""
    by_device: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        by_device.setdefault(artifact.device, []).append(artifact)
    names = dict.fromkeys(devices) if devices else [device.name for device in park.managed]
    return tuple(Job(managed_device(park, name), tuple(by_device.get(name, ()))) for name in names)


def _look(
    park: Park,
    artifacts: Iterable[Artifact],
    workspace: Workspace,
    devices: Sequence[str],
    settings: Settings,
    phase: Phase,
) -> tuple[list[Site], dict[str, BaseException]]:
    """Carry out a phase that touches nothing, and let go of the devices again."""
    shared = _run(park, workspace, settings)
    sites = [_site(job, shared, settings) for job in _jobs(park, artifacts, devices)]
    for site in sites:
        site.steps.note(str(phase), site.job.address)
    errors: dict[str, BaseException] = {}
    try:
        for answer in stream(settings.drivers, phase, sites, shared):
            if answer.error is not None:
                errors[answer.site.name] = answer.error
    finally:
        for _ in stream(settings.drivers, Phase.RELEASE, sites, shared):
            pass
    return sites, errors


def _site(job: Job, run: Run, settings: Settings) -> Site:
    run.vault.learn(artifact.text for artifact in job.artifacts)  # what comes back is redacted by it
    if job.snapshot is not None and job.snapshot.driver in settings.drivers:
        driver = job.snapshot.driver  # what read it goes back to it, whatever the plan asks by now
    else:
        driver = driver_of(job.device, settings.drivers, run.workspace.platform_dirs)
    return Site(job, Steps(run, job.name), driver=driver)


def _run(park: Park, workspace: Workspace, settings: Settings) -> Run:
    lock, progress = threading.Lock(), settings.progress

    def tell(device: str, step: str, detail: str) -> None:
        with lock:  # drivers tell from many threads
            if progress is not None:
                progress(device, step, detail)

    return Run(
        workspace=workspace,
        login=login(park.access, workspace),
        vault=Vault(workspace.root),
        workers=settings.workers,
        progress=tell if progress is not None else None,
        confirm_timeout_s=settings.confirm_timeout_s,
        cancelled=settings.cancelled,
    )


def _new_id() -> str:
    """Return an id that sorts by time and is short enough to be typed."""
    return f"{time.strftime('%y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:4]}"
