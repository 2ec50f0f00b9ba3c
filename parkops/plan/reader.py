"""Reads YAML text into data and marks; what is wrong with the text is told with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from parkops.errors import PlanError, Problem
from parkops.plan.marks import Marks

TAG = "tag:yaml.org,2002:"
CHECK = "check indentation, colons and quotes"
DEPTH = 100  # libyaml's composer calls itself for each level, and ends the process where the stack does
BRACKETS = re.compile(r"[\[{\]}]")
COMPACT = re.compile(rf"(?:[-?] +){{{DEPTH}}}")
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


for _kind in ("bool", "int", "float", "timestamp"):
    _Loader.add_constructor(TAG + _kind, _lenient(yaml.CSafeLoader.yaml_constructors[TAG + _kind]))


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its data, where its values stand, and its doubtful keys."""

    data: Any
    marks: Marks
    problems: tuple[Problem, ...]


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
            return Document(None, Marks(name, yaml.ScalarNode(TAG + "null", "")), ())
        problems = _keys(root, name)
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise PlanError([_syntax(error, text, name)]) from error
    except yaml.reader.ReaderError as error:
        line, col = _place(text.encode()[: error.position].decode(errors="ignore"))
        what = f"is not YAML: character U+{error.character:04X} is not allowed"
        raise PlanError([Problem(name, line, col, what, "printable text", "remove it")]) from error
    finally:
        loader.dispose()
    return Document(data, Marks(name, root), tuple(problems))


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


def _keys(root: yaml.Node, name: str) -> list[Problem]:
    """Make every key text, and return a problem for each that stands twice (YAML 1.2, 3.2.1.1) or is none."""
    problems: list[Problem] = []
    pending, done = [root], set()
    while pending:
        node = pending.pop()
        if id(node) in done:  # an alias: the same node at two places
            continue
        done.add(id(node))
        if isinstance(node, yaml.MappingNode):
            problems += _mapping_keys(node, name)
            pending += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
    return problems


def _mapping_keys(node: yaml.MappingNode, name: str) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, int] = {}
    kept = []
    for key, value in node.value:
        line, col = key.start_mark.line + 1, key.start_mark.column + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(name, line, col, "a list or a mapping as a key", "text as a key"))
            continue
        if key.tag != TAG + "merge":
            key.tag = TAG + "str"  # YAML 1.1 reads on, no, 7 and ~ as something else
        if key.value in first:
            what, hint = f"key {key.value!r} stands twice", f"first on line {first[key.value]}"
            problems.append(Problem(name, line, col, what, "each key once", hint))
        first.setdefault(key.value, line)
        kept.append((key, value))
    node.value[:] = kept
    return problems
