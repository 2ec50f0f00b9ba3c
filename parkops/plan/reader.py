"""Reads YAML text into a tree of values; what is wrong with the text is told with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from parkops.errors import PlanError, Problem
from parkops.plan.marks import Marks
from parkops.plan.tree import Node, Place, mapping, scalar, sequence

TAG = "tag:yaml.org,2002:"
CHECK = "check indentation, colons and quotes"
DEPTH = 100  # libyaml's composer calls itself for each level, and ends the process where the stack does
BRACKETS = re.compile(r"[\[{\]}]")
COMPACT = re.compile(rf"(?:[-?] +){{{DEPTH}}}")
QUOTES = ("'", '"')
CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """Constructs plain data; what only looks like a number or a date stays text for the schema to judge."""


def _lenient(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(loader: Any, node: Any) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, KeyError, AttributeError, OverflowError):  # 2026-02-30, 0x_
            return node.value

    return run


for _kind in ("bool", "int", "float"):
    _Loader.add_constructor(TAG + _kind, _lenient(yaml.CSafeLoader.yaml_constructors[TAG + _kind]))
_Loader.add_constructor(TAG + "timestamp", lambda loader, node: node.value)  # YAML 1.2 knows none


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its tree, and its doubtful keys."""

    root: Node
    problems: tuple[Problem, ...] = ()

    @property
    def data(self) -> Any:
        """The document as plain data."""
        return self.root.data

    @property
    def marks(self) -> Marks:
        """Where its values stand."""
        return Marks(self.root.place.file, self.root)


def decode(raw: bytes, name: str) -> str:
    """Return a file's text.

    Raises PlanError with the place of the first byte that is not UTF-8.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, col = _place(raw[: error.start].decode("utf-8"))
        raise PlanError(
            [
                Problem(
                    name,
                    line,
                    col,
                    f"byte 0x{raw[error.start]:02x} is not UTF-8",
                    "a UTF-8 text file",
                    "save it as UTF-8; it may be GB 18030 or UTF-16",
                )
            ]
        ) from error


def read(text: str, name: str) -> Document:
    """Return the one document of a text; a document that is empty is None.

    Raises PlanError where the text is not YAML.
    """
    _check_depth(text, name)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Document(scalar(Place(name, 1, 1), None))
        tree = _Tree(loader, name)
        return Document(tree.build(root), tuple(tree.problems))
    except yaml.MarkedYAMLError as error:
        raise PlanError([_syntax(error, text, name)]) from error
    except yaml.reader.ReaderError as error:
        line, col = _place(text.encode()[: error.position].decode(errors="ignore"))
        what = f"is not YAML: character U+{error.character:04X} is not allowed"
        raise PlanError([Problem(name, line, col, what, "printable text", "remove it")]) from error
    finally:
        loader.dispose()


def _check_depth(text: str, name: str) -> None:
    depth, found = 0, COMPACT.search(text)
    start = found.start() if found else -1
    for bracket in BRACKETS.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
        if depth > DEPTH:
            start = bracket.start()
            break
    if start >= 0:
        line, col = _place(text[:start])
        raise PlanError([Problem(name, line, col, "is nested too deeply", f"at most {DEPTH} levels", CHECK)])


def _place(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _syntax(error: yaml.MarkedYAMLError, text: str, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if error.problem and "another document" in error.problem:
        return Problem(
            name, line, col, "a second document starts here", "one document", "remove the `---` line"
        )
    conflict = CONFLICT.search(text)
    if conflict:
        what, hint = "is not YAML: a merge conflict", "resolve it: keep one side, or both"
        return Problem(name, *_place(text[: conflict.start()]), what, "one text", hint)
    lines = text.split("\n")
    char = lines[line - 1][col - 1 : col] if line <= len(lines) else ""
    if char == "\t":
        return Problem(name, line, col, "is not YAML: a tab", "spaces", "indent with spaces, never with tabs")
    what = f"is not YAML: {error.problem or error.context}"
    if char and char in "*&!@`%|>":
        return Problem(name, line, col, what, "", f"quote text that starts with {char}")
    start = error.context_mark
    if start is None or start.line + 1 >= line or not error.context:
        return Problem(name, line, col, what, "", CHECK)
    return Problem(
        name, line, col, what, "", f"{error.context} that starts on line {start.line + 1}; {CHECK}"
    )


class _Tree:
    """Turns YAML nodes into a tree; keys become text, and what is wrong with them is kept."""

    def __init__(self, loader: _Loader, name: str) -> None:
        self.problems: list[Problem] = []
        self._loader, self._name = loader, name
        self._done: dict[int, Node | None] = {}  # None: it is being built, and an alias may point at it

    def build(self, node: yaml.Node, depth: int = 0) -> Node:
        """Return a node's tree; an alias shares the tree that it points at."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        place = self._place(node)
        if id(node) in self._done:
            found = self._done[id(node)]
            if found is None:
                self.problems.append(
                    place.problem("contains itself", "a value of its own", "remove the alias")
                )
            return found or scalar(place, None)
        if depth > DEPTH:
            raise PlanError([place.problem("is nested too deeply", f"at most {DEPTH} levels", CHECK)])
        self._done[id(node)] = None
        if node.tag == TAG + "map" and isinstance(node, yaml.MappingNode):
            built = self._mapping(node, place, depth)
        elif node.tag == TAG + "seq" and isinstance(node, yaml.SequenceNode):
            items = [self.build(item, depth + 1) for item in node.value]
            built = sequence(place, items, active=any(map(_pending_item, items)))
        else:
            built = Node(place, self._loader.construct_object(node, deep=True))
        self._done[id(node)] = built
        return built

    def _place(self, node: yaml.Node) -> Place:
        mark = node.start_mark
        return Place(self._name, mark.line + 1, mark.column + 1)

    def _scalar(self, node: yaml.ScalarNode) -> Node:
        text = node.value
        data = text if node.tag == TAG + "str" else self._loader.construct_object(node)
        return Node(self._place(node), data, text, node.style in QUOTES, data is text and "{" in text)

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> Node:
        self._keys(node)
        if any(key.tag == TAG + "merge" for key, _ in node.value):
            self._loader.flatten_mapping(node)
        entries = {key.value: (self._place(key), self.build(value, depth + 1)) for key, value in node.value}
        active = (
            "profile" in entries
            or "with" in entries
            or any(value.active or "[" in key or "{" in key for key, (_, value) in entries.items())
        )
        return mapping(place, entries, active=active)

    def _keys(self, node: yaml.MappingNode) -> None:
        """Make every key text; tell each that stands twice (YAML 1.2, 3.2.1.1) or is none."""
        first: dict[str, int] = {}
        kept = []
        for key, value in node.value:
            place = self._place(key)
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(place.problem("a list or a mapping as a key", "text as a key"))
                continue
            if key.tag != TAG + "merge":
                key.tag = TAG + "str"  # YAML 1.1 reads on, no, 7 and ~ as something else
            if key.value in first:
                what, hint = f"key {key.value!r} stands twice", f"first on line {first[key.value]}"
                self.problems.append(place.problem(what, "each key once", hint))
            first.setdefault(key.value, place.line)
            kept.append((key, value))
        node.value[:] = kept


def _pending_item(node: Node) -> bool:
    return node.active or (isinstance(node.data, str) and "[" in node.data)
