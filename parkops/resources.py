"""Finds templates, playbooks and examples, in a checkout and in an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from parkops.errors import MachineError

PACKAGE = Path(__file__).resolve().parent


@cache
def folder(name: str) -> Path:
    """Return a resource folder: `templates`, `playbooks` or `inventories`.

    Raises MachineError when the installation lacks it.
    """
    for candidate in (PACKAGE / "_data" / name, PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise MachineError(f"the {name} folder is missing", where=str(PACKAGE), hint="install parkops again")
