"""Reads a park.yaml into a `Plan`, with every mistake of every kind at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from parkops.errors import PlanError, Problem
from parkops.model.bulk import in_bulk
from parkops.plan.check import check
from parkops.plan.expand import Expanded, expand
from parkops.plan.include import Gathered, Reader, gather, gather_text
from parkops.plan.marks import Key, Marks
from parkops.plan.reader import read
from parkops.plan.schema import Plan
from parkops.plan.tree import Node, Place
from parkops.plan.words import describe, keys_at, kind_at, kind_words

UNQUOTED = ("int_type", "float_type", "bool_type")
ALIKE = 3  # problems at one place that are told
MANY = 8  # of more keys than these only the one that was meant is named
SHOWN = 40  # characters of a wrong value that a message repeats


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A valid plan, where its values stand, the digest of its bytes, and the files that it stands in."""

    plan: Plan
    marks: Marks
    digest: str
    files: tuple[str, ...] = ()


@in_bulk
def load(path: Path, reader: Reader = read) -> LoadedPlan:
    """Read, validate and cross-check a plan; ``reader`` may remember what it read before.

    Raises PlanError with every problem found, each as file:line:col.
    """
    return _checked(gather(path, reader))


@in_bulk
def parse(text: str, name: str = "park.yaml") -> LoadedPlan:
    """Validate and cross-check a plan's text; see `load`."""
    return _checked(gather_text(text, name))


def _checked(files: Gathered) -> LoadedPlan:
    expanded = expand(files.root)
    marks = Marks(files.files[0], expanded.root)
    problems = [*files.problems, *expanded.problems]
    try:
        plan = Plan.model_validate(expanded.root.data)
    except ValidationError as error:
        details = [detail for detail in error.errors() if not _lacks_its_profile(detail, expanded, marks)]
        found = {*_translate(details, marks), *_seen_all_the_same(expanded.root.data, error.errors(), marks)}
        problems += _without(sorted(found), expanded.problems)
        raise PlanError(_told(problems, marks.root)) from error
    problems += _without(check(plan, marks), expanded.problems)
    if problems:
        raise PlanError(_told(problems, marks.root))
    return LoadedPlan(plan, marks, files.digest, files.files)


def _lacks_its_profile(detail: ErrorDetails, expanded: Expanded, marks: Marks) -> bool:
    """Return whether a key is missing because there is no profile to give it."""
    return detail["type"] == "missing" and id(marks.node(detail["loc"][:-1]).data) in expanded.broken


def _without(found: Iterable[Problem], known: Sequence[Problem]) -> list[Problem]:
    """Return what is found where nothing is known to be wrong yet."""
    places = {(problem.file, problem.line, problem.col) for problem in known}
    return [problem for problem in found if (problem.file, problem.line, problem.col) not in places]


def _told(problems: Iterable[Problem], root: Node) -> list[Problem]:
    """Return problems; of those that one line of a profile or pattern makes many times, the first few."""
    uses = Counter(node.place for node in root.walk())
    uses.update(place for node in root.walk() for place, _ in (node.entries or {}).values())
    by_place: dict[Place, list[Problem]] = {}
    for problem in dict.fromkeys(problems):
        by_place.setdefault(Place(problem.file, problem.line, problem.col), []).append(problem)
    kept: list[Problem] = []
    for place, found in by_place.items():
        shown = found[:ALIKE] if uses[place] > ALIKE else found
        if len(shown) < len(found):
            more = f"{len(found) - len(shown)} more like it from here"
            shown[-1] = replace(shown[-1], hint=f"{shown[-1].hint}; {more}" if shown[-1].hint else more)
        kept += shown
    return kept


def _seen_all_the_same(data: Any, details: Sequence[ErrorDetails], marks: Marks) -> set[Problem]:
    """Return what the cross-checks find whatever stands in the place of the wrong values."""
    from parkops.plan.repair import VARIANTS, repair

    plans = [repair(data, details, variant) for variant in VARIANTS]
    found = set.intersection(*(set(check(plan, marks)) if plan else set() for plan in plans))
    names = [repr(detail["loc"][-2]) for detail in details if detail["loc"][-1] == "[key]"]
    root = marks.root.place
    nowhere = (root.file, root.line, root.col)  # about sections that are not there at all
    return {
        problem
        for problem in found
        if (problem.file, problem.line, problem.col) != nowhere
        and not any(name in problem.what for name in names)
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
