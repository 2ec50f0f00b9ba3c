"""The revert timer of an FRR router: runs there, and goes back to a configuration unless it is disarmed.

FRR has no confirmed commit. This program is sent to the router with each call, on Python's standard library
alone and as the login's own user; armed, it leaves a process behind that outlives the session. A router that
restarts comes up with its saved configuration, which is the old one until a change is confirmed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from parkops.push import frr

PROGRAM = "python3 -"  # what a router's login must be able to run
HOME = Path.home() / ".parkops"
PENDING = HOME / "pending.json"
RESTORING = HOME / "restoring.json"
SHOW = "show running-config"
POLL_S = 0.2
TRIES = 20  # at a restore that does not hold, a second apart
SAVED = Path("/etc/frr/frr.conf")
ROOM_BYTES = 1 << 16  # beyond the configuration itself, for what else is written meanwhile


def call(action: str, token: str, timeout_s: float = 0.0, snapshot: str = "") -> str:
    """Return the text of a program that carries an action out on the router and prints its answer.

    Actions: ``arm`` (revert to ``snapshot`` after ``timeout_s``), ``disarm``, ``status``, ``saved`` (what the
    router would start with).
    """
    sources = {"parkops.push.frr": frr.__file__, __name__: __file__}
    modules = {name: Path(file).read_text(encoding="utf-8") for name, file in sources.items()}
    order = {"action": action, "token": token, "timeout_s": timeout_s, "snapshot": snapshot}
    return _BOOTSTRAP.format(modules=modules, order=order, main=__name__)


_BOOTSTRAP = """
import sys, types
for package in ("parkops", "parkops.push"):
    sys.modules[package] = types.ModuleType(package)
for name, source in {modules!r}.items():
    module = sys.modules[name] = types.ModuleType(name)
    setattr(sys.modules["parkops.push"], name.rpartition(".")[2], module)
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules[{main!r}].main(**{order!r})
"""


def main(action: str, token: str, timeout_s: float, snapshot: str) -> None:
    """Carry an action out and print its answer as JSON."""
    HOME.mkdir(mode=0o700, exist_ok=True)
    if action == "arm":
        answer = arm(token, timeout_s, snapshot)
    elif action == "disarm":
        answer = {"disarmed": disarm(token)}
    elif action == "saved":
        answer = saved()
    else:
        waiting = _pending()
        answer = {"waiting": waiting["token"] if waiting else ""}
    print(json.dumps(answer))


def saved() -> dict[str, object]:
    """Return the saved configuration (None where the login cannot read it) and whether there is room for it.

    vtysh 8.4 answers ``[OK]`` to ``write memory`` on a full disk, and leaves a file that is cut short.
    """
    try:
        disk = os.statvfs(SAVED.parent)
        text = SAVED.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {"text": None, "room": True}
    return {"text": text, "room": disk.f_bavail * disk.f_frsize >= len(text.encode()) + ROOM_BYTES}


def _pending() -> dict[str, object] | None:
    """Return the change that waits for its confirmation; a dead timer's mark is cleared."""
    try:
        change = dict(json.loads(PENDING.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    if not _lives(change):
        PENDING.unlink(missing_ok=True)
        return None
    return change


def _lives(mark: dict[str, object]) -> bool:
    """Tell whether the process that left a mark lives; after a restart another may have its number."""
    return "born" in mark and mark["born"] == _born(mark["pid"])


def _born(pid: object) -> str:
    """Return when a process began, in ticks since the start of the machine (proc(5)); "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def arm(token: str, timeout_s: float, snapshot: str) -> dict[str, object]:
    """Leave a process behind that goes back to ``snapshot``; ``busy`` names another change that waits."""
    waiting = _pending()
    if waiting is not None and waiting["token"] != token:
        return {"busy": waiting["token"]}
    disarm(token)
    ready, tell = os.pipe()
    if os.fork() == 0:
        os.close(ready)
        os.setsid()
        if os.fork() == 0:
            _detach(tell)
            _watch(token, timeout_s, snapshot, tell)
        os._exit(0)
    os.close(tell)
    os.wait()
    with os.fdopen(ready, "rb") as pipe:
        return {"armed": bool(pipe.read())}


def _detach(keep: int) -> None:
    """Let go of the session's files, so that it can end."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
    os.chdir("/")


def _watch(token: str, timeout_s: float, snapshot: str, tell: int) -> None:
    end_s = time.monotonic() + timeout_s  # a clock that is set meanwhile changes nothing
    mark = HOME / f"new.{os.getpid()}"
    mark.write_text(
        json.dumps({"pid": os.getpid(), "born": _born(os.getpid()), "token": token}), encoding="utf-8"
    )
    mark.replace(PENDING)
    os.write(tell, b"armed")
    os.close(tell)
    while time.monotonic() < end_s:
        change = _pending()
        if change is None or change["pid"] != os.getpid():
            os._exit(0)
        time.sleep(POLL_S)
    if _claim(RESTORING):
        restore(snapshot)
        RESTORING.unlink(missing_ok=True)
    os._exit(0)


def _claim(mark: Path) -> bool:
    """Take the pending change: True for exactly one of the timer and whoever disarms it."""
    try:
        PENDING.rename(mark)
    except FileNotFoundError:
        return False
    return True


def disarm(token: str) -> bool:
    """Stop the timer of a change; False when there is none, as it has run out. Waits for its restore."""
    for _ in range(TRIES):
        if not RESTORING.exists() or not _alive(RESTORING):
            break
        time.sleep(1.0)
    change = _pending()
    if change is None or change["token"] != token:
        return False
    mark = HOME / f"claimed.{os.getpid()}"
    taken = _claim(mark)
    mark.unlink(missing_ok=True)
    return taken


def _alive(mark: Path) -> bool:
    try:
        return _lives(dict(json.loads(mark.read_text(encoding="utf-8"))))
    except (OSError, ValueError):
        return False


def restore(snapshot: str) -> None:
    """Enter what turns running into the snapshot, until it does."""
    wanted = frr.parse(snapshot)
    for _ in range(TRIES):
        running = frr.parse(_vtysh(SHOW))
        commands = frr.remediate(running, wanted)
        if not commands:
            return
        _vtysh("configure terminal", *commands)
        time.sleep(1.0)


def _vtysh(*commands: str) -> str:
    words = [word for command in commands for word in ("-c", command)]
    done = subprocess.run(["vtysh", *words], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


if __name__ == "__main__":
    sys.exit("this program is sent to a router; it is not run by hand")
