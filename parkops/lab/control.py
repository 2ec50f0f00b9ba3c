"""Start a lab, stop it, and say how it stands."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from parkops.errors import LabError
from parkops.lab import keys, machine, state
from parkops.lab.blueprint import blueprint
from parkops.lab.places import PATH
from parkops.lab.spec import LabSpec
from parkops.lab.state import LabRecord, LabStatus, NodeRecord, NodeState, NodeStatus
from parkops.model import Park, Workspace

UP_TIMEOUT_S = 300.0
_DOWN_TIMEOUT_S = 20.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_POD = "import sys; sys.path.insert(0, {root!r}); from parkops.lab.pod import main; main()"


def up(
    park: Park,
    workspace: Workspace,
    progress: Callable[[str], None] = lambda _: None,
    *,
    official: Mapping[str, Path] | None = None,
) -> LabStatus:
    """Start the park's lab and return when every node is up.

    ``official`` names switches that load the IEEE's own bridge module from a folder. Interrupted or
    killed at any moment, nothing stays behind. Raises MachineError with everything that this machine
    lacks, LabError when the lab is up already or a node does not boot.
    """
    machine.require(sorted({device.platform for device in park.devices}))
    with state.locked(workspace):
        if is_up(workspace):
            raise LabError("the lab is up already", where=park.name, hint="stop it with: parkops lab down")
        _clear(workspace)
        rootless = os.geteuid() != 0
        public = keys.client_key(workspace)
        lab = blueprint(park, public, keys.host_keys(park, workspace), rootless, dict(official or {}))
        try:
            _start(lab, workspace, progress)
        except BaseException:
            _clear(workspace)
            raise
    return status(workspace)


def _start(lab: LabSpec, workspace: Workspace, progress: Callable[[str], None]) -> None:
    started_s = time.time()
    with (workspace.lab / "up.log").open("w+") as log:
        process = subprocess.Popen(
            _pod_argv(lab.rootless), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            start_new_session=True, cwd="/", env={"PATH": PATH, "LANG": "C.UTF-8"},
        )  # fmt: skip
        pod = _Pod(process, progress)
        try:
            pod.send(lab.dump())
            pod.watch(len(lab.nodes))
            ticks = state.start_ticks(pod.pid)
            if ticks is None:
                raise LabError("the lab died while it started")
            boot_s = round(time.time() - started_s, 2)
            nodes = tuple(pod.nodes[node.name] for node in lab.nodes)
            state.write(
                workspace, LabRecord(lab.park, pod.pid, ticks, lab.rootless, started_s, boot_s, nodes)
            )
            pod.send("detach")
        except BaseException as error:
            pod.kill()
            log.seek(0)
            said = log.read().strip()
            if isinstance(error, LabError) and said:
                raise LabError(f"{error.what}\n{said[-2000:]}", where=error.where, hint=error.hint) from error
            raise
        finally:
            pod.close()


def _pod_argv(rootless: bool) -> list[str]:
    user = ["--user", "--map-auto", "--map-root-user"] if rootless else []
    code = _POD.format(root=str(_PACKAGE_ROOT))
    return ["unshare", *user, "--mount", "--net", "--uts", "--ipc", sys.executable, "-I", "-c", code]


class _Pod:
    """The pod while it starts: its lifeline, and what it says."""

    def __init__(self, process: subprocess.Popen[bytes], progress: Callable[[str], None]) -> None:
        self._process, self._progress = process, progress
        self.pid = 0
        self.nodes: dict[str, NodeRecord] = {}
        self._pids: dict[str, int] = {}
        self._rest = b""

    def send(self, line: str) -> None:
        """Write a line to the pod."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise LabError("the lab died while it started") from error

    def watch(self, count: int) -> None:
        """Read until every node is up; LabError names the ones that are not."""
        deadline_s = time.monotonic() + UP_TIMEOUT_S
        failures: list[str] = []
        while len(self.nodes) + len(failures) < count:
            for line in self._lines(deadline_s):
                failure = self._hear(json.loads(line), count)
                failures += [failure] if failure else []
        if failures:
            raise LabError("nodes did not boot:\n  " + "\n  ".join(failures))

    def _lines(self, deadline_s: float) -> list[bytes]:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        if not select.select([pipe], [], [], max(0.0, deadline_s - time.monotonic()))[0]:
            raise LabError(f"the lab was not up within {UP_TIMEOUT_S:g} s")
        data = os.read(pipe, 65536)
        if not data:
            raise LabError("the lab died while it started")
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines

    def _hear(self, event: dict[str, str], count: int) -> str:
        match event["event"]:
            case "pod":
                self.pid = int(event["pid"])
            case "failed":
                raise LabError(f"the lab could not be built: {event['why']}")
            case "fabric":
                self._progress(f"network built: {event['cables']} cables")
            case "booting":
                self._pids[event["node"]] = int(event["pid"])
            case "node":
                name = event["node"]
                if event["state"] != "up":
                    return f"{name}: {event.get('why', 'no reason given')}"
                self.nodes[name] = NodeRecord(name, self._pids[name], float(event["seconds"]))
                self._progress(f"{name} up in {float(event['seconds']):.1f} s ({len(self.nodes)}/{count})")
        return ""

    def kill(self) -> None:
        """End the pod and all that is in it."""
        if self._process.stdin is not None:
            self._process.stdin.close()  # the pod's first process ends with its lifeline
        if self.pid:
            _kill(self.pid, state.start_ticks(self.pid))
        assert self._process.stdout is not None
        deadline_s = time.monotonic() + _DOWN_TIMEOUT_S
        while select.select([self._process.stdout], [], [], max(0.0, deadline_s - time.monotonic()))[0]:
            if not os.read(self._process.stdout.fileno(), 65536):
                return
        self._process.kill()

    def close(self) -> None:
        """Let go of the pipes and collect the process that forked the pod."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        self._process.wait(timeout=10)


def _kill(pid: int, ticks: int | None) -> None:
    """Kill the process that started at ``ticks`` and wait for its end; never one that took its pid."""
    if ticks is None:
        return
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if state.start_ticks(pid) == ticks:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            if not select.select([handle], [], [], _DOWN_TIMEOUT_S)[0]:
                raise LabError(f"process {pid} does not end")
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def _clear(workspace: Workspace) -> None:
    """Kill what is recorded and remove the lab's files."""
    record = state.read(workspace)
    if record is not None:
        _kill(record.pid, record.start_ticks)
    shutil.rmtree(workspace.lab, ignore_errors=True)
    workspace.lab.mkdir(parents=True, exist_ok=True)


def down(workspace: Workspace) -> bool:
    """Stop the lab and remove its files; return whether one was running."""
    if not workspace.lab.exists():
        return False
    with state.locked(workspace):
        was_up = is_up(workspace)
        try:
            _clear(workspace)
        except PermissionError as error:
            raise LabError(
                f"the lab belongs to another user: {error}", hint="use that user or sudo"
            ) from error
        shutil.rmtree(workspace.lab, ignore_errors=True)
    return was_up


def is_up(workspace: Workspace) -> bool:
    """Tell whether the park's lab is running."""
    record = state.read(workspace)
    return record is not None and state.alive(record)


def status(workspace: Workspace) -> LabStatus:
    """Return how the lab stands; ``running`` is False when there is none."""
    record = state.read(workspace)
    if record is None or not state.alive(record):
        return LabStatus(park="", running=False)
    nodes = []
    for node in state.spec(record).nodes:
        kept = record.node(node.name)
        nodes.append(
            NodeStatus(
                name=node.name,
                platform=node.platform,
                role=node.role,
                address=node.management_address,
                state=NodeState.UP if state.node_alive(record, kept) else NodeState.DEAD,
                pid=kept.pid,
                boot_s=kept.boot_s,
                title=node.title,
            )
        )
    return LabStatus(
        record.park, True, record.pid, record.started_s, record.boot_s, record.rootless,
        tuple(sorted(nodes, key=lambda node: node.name)), record.faults,
    )  # fmt: skip
