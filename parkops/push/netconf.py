"""The NETCONF driver: candidate, confirmed commit, read back over a new session, confirm (RFC 6241)."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Self

from parkops.errors import DeviceError, Diverged, Refused, Unreachable, UsageError
from parkops.model import ArtifactKind, Guarantee, Running
from parkops.push import datatree
from parkops.push.datatree import Node
from parkops.push.driver import unified
from parkops.push.job import Job, Run, Steps
from parkops.transport.netconf import NetconfSession

# The subtrees that parkops owns on a switch: what stands there and was not rendered is removed.
MANAGED = frozenset({f"{{{datatree.BRIDGE}}}bridges", f"{{{datatree.IF}}}interfaces"})
FILTER = f'<bridges xmlns="{datatree.BRIDGE}"/><interfaces xmlns="{datatree.IF}"/>'
TREE = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NetconfDriver:
    """Make the managed subtrees of running exactly what was rendered."""

    name: str = "netconf"

    def open(self, job: Job, run: Run) -> AbstractContextManager[NetconfSession]:
        """Open a session."""
        return NetconfSession(job.name, job.address, run.login)

    def guarantee(self, session: NetconfSession) -> Guarantee:
        """Tell from the server's hello what it can promise."""
        persist = session.has("confirmed-commit:1.1")
        confirmed = persist or session.has("confirmed-commit:1.0")
        candidate = session.has("candidate:1.0")
        validate = session.has("validate:1.1") or session.has("validate:1.0")
        rollback = session.has("rollback-on-error:1.0")
        text = "direct edit of running, restored by the inverse edit"
        if candidate:
            text = "candidate, commit, restored by the inverse edit"
        if candidate and confirmed:
            text = "candidate, confirmed commit, reverts on its own" + (" (persist)" if persist else "")
        return Guarantee(candidate, confirmed, persist, validate, rollback, text)

    def read_running(self, session: NetconfSession, job: Job) -> Running:
        """Read the managed subtrees of running."""
        text = datatree.render(_read(session))
        return Running(job.name, self.name, text, time.time(), capabilities=session.capabilities)

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Compare canonical XML."""
        return unified(running.text, datatree.render(_intended(job, run)), job.name)

    def apply(self, session: NetconfSession, job: Job, running: Running, run: Run, steps: Steps) -> None:
        """Edit under locks; a change that cannot be proven is taken back before they are let go."""
        intended = _intended(job, run)
        target = "candidate" if session.has("candidate:1.0") else "running"
        steps.take("lock", target)
        with _Locks(session, target) as locks:
            snapshot = _read(session)  # under the lock: nobody else changes it from here on
            change = datatree.edit(snapshot, intended)
            if not change:
                return
            steps.take("edit", f"{len(change)} bytes to {target}")
            session.edit_config(change, target)
            transaction = _Transaction(session, job, run, steps, locks, snapshot, intended)
            guarantee = self.guarantee(session)
            if guarantee.candidate and guarantee.confirmed_commit:
                transaction.commit_confirmed()
            else:
                transaction.commit_plainly(target)
            steps.note("save")
            session.save()


@dataclass(frozen=True, slots=True)
class _Transaction:
    """One edit that is committed and proven, or taken back."""

    session: NetconfSession
    job: Job
    run: Run
    steps: Steps
    locks: _Locks
    snapshot: TREE
    intended: TREE

    @property
    def token(self) -> str:
        """The persist token: the transaction of this run on this device; "" where the server has none."""
        persist = self.session.has("confirmed-commit:1.1")
        return f"parkops-{self.run.transaction}-{self.job.name}" if persist else ""

    def commit_confirmed(self) -> None:
        """Commit, prove over a new session that the device is managed and runs what was sent, confirm.

        The device takes the commit back by itself unless it is confirmed in time.
        """
        timeout_s = self.run.confirm_timeout_s
        token = self.token
        self.steps.take("commit", f"confirmed, reverts after {timeout_s} s")
        try:
            self.session.commit(confirmed=True, timeout_s=timeout_s, persist=token)
            # From here the pending commit keeps others out (RFC 6241, 7.5); a lock of ours would keep
            # netconfd 2.13 from taking it back in time: "restore running config failed (config locked)".
            self.locks.release()
            self.steps.take("check", "read back over a new session")
            with NetconfSession(self.job.name, self.job.address, self.run.login) as fresh:
                _compare(self.job, _read(fresh), self.intended)
            self.steps.take("confirm")
            self.session.confirm(token)
            _compare(self.job, _read(self.session), self.intended)  # an <ok/> proves nothing
        except BaseException as error:
            if self._taken_back(error, token):
                raise

    def commit_plainly(self, target: str) -> None:
        """Commit without a net, read back, and restore the snapshot by the inverse edit on a difference."""
        try:
            if target == "candidate":
                self.steps.take("commit", "not confirmed: this server cannot")
                self.session.commit()
            self.steps.take("check", "read back")
            _compare(self.job, _read(self.session), self.intended)
        except BaseException as error:
            self.steps.note("restore", str(error))
            _restore(self.session, self.snapshot, self.job, error)
            raise

    def _taken_back(self, error: BaseException, token: str) -> bool:
        """Cancel the commit and see that it is gone; False when it turns out to be confirmed and in force."""
        confirming = self.steps.taken[-1].name == "confirm"
        self.steps.note("cancel", str(error))
        try:
            self._cancel(self.session, token)
            return self._judge(self.session, error, confirming)
        except Unreachable:
            pass  # locks and, without persist, the commit went with the session: ask over a new one
        try:
            with NetconfSession(self.job.name, self.job.address, self.run.login) as fresh:
                self._cancel(fresh, token)
                return self._judge(fresh, error, confirming)
        except Unreachable as lost:
            what = f"{error}; and then {lost.what}: the device reverts on its own"
            raise Unreachable(
                what, where=lost.where, hint=f"within {self.run.confirm_timeout_s} s"
            ) from error

    def _cancel(self, session: NetconfSession, token: str) -> None:
        with suppress(Refused):  # there is nothing to cancel
            session.cancel_commit(token)

    def _judge(self, session: NetconfSession, error: BaseException, confirming: bool) -> bool:
        now = _read(session)
        if confirming and isinstance(error, Unreachable) and now == self.intended:
            return False  # only the answer to the confirm was lost
        if now != self.snapshot:
            _restore(session, self.snapshot, self.job, error)
        self.steps.note("restored")
        return True


def _restore(session: NetconfSession, snapshot: TREE, job: Job, cause: BaseException) -> None:
    """Edit running back to the snapshot; Diverged when even that cannot be proven."""
    try:
        change = datatree.edit(_read(session), snapshot)
        if change and session.has("candidate:1.0"):
            session.discard()
            session.edit_config(change)
            session.commit()
        elif change:
            session.edit_config(change, "running")
        _compare(job, _read(session), snapshot)
    except DeviceError as error:
        what = f"{cause}; and it could not be restored: {error.what}"
        raise Diverged(what, where=job.name, hint="push again, or look at the device") from cause


@dataclass(slots=True)
class _Locks:
    """The locks of one edit; leaving lets go of them and of a pending edit, whatever happened."""

    session: NetconfSession
    target: str
    held: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Lock running and the target, and start from an empty candidate."""
        try:
            for datastore in dict.fromkeys(("running", self.target)):
                self._lock(datastore)
                self.held.append(datastore)
            if self.target == "candidate":
                self.session.discard()
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what is pending and unlock; a lost session has let go of all of it (RFC 6241, 7.5)."""
        if self.target == "candidate":
            with suppress(DeviceError):
                self.session.discard()
        self.release()

    def release(self, *datastores: str) -> None:
        """Unlock datastores, all that are held when none is named."""
        for datastore in reversed(list(self.held)):
            if not datastores or datastore in datastores:
                self.held.remove(datastore)
                with suppress(DeviceError):
                    self.session.unlock(datastore)

    def _lock(self, datastore: str) -> None:
        """Lock; edits that somebody left in the candidate are dropped, as they forbid its lock."""
        try:
            self.session.lock(datastore)
        except Refused:
            if datastore != "candidate":
                raise
            self.session.discard()
            self.session.lock(datastore)


def _intended(job: Job, run: Run) -> TREE:
    """Return the data nodes of the rendered payload, with its secrets."""
    payloads = [artifact for artifact in job.artifacts if artifact.kind is ArtifactKind.NETCONF]
    if len(payloads) != 1:
        raise UsageError(f"{len(payloads)} NETCONF payloads were rendered, expected one", where=job.name)
    try:
        return datatree.parse(run.vault.fill(payloads[0].text), MANAGED)
    except ValueError as error:
        raise UsageError(str(error), where=payloads[0].path) from error


def _read(session: NetconfSession) -> TREE:
    return datatree.parse(session.get_config("running", FILTER), MANAGED)


def _compare(job: Job, actual: TREE, expected: TREE) -> None:
    """Raise Diverged, with what differs, unless both trees are equal."""
    if actual == expected:
        return
    lines = unified(datatree.render(actual), datatree.render(expected), job.name).splitlines()
    told = [line for line in lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    more = f" … and {len(told) - 6} lines more" if len(told) > 6 else ""
    what = "running is not what was sent: " + " | ".join(" ".join(line.split()) for line in told[:6]) + more
    raise Diverged(what, where=job.name)
