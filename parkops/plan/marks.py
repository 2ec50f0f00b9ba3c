"""Remembers where in the YAML text each value of the plan stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from parkops.errors import Problem
from parkops.model import SourceRef

Key = str | int


@dataclass(frozen=True, slots=True)
class Marks:
    """The YAML node tree of one file; lines and columns from 1."""

    file: str
    root: yaml.Node

    def node(self, path: Sequence[Key]) -> yaml.Node:
        """Return the deepest node on a path that exists."""
        return self._walk(path)[1]

    def _walk(self, path: Sequence[Key]) -> tuple[yaml.Node, yaml.Node]:
        key_node = value = self.root
        for part in path:
            found = _child(value, part)
            if found is None:
                break
            key_node, value = found
        return key_node, value

    def ref(self, *path: Key) -> SourceRef:
        """Return where a path stands (its key's line), for evidence."""
        mark = self._walk(path)[0].start_mark
        return SourceRef(self.file, mark.line + 1, mark.column + 1, ".".join(str(part) for part in path))

    def problem(self, path: Sequence[Key], what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem with the value at a path."""
        mark = self.node(path).start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, what, expected, hint)

    def key_problem(self, path: Sequence[Key], what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem with the key at a path."""
        mark = self._walk(path)[0].start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, what, expected, hint)


def _child(node: yaml.Node, part: Key) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def duplicate_keys(node: yaml.Node, file: str) -> list[Problem]:
    """Return a problem for every key that stands twice in one mapping (YAML 1.2, 3.2.1.1)."""
    problems: list[Problem] = []
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, yaml.MappingNode):
            seen: dict[str, yaml.Node] = {}
            for key, value in current.value:
                first = seen.setdefault(key.value, key)
                if first is not key:
                    mark = key.start_mark
                    problems.append(
                        Problem(
                            file,
                            mark.line + 1,
                            mark.column + 1,
                            f"key {key.value!r} stands twice",
                            "each key once",
                            f"first on line {first.start_mark.line + 1}",
                        )
                    )
                pending.append(value)
        elif isinstance(current, yaml.SequenceNode):
            pending.extend(current.value)
    return problems
