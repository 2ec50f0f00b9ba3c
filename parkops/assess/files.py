"""Reads a YAML file of the user's and judges it by a schema; every mistake is told with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from parkops.errors import PlanError, Problem

M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]
MOST_BYTES = 1_000_000
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Source:
    """A file's values, and where each stands (line and column from 1)."""

    file: str
    data: Any
    places: Mapping[Place, tuple[int, int]] = field(default_factory=dict)

    def problem(self, path: Place, what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem at a value, or at the nearest value around it."""
        while path and path not in self.places:
            path = path[:-1]
        line, col = self.places.get(path, (1, 1))
        return Problem(self.file, line, col, what, expected, hint)


def read_yaml(path: Path, name: str = "") -> Source:
    """Return a file's values with their places; PlanError when it cannot be read or is no YAML."""
    name = name or str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PlanError([Problem(name, 1, 1, "larger than 1 MB", "a file of weights or thresholds")])
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanError([Problem(name, 1, 1, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise PlanError([Problem(name, 1, 1, "not UTF-8 text", "a YAML file")]) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        places: dict[Place, tuple[int, int]] = {}
        problems: list[Problem] = []
        data = _value(root, (), places, name, problems) if root is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = getattr(error, "problem", None) or "no YAML"
        raise PlanError([Problem(name, line, col, str(what), "", "check indentation and colons")]) from error
    if problems:
        raise PlanError(problems)
    return Source(name, data, places)


def _value(
    node: yaml.Node, path: Place, places: dict[Place, tuple[int, int]], name: str, problems: list[Problem]
) -> Any:
    line, col = node.start_mark.line + 1, node.start_mark.column + 1
    places.setdefault(path, (line, col))
    if len(path) > DEEPEST:
        raise PlanError([Problem(name, line, col, f"more than {DEEPEST} levels deep")])
    if isinstance(node, yaml.SequenceNode):
        return [_value(n, (*path, i), places, name, problems) for i, n in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            at = key_node.start_mark
            key = _scalar(key_node)
            if isinstance(key_node, yaml.CollectionNode) or key in found:
                what = "a key that is no text or number" if key not in found else f"{key!r} stands twice"
                problems.append(Problem(name, at.line + 1, at.column + 1, what, "each key once"))
                continue
            places[(*path, key)] = (at.line + 1, at.column + 1)
            value = _value(value_node, (*path, key), places, name, problems)
            mark = value_node.start_mark
            if isinstance(value_node, yaml.ScalarNode):
                places[(*path, key)] = (mark.line + 1, mark.column + 1)
            found[key] = value
        return found
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node) if isinstance(node, yaml.ScalarNode) else None
    except (ValueError, OverflowError):  # 2026-02-30
        return node.value
    finally:
        loader.dispose()


def validate(model: type[M], source: Source) -> M:
    """Return the file's values as a model; PlanError with every value that breaks the schema."""
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        raise PlanError([_problem(model, source, item) for item in error.errors()]) from error


def _problem(model: type[BaseModel], source: Source, item: Any) -> Problem:
    path = tuple(step for step in item["loc"] if step != "[key]")
    if item["type"] == "extra_forbidden":
        known = _keys(model, path[:-1])
        close = get_close_matches(str(path[-1]), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else ""
        return source.problem(path, f"unknown key {path[-1]!r}", ", ".join(known), hint)
    if item["type"] == "missing":
        return source.problem(path[:-1], f"`{path[-1]}` is missing")
    if item["type"] == "value_error":
        return source.problem(path, str(item["ctx"]["error"]))
    return source.problem(path, f"{item['input']!r}"[:80], item["msg"][:1].lower() + item["msg"][1:])


def _keys(model: Any, path: Place) -> list[str]:
    """Return the keys that a part of a model knows, [] where it is no model."""
    for step in path:
        if isinstance(step, str):
            fields = getattr(model, "model_fields", {})
            model = fields[step].annotation if step in fields else None
        while not hasattr(model, "model_fields") and (inner := [a for a in get_args(model) if a is not ...]):
            model = inner[0]
    fields = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


__all__ = ["Place", "Source", "read_yaml", "validate"]
