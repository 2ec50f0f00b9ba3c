"""The node's own safety net: a change that is not confirmed in time is taken back."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ansible.module_utils import parkops_node as node
from ansible.module_utils.parkops_shell import Failure

PENDING = node.STATE / "pending.json"
CLAIMED = node.STATE / "claimed.json"
REVERTING = node.STATE / "reverting.json"  # the watch is taking the change back
REVERTED_S = 90.0


def pending():
    """Return the change that waits for its confirmation, None when there is none."""
    try:
        return json.loads(PENDING.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def refuse_if_pending():
    """Raise Failure while the watch of another push is alive; a dead one's mark is cleared."""
    change = pending()
    if change is None:
        return
    if lives(change):
        left_s = change["until_s"] - time.monotonic()
        raise Failure(f"another push waits for its confirmation, for {left_s:.0f} s at most")
    PENDING.unlink(missing_ok=True)


def lives(change):
    """Tell whether the process that left a mark lives; after a restart another may have its number."""
    return change.get("born", "") == born(change["pid"]) != ""


def born(pid):
    """Return when a process began, in ticks since the start of the machine (proc(5)); "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def claim(mark=CLAIMED):
    """Take the pending change: True for exactly one of the confirming side and the watch.

    Renaming needs no room: it works on a disk that is full.
    """
    try:
        PENDING.rename(mark)
    except FileNotFoundError:
        return False
    CLAIMED.unlink(missing_ok=True)
    return True


def take_back(spec, backup):
    """End the watch and put everything back; return what could not be."""
    claim()
    REVERTING.unlink(missing_ok=True)
    return node.revert(spec, backup)


def await_reverted():
    """Wait until a watch that takes its change back has done so."""
    end_s = time.monotonic() + REVERTED_S
    while time.monotonic() < end_s and _reverting():
        time.sleep(0.2)


def _reverting():
    try:
        return lives(json.loads(node.read(REVERTING)))
    except ValueError:
        return False


def arm(spec, backup):
    """Start the watch in a process of its own, outside of this login session."""
    node.STATE.mkdir(parents=True, exist_ok=True)
    REVERTING.unlink(missing_ok=True)  # of a watch that was cut off
    ready, tell = os.pipe()
    if os.fork() == 0:
        os.close(ready)
        os.setsid()
        if os.fork() == 0:
            _detach(tell)
            _watch(spec, backup, tell)
        os._exit(0)
    os.close(tell)
    os.wait()
    with os.fdopen(ready, "rb") as file:
        if not file.read():
            raise Failure("the watch over the change could not be started; nothing was changed")


def _detach(keep):
    """Let go of the session's files, so that the login can end."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor != keep:
            try:
                os.close(descriptor)
            except OSError:
                continue
    os.chdir("/")


def _watch(spec, backup, tell):
    end_s = time.monotonic() + spec.timeout_s  # a clock that is set meanwhile changes nothing
    change = {
        "pid": os.getpid(),
        "born": born(os.getpid()),
        "transaction": spec.transaction,
        "until_s": end_s,
    }
    try:
        node.put(PENDING, json.dumps(change), 0o600, "root")
        os.write(tell, b"armed")
    finally:
        os.close(tell)
    while time.monotonic() < end_s:
        if not PENDING.exists():
            os._exit(0)
        time.sleep(0.5)
    if claim(REVERTING):
        node.revert(spec, backup)
        REVERTING.unlink(missing_ok=True)
    os._exit(0)
