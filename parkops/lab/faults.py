"""Break a running lab on purpose, and heal it."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from parkops.errors import LabError, UsageError
from parkops.lab import state
from parkops.lab.access import run_in, run_in_pod
from parkops.lab.places import SCRIPTS
from parkops.lab.podctl import CableState
from parkops.lab.spec import CableSpec, LabSpec
from parkops.lab.state import Fault, FaultKind, LabRecord, NodeRecord
from parkops.model import Workspace

_LINK_FAULTS = (FaultKind.LINK_DOWN, FaultKind.SILENT_LOSS, FaultKind.LOSS, FaultKind.DELAY)
_FORWARD = ("inet", "parkops", "forward")
_SERVICE = re.compile(r"(tcp|udp)/[1-9][0-9]{0,4}")
_BOOT_TIMEOUT_S = 90.0
_PODCTL = "import sys; sys.path.insert(0, {root!r}); from parkops.lab.podctl import main; main()"


def inject(workspace: Workspace, fault: Fault) -> Fault:
    """Bring a fault about; return it with its id.

    Raises UsageError for an unknown place or senseless figures, LabError when there is no lab.
    """
    with state.locked(workspace):
        record = state.require(workspace)
        placed = _place(state.spec(record), _checked(fault))
        if _key(placed) in {_key(old) for old in record.faults}:
            raise UsageError(f"there is a {fault.kind} already", where=fault.where, hint="heal it first")
        placed = replace(placed, id=f"f{record.next_fault}", since_s=time.time())
        record = replace(record, faults=(*record.faults, placed), next_fault=record.next_fault + 1)
        # Recorded first: whatever happens next, heal knows of it.
        state.write(workspace, record)
        try:
            _BREAK[placed.kind](workspace, record, placed)
        except (LabError, UsageError):
            state.write(workspace, replace(record, faults=record.faults[:-1]))
            raise
    return placed


def _key(fault: Fault) -> tuple[FaultKind, str]:
    return fault.kind, fault.link or fault.where


def heal(workspace: Workspace, which: Fault | str = "all") -> tuple[Fault, ...]:
    """Heal one fault (the fault or its id) or ``all``; return what was healed."""
    with state.locked(workspace):
        record = state.require(workspace)
        name = which.id if isinstance(which, Fault) else which
        chosen = [fault for fault in record.faults if name in ("all", fault.id)]
        if not chosen and name != "all":
            raise state.unknown("fault", name, [fault.id for fault in record.faults])
        for fault in sorted(chosen, key=lambda one: one.kind is FaultKind.DAEMON_DEAD):
            record = replace(record, faults=tuple(one for one in record.faults if one.id != fault.id))
            record = _MEND[fault.kind](workspace, record, fault)
            state.write(workspace, record)
    return tuple(chosen)


def _checked(fault: Fault) -> Fault:
    if fault.kind is FaultKind.DELAY and not (fault.delay_ms > 0 and 0 <= fault.jitter_ms <= fault.delay_ms):
        raise UsageError("a delay needs delay_ms above 0 and jitter_ms up to it", where=fault.where)
    if fault.kind is FaultKind.LOSS and not 0 < fault.loss_percent <= 100:
        raise UsageError("a loss needs loss_percent above 0, up to 100", where=fault.where)
    if fault.kind is FaultKind.CLOCK_OFF and not 0 < abs(fault.offset_s) < 1e6:
        raise UsageError("a clock that is off needs offset_s", where=fault.where)
    if not 0 <= fault.loss_percent <= 100 or fault.delay_ms > 60_000:
        raise UsageError("loss is 0 to 100 %, delay up to 60 s", where=fault.where)
    return fault


def _place(lab: LabSpec, fault: Fault) -> Fault:
    """Find out what ``where`` means."""
    if fault.kind in _LINK_FAULTS:
        return replace(fault, link=find_cable(lab, fault.where).id)
    device, _, daemon = fault.where.partition(":")
    if fault.kind is FaultKind.DAEMON_DEAD and not daemon:
        raise UsageError("name the daemon", where=fault.where, hint=f"for example {device}:ospfd")
    if fault.kind is FaultKind.FLOW_OPENED and not _SERVICE.fullmatch(daemon):
        raise UsageError("name the service", where=fault.where, hint=f"for example {device}:tcp/80")
    names = [node.name for node in lab.nodes]
    if device not in names:
        raise state.unknown("node", device, names)
    return replace(fault, device=device)


def find_cable(lab: LabSpec, where: str) -> CableSpec:
    """Return the cable that a link id or ``device:interface`` means; UsageError with near names."""
    ends: dict[str, CableSpec] = {}
    for cable in lab.cables:
        ends[cable.id] = cable
        ends[f"{cable.a_node}:{cable.a_port}"] = cable
        ends[f"{cable.b_node}:{cable.b_port}"] = cable
    if where not in ends:
        raise state.unknown("link or port", where, list(ends))
    return ends[where]


def _podctl(record: LabRecord, *words: str, timeout_s: float = 30.0) -> dict[str, str]:
    code = _PODCTL.format(root=str(Path(__file__).resolve().parents[2]))
    answer = run_in_pod(record, [sys.executable, "-I", "-c", code, *words], timeout_s)
    values: dict[str, str] = json.loads(answer)
    return values


def _set_cable(_workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
    """Make a cable behave as all of its faults together say."""
    lab = state.spec(record)
    index = [cable.id for cable in lab.cables].index(fault.link)
    faults = [one for one in record.faults if one.link == fault.link]
    silent = any(one.kind is FaultKind.SILENT_LOSS for one in faults)
    wanted = CableState(
        cut=any(one.kind is FaultKind.LINK_DOWN for one in faults),
        loss_percent=100.0 if silent else max((one.loss_percent for one in faults), default=0.0),
        delay_ms=max((one.delay_ms for one in faults), default=0.0),
        jitter_ms=max((one.jitter_ms for one in faults), default=0.0),
    )
    _podctl(record, "cable", str(index), wanted.dump())
    return record


def _kill_node(_workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
    node = record.node(fault.device)
    if not state.node_alive(record, node):
        raise LabError("the node is dead already", where=fault.device)
    _podctl(record, "kill", fault.device, str(node.pid))
    return record


def _boot_node(_workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
    answer = _podctl(record, "boot", fault.device, timeout_s=_BOOT_TIMEOUT_S)
    if answer["state"] != "up":
        raise LabError(f"the node did not boot: {answer.get('why', '')}", where=fault.device)
    booted = NodeRecord(fault.device, int(answer["pid"]), float(answer["seconds"]))
    return record.with_node(booted)


def _daemon(verb: str) -> Callable[[Workspace, LabRecord, Fault], LabRecord]:
    def act(workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
        name = fault.where.partition(":")[2]
        argv = ["/usr/bin/python3", "-I", f"{SCRIPTS}/daemonctl.py", verb, name]
        if verb == "start" and not state.node_alive(record, record.node(fault.device)):
            return record  # it starts with its node
        done = run_in(workspace, fault.device, argv, timeout_s=60.0)
        if done.returncode:
            said = done.stderr.strip() or f"exit status {done.returncode}"
            raise (UsageError if verb == "kill" else LabError)(said, where=fault.where)
        return record

    return act


def _set_clock_off(workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
    """Let a node serve a time that is wrong; its own clock is the machine's, and stays right."""
    _in_node(workspace, fault, "/usr/bin/python3", "-I", f"{SCRIPTS}/daemonctl.py", "kill", "chrony")
    script = f"{SCRIPTS}/wrongtime.py"
    _in_node(workspace, fault, "/usr/bin/python3", "-I", script, f"{fault.offset_s:g}", fault.id)
    return record


def _set_clock_right(workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
    if state.node_alive(record, record.node(fault.device)):
        _in_node(workspace, fault, "/usr/bin/python3", "-I", f"{SCRIPTS}/wrongtime.py", "stop", fault.id)
        _in_node(workspace, fault, "/usr/bin/python3", "-I", f"{SCRIPTS}/daemonctl.py", "start", "chrony")
    return record


def _open_flow(workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
    """Accept a service before all rules of a filtering node: what somebody does who is in a hurry."""
    protocol, _, port = fault.where.partition(":")[2].partition("/")
    rule = f'{protocol} dport {port} accept comment "{fault.id}"'
    _in_node(workspace, fault, "nft", "insert", "rule", *_FORWARD, rule)
    return record


def _close_flow(workspace: Workspace, record: LabRecord, fault: Fault) -> LabRecord:
    if not state.node_alive(record, record.node(fault.device)):
        return record
    told = _in_node(workspace, fault, "nft", "-a", "list", "chain", *_FORWARD)
    for line in told.splitlines():
        if f'comment "{fault.id}"' in line:
            _in_node(workspace, fault, "nft", "delete", "rule", *_FORWARD, "handle", line.split()[-1])
    return record


def _in_node(workspace: Workspace, fault: Fault, *argv: str) -> str:
    done = run_in(workspace, fault.device, argv, timeout_s=60.0)
    if done.returncode:
        raise LabError(done.stderr.strip() or f"exit status {done.returncode}", where=fault.where)
    return done.stdout


_BREAK: dict[FaultKind, Callable[[Workspace, LabRecord, Fault], LabRecord]] = {
    **dict.fromkeys(_LINK_FAULTS, _set_cable),
    FaultKind.NODE_DEAD: _kill_node,
    FaultKind.DAEMON_DEAD: _daemon("kill"),
    FaultKind.CLOCK_OFF: _set_clock_off,
    FaultKind.FLOW_OPENED: _open_flow,
}
_MEND: dict[FaultKind, Callable[[Workspace, LabRecord, Fault], LabRecord]] = {
    **dict.fromkeys(_LINK_FAULTS, _set_cable),
    FaultKind.NODE_DEAD: _boot_node,
    FaultKind.DAEMON_DEAD: _daemon("start"),
    FaultKind.CLOCK_OFF: _set_clock_right,
    FaultKind.FLOW_OPENED: _close_flow,
}
