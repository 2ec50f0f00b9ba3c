"""Tells where in the files of a plan each of its values stands, and how it came there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parkops.errors import Problem
from parkops.model import SourceRef
from parkops.plan.tree import Key, Node, Origin, Place

__all__ = ["Key", "Marks"]


@dataclass(frozen=True, slots=True)
class Marks:
    """The tree of a plan, all its files read and all its profiles and patterns expanded."""

    file: str  # the one that includes the others
    root: Node

    def node(self, path: Sequence[Key]) -> Node:
        """Return the deepest node on a path that exists."""
        return self._walk(path)[1]

    def has(self, path: Sequence[Key]) -> bool:
        """Return whether the whole path exists."""
        value = self.root
        for part in path:
            found = value.child(part)
            if found is None:
                return False
            value = found[1]
        return True

    def _walk(self, path: Sequence[Key]) -> tuple[Place, Node]:
        key, value = self.root.place, self.root
        for part in path:
            found = value.child(part)
            if found is None:
                break
            key, value = found
        return key, value

    def origins(self, path: Sequence[Key]) -> tuple[Origin, ...]:
        """Return the profiles and patterns on the way to a path, outermost first."""
        found: dict[Origin, None] = {}
        value = self.root
        for part in path:
            child = value.child(part)
            if child is None:
                break
            value = child[1]
            found.update(dict.fromkeys(value.origins))
        return tuple(found)

    def ref(self, *path: Key) -> SourceRef:
        """Return where a path stands (its key's line), for evidence."""
        return self._walk(path)[0].ref(".".join(map(str, path)))

    def problem(self, path: Sequence[Key], what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem with the value at a path."""
        return self.node(path).place.problem(what, expected, hint)

    def key_problem(self, path: Sequence[Key], what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem with the key at a path."""
        return self._walk(path)[0].problem(what, expected, hint)
