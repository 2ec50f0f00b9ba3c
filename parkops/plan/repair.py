"""Stands plausible values in for wrong ones, so that cross-checks can still run on the rest of a plan.

Each wrong value is replaced in two different ways; what the cross-checks find both times
does not come from it.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Container, Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from parkops.plan.marks import Key
from parkops.plan.schema import Plan
from parkops.plan.words import bounded, keys_at, kind_at, unwrap

ROUNDS = 4  # a stand-in may itself need mending, where a rule spans several values
VARIANTS = (0, 1)
MOST_NAMES = 100  # stand-ins for names in one mapping
CANDIDATES: tuple[tuple[object, ...], ...] = (
    (
        *(False, 0, 1, 2, 3, "a", "10.0.0.0/8", "fd00::/8", "2000-01-01"),
        *("tcp/1", "IP00", "1.1", "1.1/a", "env:A", "198.51.100.1", "http://a.example/", "a@a.example"),
        *("00:00", "all", "role:a", "02-00-00-00-00-01", "a.yaml", "a" * 64),
    ),
    (
        *(True, 10**6, 10**5, 4094, 3600, 100, 52, 50, 5, 4, 2, 0.5, "b", "192.0.2.0/31", "2001:db8::/127"),
        *("2100-01-01", "tcp/2", "IP69", "2.2", "2.2/b", "env:B", "198.51.100.2", "https://b.example/"),
        *("b@b.example", "23:59", "zone:b", "role:b", "02-00-00-00-00-02", "b.yaml", "b" * 64),
    ),
)
BOUNDS = ("ge", "le", "gt", "lt")


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
        _rename_key(parent, path, variant)
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


def _rename_key(parent: Any, path: Sequence[Key], variant: int) -> None:
    """Give what has a bad name another; of words that are fixed, the one that it resembles, or none."""
    value = _drop(parent, path[-1])
    kind = unwrap(kind_at(path[:-1]))
    words = [str(word) for word in _options(get_args(kind)[0])] if get_args(kind) else []
    if words:
        close = get_close_matches(str(path[-1]), words, n=1)
        name = close[0] if variant and close and close[0] not in parent else None
    else:
        name = _name(kind, variant, parent)
    if name is not None:
        parent[name] = value


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
        return {_name(base, variant): stand_in(get_args(base)[1], variant)}
    if get_origin(base) is tuple:
        return _items(kind, [item for item in get_args(base) if item is not ...], variant)
    if get_origin(base) is Literal:
        return get_args(base)[-variant]
    check: TypeAdapter[Any] = TypeAdapter(kind)
    values = (*CANDIDATES[variant], *_bounds(kind))
    return next((value for value in values if _fits(check, value)), None)


def _items(kind: Any, kinds: Sequence[Any], variant: int) -> list[Any]:
    """Return as many values as a list must have, each another one where its kind has two."""
    least = max((getattr(bound, "min_length", 0) for bound in _metadata(kind)), default=0)
    count = max(len(kinds), least)
    return [stand_in(kinds[min(number, len(kinds) - 1)], (variant + number) % 2) for number in range(count)]


def _name(kind: Any, variant: int, taken: Container[Any] = ()) -> Any:
    """Return a name that a mapping takes and does not have yet; None where there is none."""
    key = next(iter(get_args(unwrap(kind))), None)
    if key is None:
        return None  # an error of the value's, told in its key's place
    check: TypeAdapter[Any] = TypeAdapter(key)
    letter = "ab"[variant]
    names = (f"stand-in-{letter}", *(f"stand-in-{letter}-{number}" for number in range(1, MOST_NAMES)))
    others = (f"stand_in_{letter}", *CANDIDATES[variant], *_options(key), *_bounds(key))
    return next((name for name in (*names, *others) if name not in taken and _fits(check, name)), None)


def _options(kind: Any) -> Iterator[Any]:
    """Return the words that a type is one of."""
    if get_origin(kind) is Literal:
        yield from get_args(kind)
    else:
        for inner in get_args(kind):
            yield from _options(inner)


def _metadata(kind: Any) -> Iterator[Any]:
    """Return the constraints of a type, also of one that may be absent."""
    if get_origin(kind) is Annotated:
        for constraint in get_args(kind)[1:]:
            yield from getattr(constraint, "metadata", (constraint,))
        yield from _metadata(get_args(kind)[0])
    elif get_origin(kind) in (Union, types.UnionType):
        for option in get_args(kind):
            yield from _metadata(option)


def _bounds(kind: Any) -> Iterator[Any]:
    """Return the smallest and the largest number that a type takes."""
    for constraint in _metadata(kind):
        yield from (getattr(constraint, bound) for bound in BOUNDS if hasattr(constraint, bound))


def _fits(check: TypeAdapter[Any], value: object) -> bool:
    try:
        check.validate_python(value)
    except ValidationError:
        return False
    return True
