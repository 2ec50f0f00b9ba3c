"""The only room that writes to devices: drivers, the run over the fleet, and its journal."""

from parkops.push.fleet import plan, read_running, run

__all__ = ["plan", "read_running", "run"]
