"""The NETCONF driver for vendors' own schemas: chosen by the hello, without trust in what a server claims."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass

from parkops.errors import DeviceError, Diverged, Refused, UsageError
from parkops.model import ArtifactKind, Guarantee, Running
from parkops.push import datatree, models
from parkops.push.contract import Site
from parkops.push.driver import unified
from parkops.push.job import Job, Run
from parkops.push.vendor_schemas import (
    TREE,
    VENDORS,
    Vendor,
    named,
    owned,
    port_names,
    subtree_filter,
    vendor_of,
    vendor_of_text,
    worded,
)
from parkops.transport.ncclient_bridge import operation
from parkops.transport.netconf import NetconfSession


@dataclass(slots=True)
class Session:
    """A NETCONF session, reopened where the device allows one at a time."""

    netconf: NetconfSession
    vendor: Vendor
    locked: bool = False

    def live(self) -> NetconfSession:
        """Return the session, opened again when it was let go."""
        if not self.netconf.alive:
            self.netconf.open()
        return self.netconf

    def let_go(self) -> None:
        """Close the session for now; its lock goes with it (RFC 6241, 7.5)."""
        self.netconf.close()
        self.locked = False

    def has(self, capability: str) -> bool:
        """Tell whether the server has a capability."""
        return self.live().has(capability)

    @property
    def confirmed(self) -> bool:
        """Whether a commit can wait for its confirmation, and the candidate that this needs is there."""
        versions = ("confirmed-commit:1.1", "confirmed-commit:1.0")
        return self.has("candidate:1.0") and any(self.has(version) for version in versions)


@dataclass(frozen=True, slots=True)
class VendorNetconfDriver:
    """Make what the payload speaks of exactly what was rendered; the rest of the device is not touched."""

    name: str = "vendor-netconf"

    def open(self, job: Job, run: Run) -> Session:
        """Open a session and choose the schema by the hello."""
        netconf = NetconfSession(job.name, job.address, run.login)
        netconf.open()
        vendor = vendor_of(netconf.capabilities)
        if vendor is None:
            netconf.close()
            raise Refused("the hello announces no vendor's schema that is known", where=job.name)
        return Session(netconf, vendor)

    def close(self, session: Session) -> None:
        """Close the session."""
        session.netconf.close()

    def guarantee(self, session: Session) -> Guarantee:
        """Tell what this device can promise."""
        has = session.has
        persist = has("confirmed-commit:1.1") and session.confirmed
        text = "best effort: direct edit of running, restored by the inverse edit"
        if session.vendor.rollback_file:
            text = "best effort: direct edit of running, rolled back to a file saved before"
        elif session.confirmed:
            text = "confirmed commit" + (", persist" if persist else ", as long as the session lives")
        return Guarantee(
            has("candidate:1.0"),
            session.confirmed and not session.vendor.rollback_file,
            persist,
            has("validate:1.1") or has("validate:1.0"),
            has("rollback-on-error:1.0") or session.vendor.rollback_file,
            f"{text} ({session.vendor.name})",
        )

    def read_running(self, session: Session, job: Job) -> Running:
        """Read what the payload speaks of; a device that shows nothing of it has an empty tree."""
        text = datatree.render(_read(session, job))
        return Running(job.name, self.name, text, time.time(), data=f"<data>{text}</data>")

    def diff(self, job: Job, running: Running, run: Run) -> str:
        """Compare canonical XML."""
        vendor = vendor_of_text(running.text) or _vendor_of_job(job)
        wanted = _target(job, vendor, run)
        return unified(run.vault.fill(running.text), datatree.render(wanted), job.name)

    def prepare(self, session: Session, site: Site, run: Run) -> None:
        """Lock, take the snapshot again, keep a file to roll back to; edit the candidate if there is one."""
        netconf = session.live()
        datastore = "candidate" if session.confirmed else "running"
        if datastore == "candidate":
            with suppress(Refused):
                netconf.discard()
        netconf.lock(datastore)
        session.locked = True
        site.snapshot = self.read_running(session, site.job)
        if session.vendor.rollback_file:
            operation(netconf, session.vendor.ncclient, "save", _file(site))
        if datastore == "candidate":
            netconf.edit_config(self._change(session, site, run), "candidate")

    def commit(self, session: Session, site: Site, run: Run) -> None:
        """Commit with a timer, or edit running; a device of one session is then let go for the proof."""
        netconf = session.live()
        if session.confirmed:
            persist = site.token if netconf.has("confirmed-commit:1.1") else ""
            netconf.commit(confirmed=True, timeout_s=site.timeout_s, persist=persist)
        else:
            netconf.edit_config(self._change(session, site, run), "running")
        self._unlock(session)
        if session.vendor.one_session:
            session.let_go()

    def verify(self, session: Session, site: Site, run: Run) -> None:
        """Read back and compare: an <ok/> proves nothing."""
        self._compare(session, site, _target(site.job, session.vendor, run))

    def confirm(self, session: Session, site: Site, run: Run) -> None:
        """Confirm, save, and prove that it stays."""
        netconf = session.live()
        if session.confirmed:
            with suppress(Refused):  # it was confirmed before: the reading shows it
                netconf.confirm(site.token if netconf.has("confirmed-commit:1.1") else "")
        self.verify(session, site, run)
        self._save(session)

    def cancel(self, session: Session, site: Site, run: Run) -> None:
        """Cancel or roll back, by the inverse edit where that is not enough; prove it by reading."""
        netconf = session.live()
        snapshot = _kept(site.before, run)
        with suppress(Refused):
            if session.vendor.rollback_file:
                operation(netconf, session.vendor.ncclient, "rollback", _file(site))
            elif session.confirmed:
                netconf.cancel_commit(site.token if netconf.has("confirmed-commit:1.1") else "")
        try:
            self._restore(session, site, snapshot)
            self._compare(session, site, snapshot)
        except Refused as error:
            hint = "look at the device"
            raise Diverged(f"it could not be restored: {error.what}", where=site.name, hint=hint) from error

    def release(self, session: Session, site: Site) -> None:
        """Let go of the lock and of what is pending."""
        if session.netconf.alive:
            with suppress(DeviceError):
                if session.has("candidate:1.0") and session.locked:
                    session.netconf.discard()
            self._unlock(session)

    def _change(self, session: Session, site: Site, run: Run) -> str:
        """Return the edit by merge and remove: `replace` is not to be trusted (Ruijie merges)."""
        before = _kept(site.before, run)
        edit = datatree.edit(before, _target(site.job, session.vendor, run))
        return worded(edit, session.vendor) or _NOTHING

    def _restore(self, session: Session, site: Site, snapshot: TREE) -> None:
        now = _read(session, site.job)
        change = worded(datatree.edit(now, snapshot), session.vendor)
        if not change:
            return
        netconf = session.live()
        if session.confirmed:
            netconf.discard()
            netconf.edit_config(change, "candidate")
            netconf.commit()
        else:
            netconf.edit_config(change, "running")
        self._save(session)

    def _save(self, session: Session) -> None:
        if session.vendor.rollback_file:
            session.live().rpc("save", "<save/>")
        else:
            session.live().save()

    def _unlock(self, session: Session) -> None:
        if session.locked:
            session.locked = False
            with suppress(DeviceError):
                session.netconf.unlock("candidate" if session.confirmed else "running")

    def _compare(self, session: Session, site: Site, expected: TREE) -> None:
        actual = _read(session, site.job)
        if actual == expected:
            return
        lines = unified(datatree.render(actual), datatree.render(expected), site.name).splitlines()
        told = [line for line in lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]
        more = f" … and {len(told) - 6} lines more" if len(told) > 6 else ""
        what = " | ".join(" ".join(line.split()) for line in told[:6]) + more
        raise Diverged(f"running is not what was sent: {what}", where=site.name)


_NOTHING = f'<config xmlns="{models.BASE}"/>'


def _read(session: Session, job: Job) -> TREE:
    payload = _payload(job, session.vendor)
    running = datatree.parse(session.live().get_config("running", subtree_filter(payload)))
    if session.vendor.indexed:
        running = named(running, port_names(session.live()))
    return owned(running, payload, session.vendor)


def _payload(job: Job, vendor: Vendor) -> TREE:
    """Return the payload in the vendor's schema (of a snapshot: what it speaks of)."""
    if job.snapshot is not None:
        return datatree.parse(job.snapshot.data)
    texts = [a.text for a in job.artifacts if a.kind is ArtifactKind.NETCONF and vendor.mark in a.text]
    if len(texts) != 1:
        what = f"{len(texts)} payloads were rendered in the schema {vendor.name}, expected one"
        raise UsageError(what, where=job.name)
    return datatree.parse(texts[0])


def _target(job: Job, vendor: Vendor, run: Run) -> TREE:
    if job.snapshot is not None:
        return datatree.parse(run.vault.fill(job.snapshot.data))
    texts = [a.text for a in job.artifacts if a.kind is ArtifactKind.NETCONF and vendor.mark in a.text]
    return datatree.parse(run.vault.fill(texts[0])) if texts else _payload(job, vendor)


def _kept(running: Running, run: Run) -> TREE:
    return datatree.parse(run.vault.fill(running.data))


def _vendor_of_job(job: Job) -> Vendor:
    for vendor in VENDORS:
        if any(vendor.mark in artifact.text for artifact in job.artifacts):
            return vendor
    raise UsageError("no payload was rendered in a vendor's schema that is known", where=job.name)


def _file(site: Site) -> str:
    return f"parkops-{re.sub(r'[^A-Za-z0-9-]', '-', site.token)[-24:]}.cfg"
