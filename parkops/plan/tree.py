"""A plan as a tree that knows of every value where it stands and how it came there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from parkops.errors import Problem
from parkops.model import SourceRef

Key = str | int


class Place(NamedTuple):
    """A place in a file; line and column from 1."""

    file: str
    line: int
    col: int

    def problem(self, what: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem at this place."""
        return Problem(self.file, self.line, self.col, what, expected, hint)

    def ref(self, path: str) -> SourceRef:
        """Return this place as where a path of the plan stands."""
        return SourceRef(self.file, self.line, self.col, path)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.col}"


@dataclass(frozen=True, slots=True)
class Origin:
    """What put a value where the plan does not state it itself, and where that was asked for."""

    kind: str  # profile | pattern
    name: str
    place: Place

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(slots=True, eq=False)
class Node:
    """A value; ``entries`` of a mapping, ``items`` of a list, neither of a scalar."""

    place: Place
    data: Any  # plain data, as the schema sees it
    text: str = ""  # of a scalar, as the file has it
    quoted: bool = False
    active: bool = False  # something below it is still to be expanded
    entries: Mapping[str, tuple[Place, Node]] | None = None
    items: Sequence[Node] | None = None
    origins: tuple[Origin, ...] = ()  # what put it there, outermost first; of what is above it too

    def child(self, part: Key) -> tuple[Place, Node] | None:
        """Return where a child's key stands, with the child; an item of a list stands for its own key."""
        if self.entries is not None:
            return self.entries.get(str(part))
        if self.items is None or not isinstance(part, int) or not 0 <= part < len(self.items):
            return None
        return self.items[part].place, self.items[part]

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            if node.entries is not None:
                pending += [value for _, value in node.entries.values()]
            elif node.items is not None:
                pending += node.items


def scalar(place: Place, data: Any, origins: tuple[Origin, ...] = ()) -> Node:
    """Return a scalar that stands in no file as such."""
    text = data if isinstance(data, str) else "" if data is None else str(data)
    return Node(place, data, text, quoted=isinstance(data, str), origins=origins)


def mapping(
    place: Place,
    entries: Mapping[str, tuple[Place, Node]],
    origins: tuple[Origin, ...] = (),
    *,
    active: bool = False,
) -> Node:
    """Return a mapping of nodes."""
    data = {key: node.data for key, (_, node) in entries.items()}
    return Node(place, data, active=active, entries=entries, origins=origins)


def sequence(
    place: Place, items: Sequence[Node], origins: tuple[Origin, ...] = (), *, active: bool = False
) -> Node:
    """Return a list of nodes."""
    return Node(place, [node.data for node in items], active=active, items=items, origins=origins)


def come_from(node: Node, *origins: Origin) -> Node:
    """Return a node with where it came from; what is below it shares that."""
    new = tuple(origin for origin in origins if origin not in node.origins)
    if not new:
        return node
    way = new + node.origins
    return Node(node.place, node.data, node.text, node.quoted, node.active, node.entries, node.items, way)


def merge(base: Node, own: Node) -> Node:
    """Return what ``own`` says over ``base``: mappings merge, all else replaces, nothing (null) removes."""
    if base.entries is None or own.entries is None:
        return own
    entries = dict(base.entries)
    if base.origins:
        entries = {key: (place, come_from(node, *base.origins)) for key, (place, node) in entries.items()}
    for key, (place, node) in own.entries.items():
        below = entries.pop(key, None)
        if below is None:
            entries[key] = (place, node)
        elif node.data is not None:
            entries[key] = (place, merge(below[1], node))
    return mapping(own.place, entries, own.origins, active=own.active)
