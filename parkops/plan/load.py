"""Reads a park.yaml into a `Plan`, with every mistake of every kind at once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from parkops.errors import PlanError, Problem
from parkops.model import digest
from parkops.plan.check import check
from parkops.plan.marks import Key, Marks, duplicate_keys
from parkops.plan.schema import Plan
from parkops.plan.words import describe


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A valid plan, where its values stand, and the digest of its bytes."""

    plan: Plan
    marks: Marks
    digest: str


def load(path: Path) -> LoadedPlan:
    """Read, validate and cross-check a plan.

    Raises PlanError with every problem found, each as file:line:col.
    """
    name = path.name
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanError([Problem(name, 1, 1, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise PlanError([Problem(name, 1, 1, "is not UTF-8", "a UTF-8 text file", str(error))]) from error
    return parse(text, name)


def parse(text: str, name: str = "park.yaml") -> LoadedPlan:
    """Validate and cross-check a plan's text; see `load`."""
    marks, data = _compose(text, name)
    problems = duplicate_keys(marks.root, name)
    plan, found = _validate(data, marks)
    problems += found
    if plan is not None:
        problems += check(plan, marks)
    if problems or plan is None:
        raise PlanError(problems)
    return LoadedPlan(plan, marks, digest(text))


def _compose(text: str, name: str) -> tuple[Marks, Any]:
    loader = yaml.CSafeLoader(text)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise PlanError(
                [
                    Problem(
                        name,
                        1,
                        1,
                        "is empty or not a mapping",
                        "the sections of a plan",
                        "start from `parkops init`",
                    )
                ]
            )
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = f"is not YAML: {error.problem or error.context}"
        raise PlanError(
            [Problem(name, line, col, what, "", "check indentation, colons and quotes")]
        ) from error
    except yaml.YAMLError as error:
        raise PlanError([Problem(name, 1, 1, f"is not YAML: {error}")]) from error
    finally:
        loader.dispose()
    return Marks(name, root), data


def _validate(data: Any, marks: Marks) -> tuple[Plan | None, list[Problem]]:
    """Validate; where values are wrong, validate again without them, so that later checks still run."""
    try:
        return Plan.model_validate(data), []
    except ValidationError as error:
        details = error.errors()
    problems = [_translate(detail, marks) for detail in details]
    pruned = copy.deepcopy(data)
    for detail in details:
        _prune(pruned, _yaml_path(detail["loc"], marks))
    try:
        return Plan.model_validate(pruned), problems
    except ValidationError:
        return None, problems


def _yaml_path(loc: Sequence[Key], marks: Marks) -> tuple[Key, ...]:
    """Return the part of pydantic's location that exists in the file (it adds '[key]' and types)."""
    return tuple(part for part in loc if part != "[key]")


def _prune(data: Any, path: Sequence[Key]) -> None:
    node = data
    for part in path[:-1]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return
    if path and isinstance(node, dict):
        node.pop(path[-1], None)


def _translate(detail: ErrorDetails, marks: Marks) -> Problem:
    loc = detail["loc"]
    path = _yaml_path(loc, marks)
    label = ".".join(str(part) for part in path)
    kind = detail["type"]
    if kind == "missing":
        return marks.problem(path[:-1], f"{label} is missing", *describe(detail))
    if kind == "extra_forbidden":
        return marks.key_problem(path, f"{label} is not known here", *_known_keys(path))
    if "[key]" in loc:
        return marks.key_problem(path, f"{label}: bad name", *describe(detail))
    return marks.problem(path, f"{label}: {_shown(detail['input'])}", *describe(detail))


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    text = str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _known_keys(path: Sequence[Key]) -> tuple[str, str]:
    from parkops.plan.words import keys_at

    keys = keys_at(path[:-1])
    close = get_close_matches(str(path[-1]), keys, n=1, cutoff=0.6)
    return f"one of {', '.join(keys)}", f"did you mean {close[0]!r}?" if close else ""
