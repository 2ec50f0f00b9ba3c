"""The SSH driver for vendors' devices: lines in a safe order, under whatever timer the device has."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass

from parkops.errors import DeviceError, Diverged, Refused, UsageError
from parkops.model import ArtifactKind, Guarantee, Running
from parkops.push import remediation, vendor_dialects
from parkops.push.contract import Site
from parkops.push.job import Job, Run
from parkops.push.remediation import Rules
from parkops.push.vendor_dialects import Dialect, Revert, filled
from parkops.push.vendors import language, rules_of
from parkops.transport.cli import CliSession
from parkops.transport.secrets import TOKEN


@dataclass(slots=True)
class Shell:
    """An open command line with what is known of it."""

    cli: CliSession
    rules: Rules
    dialect: Dialect
    able: bool | None = None  # whether its means of reverting is there; None: not asked yet
    editing: bool = False  # in configuration, with a candidate that is not in force

    @property
    def revert(self) -> Revert | None:
        """How the device takes a change back by itself; None where it cannot."""
        return self.dialect.revert if self.able else None

    @property
    def candidate(self) -> bool:
        """Whether lines wait for a commit: always, or (VRP 8) where the prompt shows that they do."""
        return self.dialect.candidate or bool(
            self.able and self.dialect.revert and self.dialect.revert.commit
        )


@dataclass(frozen=True, slots=True)
class VendorCliDriver:
    """Make a device's running configuration what was rendered, over its command line."""

    name: str = "vendor-cli"

    def open(self, job: Job, run: Run) -> Shell:
        """Open a session."""
        dialect = vendor_dialects.dialect(language(job.device.platform, run.workspace.platform_dirs))
        cli = CliSession(job.name, job.address, run.login, dialect.talk)
        cli.open()
        return Shell(cli, _rules(job, run), dialect)

    def close(self, session: Shell) -> None:
        """Cut the session."""
        session.cli.close()

    def guarantee(self, session: Shell) -> Guarantee:
        """Tell what this device can promise: its version or configuration may lack the means."""
        return vendor_dialects.guarantee(session.dialect, _able(session))

    def read_running(self, session: Shell, job: Job) -> Running:
        """Read the running configuration; Refused when it is empty, or was cut off."""
        text = session.cli.tell(session.dialect.show)
        last = session.dialect.last
        if last and last not in (line.strip() for line in text.splitlines()[-3:]):
            raise Refused(f"{session.dialect.show!r}: the answer does not end in {last!r}", where=job.name)
        try:
            plain = remediation.canonical(text, session.rules, job.name)
        except remediation.Unreadable as error:
            raise Refused(f"{session.dialect.show!r}: {error.what}", where=job.name) from error
        return Running(job.name, self.name, plain, time.time(), data=text + "\n")

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Compare in the device's own language."""
        now = _filled(running.text, run)
        return remediation.difference(now, _target(job, now, run), _rules(job, run), job.name)

    def remediation(self, job: Job, running: Running, run: Run) -> remediation.Remediation:
        """Return the lines that a push would enter, and those that take them back."""
        now = _filled(running.text, run)
        return remediation.remediate(now, _target(job, now, run), _rules(job, run), job.name)

    def kept_account(self, job: Job, running: Running, run: Run) -> tuple[str, ...]:
        """Return what stays of the account that parkops logs in with although it was not rendered."""
        now = _filled(running.text, run)
        text = _adopted(job, now, run)
        return remediation.kept_account(text, now, _rules(job, run), run.login.user, job.name)

    def at_risk(self, job: Job, running: Running, run: Run) -> tuple[str, ...]:
        """Say what of the change may cut the management session off."""
        now, address = _filled(running.text, run), job.device.management_ipv4
        return remediation.at_risk(now, _target(job, now, run), _rules(job, run), address, job.name)

    def prepare(self, session: Shell, site: Site, run: Run) -> None:
        """Take the snapshot again; where there is a candidate, fill and validate it."""
        site.snapshot = self.read_running(session, site.job)
        planned = self.remediation(site.job, site.before, run)  # Unsafe here, before anything is touched
        if not _able(session):
            refuse_to_cut(self.at_risk(site.job, site.before, run), site.name)
        if session.candidate and planned.lines:
            _enter(session, session.dialect.enter, site)
            _lines(session, planned.lines)
            if session.dialect.validate:
                session.cli.tell(session.dialect.validate)

    def commit(self, session: Shell, site: Site, run: Run) -> None:
        """Put the lines in force, with the timer running where there is one."""
        if not session.editing:
            self._edit(session, site, self.remediation(site.job, site.before, run).lines)
            return
        revert = session.revert
        session.cli.tell(
            filled(revert.commit if revert else session.dialect.commit, site.token, site.timeout_s)
        )
        _leave(session)

    def verify(self, session: Shell, site: Site, run: Run) -> None:
        """Read back and compare."""
        now = self.read_running(session, site.job).text
        _compare(session, site.job, now, _target(site.job, now, run))

    def confirm(self, session: Shell, site: Site, run: Run) -> None:
        """Confirm, save, and prove that it stays."""
        _able(session)
        if session.revert is not None:
            _all(session, session.revert.confirm, site)
        self.verify(session, site, run)
        self._save(session)

    def cancel(self, session: Shell, site: Site, run: Run) -> None:
        """Take the change back by the device's means, else by the inverse lines; prove it by reading."""
        _able(session)
        self.release(session, site)
        if session.revert is not None:
            _all(session, session.revert.cancel, site)
        snapshot = _filled(site.before.text, run)
        try:
            self._restore(session, site, snapshot, run)
            _compare(session, site.job, self.read_running(session, site.job).text, snapshot)
        except (Refused, remediation.Unsafe) as error:
            hint = "look at the device"
            raise Diverged(f"it could not be restored: {error.what}", where=site.name, hint=hint) from error

    def _restore(self, session: Shell, site: Site, snapshot: str, run: Run) -> None:
        """Enter the inverse lines; where no safe order of them is known, let the device replace its file."""
        now = self.read_running(session, site.job).text
        try:
            lines = remediation.remediate(now, snapshot, session.rules, site.name).lines
        except remediation.Unsafe:
            if not session.dialect.replace:
                raise
            session.cli.put(_filled(site.before.data, run), filled(session.dialect.file, site.token, 0))
            session.cli.tell(filled(session.dialect.replace, site.token, 0))
        else:
            if not lines:
                return
            self._edit(session, site, lines, timer=False)
        self._save(session)

    def release(self, session: Shell, site: Site) -> None:
        """Drop a candidate that is not in force, and leave configuration."""
        if not session.editing:
            return
        with suppress(DeviceError):
            for command in session.dialect.discard:
                session.cli.ask(command)
            _leave(session)
        session.editing = False

    def _edit(self, session: Shell, site: Site, lines: tuple[str, ...], *, timer: bool = True) -> None:
        """Enter lines and put them in force at once."""
        revert = session.revert if timer else None
        _enter(session, (revert.enter if revert else "") or session.dialect.enter, site)
        try:
            _lines(session, lines)
            if session.candidate:
                session.cli.tell(revert.commit if revert and revert.commit else session.dialect.commit)
        except Refused:
            self.release(session, site)
            raise
        _leave(session)

    def _save(self, session: Shell) -> None:
        for command in session.dialect.save:
            session.cli.tell(command)


def _able(session: Shell) -> bool:
    """Tell whether the device's means of reverting is there; asked once a session."""
    if session.able is None:
        revert = session.dialect.revert
        session.able = revert is not None and _has(session, revert)
    return session.able


def _has(session: Shell, revert: Revert) -> bool:
    if revert.needs:
        lines = session.cli.tell(session.dialect.show).splitlines()
        return any(re.match(revert.needs, line) for line in lines)
    if revert.mode:
        session.cli.tell(session.dialect.enter)
        found = re.match(revert.mode, session.cli.prompt) is not None
        for command in session.dialect.leave:
            session.cli.tell(command)
        return found
    return True


def _enter(session: Shell, command: str, site: Site) -> None:
    session.cli.tell(filled(command, site.token, site.timeout_s))
    session.editing = True


def _lines(session: Shell, lines: tuple[str, ...]) -> None:
    for line in lines:
        session.cli.tell(line.lstrip())


def _leave(session: Shell) -> None:
    for command in session.dialect.leave:
        session.cli.tell(command)
    session.editing = False


def _all(session: Shell, commands: tuple[str, ...], site: Site) -> None:
    """Confirm or cancel; there may be nothing pending any more, which the reading afterwards shows."""
    for command in commands:
        with suppress(Refused):
            session.cli.tell(filled(command, site.token, site.timeout_s))


def refuse_to_cut(risks: tuple[str, ...], name: str) -> None:
    """Raise Unsafe for a change that may cut the session off where no timer would take it back."""
    if risks:
        hint = "make this change at the console, or give the device the means of a confirm timer"
        what = f"it may cut off the management itself, and the device has no timer: {'; '.join(risks)}"
        raise remediation.Unsafe(what, where=name, hint=hint)


def _rules(job: Job, run: Run) -> Rules:
    return rules_of(job.device.platform, run.workspace.platform_dirs)


def _target(job: Job, running: str, run: Run) -> str:
    """Return the text that the device is to run, with the account that parkops itself logs in with."""
    text = _adopted(job, running, run)
    return _filled(remediation.protected(text, running, _rules(job, run), run.login.user, job.name), run)


def _adopted(job: Job, running: str, run: Run) -> str:
    """Return the text that was rendered, with its secrets as far as the device shows them."""
    text = job.snapshot.text if job.snapshot is not None else _rendered(job)
    return remediation.adopted(text, running, _rules(job, run), TOKEN, job.name)


def _rendered(job: Job) -> str:
    configs = [artifact for artifact in job.artifacts if artifact.kind is ArtifactKind.CLI]
    if len(configs) != 1:
        raise UsageError(f"{len(configs)} configurations were rendered, expected one", where=job.name)
    return configs[0].text


def _filled(text: str, run: Run) -> str:
    return run.vault.fill(text, typed=True)


def _compare(session: Shell, job: Job, actual: str, expected: str) -> None:
    """Raise Diverged, with what differs, unless both say the same."""
    lines = remediation.difference(actual, expected, session.rules, job.name).splitlines()
    told = [line for line in lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    if told:
        more = f" … and {len(told) - 6} lines more" if len(told) > 6 else ""
        raise Diverged("running is not what was sent: " + " | ".join(told[:6]) + more, where=job.name)
