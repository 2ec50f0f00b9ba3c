"""The NETCONF driver for vendors' own schemas: chosen by the hello, without trust in what a server claims."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from parkops.errors import DeviceError, Diverged, Refused, UsageError
from parkops.model import ArtifactKind, Guarantee, Running
from parkops.push import datatree
from parkops.push.contract import Site
from parkops.push.datatree import Node
from parkops.push.driver import unified
from parkops.push.job import Job, Run
from parkops.transport.ncclient_bridge import operation
from parkops.transport.netconf import NetconfSession

TREE = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One schema of a vendor: what its namespaces begin with, and what its hello announces it by."""

    name: str
    mark: str
    hello: tuple[str, ...]
    ncclient: str = "default"
    one_session: bool = False  # a second session is refused while the first is open
    rollback_file: bool = False  # saves and rolls back by file (H3C: save, rollback)
    indexed: bool = False  # shows ports by a number, and takes them by name (H3C: IfIndex, valuetype)
    fixed: tuple[str, ...] = ()  # list entries that cannot be made or removed, only changed


H3C = "http://www.h3c.com/netconf/"
VENDORS = (  # a device that speaks both of Huawei's schemas is asked in the newer one
    Vendor("huawei-yang", "urn:huawei:yang:", ("urn:huawei:yang:",), "huaweiyang", fixed=("interface",)),
    Vendor(
        "huawei-vrp",
        "http://www.huawei.com/netconf/vrp",
        ("http://www.huawei.com/netconf/",),
        "huawei",
        fixed=("interface",),
    ),
    Vendor(
        "h3c",
        H3C,
        ("urn:h3c:params:netconf:", "urn:hp:params:netconf:", H3C),
        "h3c",
        rollback_file=True,
        indexed=True,
        fixed=("Interface",),
    ),
    Vendor(
        "ruijie",
        "urn:rg:params:xml:ns:yang:",
        ("urn:rg:params:xml:ns:yang:",),
        one_session=True,
        fixed=("interface",),
    ),
)


def vendor_of(capabilities: tuple[str, ...]) -> Vendor | None:
    """Return the vendor's schema that a hello announces, None when it is no vendor's own."""
    return next((v for v in VENDORS if any(uri.startswith(v.hello) for uri in capabilities)), None)


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
        vendor = _vendor_of_text(running.text) or _vendor_of_job(job)
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
        return _worded(edit, session.vendor) or _NOTHING

    def _restore(self, session: Session, site: Site, snapshot: TREE) -> None:
        now = _read(session, site.job)
        change = _worded(datatree.edit(now, snapshot), session.vendor)
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


_NOTHING = f'<config xmlns="{datatree.BASE}"/>'


def _read(session: Session, job: Job) -> TREE:
    payload = _payload(job, session.vendor)
    running = datatree.parse(session.live().get_config("running", _filter(payload)))
    if session.vendor.indexed:
        running = _named(running, _port_names(session.live()))
    return _owned(running, payload, session.vendor)


def _port_names(netconf: NetconfSession) -> dict[str, str]:
    """Return the names of H3C's ports by their index."""
    from lxml import etree

    data = f"{H3C}data:1.0"
    port = "<Interface><IfIndex/><Name/></Interface>"
    asked = f'<top xmlns="{data}"><Ifmgr><Interfaces>{port}</Interfaces></Ifmgr></top>'
    found = etree.fromstring(netconf.get(asked))
    ports = found.iter(f"{{{data}}}Interface")
    return {p.findtext(f"{{{data}}}IfIndex", ""): p.findtext(f"{{{data}}}Name", "") for p in ports}


def _named(nodes: TREE, names: dict[str, str]) -> TREE:
    """Put names in the place of port indexes."""

    def one(node: Node) -> Node:
        if node.name == "IfIndex":
            return replace(node, text=names.get(node.text, node.text))
        keys = tuple(
            (tag, names.get(value, value) if tag.endswith("}IfIndex") else value) for tag, value in node.keys
        )
        return replace(node, children=_named(node.children, names), keys=keys)

    return tuple(map(one, nodes))


def _worded(edit: str, vendor: Vendor) -> str:
    """Say of each port index that is a name that it is one."""
    if not vendor.indexed or not edit:
        return edit
    name = f'<IfIndex xmlns:b="{H3C}base:1.0" b:valuetype="name">'
    return re.sub(r"<IfIndex>(?=\D)", name, edit)


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


def _vendor_of_text(text: str) -> Vendor | None:
    return next((vendor for vendor in VENDORS if f'xmlns="{vendor.mark}' in text), None)


def _vendor_of_job(job: Job) -> Vendor:
    for vendor in VENDORS:
        if any(vendor.mark in artifact.text for artifact in job.artifacts):
            return vendor
    raise UsageError("no payload was rendered in a vendor's schema that is known", where=job.name)


def _filter(payload: TREE) -> str:
    """Return the subtree filter of what a payload speaks of: its roots and what stands just below them."""
    parts = []
    for root in payload:
        below = "".join(f"<{name}/>" for name in dict.fromkeys(node.name for node in root.children))
        parts.append(f'<{root.name} xmlns="{root.namespace}">{below}</{root.name}>')
    return "".join(parts)


def _owned(running: TREE, payload: TREE, vendor: Vendor) -> TREE:
    """Leave out the entries that cannot be removed and that the payload does not speak of."""
    return _trimmed(running, _index(payload), vendor)


def _index(nodes: TREE) -> dict[object, Node]:
    return {(node.tag, node.keys): node for node in nodes}


def _trimmed(nodes: TREE, wanted: dict[object, Node], vendor: Vendor) -> TREE:
    kept: list[Node] = []
    for node in nodes:
        match = wanted.get((node.tag, node.keys))
        if match is None and node.name in vendor.fixed and node.keys:
            continue
        children = _trimmed(node.children, _index(match.children) if match else {}, vendor)
        if children or not node.children:
            kept.append(replace(node, children=children))
    return tuple(kept)


def _file(site: Site) -> str:
    return f"parkops-{re.sub(r'[^A-Za-z0-9-]', '-', site.token)[-24:]}.cfg"
