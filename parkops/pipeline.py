"""The order of the stages, and nothing else."""

from __future__ import annotations

from pathlib import Path

import yaml

from parkops.design import Lock, design
from parkops.errors import PlanError, Problem
from parkops.model import Artifact, Park, Workspace
from parkops.plan import load
from parkops.render import render
from parkops.render.write import Written, write

LOCK_HEADER = "# Allocations of parkops; commit this file. An entry keeps its number until it is pruned.\n"


def design_park(workspace: Workspace) -> tuple[Park, Lock]:
    """Read the plan and design the park with its locked allocations; nothing is written.

    Raises PlanError or DesignError with every problem found.
    """
    return design(load(workspace.plan_file), read_lock(workspace.lock_file))


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


def read_lock(path: Path) -> Lock:
    """Return the allocations of park.lock; none when there is no file.

    Raises PlanError when it is damaged.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except FileNotFoundError:
        return {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanError(
            [
                Problem(
                    path.name, line, 1, f"is not YAML: {error.problem}", "", "restore it from version control"
                )
            ]
        ) from error
    pools = {} if data is None else data
    if not isinstance(pools, dict) or not all(_is_pool(keys) for keys in pools.values()):
        raise PlanError(
            [
                Problem(
                    path.name, 1, 1, "is damaged", "pools of `key: number`", "restore it from version control"
                )
            ]
        )
    return {str(pool): {str(key): number for key, number in keys.items()} for pool, keys in pools.items()}


def _is_pool(keys: object) -> bool:
    return isinstance(keys, dict) and all(type(number) is int for number in keys.values())


def write_lock(path: Path, lock: Lock) -> bool:
    """Write park.lock if it changed; return whether it did."""
    text = LOCK_HEADER + yaml.dump(lock, Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return True
