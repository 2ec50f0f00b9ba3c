"""Reads the `profiles` section: bodies by kind and name, their parameters, what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from parkops.errors import Problem
from parkops.plan.shape import ANYTHING, KINDS, SETS, Shape, shape_of
from parkops.plan.tree import Node, mapping

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,23}")
GIVEN = (*KINDS, "n", "number")  # names that stand for something without being parameters
KEYS = ("profile", "with", "parameters")


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile; a parameter without a default (null) must be given."""

    kind: str
    name: str
    parameters: Mapping[str, Node]
    body: Node

    def unknown_keys(self) -> Iterator[Problem]:
        """Yield the keys that the schema does not know; who uses a profile has them checked with the rest."""
        yield from _unknown(self.body, shape_of(self.kind), top=True)


def _unknown(node: Node, shape: Shape, *, top: bool = False) -> Iterator[Problem]:
    for key, (place, child) in (node.entries or {}).items():
        if shape.keys and key not in shape.keys and not (shape.profile and key in KEYS[: 3 if top else 2]):
            close = get_close_matches(key, shape.keys, n=1)
            hint = f"did you mean {close[0]!r}?" if close else ""
            yield place.problem(f"{key} is not known here", f"one of {', '.join(shape.keys)}", hint)
        else:
            yield from _unknown(child, shape.below(key) if key not in KEYS else ANYTHING)
    for child in node.items or ():
        yield from _unknown(child, shape.item or ANYTHING)


def read_profiles(root: Node) -> tuple[dict[tuple[str, str], Profile], list[Problem]]:
    """Return the profiles of a plan by kind and name, and what is wrong with them."""
    problems: list[Problem] = []
    section = root.child("profiles")
    if section is None:
        return {}, problems
    found = dict(_profiles(section[1], problems))
    return found, problems


def _profiles(section: Node, problems: list[Problem]) -> Iterator[tuple[tuple[str, str], Profile]]:
    if section.entries is None:
        problems.append(section.place.problem("profiles: no mapping", "kind: {name: {…}}"))
    for kind, (place, named) in (section.entries or {}).items():
        if kind not in KINDS and kind not in SETS:
            close = get_close_matches(kind, (*KINDS, *SETS), n=1)
            hint = f"did you mean {close[0]!r}?" if close else ""
            expected = f"one of {', '.join((*KINDS, *SETS))}"
            problems.append(place.problem(f"profiles.{kind}: no kind of profile", expected, hint))
            continue
        if named.entries is None:
            problems.append(named.place.problem(f"profiles.{kind}: no mapping", "name: {…}"))
        for name, (at, body) in (named.entries or {}).items():
            if not NAME.fullmatch(name):
                problems.append(
                    at.problem(f"profiles.{kind}.{name}: bad name", "lower-case letters, digits, -")
                )
            elif body.entries is None:
                problems.append(
                    body.place.problem(f"profiles.{kind}.{name}: no mapping", f"keys of a {kind}")
                )
            else:
                yield (kind, name), _profile(kind, name, body, problems)


def _profile(kind: str, name: str, node: Node, problems: list[Problem]) -> Profile:
    entries = dict(node.entries or {})
    parameters = entries.pop("parameters", None)
    if parameters is not None and parameters[1].entries is None:
        problems.append(parameters[1].place.problem("`parameters` is no mapping", "parameter: default"))
    found: dict[str, Node] = {}
    for key, (place, default) in ((parameters[1].entries or {}) if parameters else {}).items():
        if not PARAMETER.fullmatch(key) or key in GIVEN:
            why = "stands for something already" if key in GIVEN else "is no name of a parameter"
            problems.append(place.problem(f"{key!r} {why}", "lower-case letters, digits and _"))
        else:
            found[key] = default
    return Profile(kind, name, found, mapping(node.place, entries, active=True))
