"""Run a park as nodes on Linux namespaces, break it on purpose, and try its traffic."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkops.lab.access import enter, run_in
    from parkops.lab.answering import served
    from parkops.lab.control import down, is_up, status, up
    from parkops.lab.expect import try_expectations
    from parkops.lab.faults import heal, inject
    from parkops.lab.machine import Missing, preflight
    from parkops.lab.state import Fault, FaultKind, LabStatus, NodeState, NodeStatus

# Where a public name lives. Imported on use: the pod's own processes need none of it.
_HOMES = {
    "Fault": "state",
    "FaultKind": "state",
    "LabStatus": "state",
    "Missing": "machine",
    "NodeState": "state",
    "NodeStatus": "state",
    "down": "control",
    "enter": "access",
    "heal": "faults",
    "inject": "faults",
    "preflight": "machine",
    "is_up": "control",
    "run_in": "access",
    "served": "answering",
    "status": "control",
    "try_expectations": "expect",
    "up": "control",
}

__all__ = [
    "Fault",
    "FaultKind",
    "LabStatus",
    "Missing",
    "NodeState",
    "NodeStatus",
    "down",
    "enter",
    "heal",
    "inject",
    "is_up",
    "preflight",
    "run_in",
    "served",
    "status",
    "try_expectations",
    "up",
]


def __getattr__(name: str) -> object:
    """Import a public name's module when it is first used."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"parkops.lab.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
