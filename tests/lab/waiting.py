"""Wait for conditions in tests."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], within_s: float = 15.0, every_s: float = 0.05) -> float:
    """Wait until the condition holds; return how long it took in seconds, fail when it never does."""
    started_s = time.monotonic()
    while not condition():
        if time.monotonic() - started_s > within_s:
            raise AssertionError(f"not within {within_s} s")
        time.sleep(every_s)
    return time.monotonic() - started_s
