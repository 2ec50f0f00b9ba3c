"""Remembers the trees of a plan's files by their content, so that only what changed is read as YAML again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from parkops import __version__
from parkops.model import digest
from parkops.plan import reader, tree
from parkops.plan.reader import Document, read
from parkops.plan.tree import Node, Place, mapping, sequence

MAGIC = "parkops-plan-trees"
LEAST_BYTES = 50_000  # of trees that are worth a file
MOST_NODES = 500_000  # of one file; aliases within aliases may stand for more
TEXT, VALUE, LIST, MAPPING = range(4)
PLAIN = (int, float, bool, type(None))
Packed = list[Any]


class _Unpackable(Exception):
    """A tree that JSON cannot hold."""


@cache
def stamp() -> str:
    """Return what a file of trees depends on besides the plan: the code that reads."""
    sources = [Path(str(module.__file__)).read_bytes() for module in (reader, tree)]
    sources.append(Path(__file__).read_bytes())
    return digest("\n".join([__version__, *map(digest, sources)]))


@dataclass(slots=True)
class TreeCache:
    """The trees of the last run; a damaged file, or one of other code, is as good as none."""

    file: Path
    _known: dict[str, str] = field(default_factory=dict)  # digest of name and text -> tree as JSON
    _used: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, file: Path) -> TreeCache:
        """Return the trees of a file."""
        try:
            head, _, body = file.read_text(encoding="utf-8").partition("\n")
        except (OSError, UnicodeDecodeError):
            return cls(file)
        if head != f"{MAGIC} {stamp()} {digest(body)}":
            return cls(file)
        lines = (line.partition(" ") for line in body.split("\n"))
        return cls(file, {key: packed for key, _, packed in lines})

    def read(self, text: str, name: str) -> Document:
        """Return a document; see `parkops.plan.reader.read`."""
        key = digest(f"{name}\n{text}")
        packed = self._known.get(key)
        if packed is not None:
            self._used[key] = packed
            return Document(_unpack(json.loads(packed), name))
        document = read(text, name)
        if not document.problems:
            with suppress(_Unpackable):
                self._used[key] = json.dumps(_Packer().pack(document.root), separators=(",", ":"))
        return document

    def save(self) -> None:
        """Write the trees that this run used, where they differ and are worth it.

        A folder that takes no file is no error: the next run reads YAML again.
        """
        if self._used == self._known:
            return
        body = "\n".join(f"{key} {packed}" for key, packed in sorted(self._used.items()))
        if len(body) < LEAST_BYTES:
            return
        partial = self.file.with_name(self.file.name + ".part")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(f"{MAGIC} {stamp()} {digest(body)}\n{body}", encoding="utf-8")
            partial.replace(self.file)
        except OSError:
            partial.unlink(missing_ok=True)


@dataclass(slots=True)
class _Packer:
    count: int = 0

    def pack(self, node: Node) -> Packed:
        """Return a tree as lists; raises _Unpackable."""
        self.count += 1
        if self.count > MOST_NODES:
            raise _Unpackable
        at: Packed = [node.place.line, node.place.col, (2 if node.active else 0) + node.quoted]
        if node.entries is not None:
            flat: Packed = []
            for key, (place, child) in node.entries.items():
                flat += (key, place.line, place.col, self.pack(child))
            return [MAPPING, *at, flat]
        if node.items is not None:
            return [LIST, *at, [self.pack(child) for child in node.items]]
        if node.data is node.text or node.data == node.text:
            return [TEXT, *at, node.text]
        if type(node.data) not in PLAIN:
            raise _Unpackable
        return [VALUE, *at, node.text, node.data]


def _unpack(packed: Sequence[Any], file: str) -> Node:
    kind, line, col, flags, body = packed[:5]
    place, active = Place(file, line, col), flags > 1
    if kind == TEXT:
        return Node(place, body, body, bool(flags & 1), active)
    if kind == MAPPING:
        entries = {
            body[index]: (Place(file, body[index + 1], body[index + 2]), _unpack(body[index + 3], file))
            for index in range(0, len(body), 4)
        }
        return mapping(place, entries, active=active)
    if kind == LIST:
        return sequence(place, [_unpack(item, file) for item in body], active=active)
    return Node(place, packed[5], body, bool(flags & 1), active)
