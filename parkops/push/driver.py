"""What drivers say: unified diffs, their size, and reasons."""

from __future__ import annotations

from difflib import unified_diff

from parkops.errors import Diverged, ParkopsError

TOLD = 6  # lines of a difference that a message names


def unified(running: str, intended: str, name: str) -> str:
    """Return the unified diff from a device's running to its intended text."""
    lines = unified_diff(
        running.splitlines(keepends=True),
        intended.splitlines(keepends=True),
        f"{name} running",
        f"{name} intended",
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def compare(actual: str, expected: str, name: str) -> None:
    """Raise Diverged, with what differs, unless a device's running text is the expected one."""
    diff = unified(actual, expected, name)
    if diff:
        raise Diverged(f"running is not what was sent: {changed_lines(diff)}", where=name)


def changed_lines(diff: str) -> str:
    """Return the first changed lines of a unified diff in one line."""
    told = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    more = f" … and {len(told) - TOLD} lines more" if len(told) > TOLD else ""
    return " | ".join(" ".join(line.split()) for line in told[:TOLD]) + more


def reason(error: BaseException) -> str:
    """Say what went wrong; an error that is not parkops' own is named with its type."""
    return str(error) if isinstance(error, ParkopsError) else f"{type(error).__name__}: {error}"


def diff_size(diff: str) -> tuple[int, int]:
    """Count the added and removed lines of a unified diff."""
    lines = diff.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return added, removed
