"""The only room that writes to devices: drivers, the network-wide transaction, its journal."""

from parkops.push.fleet import (
    Settings,
    plan,
    push,
    read_running,
    resume,
    rollback,
    run,
    what_goes_back,
)
from parkops.push.results import Pushed

__all__ = [
    "Pushed",
    "Settings",
    "plan",
    "push",
    "read_running",
    "resume",
    "rollback",
    "run",
    "what_goes_back",
]
