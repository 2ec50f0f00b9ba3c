"""Join modules that need nothing but the standard library into one script for a node without parkops."""

from __future__ import annotations

from pathlib import Path

_FUTURE = "from __future__ import annotations\n"


def joined(*modules: Path) -> str:
    """Return one script of several modules, in the order given; the last one is the main program.

    What a module imports from another stands before it, so that import lines of parkops are left out; they
    must be of one line each.
    """
    lines = [line for module in modules for line in module.read_text(encoding="utf-8").splitlines(True)]
    kept = [line for line in lines if line != _FUTURE and not line.startswith("from parkops.")]
    return _FUTURE + "".join(kept)
