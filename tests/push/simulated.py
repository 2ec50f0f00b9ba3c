"""Simulated devices with any mix of capabilities and faults; their state outlives the process that pushes.

A device outlives the process that talks to it: locks, candidates and commits without a token go with the
session of a process that died, timers run on. What a device is told to do wrong stands in its file too.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from parkops.errors import Diverged, Refused, Unreachable
from parkops.model import Guarantee, Running
from parkops.push.contract import Site
from parkops.push.driver import unified
from parkops.push.job import Job, Run

Document = dict[str, Any]
LONGEST_S = 300.0  # that a push in a process of its own may take
_sessions = count(1)


@dataclass(slots=True)
class Session:
    """A session with a device; its id begins with the process that it lives in."""

    device: str
    id: str = field(default_factory=lambda: f"{os.getpid()}:{next(_sessions)}")


@dataclass(frozen=True, slots=True)
class Lab:
    """The devices of a test, one file each."""

    folder: Path

    def add(self, name: str, *capabilities: str, running: str = "old\n") -> None:
        """Add a device: capabilities are candidate, confirmed, persist, lock."""
        self._file(name).write_text(
            json.dumps(
                {"running": running, "startup": running, "candidate": None, "pending": None, "lock": None,
                 "capabilities": capabilities, "faults": {}}
            )
        )  # fmt: skip

    def fault(self, name: str, operation: str, what: str = "") -> None:
        """Let an operation of a device go wrong in a way; "" mends it."""
        with self.opened(name) as device:
            device["faults"] = {k: v for k, v in device["faults"].items() if k != operation}
            if what:
                device["faults"][operation] = what

    def running(self, name: str) -> str:
        """Return what a device runs now."""
        with self.opened(name) as device:
            return str(device["running"])

    def startup(self, name: str) -> str:
        """Return what a device would run after a restart."""
        with self.opened(name) as device:
            return str(device["startup"])

    def change(self, name: str, text: str) -> None:
        """Change a device by hand."""
        with self.opened(name) as device:
            device["running"] = text

    def held(self, name: str) -> bool:
        """Tell whether anything is locked or pending on a device."""
        with self.opened(name) as device:
            return bool(device["lock"] or device["pending"] or device["candidate"])

    def let_time_pass(self, seconds: float) -> None:
        """Move the devices' clocks on."""
        self._clock.write_text(str(self._offset_s() + seconds))

    @contextmanager
    def opened(self, name: str) -> Iterator[Document]:
        """Read a device's state as it is now, and write it back."""
        file = self._file(name)
        with file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            device = json.loads(file.read_text())
            self._age(device)
            yield device
            part = file.with_suffix(".part")
            part.write_text(json.dumps(device))
            part.replace(file)  # whole at any instant, as a process may be killed here

    def now_s(self) -> float:
        """Return the devices' time; it goes on while no process runs."""
        return time.monotonic() + self._offset_s()

    def _age(self, device: Document) -> None:
        """Do what the device does by itself: time-outs, and the loss of sessions."""
        lock, pending = device["lock"], device["pending"]
        if lock and not _alive(lock):
            device["lock"] = None
        if device["candidate"] and not _alive(device["candidate"]):
            device["candidate"] = None
        if pending and (
            self.now_s() > pending["until_s"] or (not pending["token"] and not _alive(pending["session"]))
        ):
            device["running"], device["pending"] = pending["old"], None

    def _offset_s(self) -> float:
        return float(self._clock.read_text()) if self._clock.exists() else 0.0

    @property
    def _clock(self) -> Path:
        return self.folder / "clock"

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.device"


def _alive(session: str) -> bool:
    try:
        os.kill(int(session.partition(":")[0]), 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class SimulatedDriver:
    """Drives simulated devices; ``on_call`` hears of every operation before and after it."""

    lab: Lab
    name: str = "simulated"
    on_call: Callable[[str], None] = lambda _: None

    def open(self, job: Job, run: Run) -> Session:
        with self._operation(job.name, "open"):
            return Session(job.name)

    def close(self, session: Session) -> None:
        with self.lab.opened(session.device) as device:
            for held in ("lock", "candidate"):
                device[held] = None if device[held] == session.id else device[held]
            pending = device["pending"]
            if pending and not pending["token"] and pending["session"] == session.id:
                device["running"], device["pending"] = device["pending"]["old"], None

    def guarantee(self, session: Session) -> Guarantee:
        with self.lab.opened(session.device) as device:
            has = set(device["capabilities"])
        text = "confirmed commit" if "confirmed" in has else "best effort"
        return Guarantee("candidate" in has, "confirmed" in has, "persist" in has, text=text)

    def read_running(self, session: Session, job: Job) -> Running:
        with self._operation(session.device, "read") as device:
            text = str(device["running"])
            if device["faults"].get("read") == "garbage":
                raise Refused("the answer is no configuration", where=session.device)
        return Running(job.name, self.name, text, time.time(), data=text)

    def diff(self, job: Job, running: Running, run: Run) -> str:
        return unified(running.text, _target(job), job.name)

    def prepare(self, session: Session, site: Site, run: Run) -> None:
        with self._operation(session.device, "prepare") as device:
            if device["pending"]:
                raise Refused("a commit is pending", where=session.device)
            if "lock" in device["capabilities"]:
                if device["lock"] and device["lock"] != session.id:
                    raise Refused(f"locked by {device['lock']}", where=session.device)
                device["lock"] = session.id
            if "candidate" in device["capabilities"]:
                device["candidate"] = session.id  # whose edit it holds
        site.snapshot = self.read_running(session, site.job)

    def commit(self, session: Session, site: Site, run: Run) -> None:
        with self._operation(session.device, "commit") as device:
            if device["faults"].get("commit") == "lies":
                return
            if "confirmed" in device["capabilities"]:
                token = site.token if "persist" in device["capabilities"] else ""
                until_s = self.lab.now_s() + site.timeout_s
                pending = {
                    "old": device["running"],
                    "token": token,
                    "until_s": until_s,
                    "session": session.id,
                }
                device["pending"] = pending
            device["running"], device["candidate"] = _target(site.job), None
            device["lock"] = None
            if device["faults"].get("commit") == "half":
                device["running"] = device["running"][: len(device["running"]) // 2]
                raise Refused("half of it was taken", where=session.device)

    def verify(self, session: Session, site: Site, run: Run) -> None:
        with self._operation(session.device, "verify") as device:
            _compare(device, _target(site.job), session.device)

    def confirm(self, session: Session, site: Site, run: Run) -> None:
        with self._operation(session.device, "confirm") as device:
            if device["pending"] and device["pending"]["token"] in ("", site.token):
                device["pending"] = None
            _compare(device, _target(site.job), session.device)
            device["startup"] = device["running"]

    def cancel(self, session: Session, site: Site, run: Run) -> None:
        with self._operation(session.device, "cancel") as device:
            device["pending"] = None
            device["running"] = device["startup"] = site.before.data
            _compare(device, site.before.data, session.device)

    def release(self, session: Session, site: Site) -> None:
        with self.lab.opened(session.device) as device:
            for held in ("lock", "candidate"):
                device[held] = None if device[held] == session.id else device[held]

    @contextmanager
    def _operation(self, name: str, operation: str) -> Iterator[Document]:
        """Do an operation, or what its fault does instead; the file is written when it ends."""
        self.on_call(f"before {operation} of {name}")
        with self.lab.opened(name) as device:
            fault = device["faults"].get(operation, device["faults"].get("all", ""))
            if fault == "off":
                raise Unreachable("no answer", where=name)
            if fault == "refuses":
                raise Refused(f"{operation}: no", where=name)
            failed: Exception | None = None
            try:
                yield device
            except (Refused, Diverged) as error:
                failed = error
        self.on_call(f"after {operation} of {name}")
        if failed is not None:
            raise failed
        if fault == "answer lost":
            raise Unreachable(f"{operation}: the session was lost", where=name)


def _target(job: Job) -> str:
    return job.snapshot.data if job.snapshot is not None else job.artifacts[0].text


def _compare(device: Document, expected: str, name: str) -> None:
    if device["running"] != expected:
        raise Diverged(f"runs {device['running']!r}, not {expected!r}", where=name)


def in_process(work: Callable[[], None]) -> int:
    """Run something in a process of its own; return its exit code, 9 below zero when it was killed."""
    _, status = os.waitpid(begin(work), 0)
    return os.waitstatus_to_exitcode(status)


def begin(work: Callable[[], None]) -> int:
    """Begin something in a process of its own; return its number.

    A fork takes the locks along that other threads hold, OpenSSL's too, and nobody ever gives them back: it
    waits until SSH's threads have ended. What has no end in time says where it stands, and exits with 1.
    """
    for thread in threading.enumerate():
        if type(thread).__name__ == "Transport":  # paramiko's
            thread.join(5.0)
    pid = os.fork()
    if pid == 0:
        code = 1
        faulthandler.dump_traceback_later(LONGEST_S, exit=True)
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def die() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
