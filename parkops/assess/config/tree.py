"""A configuration as lines in a tree, whatever its language: blocks, `set` statements or XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from parkops.assess.config.schema import AuditFile

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that says something; the lines below it follow it, up to ``end`` (an index, exclusive)."""

    file: int  # which of the document's files
    number: int  # from 1
    text: str
    above: int  # index of the line that it stands below, -1 for none
    end: int


@dataclass(frozen=True, slots=True)
class File:
    """One text of a device."""

    path: str
    text: str


Row = tuple[int, int, str]  # depth, number, text


def lines_of(files: Sequence[File], audit: AuditFile) -> tuple[Line, ...]:
    """Return the lines of all files in order; what cannot be read has none."""
    found: list[Line] = []
    for index, file in enumerate(files):
        rows = list(_READERS[audit.style](file.text, audit))
        found += _linked(rows, index, len(found))
    return tuple(found)


def _linked(rows: Sequence[Row], file: int, offset: int) -> list[Line]:
    ends = [0] * len(rows)
    above = [-1] * len(rows)
    stack: list[int] = []
    for index, (depth, _, _) in enumerate(rows):
        while stack and rows[stack[-1]][0] >= depth:
            ends[stack.pop()] = index
        above[index] = stack[-1] if stack else -1
        stack.append(index)
    for index in stack:
        ends[index] = len(rows)
    return [
        Line(file, number, text, above[i] + offset if above[i] >= 0 else -1, ends[i] + offset)
        for i, (_, number, text) in enumerate(rows)
    ]


def _blocks(text: str, audit: AuditFile) -> Iterator[Row]:
    """Yield rows by indentation; a separator at the margin lets what follows begin anew."""
    base: int | None = 0
    literals = [re.compile(pattern) for pattern in audit.literals]
    delimiter = ""
    for number, row in enumerate(text.splitlines(), 1):
        if delimiter:
            delimiter = "" if delimiter in row else delimiter
            continue
        line = row.strip()
        if audit.separator and row.rstrip() == audit.separator:
            base = None
        if not line or line.startswith(audit.comments):
            continue
        indent = len(row) - len(row.lstrip())
        base = indent if base is None else base
        yield max(indent - base, 0), number, line
        for literal in literals:
            begun = literal.match(line)
            if begun and begun[1] not in line[begun.end() :]:
                delimiter = begun[1]


def _statements(text: str, audit: AuditFile) -> Iterator[Row]:
    """Yield `set` statements without the word; a text in braces is told as such statements."""
    if re.search(r"^[\w-]+ \{$", text, re.MULTILINE):
        yield from _braces(text)
        return
    for number, row in enumerate(text.splitlines(), 1):
        line = row.strip()
        if line and not line.startswith(audit.comments):
            yield 0, number, line.removeprefix("set ").removeprefix("/ ")


def _braces(text: str) -> Iterator[Row]:
    path: list[str] = []
    for number, row in enumerate(text.splitlines(), 1):
        line = re.sub(r"\s*(##.*|/\*.*?\*/)\s*$", "", row).strip()
        if line.endswith("{"):
            path.append(line[:-1].strip())
        elif line.startswith("}"):
            path = path[:-1]
        elif line.endswith(";"):
            yield 0, number, " ".join([*path, line[:-1]])


def _xml(text: str, _audit: AuditFile) -> Iterator[Row]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(f"<data>{_DECLARATION.sub('', text)}</data>".encode(), parser)
    except etree.XMLSyntaxError:
        return
    yield from _elements(root, 0)


def _elements(node: etree._Element, depth: int) -> Iterator[Row]:
    for child in node:
        if not isinstance(child.tag, str):
            continue
        name = child.tag.rpartition("}")[2]
        value = (child.text or "").strip()
        line = child.sourceline
        yield depth, line if isinstance(line, int) else 1, f"{name} {value}" if value else name
        yield from _elements(child, depth + 1)


_READERS = {"blocks": _blocks, "set": _statements, "xml": _xml}
