"""The SSH driver for FRR: commands line by line, read back, saved when they hold, taken back when not."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

from parkops.errors import DeviceError, Diverged, Refused, Unreachable, UsageError
from parkops.model import ArtifactKind, Guarantee, Running
from parkops.push import frr
from parkops.push.driver import unified
from parkops.push.frr import Block
from parkops.push.job import Job, Run, Steps
from parkops.transport.ssh import SshSession

SHOW = "show running-config"
GUARANTEE = Guarantee(text="line by line, read back, restored from the snapshot; saved only when it holds")


@dataclass(frozen=True, slots=True)
class SshDriver:
    """Make an FRR router's running configuration what was rendered."""

    name: str = "ssh"

    def open(self, job: Job, run: Run) -> AbstractContextManager[SshSession]:
        """Open a session; the login shell is vtysh."""
        return SshSession(job.name, job.address, run.login)

    def guarantee(self, session: SshSession) -> Guarantee:
        """Tell what FRR 8 can promise: it has neither a candidate nor a commit."""
        return GUARANTEE

    def read_running(self, session: SshSession, job: Job) -> Running:
        """Read the running configuration."""
        return Running(job.name, self.name, frr.render(_read(session)), time.time())

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Compare canonical configurations."""
        return unified(running.text, frr.render(_intended(job, run)), job.name)

    def apply(self, session: SshSession, job: Job, running: Running, run: Run, steps: Steps) -> None:
        """Enter the commands; on a refusal, a difference or a lost session go back to the snapshot."""
        intended, snapshot = _intended(job, run), frr.parse(running.text)
        commands = frr.remediate(snapshot, intended)
        steps.take("configure", f"{len(commands)} commands", record="\n".join(commands))
        try:
            _configure(session, job, commands)
            steps.take("check", "read back")
            _compare(job, _read(session), intended)
        except BaseException as error:
            steps.note("restore", str(error))
            _restore(session, job, run, snapshot, error)
            steps.note("restored")
            raise
        steps.note("save", "write memory")
        _save(session, job)


def _configure(session: SshSession, job: Job, commands: tuple[str, ...]) -> None:
    """Enter commands in configuration mode; Refused with the first line that FRR does not take."""
    _ask(session, job, "configure terminal")
    try:
        for command in commands:
            _ask(session, job, command)
    finally:
        if session.mode:
            session.ask("end")


def _ask(session: SshSession, job: Job, command: str) -> str:
    answer = session.ask(command)
    for line in answer.splitlines():
        if line.startswith("%"):
            raise Refused(f"{command.strip()!r}: {line}", where=job.name)
    return answer


def _restore(session: SshSession, job: Job, run: Run, snapshot: Block, cause: BaseException) -> None:
    """Go back to the snapshot, over a new session when the old one is lost; Diverged when it fails."""
    try:
        try:
            _reverse(session, job, snapshot)
        except Unreachable:
            with SshSession(job.name, job.address, run.login) as fresh:
                _reverse(fresh, job, snapshot)
    except Unreachable as error:
        what = f"{cause}; and then {error.what}: what was entered so far is in force, but not saved"
        raise Unreachable(what, where=error.where, hint="push again when it answers") from cause
    except DeviceError as error:
        what = f"{cause}; and it could not be restored: {error.what}"
        raise Diverged(what, where=job.name, hint="push again, or look at the device") from cause


def _reverse(session: SshSession, job: Job, snapshot: Block) -> None:
    if session.mode:
        session.ask("end")
    commands = frr.remediate(_read(session), snapshot)
    if commands:
        _configure(session, job, commands)
    _compare(job, _read(session), snapshot)


def _save(session: SshSession, job: Job) -> None:
    answer = _ask(session, job, "write memory")
    if "[OK]" not in answer:
        raise Refused(f"write memory: {' '.join(answer.split())}", where=job.name)


def _read(session: SshSession) -> Block:
    return frr.parse(session.ask(SHOW))


def _intended(job: Job, run: Run) -> Block:
    """Return the rendered configuration, with its secrets."""
    configs = [a for a in job.artifacts if a.kind is ArtifactKind.CLI and a.language == "frr"]
    if len(configs) != 1:
        raise UsageError(f"{len(configs)} FRR configurations were rendered, expected one", where=job.name)
    return frr.parse(run.vault.fill(configs[0].text))


def _compare(job: Job, actual: Block, expected: Block) -> None:
    """Raise Diverged, with what differs, unless both print alike."""
    lines = unified(frr.render(actual), frr.render(expected), job.name).splitlines()
    told = [line for line in lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    if told:
        more = f" … and {len(told) - 6} lines more" if len(told) > 6 else ""
        raise Diverged("running is not what was sent: " + " | ".join(told[:6]) + more, where=job.name)
