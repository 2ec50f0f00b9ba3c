"""Reads a park.yaml into a `Plan`, with every mistake of every kind at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from parkops.errors import PlanError, Problem
from parkops.model import digest
from parkops.plan.check import check
from parkops.plan.marks import Key, Marks
from parkops.plan.reader import decode, read
from parkops.plan.schema import Plan
from parkops.plan.tree import Node
from parkops.plan.words import describe, keys_at, kind_at, kind_words

UNQUOTED = ("int_type", "float_type", "bool_type")
MANY = 8  # of more keys than these only the one that was meant is named
SHOWN = 40  # characters of a wrong value that a message repeats


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
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PlanError([Problem(path.name, 1, 1, f"cannot be read: {error.strerror}")]) from error
    return parse(decode(raw, path.name), path.name)


def parse(text: str, name: str = "park.yaml") -> LoadedPlan:
    """Validate and cross-check a plan's text; see `load`."""
    document = read(text, name)
    if not isinstance(document.data, dict):
        what = "is empty" if document.data is None else "is not a mapping"
        raise PlanError([Problem(name, 1, 1, what, "the sections of a plan", "start from `parkops init`")])
    problems, marks = list(document.problems), document.marks
    try:
        plan = Plan.model_validate(document.data)
    except ValidationError as error:
        details = error.errors()
        problems += _translate(details, marks)
        problems += _seen_all_the_same(document.data, details, marks)
        raise PlanError(problems) from error
    problems += check(plan, marks)
    if problems:
        raise PlanError(problems)
    return LoadedPlan(plan, marks, digest(text))


def _seen_all_the_same(data: Any, details: Sequence[ErrorDetails], marks: Marks) -> set[Problem]:
    """Return what the cross-checks find whatever stands in the place of the wrong values."""
    from parkops.plan.repair import VARIANTS, repair

    plans = [repair(data, details, variant) for variant in VARIANTS]
    found = set.intersection(*(set(check(plan, marks)) if plan else set() for plan in plans))
    names = [repr(detail["loc"][-2]) for detail in details if detail["loc"][-1] == "[key]"]
    root = marks.root.place
    nowhere = (root.line, root.col)  # about sections that are not there at all
    return {
        problem
        for problem in found
        if (problem.line, problem.col) != nowhere and not any(name in problem.what for name in names)
    }


def _translate(details: Sequence[ErrorDetails], marks: Marks) -> list[Problem]:
    problems: dict[tuple[Key, ...], Problem] = {}
    typos = {
        (*path[:-1], close)
        for path in (tuple(detail["loc"]) for detail in details if detail["type"] == "extra_forbidden")
        for close in _close(path)
    }
    items = {tuple(detail["loc"][:-1]) for detail in details if isinstance(detail["loc"][-1], int)}
    for detail in details:
        path = _path(detail, marks)
        if detail["type"] == "too_short" and path in items:
            continue  # pydantic counts the items that are right
        if detail["type"] == "missing" and path in typos:
            continue  # it is there, misspelt
        problem = _problem(detail, path, marks)
        first = problems.setdefault(path, problem)
        if first is not problem and first.what == problem.what:  # the options of a union
            both = f"{first.expected}, or {problem.expected}"
            problems[path] = Problem(first.file, first.line, first.col, first.what, both, first.hint)
    return list(problems.values())


def _path(detail: ErrorDetails, marks: Marks) -> tuple[Key, ...]:
    """Return the part of pydantic's location that stands in the file (it adds '[key]' and types)."""
    path = [part for part in detail["loc"] if part != "[key]"]
    while path and detail["type"] != "missing" and not marks.has(path):
        path.pop()
    return tuple(path)


def _problem(detail: ErrorDetails, path: tuple[Key, ...], marks: Marks) -> Problem:
    parts = (str(part) for part in path)
    label = ".".join(part if part and part.isprintable() else repr(part) for part in parts)
    if detail["type"] == "missing":
        return marks.key_problem(path[:-1], f"{label} is missing", kind_words(kind_at(path)), "add it")
    if detail["type"] == "extra_forbidden":
        close, keys = _close(path), keys_at(path[:-1])
        hint = f"did you mean {close[0]!r}?" if close else ""
        expected = "" if close and len(keys) > MANY else f"one of {', '.join(keys)}"
        return marks.key_problem(path, f"{label} is not known here", expected, hint)
    expected, hint = describe(detail)
    if detail["loc"][-1] == "[key]":
        return marks.key_problem(path, f"{label}: bad name", expected, hint)
    node = marks.node(path)
    return marks.problem(path, f"{label}: {_shown(node)}", expected, hint or _quoting(detail, node))


def _close(path: Sequence[Key]) -> list[str]:
    return get_close_matches(str(path[-1]), keys_at(path[:-1]), n=1)


def _shown(node: Node) -> str:
    """Return a value as the file has it."""
    if node.entries is not None:
        return "a mapping" if node.entries else "an empty mapping"
    if node.items is not None:
        return "a list" if node.items else "an empty list"
    if node.data is None:
        return "nothing"
    text = node.text or str(node.data)
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")


def _quoting(detail: ErrorDetails, node: Node) -> str:
    """Say where quotes, or their absence, made the value another type."""
    if node.entries is not None or node.items is not None:
        return ""
    if node.data is None:
        return "write a value after the colon"
    if detail["type"] == "string_type":
        return "quote it"
    return "without quotes" if node.quoted and detail["type"] in UNQUOTED else ""
