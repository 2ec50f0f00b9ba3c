"""The order of the stages, and nothing else."""

from __future__ import annotations

from pathlib import Path

from parkops.design import Lock, LockFile, design, lock_text, parse_lock
from parkops.errors import PlanError, Problem
from parkops.model import Artifact, Park, Workspace
from parkops.plan import load
from parkops.render import render
from parkops.render.write import Written, write


def design_park(workspace: Workspace) -> tuple[Park, Lock]:
    """Read the plan and design the park with its locked allocations; nothing is written.

    Raises PlanError or DesignError with every problem found.
    """
    problems: list[Problem] = []
    try:
        lock = read_lock(workspace.lock_file)
    except PlanError as error:
        lock = LockFile({})
        problems += error.problems
    try:
        loaded = load(workspace.plan_file)
    except PlanError as error:
        raise PlanError([*problems, *error.problems]) from error
    if problems:
        raise PlanError(problems)
    return design(loaded, lock.numbers, lock.marks)


def load_park(workspace: Workspace) -> Park:
    """Read the plan, design the park and keep its allocations in park.lock (written when they grew)."""
    park, lock = design_park(workspace)
    write_lock(workspace.lock_file, lock)
    return park


def render_park(park: Park, workspace: Workspace) -> tuple[Artifact, ...]:
    """Render the park's artifacts in memory."""
    return render(park)


def build_park(park: Park, workspace: Workspace) -> tuple[tuple[Artifact, ...], Written]:
    """Render the park and write what changed below its build folder."""
    artifacts = render_park(park, workspace)
    return artifacts, write(artifacts, workspace.build)


def read_lock(path: Path) -> LockFile:
    """Return the allocations of park.lock; none when there is no file.

    Raises PlanError when it is damaged.
    """
    try:
        return parse_lock(path.read_bytes(), path.name)
    except FileNotFoundError:
        return LockFile({})
    except OSError as error:
        raise PlanError([Problem(path.name, 1, 1, f"cannot be read: {error.strerror}")]) from error


def write_lock(path: Path, lock: Lock) -> bool:
    """Write park.lock if it changed; return whether it did."""
    text = lock_text(lock)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return True
