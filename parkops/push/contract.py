"""What a driver must offer to a transaction: phases, device by device over a session, or many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from parkops.errors import Unreachable
from parkops.model import Guarantee, Running
from parkops.push.job import Job, Run, Steps
from parkops.push.replay import Stage

S = TypeVar("S")


class Phase(StrEnum):
    """What a transaction asks of every device of a wave, in this order (cancel: instead of confirm)."""

    READ = "read"  # the snapshot alone, with or without a target
    SURVEY = "survey"  # session, guarantee, snapshot, difference; nothing is touched
    PREPARE = "prepare"  # lock, edit, validate; nothing is in force
    COMMIT = "commit"  # in force; reverts by itself where the guarantee says so
    VERIFY = "verify"  # over a new session: running is the target
    CONFIRM = "confirm"  # in force for good
    CANCEL = "cancel"  # running is the snapshot again
    RELEASE = "release"  # locks and sessions are let go; never fails


@dataclass(slots=True)
class Site:
    """One device in one transaction: what it is to run, what it ran before, and how far it has come."""

    job: Job
    steps: Steps
    token: str = ""  # names the pending change, also over a new session; set before COMMIT
    timeout_s: int = 60  # after how long an unconfirmed commit reverts
    guarantee: Guarantee = field(default_factory=Guarantee)
    snapshot: Running | None = None  # taken by SURVEY, again under the lock by PREPARE
    diff: str = ""  # from snapshot to target, redacted
    session: Any = None  # the driver's, open from SURVEY to RELEASE
    driver: str = ""
    stage: Stage = Stage.UNTOUCHED
    wave: int = 0  # from 1; 0 when it is not to be changed
    error: BaseException | None = None  # the first thing that went wrong

    @property
    def name(self) -> str:
        """The device's name."""
        return self.job.name

    @property
    def before(self) -> Running:
        """The snapshot; only asked for after SURVEY."""
        assert self.snapshot is not None, f"{self.name} was not surveyed"
        return self.snapshot


@dataclass(frozen=True, slots=True)
class Answer:
    """How a phase went on one device; ``error`` is None when it did what it promises."""

    site: Site
    error: BaseException | None = None


class Driver(Protocol):
    """Carry a phase out on many devices; what goes wrong on one is in its own answer, never an exception."""

    @property
    def name(self) -> str:
        """The driver's name, as a platform states it."""
        ...

    def act(self, phase: Phase, sites: Sequence[Site], run: Run) -> Iterator[Answer]:
        """Carry out ``phase`` and answer once for every site, as each is done."""
        ...


class DeviceDriver(Protocol[S]):
    """Work on one device over a session of type ``S``; a DeviceError says what went wrong.

    ``site.job`` holds the target: the rendered artifacts, or where ``job.snapshot`` is set that configuration
    (what ``read_running`` returned once). Secrets stand as references in both and in ``site.before``:
    ``run.vault.fill`` puts them in on the way to the device.
    """

    @property
    def name(self) -> str:
        """The driver's name, as a platform states it."""
        ...

    def open(self, job: Job, run: Run) -> S:
        """Open a session: Unreachable when there is none to be had."""
        ...

    def close(self, session: S) -> None:
        """Close a session; never raise."""
        ...

    def guarantee(self, session: S) -> Guarantee:
        """Tell what this device can promise; ``text`` is shown by the dry run."""
        ...

    def read_running(self, session: S, job: Job) -> Running:
        """Read the running configuration in canonical form: all that is needed to go back to it.

        Empty or unreadable where it cannot be is an error, never an empty text.
        """
        ...

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Return the unified diff from running to the target, "" when nothing would change."""
        ...

    def prepare(self, session: S, site: Site, run: Run) -> None:
        """Lock, take ``site.snapshot`` again, edit the candidate, validate it; nothing is in force.

        A device without candidate or lock only takes the snapshot again.
        """
        ...

    def commit(self, session: S, site: Site, run: Run) -> None:
        """Put the target in force; where it can, the device reverts after ``site.timeout_s`` by itself.

        On a failure the change may be half in force: the transaction calls ``cancel`` next.
        """
        ...

    def verify(self, session: S, site: Site, run: Run) -> None:
        """Read back over this new session: Diverged unless running is the target."""
        ...

    def confirm(self, session: S, site: Site, run: Run) -> None:
        """Keep the change for good, save it, and prove by reading that it stays.

        Also over a new session, and also when it was confirmed before: then it only proves it.
        """
        ...

    def cancel(self, session: S, site: Site, run: Run) -> None:
        """Make running the snapshot again, whatever state it is in: pending, half in force, confirmed.

        Also over a new session. Proves it by reading; Diverged when it cannot.
        """
        ...

    def release(self, session: S, site: Site) -> None:
        """Let go of locks and of what is pending in the candidate; never raise."""
        ...


class SessionLost(Unreachable):
    """A session that was open gave no more answer: a new one may.

    A busy netconfd 2.13 that reads the hello and the first request in one piece never answers that session.
    """


@dataclass(frozen=True, slots=True)
class PerDevice(Generic[S]):
    """Make a Driver of a DeviceDriver: a session per device, a bounded number of them at work at once."""

    driver: DeviceDriver[S]

    @property
    def name(self) -> str:
        """The driver's name."""
        return self.driver.name

    def act(self, phase: Phase, sites: Sequence[Site], run: Run) -> Iterator[Answer]:
        """Carry a phase out, device by device."""
        if not sites:
            return
        work = getattr(self, f"_{phase}")

        def one(site: Site) -> Answer:
            try:
                work(site, run)
            except Exception as error:  # noqa: BLE001  # the boundary: a device's failure is its own answer
                return Answer(site, error)
            return Answer(site)

        workers = max(1, min(run.workers, len(sites)))
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix=f"push-{phase}") as pool:
            for future in as_completed([pool.submit(one, site) for site in sites]):
                yield future.result()

    def _read(self, site: Site, run: Run) -> None:
        self._persistently(self._take_snapshot, site, run)

    def _survey(self, site: Site, run: Run) -> None:
        self._persistently(self._compare, site, run)

    def _take_snapshot(self, session: S, site: Site, run: Run) -> None:
        site.snapshot = redacted(self.driver.read_running(session, site.job), run)

    def _compare(self, session: S, site: Site, run: Run) -> None:
        site.guarantee = self.driver.guarantee(session)
        running = self.driver.read_running(session, site.job)
        site.diff = run.vault.redact(self.driver.diff(site.job, running, run))
        site.snapshot = redacted(running, run)

    def _prepare(self, site: Site, run: Run) -> None:
        self.driver.prepare(self._session(site, run), site, run)
        site.snapshot = redacted(site.before, run)

    def _commit(self, site: Site, run: Run) -> None:
        self.driver.commit(self._session(site, run), site, run)

    def _verify(self, site: Site, run: Run) -> None:
        """Verify over a session of its own: an old one proves nothing about the way in."""
        try:
            self._verify_over_new(site, run)
        except SessionLost:
            self._verify_over_new(site, run)

    def _verify_over_new(self, site: Site, run: Run) -> None:
        fresh = self.driver.open(site.job, run)
        try:
            self.driver.verify(fresh, site, run)
        except Unreachable as error:
            raise SessionLost(error.what, where=error.where, hint=error.hint) from error
        finally:
            self.driver.close(fresh)

    def _confirm(self, site: Site, run: Run) -> None:
        self._persistently(self.driver.confirm, site, run)

    def _cancel(self, site: Site, run: Run) -> None:
        self._persistently(self.driver.cancel, site, run)

    def _release(self, site: Site, run: Run) -> None:
        session, site.session = site.session, None
        if session is not None:
            self.driver.release(session, site)
            self.driver.close(session)

    def _session(self, site: Site, run: Run) -> S:
        """Return the site's session; a transaction that goes on after a crash has to open one."""
        if site.session is None:
            site.session = self.driver.open(site.job, run)
        session: S = site.session
        return session

    def _persistently(self, work: Callable[[S, Site, Run], None], site: Site, run: Run) -> None:
        """Work over the open session and, where that one is lost, once more over a new one."""
        try:
            work(self._session(site, run), site, run)
        except Unreachable:
            session, site.session = site.session, None
            if session is None:
                raise  # it was a new one that could not be opened
            self.driver.close(session)
            work(self._session(site, run), site, run)


def redacted(running: Running, run: Run) -> Running:
    """Return a snapshot with references in the place of secrets, as it may be kept."""
    files = tuple((path, run.vault.redact(text)) for path, text in running.files)
    return replace(
        running, text=run.vault.redact(running.text), files=files, data=run.vault.redact(running.data)
    )
