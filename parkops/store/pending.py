"""Which devices have a change in force that waits for its confirmation: pushes mark them, the monitor looks.

netconfd 2.13 takes no unconfirmed commit back as long as a client keeps asking: whoever asks regularly must
leave such a device alone until the change is confirmed, or its timer has run out.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

FOLDER = "pending"


def mark(state: Path, device: str, until_s: float) -> None:
    """Mark a device until a Unix time, below the folder of the park's state."""
    file = state / FOLDER / device
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{device}.part")
    partial.write_text(f"{until_s:.0f}", encoding="ascii")
    partial.replace(file)


def clear(state: Path, device: str) -> None:
    """Take a mark away."""
    (state / FOLDER / device).unlink(missing_ok=True)


def waits(state: Path, device: str) -> bool:
    """Tell whether a device is marked, and its time has not run out."""
    with suppress(OSError, ValueError):
        return float((state / FOLDER / device).read_text(encoding="ascii")) > time.time()
    return False
