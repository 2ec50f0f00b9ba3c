"""Reach into a running lab: run a command in a node or in the pod, or move this process there."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from parkops.errors import LabError
from parkops.lab import kernel, state
from parkops.lab.places import PATH
from parkops.lab.state import LabRecord
from parkops.model import Workspace

_KILLED_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


def pod_argv(record: LabRecord, argv: Sequence[str]) -> list[str]:
    """Return the command line that runs ``argv`` in the pod, as its root."""
    base = f"/proc/{record.pid}/ns"
    spaces = [f"--{kind}={base}/{file}" for kind, file in _KINDS]
    return ["nsenter", *_user_space(record), *spaces, "--", *_KILLED_WITH_US, *argv]


_KINDS = (("mount", "mnt"), ("uts", "uts"), ("ipc", "ipc"), ("net", "net"), ("pid", "pid"))


def node_argv(record: LabRecord, name: str, argv: Sequence[str]) -> list[str]:
    """Return the command line that runs ``argv`` in a node, as its root."""
    node = record.node(name)
    if not state.node_alive(record, node):
        raise LabError("the node is dead", where=name, hint="bring it back with: parkops lab heal")
    base = f"{state.pod_root(record)}/proc/{node.pid}/ns"
    spaces = [f"--{kind}={base}/{file}" for kind, file in _KINDS]
    environment = ("env", "-i", f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", _terminal())
    command = [*_KILLED_WITH_US, *environment, *argv]
    return ["nsenter", *_user_space(record), *spaces, "--", *command]


def _terminal() -> str:
    return f"TERM={os.environ.get('TERM', 'dumb')}"


def _user_space(record: LabRecord) -> list[str]:
    """Return how to enter the lab's user namespace; nothing when this process is in it already."""
    path = Path(f"/proc/{record.pid}/ns/user")
    if not record.rootless or path.readlink() == Path("/proc/self/ns/user").readlink():
        return []
    return [f"--user={path}", "--preserve-credentials"]


def run_in(
    workspace: Workspace,
    node: str,
    argv: Sequence[str],
    timeout_s: float = 30.0,
    input_text: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a node as root; its output and exit status are returned, whatever they are.

    Raises LabError when there is no lab, the node is dead or the command takes longer than
    ``timeout_s``; UsageError when there is no such node.
    """
    return _run(node_argv(state.require(workspace), node, argv), node, timeout_s, input_text)


def run_in_pod(
    record: LabRecord, argv: Sequence[str], timeout_s: float = 30.0, text: str | None = None
) -> str:
    """Run a command in the pod and return its output; LabError when it fails."""
    done = _run(pod_argv(record, argv), "lab", timeout_s, text)
    if done.returncode:
        raise LabError(f"{' '.join(argv)[:80]}: {(done.stderr or done.stdout).strip()}", where="lab")
    return done.stdout


def _run(argv: list[str], where: str, timeout_s: float, text: str | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            argv, input=text, stdin=subprocess.DEVNULL if text is None else None, text=True,
            capture_output=True, timeout=timeout_s, errors="replace", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise LabError(f"no end within {timeout_s:g} s", where=where) from error


def enter(workspace: Workspace) -> None:
    """Move this process into the lab's management network; files stay the machine's.

    Sockets opened before stay where they are. Idempotent. It is the calling thread that moves; threads
    that it makes later follow. A rootless lab can only be entered while there is no other thread
    (user_namespaces(7)); to this process its user then is root.
    """
    record = state.require(workspace)
    base = Path(f"/proc/{record.pid}/ns")
    try:
        if (base / "net").readlink() == Path("/proc/thread-self/ns/net").readlink():
            return
        if _user_space(record):
            if threading.active_count() > 1:
                raise LabError("a process with several threads cannot move into a rootless lab", where="lab")
            kernel.setns(f"{base}/user", kernel.CLONE_NEWUSER)
        kernel.setns(f"{base}/net", kernel.CLONE_NEWNET)
    except OSError as error:
        hint = "the lab belongs to another user: use that user or sudo"
        raise LabError(f"the lab cannot be entered: {error}", where="lab", hint=hint) from error
