"""One push per park at a time: a lock that the kernel drops with the process that holds it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parkops.errors import UsageError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the push lock of a park; UsageError when another process holds it.

    A lock file left by a process that died is no lock: flock(2) ends with its holder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            hint = "wait for it, or interrupt it"
            raise UsageError(f"another push is running{_holder(path)}", where=str(path), hint=hint) from error
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "since_s": round(time.time())}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _holder(path: Path) -> str:
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        return f" (process {entry['pid']}, for {time.time() - entry['since_s']:.0f} s)"
    except (OSError, ValueError, KeyError):
        return ""
