"""Remembers where in the YAML text each value of the plan stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import yaml

from parkops.errors import Problem
from parkops.model import SourceRef

Key = str | int
Place = tuple[yaml.Node, yaml.Node]  # a key and its value; an item of a list stands for both
LARGE = 16  # from here on a dictionary finds a child faster than a walk


@dataclass(frozen=True, slots=True)
class Marks:
    """The YAML node tree of one file; lines and columns from 1."""

    file: str
    root: yaml.Node
    _children: dict[int, dict[str, Place]] = field(default_factory=dict, repr=False, compare=False)

    def node(self, path: Sequence[Key]) -> yaml.Node:
        """Return the deepest node on a path that exists."""
        return self._walk(path)[1]

    def has(self, path: Sequence[Key]) -> bool:
        """Return whether the whole path exists."""
        value = self.root
        for part in path:
            found = self._child(value, part)
            if found is None:
                return False
            value = found[1]
        return True

    def _walk(self, path: Sequence[Key]) -> Place:
        key_node = value = self.root
        for part in path:
            found = self._child(value, part)
            if found is None:
                break
            key_node, value = found
        return key_node, value

    def _child(self, node: yaml.Node, part: Key) -> Place | None:
        if isinstance(node, yaml.SequenceNode):
            inside = isinstance(part, int) and 0 <= part < len(node.value)
            return (node.value[part], node.value[part]) if inside else None
        if not isinstance(node, yaml.MappingNode):
            return None
        if len(node.value) < LARGE:
            wanted = str(part)
            return next((pair for pair in reversed(node.value) if pair[0].value == wanted), None)
        if id(node) not in self._children:
            self._children[id(node)] = {key.value: (key, value) for key, value in node.value}
        return self._children[id(node)].get(str(part))

    def ref(self, *path: Key) -> SourceRef:
        """Return where a path stands (its key's line), for evidence."""
        mark = self._walk(path)[0].start_mark
        return SourceRef(self.file, mark.line + 1, mark.column + 1, ".".join(str(part) for part in path))

    def problem(self, path: Sequence[Key], what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem with the value at a path."""
        return self._problem(self.node(path), what, expected, hint)

    def key_problem(self, path: Sequence[Key], what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem with the key at a path."""
        return self._problem(self._walk(path)[0], what, expected, hint)

    def _problem(self, node: yaml.Node, what: str, expected: str, hint: str) -> Problem:
        mark = node.start_mark
        line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Problem(self.file, line, col, what, expected, hint)
