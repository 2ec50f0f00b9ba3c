"""The order of the stages, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from parkops.design import Lock, LockFile, design, lock_text, parse_lock
from parkops.errors import DesignError, PlanError, Problem
from parkops.model import Artifact, Park, Workspace
from parkops.model.bulk import bulk
from parkops.plan import LoadedPlan, load
from parkops.plan.cache import TreeCache
from parkops.platforms import find_platforms, missing_features

if TYPE_CHECKING:  # what only designs a park does not pay for the templates' engine
    from parkops.render.cache import Entry, Rendered
    from parkops.render.write import Written


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
        loaded = load_plan(workspace)
    except PlanError as error:
        raise PlanError([*problems, *error.problems]) from error
    if problems:
        raise PlanError(problems)
    with bulk():
        platforms = find_platforms(workspace.platform_dirs)
    park, allocations = design(loaded, lock.numbers, lock.marks, platforms)
    lacking = [*missing_features(park, platforms), *_wrong_probes(park)]
    if lacking:
        raise DesignError(lacking)
    return park, allocations


def _wrong_probes(park: Park) -> list[Problem]:
    """Check what the plan states of probes by the monitor's table; a plan without any does not load it."""
    refs = [(target, target.source) for target in park.targets if target.source is not None]
    stated = [(target, ref) for target, ref in refs if ref.path.startswith("monitoring.probes.")]
    if not stated:
        return []
    from parkops.monitor.probes import problems_of

    return [
        Problem(ref.file, ref.line, ref.col, f"{target.probe}: {what}")
        for target, ref in stated
        for what in problems_of(target)
    ]


def load_plan(workspace: Workspace) -> LoadedPlan:
    """Read and validate the plan; files that did not change since the last run are not parsed again.

    Raises PlanError with every problem found.
    """
    trees = TreeCache.open(workspace.state / "cache" / "plan")
    loaded = load(workspace.plan_file, trees.read)
    trees.save()
    return loaded


def load_park(workspace: Workspace) -> Park:
    """Read the plan, design the park and keep its allocations in park.lock (written when they grew)."""
    park, lock = design_park(workspace)
    write_lock(workspace.lock_file, lock)
    return park


def render_park(
    park: Park, workspace: Workspace, devices: Collection[str] | None = None
) -> tuple[Artifact, ...]:
    """Render the park's artifacts in memory, or those of some devices; what is unchanged is read back.

    Accepted drift (the park's overrides) is in them, and not in the build folder.
    """
    artifacts, _ = _render(park, workspace, devices)
    if not workspace.overrides.is_dir():
        return artifacts
    from parkops.push.overrides import applied

    return applied(artifacts, park, workspace.overrides, workspace.platform_dirs)


def build_park(
    park: Park, workspace: Workspace, devices: Collection[str] | None = None
) -> tuple[tuple[Artifact, ...], Written]:
    """Render the park, or some of its devices, and write what changed below its build folder."""
    from parkops.render.cache import Rendered, stamp_of
    from parkops.render.write import write

    artifacts, record = _render(park, workspace, devices)
    build = workspace.build_of(park.name)
    written = write(artifacts, build, devices)
    platforms = find_platforms(workspace.platform_dirs)
    stamp = stamp_of(workspace.root, platforms, build) if devices is None else ""
    Rendered(stamp, park.name, record).save(workspace.rendered)
    return artifacts, written


def changed_since(park: Park, workspace: Workspace) -> list[str]:
    """Return the names of the devices that differ from the last render by their plan or templates."""
    from parkops.render import Renderer
    from parkops.render.cache import changed_devices

    renderer = Renderer.of(park, find_platforms(workspace.platform_dirs))
    return changed_devices(park.managed, renderer, _last(park, workspace))


def _render(
    park: Park, workspace: Workspace, devices: Collection[str] | None
) -> tuple[tuple[Artifact, ...], dict[str, Entry]]:
    """Return artifacts in path order, and the record that the next render compares with."""
    from parkops.render import Renderer, park_artifacts
    from parkops.render.cache import cached_devices

    last = _last(park, workspace)
    renderer = Renderer.of(park, find_platforms(workspace.platform_dirs))
    chosen = park.managed if devices is None else [park.device(name) for name in sorted(devices)]
    artifacts, record = cached_devices(chosen, renderer, last, workspace.build_of(park.name))
    if devices is None:
        artifacts += park_artifacts(park, renderer)
    else:
        record = {**last.devices, **record}
    return tuple(sorted(artifacts, key=lambda artifact: artifact.path)), record


def _last(park: Park, workspace: Workspace) -> Rendered:
    from parkops.render.cache import Rendered

    last = Rendered.load(workspace.rendered)
    return last if last.park == park.name else Rendered()


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
