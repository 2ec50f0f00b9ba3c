"""Finds the push that may have mended a device: it touched it, and ended shortly before it was well."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from parkops.errors import ParkopsError, UsageError
from parkops.model import Workspace

if TYPE_CHECKING:
    from parkops.push.replay import TransactionRecord

SHORTLY_S = 900.0
LATE_S = 5.0  # what a push has changed may be seen before its last step is journalled


def change_of(workspace: Workspace) -> Callable[[str, float, float], str]:
    """Return what tells the push that ended between an event's begin and its end, "" for none."""

    def find(device: str, since_s: float, until_s: float) -> str:
        earliest_s = max(since_s, until_s - SHORTLY_S)
        try:
            for record in _records(workspace)[::-1]:
                ended_s = record.ended_s
                if ended_s is None or not earliest_s <= ended_s <= until_s + LATE_S:
                    continue
                if record.ending == "committed" and device in {item.name for item in record.changed}:
                    return record.id
        except ParkopsError:
            return ""  # a journal that cannot be read mends nothing, and must not stop the monitor
        return ""

    return find


def known(workspace: Workspace, push: str) -> str:
    """Return a push's id in full; UsageError when the journal has no such push, or several."""
    found = [record.id for record in _records(workspace) if record.id.startswith(push)]
    if len(found) != 1:
        what = f"{len(found)} pushes begin with {push!r}" if found else f"there is no push {push!r}"
        raise UsageError(what, hint="`parkops journal list` lists them")
    return found[0]


def _records(workspace: Workspace) -> tuple[TransactionRecord, ...]:
    from parkops.push.journal import Journal
    from parkops.push.lock import Locks
    from parkops.push.replay import replay

    path = Locks(workspace.state).database
    if not path.exists():
        return ()
    with Journal(path) as opened:
        return replay(opened.entries())
