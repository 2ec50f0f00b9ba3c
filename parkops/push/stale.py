"""Give up what a dead push has left behind, by the device's name: its lock here, its sessions over there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parkops.errors import DeviceError
from parkops.model import Park, Workspace
from parkops.push.driver import reason
from parkops.push.history import managed_device
from parkops.push.journal import Journal, Note
from parkops.push.lock import Locks
from parkops.push.replay import Ending, TransactionRecord, replay
from parkops.transport.login import login
from parkops.transport.netconf import BASE, NetconfSession

DATASTORES = ("running", "candidate")


def break_locks(park: Park | None, workspace: Workspace, devices: Sequence[str]) -> tuple[str, ...]:
    """Give up dead pushes' locks of devices, and return what was done about each.

    A transaction that holds no more locks is given up. Where a session of a push that was cut off still
    holds a lock on the device, as after the loss of a machine, it is ended; never anybody else's.
    ``park``: None when its devices are not to be asked. UsageError when nothing of ours is there, or its
    push runs.
    """
    locks = Locks(workspace.state)
    with Journal(locks.database) as journal:
        return tuple(_break(park, workspace, journal, name) for name in devices)


def _break(park: Park | None, workspace: Workspace, journal: Journal, name: str) -> str:
    locks = Locks(workspace.state)
    left = sessions_left(replay(journal.entries()), name) if park is not None else {}
    said: list[str] = []
    if not left or any(held.device == name for held in locks.held()):
        _give_up(journal, locks, name)
        said.append("its lock is given up")
    if park is not None and left:
        said += _end_sessions(park, workspace, journal, name, left)
    return f"{name}: {', '.join(said) or 'none of our sessions holds a lock on it'}"


def _give_up(journal: Journal, locks: Locks, name: str) -> None:
    held = locks.break_(name)
    journal.write(Note(held.tx, name, "lock-broken", f"held since {held.since_s:.0f} by {held.who}"))
    if not locks.held(held.tx):
        data = {"ending": str(Ending.GIVEN_UP)}
        journal.write(Note(held.tx, "", "end", "its last lock was broken", data))


def sessions_left(records: Iterable[TransactionRecord], name: str) -> dict[str, str]:
    """Return the sessions in which transactions that were cut off have locked a device, with these.

    What was not cut off has let its sessions go: a number that comes again belongs to somebody else.
    """
    return {
        session: record.id
        for record in records
        if record.cut_off and name in record.devices
        for session in record.devices[name].sessions
    }


def _end_sessions(
    park: Park, workspace: Workspace, journal: Journal, name: str, left: dict[str, str]
) -> list[str]:
    address = managed_device(park, name).management_address
    said: list[str] = []
    try:
        with NetconfSession(name, address, login(park.access, workspace)) as netconf:
            for datastore in DATASTORES:
                session = _holder(netconf, datastore)
                if session in left:
                    detail = f"session {session} of {left[session]}, which holds {datastore}"
                    journal.write(Note(left[session], name, "kill-session", detail))
                    netconf.kill_session(session)
                    said.append(f"{detail}, is ended")
    except DeviceError as error:
        said.append(f"it could not be asked for our sessions: {reason(error)}")
    return said


def _holder(netconf: NetconfSession, datastore: str) -> str:
    """Return the session that keeps us from locking a datastore, "" for none (RFC 6241, 7.5)."""
    from lxml import etree

    body = f"<lock><target><{datastore}/></target></lock>"
    reply = etree.fromstring(
        netconf.send_raw(f'<rpc xmlns="{BASE}" message-id="{datastore}">{body}</rpc>'),
        etree.XMLParser(resolve_entities=False, no_network=True),
    )
    if reply.find("{*}ok") is not None:
        netconf.unlock(datastore)
    return reply.findtext(".//{*}error-info/{*}session-id", "").strip()
