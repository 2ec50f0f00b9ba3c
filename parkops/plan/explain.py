"""Says where a value of the plan comes from: a line, a profile, a pattern, a default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parkops.plan.load import LoadedPlan
from parkops.plan.tree import Origin, Place


@dataclass(frozen=True, slots=True)
class Stated:
    """A value of the plan, where it stands, and what put it there, outermost first."""

    path: str
    value: Any
    place: Place | None  # None: the plan does not state it, and the schema's default holds
    origins: tuple[Origin, ...]
    description: str


def explain(loaded: LoadedPlan, path: str) -> Stated | None:
    """Return what is known of a path of the plan; None where there is no such path."""
    parts = path.split(".")
    value: Any = loaded.plan
    for part in parts:
        value = _below(value, part)
        if value is MISSING:
            return None
    stated = loaded.marks.has(_typed(parts))
    place = loaded.marks.node(_typed(parts)).place if stated else None
    return Stated(path, value, place, loaded.marks.origins(_typed(parts)), _description(loaded, parts))


MISSING = object()


def _typed(parts: Sequence[str]) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in parts]


def _below(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, value.get(int(part), MISSING) if part.isdigit() else MISSING)
    if isinstance(value, tuple):
        return value[int(part)] if part.isdigit() and int(part) < len(value) else MISSING
    for name, info in getattr(type(value), "model_fields", {}).items():
        if part in (name, info.alias):
            return getattr(value, name)
    return MISSING


def _description(loaded: LoadedPlan, parts: Sequence[str]) -> str:
    """Return what the schema says of a key."""
    value: Any = loaded.plan
    for part in parts[:-1]:
        value = _below(value, part)
    for name, info in getattr(type(value), "model_fields", {}).items():
        if parts[-1] in (name, info.alias):
            return info.description or ""
    return ""
