"""Writes a park of any size as a folder of plan files, a file for each tenant.

    python inventories/generate.py 1000 /tmp/park-1000 [open | huawei | h3c | mixed]
    parkops -p /tmp/park-1000 validate

The same as `parkops init --generate 1000 /tmp/park-1000`. The parks of 10 and 100 devices that stand here
were written by it; the larger ones are written when they are needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from parkops.plan.generate import generated


def main(devices: str, folder: str, mix: str = "open") -> None:
    """Write the files of a park."""
    for name, text in generated(int(devices), mix).items():
        file = Path(folder) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
