"""The NETCONF driver: candidate, confirmed commit with a token, cancel, inverse edit (RFC 6241)."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field

from parkops.errors import DeviceError, Diverged, Refused, UsageError
from parkops.model import Artifact, ArtifactKind, Guarantee, Running
from parkops.push import datatree
from parkops.push.contract import Site
from parkops.push.datatree import Node
from parkops.push.driver import compare, unified
from parkops.push.job import Job, Run
from parkops.push.scope import Scope, with_login
from parkops.transport.netconf import NetconfSession

TREE = tuple[Node, ...]


@dataclass(slots=True)
class Session:
    """An open session with the datastores that it has locked, last one last."""

    netconf: NetconfSession
    locked: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NetconfDriver:
    """Make the managed subtrees of running exactly what is wanted."""

    name: str = "netconf"

    def open(self, job: Job, run: Run) -> Session:
        """Open a session."""
        session = NetconfSession(job.name, job.address, run.login)
        session.open()
        return Session(session)

    def close(self, session: Session) -> None:
        """Close a session."""
        session.netconf.close()

    def guarantee(self, session: Session) -> Guarantee:
        """Tell from the server's hello what it can promise."""
        has = session.netconf.has
        persist = has("confirmed-commit:1.1")
        confirmed = persist or has("confirmed-commit:1.0")
        candidate = has("candidate:1.0")
        validate = has("validate:1.1") or has("validate:1.0")
        text = "best effort: direct edit of running, restored by the inverse edit"
        if candidate:
            text = "best effort: candidate, commit, restored by the inverse edit"
        if candidate and confirmed:
            text = "confirmed commit" + (", persist" if persist else ", as long as the session lives")
        return Guarantee(candidate, confirmed, persist, validate, has("rollback-on-error:1.0"), text)

    def read_running(self, session: Session, job: Job) -> Running:
        """Read the managed subtrees of running."""
        scope = _scope(job, session)
        document = session.netconf.get_config("running", scope.filter_xml).decode()
        text = datatree.render(datatree.parse(document))
        capabilities = session.netconf.capabilities
        data = scope.marked(document)
        return Running(job.name, self.name, text, time.time(), capabilities=capabilities, data=data)

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Compare canonical XML; the account of the login is no difference."""
        wanted = with_login(_intended(job, run), datatree.parse(running.data), run.login.user)
        return unified(running.text, datatree.render(wanted), job.name)

    def prepare(self, session: Session, site: Site, run: Run) -> None:
        """Lock running and the candidate, take the snapshot, edit; drop what somebody left in the candidate.

        An edit that the server refuses is found here: it is tested as it is set (RFC 6241, 7.2).
        """
        candidate = self.guarantee(session).candidate
        _announce(session, site, run)
        for datastore in ("running", "candidate") if candidate else ("running",):
            _lock(session, datastore)
        if candidate:
            session.netconf.discard()
        site.snapshot = self.read_running(session, site.job)
        before = datatree.parse(site.snapshot.data)
        change = datatree.edit(before, with_login(_intended(site.job, run), before, run.login.user))
        if change and candidate:
            site.steps.take("edit", f"{len(change)} bytes to the candidate")
            session.netconf.edit_config(change)

    def commit(self, session: Session, site: Site, run: Run) -> None:
        """Commit confirmed where the server can; a pending commit then keeps others out (RFC 6241, 7.5)."""
        guarantee = self.guarantee(session)
        if not guarantee.candidate:
            before = _read(session, _scope(site.job, session))
            change = datatree.edit(before, with_login(_intended(site.job, run), before, run.login.user))
            session.netconf.edit_config(change, "running")
        elif guarantee.confirmed_commit:
            session.netconf.commit(True, site.timeout_s, site.token if guarantee.persist else "")
            # A lock of ours would keep netconfd 2.13 from taking the commit back in time: "restore running
            # config failed (config locked)".
            _unlock(session)
        else:
            session.netconf.commit()

    def verify(self, session: Session, site: Site, run: Run) -> None:
        """Compare running with the target: an <ok/> proves nothing."""
        _compare(session, site, _scope(site.job, session), _intended(site.job, run), run)

    def confirm(self, session: Session, site: Site, run: Run) -> None:
        """Confirm by the token, and see that the change stays.

        A server that refuses has nothing pending (it was confirmed before, or taken back), or something
        forbids it: a cancel then tells which, as it takes back what is still pending.
        """
        guarantee = self.guarantee(session)
        if guarantee.candidate and guarantee.confirmed_commit:
            token = site.token if guarantee.persist else ""
            try:
                session.netconf.confirm(token)
            except Refused:
                with suppress(Refused):
                    session.netconf.cancel_commit(token)
        _compare(session, site, _scope(site.job, session), _intended(site.job, run), run)
        session.netconf.save()

    def cancel(self, session: Session, site: Site, run: Run) -> None:
        """Cancel what is pending, and edit back what is in force for good."""
        guarantee = self.guarantee(session)
        if guarantee.confirmed_commit:
            with suppress(Refused):  # nothing is pending
                session.netconf.cancel_commit(site.token if guarantee.persist else "")
        snapshot, scope = _kept(site.before, run), Scope.of(site.before.data)
        running = _read(session, scope)
        if running != snapshot:
            self._restore(session, site, datatree.edit(running, snapshot), candidate=guarantee.candidate)
        _compare(session, site, scope, snapshot, run)

    def release(self, session: Session, site: Site) -> None:
        """Drop a pending edit and unlock; a lost session has let go of all of it (RFC 6241, 7.5)."""
        if "candidate" in session.locked:
            with suppress(DeviceError):
                session.netconf.discard()
        _unlock(session)

    def _restore(self, session: Session, site: Site, change: str, *, candidate: bool) -> None:
        site.steps.note("restore", "by the inverse edit")
        if candidate:
            session.netconf.discard()
        session.netconf.edit_config(change, "candidate" if candidate else "running")
        if candidate:
            session.netconf.commit()
        session.netconf.save()


def _announce(session: Session, site: Site, run: Run) -> None:
    """Journal the session before it locks: if this machine is lost, it is known to be ours."""
    number = session.netconf.session_id
    site.steps.note("lock", f"in session {number}", data={"session": number})
    if run.journal is not None:
        run.journal.write()


def _lock(session: Session, datastore: str) -> None:
    """Lock; edits that somebody left in the candidate are dropped, as they forbid its lock."""
    if datastore in session.locked:
        return
    try:
        session.netconf.lock(datastore)
    except Refused:
        if datastore != "candidate":
            raise
        session.netconf.discard()
        session.netconf.lock(datastore)
    session.locked.append(datastore)


def _unlock(session: Session) -> None:
    while session.locked:
        with suppress(DeviceError):
            session.netconf.unlock(session.locked.pop())


def _payloads(job: Job) -> list[Artifact]:
    return [artifact for artifact in job.artifacts if artifact.kind is ArtifactKind.NETCONF]


def _scope(job: Job, session: Session) -> Scope:
    """Return the subtrees that a job is about; a snapshot has them all, empty where there was nothing."""
    if job.snapshot is not None:
        return Scope.of(job.snapshot.data)
    documents = (item.text for item in _payloads(job))
    return Scope.of(*documents, capabilities=session.netconf.capabilities)


def _intended(job: Job, run: Run) -> TREE:
    """Return the data nodes of the target, with its secrets."""
    if job.snapshot is not None:
        return _kept(job.snapshot, run)
    payloads = _payloads(job)
    if len(payloads) != 1:
        raise UsageError(f"{len(payloads)} NETCONF payloads were rendered, expected one", where=job.name)
    try:
        return datatree.parse(run.vault.fill(payloads[0].text))
    except ValueError as error:
        raise UsageError(str(error), where=payloads[0].path) from error


def _kept(running: Running, run: Run) -> TREE:
    """Return the data nodes of a snapshot, with its secrets."""
    return datatree.parse(run.vault.fill(running.data))


def _read(session: Session, scope: Scope) -> TREE:
    return datatree.parse(session.netconf.get_config("running", scope.filter_xml))


def _compare(session: Session, site: Site, scope: Scope, expected: TREE, run: Run) -> None:
    """Raise Diverged unless running is the expected tree."""
    actual = _read(session, scope)
    expected = with_login(expected, actual, run.login.user)
    if actual != expected:
        compare(datatree.render(actual), datatree.render(expected), site.name)
        raise Diverged("running differs in what is not printed", where=site.name)
