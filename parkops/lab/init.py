"""Be the first process of a node: boot it, keep its programs running, reap what they leave."""

from __future__ import annotations

import encodings.idna  # noqa: F401  # now: inside the node this interpreter has no files
import json
import os
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

from parkops.lab import kernel, programs, rootfs, template
from parkops.lab.places import HOLDS, PIDS, POD_NODES, netns
from parkops.lab.programs import Program, environment
from parkops.lab.spec import FRR, HOST, LINUX, SWITCH, LabSpec, NodeSpec

BOOT_TIMEOUT_S = 60.0
_POLL_S = 0.02
_RESTART_S = 1.0
_OOB = """table inet lab_oob {
 chain forward { type filter hook forward priority -300; policy accept;
  iifname "eth0" drop
  oifname "eth0" drop
 }
}
"""


class Init:
    """The programs of one node and when they may start again."""

    def __init__(self) -> None:
        self.running: dict[int, Program] = {}
        self.programs: list[Program] = []
        self.restart_s: dict[str, float] = {}
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        self._wake = reader
        self._writer = writer
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

    def start(self, program: Program) -> None:
        """Start a program in the background, its output in ``/var/log/<name>.out``."""
        if not program.argv:
            return
        if program.stale:
            program.stale.unlink(missing_ok=True)
        with Path(f"/var/log/{program.name}.out").open("ab") as log:
            process = subprocess.Popen(
                program.argv, env=environment(program.path), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, cwd="/",
            )  # fmt: skip
        self.running[process.pid] = program
        template.write(PIDS / program.name, str(process.pid))

    def reap(self) -> None:
        """Collect ended processes; a program of ours may start again after a pause."""
        while True:
            try:
                pid, _status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            program = self.running.pop(pid, None)
            if program:
                self.restart_s[program.name] = time.monotonic() + _RESTART_S

    def restart(self) -> None:
        """Start what has ended, except what a fault holds down."""
        now = time.monotonic()
        alive = {program.name for program in self.running.values()}
        for program in self.programs:
            due = self.restart_s.get(program.name, now) <= now
            if program.argv and program.name not in alive and due and not (HOLDS / program.name).exists():
                self.start(program)

    def wait(self, timeout_s: float) -> None:
        """Wait for a signal, at most ``timeout_s``."""
        if select.select([self._wake], [], [], timeout_s)[0]:
            self._wake.recv(4096)
        self.reap()

    def bring_up(self, wanted: tuple[Program, ...], deadline_s: float) -> None:
        """Start programs one after the other, each when the one before is ready."""
        for program in wanted:
            self.start(program)
            self.programs.append(program)
            while not program.ready():
                if time.monotonic() > deadline_s:
                    raise TimeoutError(f"{program.name} was not ready in time{_tail(program.name)}")
                self.wait(_POLL_S)
                self.restart()

    def forever(self) -> None:
        """Reap and restart until the node's power goes."""
        while True:
            self.wait(0.5 if len(self.running) < len([p for p in self.programs if p.argv]) else 30.0)
            self.restart()


def _tail(name: str) -> str:
    said = [
        path.read_text(errors="replace").strip()[-500:]
        for path in (Path(f"/var/log/{name}.out"), Path(f"/var/log/{name}.log"))
        if path.exists()
    ]
    return "".join(": " + text.replace("\n", " | ") for text in said if text)


def boot(lab: LabSpec, node: NodeSpec, report: int) -> None:
    """Boot a node in the caller's fresh namespaces; write the outcome to ``report``; never return."""
    init = Init()
    try:
        kernel.process_name("init")
        deadline_s = time.monotonic() + BOOT_TIMEOUT_S
        upper = POD_NODES / node.name / "etc"
        first = not (upper / "hostname").exists()
        if upper.exists():
            programs.remember_layer(upper)
        socket.sethostname(node.name)
        rootfs.enter_root(lab, node)
        _settle(node)
        init.bring_up(programs.prepare(lab, node, first), deadline_s)
        answer = {"state": "up"}
    except subprocess.CalledProcessError as error:
        answer = {"state": "failed", "why": f"{' '.join(error.cmd)}: {(error.stdout or '').strip()[-600:]}"}
    except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
        answer = {"state": "failed", "why": f"{type(error).__name__}: {error}"}
    os.write(report, json.dumps(answer).encode() + b"\n")
    os.close(report)
    if answer["state"] == "failed":
        os._exit(1)
    init.forever()


def _settle(node: NodeSpec) -> None:
    """Set what every node has at boot: its name, loopback, port states, management address."""
    template.write(Path("/etc/hostname"), node.name + "\n")
    template.write(Path("/etc/hosts"), f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {node.name}\n")
    with kernel.control_socket() as control:
        kernel.set_link(control, "lo", True)
        for port in node.ports:
            if node.platform != SWITCH:
                kernel.checksum_in_software(control, port)
            if node.platform in (FRR, SWITCH, HOST):
                kernel.set_link(control, port, True)
    if node.management:
        programs.run("ip", "addr", "replace", node.management, "dev", "eth0")
        Path("/proc/sys/net/ipv6/conf/eth0/disable_ipv6").write_text("1")
        programs.run("ip", "link", "set", "eth0", "up")
    if node.platform in (FRR, LINUX) and node.ports:
        template.write(Path("/run/parkops/oob.nft"), _OOB)
        programs.run("nft", "-f", "/run/parkops/oob.nft")


def spawn(lab: LabSpec, node: NodeSpec, report: int) -> int:
    """Fork a node's first process in namespaces of its own; return its pid in the pod."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        try:
            os.close(reader)
            kernel.setns(netns(node.name), kernel.CLONE_NEWNET)
            kernel.unshare(
                kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWPID
            )
            first = os.fork()
            if first == 0:
                _detach(keep=report)
                boot(lab, node, report)
            os.write(writer, str(first).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(middle, 0)
    with os.fdopen(reader) as stream:
        return int(stream.read() or 0)


def _detach(keep: int) -> None:
    """Let go of everything inherited but the report, so that no pipe is held open."""
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.setsid()
    os.umask(0o022)
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
