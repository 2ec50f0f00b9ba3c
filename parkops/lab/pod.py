"""Be the first process of a lab's pod: build it, boot its nodes, then hold its namespaces."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

from parkops.lab import fabric, init, kernel, rootfs, template
from parkops.lab.carrier import Carrier
from parkops.lab.places import NETNS, POD, POD_ETC, POD_LOG, POD_NODES, POD_SPEC
from parkops.lab.spec import LINUX, LabSpec, NodeSpec, load_spec

_READY = b"detach\n"


def main() -> None:
    """Become pid 1 of a new pid namespace; standard input is the lifeline to ``lab up``."""
    kernel.unshare(kernel.CLONE_NEWPID)
    pid = os.fork()
    if pid:
        print(json.dumps({"event": "pod", "pid": pid}), flush=True)
        os._exit(0)
    try:
        _hold()
    except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
        said = error.stdout if isinstance(error, subprocess.CalledProcessError) else ""
        _say(event="failed", why=f"{type(error).__name__}: {error} {said or ''}".strip())
        os._exit(1)


def _say(**values: object) -> None:
    os.write(1, json.dumps(values).encode() + b"\n")


def _hold() -> None:
    kernel.process_name("parkops-lab")
    lab = load_spec(sys.stdin.readline())
    _prepare(lab)
    fabric.build(lab)
    _say(event="fabric", cables=len(lab.cables))
    Pod(lab).run()


def _prepare(lab: LabSpec) -> None:
    """Give the pod its own proc, run and templates."""
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("proc", "/proc", "proc")
    kernel.mount("tmpfs", "/run", "tmpfs", 0, "mode=0755")
    socket.sethostname("parkops-lab")
    for folder in (POD, NETNS, POD_NODES):
        folder.mkdir(parents=True)
    POD_SPEC.write_text(lab.dump())
    template.build_etc(POD_ETC)
    if lab.rootless and any(node.platform == LINUX for node in lab.nodes):
        rootfs.copy_sudo()


class Pod:
    """The pod's only loop: boots nodes while ``lab up`` watches, carries link state ever after."""

    def __init__(self, lab: LabSpec) -> None:
        self._lab = lab
        self._carrier = Carrier(lab)
        self._waiting: list[NodeSpec] = list(reversed(lab.nodes))
        self._booting: dict[int, tuple[NodeSpec, float]] = {}
        self._lifeline = True
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        self._wake, self._writer, self._hangup = reader, writer, False
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, self._on_hangup)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

    def _on_hangup(self, *_: object) -> None:
        self._hangup = True

    def run(self) -> None:
        """Serve until killed, or until ``lab up`` vanishes before it let go."""
        self._carrier.sync()
        self._fill()
        while True:
            watched: list[int | socket.socket] = [self._wake, *self._carrier.events.values(), *self._booting]
            if self._lifeline:
                watched.append(0)
            for ready in select.select(watched, [], [], 60.0)[0]:
                self._serve(ready)
            if self._hangup:
                self._hangup = False
                self._resync()

    def _serve(self, ready: int | socket.socket) -> None:
        if ready is self._wake:
            self._wake.recv(4096)
            _reap()
        elif isinstance(ready, socket.socket):
            nodes = [name for name, event in self._carrier.events.items() if event is ready]
            for name in nodes:
                self._carrier.drain(name)
            self._carrier.sync(nodes)
        elif ready == 0:
            self._hear()
        else:
            self._booted(ready)

    def _resync(self) -> None:
        for name in list(self._carrier.events):
            self._carrier.attach(name)
        self._carrier.sync()

    def _hear(self) -> None:
        """Let go of ``lab up``, or die with it."""
        if os.read(0, 64) != _READY:
            os._exit(1)
        self._lifeline = False
        null = os.open("/dev/null", os.O_RDWR)
        log = os.open(POD_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for number, descriptor in enumerate((null, log, log)):
            os.dup2(descriptor, number)

    def _fill(self) -> None:
        while self._waiting and len(self._booting) < self._lab.width:
            node = self._waiting.pop()
            reader, writer = os.pipe()
            pid = init.spawn(self._lab, node, writer)
            os.close(writer)
            self._booting[reader] = (node, time.monotonic())
            _say(event="booting", node=node.name, pid=pid)

    def _booted(self, reader: int) -> None:
        node, started_s = self._booting.pop(reader)
        text = os.read(reader, 65536).decode()
        os.close(reader)
        answer = json.loads(text) if text else {"state": "failed", "why": "its first process died"}
        _say(event="node", node=node.name, seconds=round(time.monotonic() - started_s, 3), **answer)
        self._fill()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    main()
