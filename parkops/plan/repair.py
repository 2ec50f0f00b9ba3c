"""Stands plausible values in for wrong ones, so that cross-checks can still run on the rest of a plan.

Each wrong value is replaced in two different ways; what the cross-checks find both times
does not come from it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from parkops.plan.marks import Key
from parkops.plan.schema import Plan
from parkops.plan.words import bounded, keys_at, kind_at, unwrap

ROUNDS = 4  # a stand-in may itself need mending, where a rule spans several values
VARIANTS = (0, 1)
CANDIDATES: tuple[tuple[object, ...], ...] = (
    (
        *(False, 0, 1, 2, 3, "a", "10.0.0.0/8", "fd00::/8", "2000-01-01"),
        *("tcp/1", "IP00", "1.1", "1.1/a", "env:A"),
    ),
    (
        *(True, 10**6, 10**5, 4094, 3600, 100, 52, 50, 5, 4, 2, "b", "192.0.2.0/31", "2001:db8::/127"),
        *("2100-01-01", "tcp/2", "IP69", "2.2", "2.2/b", "env:B"),
    ),
)


def repair(data: Any, errors: Sequence[ErrorDetails], variant: int) -> Plan | None:
    """Return the plan with a stand-in for each wrong value; None where there is no way."""
    mended = copy.deepcopy(data)
    for _ in range(ROUNDS):
        for error in sorted(errors, key=lambda error: len(error["loc"]), reverse=True):
            _mend(mended, error, variant)
        try:
            return Plan.model_validate(mended)
        except ValidationError as failure:
            errors = failure.errors()
    return None


def _mend(data: Any, error: ErrorDetails, variant: int) -> None:
    path = [part for part in error["loc"] if part != "[key]"]
    parent = data
    for depth, part in enumerate(path[:-1]):
        inner = _get(parent, part)
        if not isinstance(inner, (dict, list)):
            path = path[: depth + 1]  # what follows is pydantic's name of a type
            break
        parent = inner
    kind = kind_at(path)
    if error["type"] == "extra_forbidden":
        _rename(parent, path, variant)
    elif "[key]" in error["loc"] and isinstance(path[-1], str) and not isinstance(parent, list):
        parent[f"stand-in-{'ab'[variant]}-{len(parent)}"] = _drop(parent, path[-1])
    elif kind is None:
        _drop(parent, path[-1])
    elif isinstance(parent, dict) or (isinstance(path[-1], int) and path[-1] < len(parent)):
        parent[path[-1]] = stand_in(kind, variant)


def _get(node: Any, part: Key) -> Any:
    try:
        return node[part]
    except (KeyError, IndexError, TypeError):
        return None


def _drop(parent: Any, key: Key) -> Any:
    return parent.pop(key, None) if isinstance(parent, dict) else None


def _rename(parent: Any, path: Sequence[Key], variant: int) -> None:
    """Drop an unknown key, or take it for the one that it resembles."""
    value = _drop(parent, path[-1])
    close = get_close_matches(str(path[-1]), keys_at(path[:-1]), n=1)
    if variant and close and isinstance(parent, dict):
        parent.setdefault(close[0], value)


def stand_in(kind: Any, variant: int) -> Any:
    """Return a value that the schema takes for a type."""
    base = unwrap(kind)
    if isinstance(base, type) and issubclass(base, BaseModel):
        return {
            field.alias or name: stand_in(bounded(field.annotation, field.metadata), variant)
            for name, field in base.model_fields.items()
            if field.is_required()
        }
    if get_origin(base) is dict:
        return {f"stand-in-{'ab'[variant]}": stand_in(get_args(base)[1], variant)}
    if get_origin(base) is tuple:
        return [stand_in(get_args(base)[0], variant)]
    if get_origin(base) is Literal:
        return get_args(base)[-variant]
    check: TypeAdapter[Any] = TypeAdapter(kind)
    return next((value for value in CANDIDATES[variant] if _fits(check, value)), None)


def _fits(check: TypeAdapter[Any], value: object) -> bool:
    try:
        check.validate_python(value)
    except ValidationError:
        return False
    return True
