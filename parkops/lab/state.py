"""Keep what is known of a running lab: ``<park>/.parkops/lab/lab.json``."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from parkops.errors import LabError, UsageError
from parkops.lab.places import POD_SPEC
from parkops.lab.spec import LabSpec, load_spec
from parkops.model import Workspace

_FORMAT = 1


class FaultKind(StrEnum):
    """What can be broken on purpose."""

    LINK_DOWN = "link-down"
    SILENT_LOSS = "silent-loss"
    LOSS = "loss"
    DELAY = "delay"
    NODE_DEAD = "node-dead"
    DAEMON_DEAD = "daemon-dead"
    CLOCK_OFF = "clock-off"
    FLOW_OPENED = "flow-opened"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``where``: a link id, ``device[:interface]``, ``device:daemon``, ``device:tcp/80``."""

    kind: FaultKind
    where: str
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss_percent: float = 0.0
    offset_s: float = 0.0  # of a clock that is off
    id: str = ""  # f1, f2, ... given by ``inject``
    since_s: float = 0.0  # Unix time
    link: str = ""  # the link that ``where`` means
    device: str = ""  # the device that ``where`` means
    pid: int = 0  # of the relay, in the pod


class NodeState(StrEnum):
    """Whether a node's first process lives."""

    UP = "up"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node; ``pid`` is its first process in the pod."""

    name: str
    platform: str
    role: str
    address: str
    state: NodeState
    pid: int
    boot_s: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class LabStatus:
    """A lab as it stands; ``running`` is False when there is none."""

    park: str
    running: bool
    pid: int = 0
    started_s: float = 0.0
    boot_s: float = 0.0
    rootless: bool = False
    nodes: tuple[NodeStatus, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node's first process in the pod, and how long the node took to boot."""

    name: str
    pid: int
    boot_s: float


@dataclass(frozen=True, slots=True)
class LabRecord:
    """The content of ``lab.json``; ``start_ticks`` tells the pod's process from a later one."""

    park: str
    pid: int
    start_ticks: int
    rootless: bool
    started_s: float
    boot_s: float
    nodes: tuple[NodeRecord, ...]
    faults: tuple[Fault, ...] = ()
    next_fault: int = 1
    format: int = _FORMAT

    def node(self, name: str) -> NodeRecord:
        """Return a node's record; UsageError with near names when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise unknown("node", name, [node.name for node in self.nodes])

    def with_node(self, record: NodeRecord) -> LabRecord:
        """Return a copy with one node's record replaced."""
        return replace(self, nodes=tuple(record if n.name == record.name else n for n in self.nodes))


def unknown(what: str, name: str, known: list[str]) -> UsageError:
    """Return the error for a name that does not exist, with the nearest that do."""
    import difflib

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(sorted(known)[:12])}"
    return UsageError(f"there is no {what} {name} in this lab", hint=hint)


def start_ticks(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Return a process's start time in ticks since boot (proc(5), stat 22), None when it is gone."""
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def state_file(workspace: Workspace) -> Path:
    """Return the path of ``lab.json``."""
    return workspace.lab / "lab.json"


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Hold the lab's lock: one command at a time changes it."""
    workspace.lab.mkdir(parents=True, exist_ok=True)
    with (workspace.state / "lab.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(workspace: Workspace) -> LabRecord | None:
    """Return what is recorded, None when nothing (readable) is."""
    try:
        data = json.loads(state_file(workspace).read_text())
    except (OSError, ValueError):
        return None
    if data.get("format") != _FORMAT:
        return None
    data["nodes"] = tuple(NodeRecord(**node) for node in data["nodes"])
    data["faults"] = tuple(Fault(**{**fault, "kind": FaultKind(fault["kind"])}) for fault in data["faults"])
    return LabRecord(**data)


def write(workspace: Workspace, record: LabRecord) -> None:
    """Write the record in one step."""
    path = state_file(workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(record), indent=1))
    fresh.replace(path)


def alive(record: LabRecord) -> bool:
    """Tell whether the recorded pod still is the process that it was."""
    return start_ticks(record.pid) == record.start_ticks


def require(workspace: Workspace) -> LabRecord:
    """Return the record of the running lab; LabError when there is none."""
    record = read(workspace)
    if record is None or not alive(record):
        raise LabError("no lab is running", where=str(workspace.root), hint="start it with: parkops lab up")
    if not os.access(pod_root(record) / "proc", os.X_OK):
        raise LabError("the lab belongs to another user", where=record.park, hint="use that user, or sudo")
    return record


def pod_root(record: LabRecord) -> Path:
    """Return the pod's root folder as seen from the machine."""
    return Path(f"/proc/{record.pid}/root")


def spec(record: LabRecord) -> LabSpec:
    """Return the lab's description as the pod keeps it."""
    try:
        return load_spec((pod_root(record) / str(POD_SPEC).strip("/")).read_text())
    except OSError as error:
        raise LabError(f"the lab's description cannot be read: {error}") from error


def node_alive(record: LabRecord, node: NodeRecord) -> bool:
    """Tell whether a node's first process lives."""
    return bool(node.pid) and start_ticks(node.pid, pod_root(record) / "proc") is not None
