"""The SSH driver for FRR: commands line by line under a revert timer on the router, read back, then saved."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from parkops.errors import Refused, UsageError
from parkops.model import ArtifactKind, Guarantee, Running
from parkops.push import frr, frr_guard
from parkops.push.contract import Site
from parkops.push.driver import compare, unified
from parkops.push.frr import Block
from parkops.push.job import Job, Run
from parkops.transport.ssh import SshSession

SHOW = "show running-config"
TIMED = Guarantee(
    confirmed_commit=True, persist=True, rollback=True, text="timer on the router goes back unless confirmed"
)
BARE = Guarantee(text="best effort: line by line, restored from the snapshot over a session")


@dataclass(slots=True)
class Session:
    """An open session; ``timed``: whether the router can run the revert timer, None before it is asked."""

    cli: SshSession
    timed: bool | None = None


@dataclass(frozen=True, slots=True)
class SshDriver:
    """Make an FRR router's running configuration what is wanted."""

    name: str = "ssh"

    def open(self, job: Job, run: Run) -> Session:
        """Open a session; the login shell is vtysh."""
        session = SshSession(job.name, job.address, run.login)
        session.open()
        return Session(session)

    def close(self, session: Session) -> None:
        """Close a session."""
        session.cli.close()

    def guarantee(self, session: Session) -> Guarantee:
        """Tell what the router can promise: FRR 8 has neither candidate nor commit, a timer has to do."""
        return TIMED if _timed(session) else BARE

    def read_running(self, session: Session, job: Job) -> Running:
        """Read the running configuration; Refused when the router says nothing."""
        text = session.cli.ask(SHOW)
        if "Current configuration" not in text:
            raise Refused(f"{SHOW}: no configuration in the answer", where=job.name)
        return Running(job.name, self.name, frr.render(frr.parse(text)), time.time(), data=text)

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Compare canonical configurations."""
        return unified(running.text, frr.render(_intended(job, run)), job.name)

    def prepare(self, session: Session, site: Site, run: Run) -> None:
        """Take the snapshot; a change that waits for another push's confirmation keeps this one out."""
        if _timed(session):
            waiting = _guard(session, "status", site)["waiting"]
            if waiting and waiting != site.token:
                raise Refused("another push waits for its confirmation", where=site.name)
            if not _guard(session, "saved", site)["room"]:
                raise _full(site)
        site.snapshot = self.read_running(session, site.job)

    def commit(self, session: Session, site: Site, run: Run) -> None:
        """Arm the timer, then enter the commands; Refused with the first that FRR does not take."""
        snapshot = frr.parse(run.vault.fill(site.before.data))
        if _timed(session):
            self._arm(session, site, run)
        commands = frr.remediate(snapshot, _intended(site.job, run))
        site.steps.take("configure", f"{len(commands)} commands")
        _configure(session.cli, site.job, commands)

    def verify(self, session: Session, site: Site, run: Run) -> None:
        """Compare what is shown with the target."""
        _compare(session, site, _intended(site.job, run))

    def confirm(self, session: Session, site: Site, run: Run) -> None:
        """Stop the timer, see that the change stays, save it."""
        if _timed(session):
            _guard(session, "disarm", site)  # if it has run out, or was stopped before, the comparison tells
        intended = _intended(site.job, run)
        _compare(session, site, intended)
        _save(session, site, intended)

    def cancel(self, session: Session, site: Site, run: Run) -> None:
        """Stop the timer and enter what leads back; save it, as the new one may have been saved."""
        if _timed(session):
            _guard(session, "disarm", site)
        snapshot = frr.parse(run.vault.fill(site.before.data))
        if session.cli.mode:
            session.cli.ask("end")
        commands = frr.remediate(_read(session), snapshot)
        if commands:
            site.steps.note("restore", f"{len(commands)} commands")
            _configure(session.cli, site.job, commands)
        _compare(session, site, snapshot)
        _save(session, site, snapshot)

    def release(self, session: Session, site: Site) -> None:
        """Hold nothing: a router has no lock, and its timer goes on until it is confirmed."""

    def _arm(self, session: Session, site: Site, run: Run) -> None:
        snapshot = run.vault.fill(site.before.data)
        answer = _guard(session, "arm", site, site.timeout_s, snapshot)
        if answer.get("busy"):
            raise Refused("another push waits for its confirmation", where=site.name)
        if not answer.get("armed"):
            raise Refused("the revert timer could not be armed; nothing was changed", where=site.name)


def _timed(session: Session) -> bool:
    """Tell whether the login may run programs on the router, asked once a session."""
    if session.timed is None:
        code, output = session.cli.run(frr_guard.PROGRAM, "print('runs ' + 'programs')")
        session.timed = code == 0 and "runs programs" in output
    return session.timed


def _guard(
    session: Session, action: str, site: Site, timeout_s: float = 0.0, snapshot: str = ""
) -> dict[str, object]:
    code, output = session.cli.run(frr_guard.PROGRAM, frr_guard.call(action, site.token, timeout_s, snapshot))
    try:
        answer = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        said = " ".join(output.split())[-200:] or f"exit code {code}"
        raise Refused(f"revert timer, {action}: {said}", where=site.name) from error
    return dict(answer)


def _configure(cli: SshSession, job: Job, commands: tuple[str, ...]) -> None:
    """Enter commands in configuration mode; Refused with the first line that FRR does not take."""
    _ask(cli, job, "configure terminal")
    try:
        for command in commands:
            _ask(cli, job, command)
    finally:
        if cli.mode:
            cli.ask("end")


def _ask(cli: SshSession, job: Job, command: str) -> str:
    answer = cli.ask(command)
    for line in answer.splitlines():
        if line.startswith("%"):
            raise Refused(f"{command.strip()!r}: {line}", where=job.name)
    return answer


def _save(session: Session, site: Site, expected: Block) -> None:
    """Save, and see that it was: a router that restarts must come up with what is expected.

    What is saved already is not written once more, as vtysh spoils the file when the disk is full.
    """
    wanted = frr.render(expected)
    if _timed(session):
        before = _guard(session, "saved", site)
        if _canonical(before) == wanted:
            return
        if not before["room"]:
            raise _full(site)
    answer = _ask(session.cli, site.job, "write memory")
    if "[OK]" not in answer:
        raise Refused(f"write memory: {' '.join(answer.split())}", where=site.name)
    saved = _canonical(_guard(session, "saved", site)) if _timed(session) else None
    if saved not in (None, wanted):
        raise Refused("write memory said OK, and did not save all of it", where=site.name)


def _canonical(answer: dict[str, object]) -> str | None:
    """Return what the router would start with; None where its login cannot read it."""
    return None if answer["text"] is None else frr.render(frr.parse(str(answer["text"])))


def _full(site: Site) -> Refused:
    return Refused("its disk is full: the change could not be saved", where=site.name)


def _read(session: Session) -> Block:
    return frr.parse(session.cli.ask(SHOW))


def _intended(job: Job, run: Run) -> Block:
    """Return the target, with its secrets."""
    if job.snapshot is not None:
        return frr.parse(run.vault.fill(job.snapshot.data, typed=True))
    configs = [a for a in job.artifacts if a.kind is ArtifactKind.CLI and a.language == "frr"]
    if len(configs) != 1:
        raise UsageError(f"{len(configs)} FRR configurations were rendered, expected one", where=job.name)
    return frr.parse(run.vault.fill(configs[0].text, typed=True))


def _compare(session: Session, site: Site, expected: Block) -> None:
    """Raise Diverged unless running prints like what is expected."""
    compare(frr.render(_read(session)), frr.render(expected), site.name)
