"""Parks of every section of the language with parts of them taken away at random, for property tests."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from parkops.design import Lock, design
from parkops.errors import ProblemsError
from parkops.model import Park
from parkops.plan import parse

Tree = dict[str, Any]
Path_ = tuple[str, ...]

WHOLE = tuple(sorted((Path(__file__).parent / "everything").glob("*.yaml")))
NAMED = frozenset({  # mappings whose keys are names that may come and go
    "circuits", "conduits", "cpes", "endpoints", "flows", "hosted", "interconnects",
    "leased_lines", "networks", "nodes", "objectives", "one_way", "published", "remote_access", "segments",
    "sites", "streams", "tenants", "users", "workloads", "zones",
})  # fmt: skip
SECTIONS = (  # whole sections that may be missing
    ("cloud",), ("growth",), ("qos",), ("sdn",), ("public", "tsn"), ("public", "wireless"),
    ("tenants", "acme", "sites", "hq", "wireless"), ("tenants", "acme", "sites", "p1", "tsn"),
    ("services", "tsn"), ("services", "wireless"), ("services", "cpes"),
)  # fmt: skip
REPAIRS = 12  # rounds in which what hung on a part goes with it
CUTS = 4  # parts that are taken away


@cache
def whole(file: Path) -> Tree:
    """Return a plan that uses every key, its anchors written out."""
    tree: Tree = json.loads(json.dumps(yaml.safe_load(file.read_text(encoding="utf-8")), default=str))
    return tree


def names(tree: Tree, at: Path_ = ()) -> Iterator[Path_]:
    """Yield the path of each part with a name of its own."""
    for key, value in tree.items():
        if isinstance(value, dict):
            if key in NAMED:
                yield from ((*at, key, name) for name in value)
            yield from names(value, (*at, key))


def written(tree: Tree, at: Path_ = ()) -> Iterator[tuple[str, Path_]]:
    """Yield the lines of a plan, each with the path that it says something of; a list is one line."""
    for key, value in tree.items():
        head, here = "  " * len(at) + json.dumps(key, ensure_ascii=False) + ":", (*at, key)
        if isinstance(value, dict) and value:
            yield head, here
            yield from written(value, here)
        else:
            yield f"{head} {json.dumps(value, ensure_ascii=False)}", here


def designed(tree: Tree, lock: Lock | None = None) -> tuple[Park, Lock]:
    """Design a plan."""
    return design(parse("\n".join(line for line, _ in written(tree))), lock or {})


def without(tree: Tree, part: Path_) -> Tree | None:
    """Return the plan without a part and without what named it; None where the park cannot do without."""
    left = copy.deepcopy(tree)
    _drop(left, part)
    for _ in range(REPAIRS):
        try:
            designed(left)
        except ProblemsError as error:
            lines = [path for _, path in written(left)]
            wrong = {_owner(lines[problem.line - 1]) for problem in error.problems}
            if () in wrong:
                return None
            for path in sorted(wrong, key=len, reverse=True):
                _drop(left, path)
        else:
            return left
    return None


def _owner(path: Path_) -> Path_:
    """Return the innermost part with a name of its own that a path lies in, () for none."""
    for end in range(len(path), 1, -1):
        if path[end - 2] in NAMED:
            return path[:end]
    return ()


def _drop(tree: Tree, path: Path_) -> None:
    inner: Any = tree
    for step in path[:-1]:
        inner = inner.get(step, {})
    inner.pop(path[-1], None)


@cache
def parts(file: Path) -> tuple[Path_, ...]:
    """Return what can be taken from a whole plan, each alone."""
    tree = whole(file)
    return (*(path for path in SECTIONS if _has(tree, path)), *names(tree))


def _has(tree: Tree, path: Path_) -> bool:
    inner: Any = tree
    for step in path:
        inner = inner.get(step, {})
    return bool(inner)


def cuts(file: Path) -> st.SearchStrategy[list[Path_]]:
    """Draw the parts that a plan of every section is to lack."""
    return st.lists(st.sampled_from(parts(file)), max_size=CUTS, unique=True)


def lacking(file: Path, missing: list[Path_]) -> Tree:
    """Return a plan of every section without some of its parts, as far as the park can do without."""
    tree = copy.deepcopy(whole(file))
    for part in missing:
        tree = without(tree, part) or tree
    return tree
