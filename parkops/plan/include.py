"""Reads a plan's files: the one that is named, and all that it includes, as one tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from parkops.errors import PlanError, Problem
from parkops.model import digest
from parkops.plan.reader import Document, decode, read
from parkops.plan.tree import Node, Place, mapping

DEEP = ("profiles",)  # sections whose names stand one level deeper
WILD = frozenset("*?[")
Reader = Callable[[str, str], Document]  # text and name of a file


@dataclass(frozen=True, slots=True)
class Gathered:
    """All files of a plan as one tree, and what is wrong with their keys."""

    root: Node
    problems: tuple[Problem, ...]
    digest: str  # of the files' names and bytes
    files: tuple[str, ...]


def gather(path: Path, reader: Reader = read) -> Gathered:
    """Read a plan's file and all that it includes.

    Raises PlanError with every file that cannot be read or is not YAML.
    """
    work = _Gathering(path.parent, reader)
    work.file(path, None)
    return work.result()


def gather_text(text: str, name: str) -> Gathered:
    """Return a plan's text as a tree; it may not include files, since it stands in no folder."""
    work = _Gathering(None, read)
    work.add(text, name, Path(name))
    return work.result()


@dataclass(slots=True)
class _Gathering:
    folder: Path | None  # of the plan; names of files are relative to it
    reader: Reader
    documents: list[tuple[str, Document]] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)  # beside the documents
    problems: list[Problem] = field(default_factory=list)
    _first: dict[Path, Place | None] = field(default_factory=dict)
    _open: list[Path] = field(default_factory=list)

    def result(self) -> Gathered:
        """Return the files as one tree.

        Raises PlanError where a file could not be read at all.
        """
        if self.problems:
            raise PlanError(self.problems)
        found: list[Problem] = [problem for _, document in self.documents for problem in document.problems]
        root = _merged([document.root for _, document in self.documents], found)
        files = tuple(file for file, _ in self.documents)
        lines = [f"{file} {each}" for file, each in zip(files, self.digests, strict=True)]
        together = self.digests[0] if len(files) == 1 else digest("\n".join(sorted(lines)))
        return Gathered(root, tuple(found), together, files)

    def file(self, path: Path, asked: Place | None) -> None:
        """Read one file and what it includes."""
        name = self._name(path)
        try:
            text = decode(path.read_bytes(), name)
        except OSError as error:
            place = asked or Place(name, 1, 1)
            what = f"{name} cannot be read" if asked else "cannot be read"
            self.problems.append(place.problem(f"{what}: {error.strerror}"))
        except PlanError as error:
            self.problems += error.problems
        else:
            self._first[path.resolve()] = asked
            self._open.append(path.resolve())
            self.add(text, name, path)
            self._open.pop()

    def _name(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.folder)).as_posix() if self.folder else path.name

    def add(self, text: str, name: str, path: Path) -> None:
        """Take a file's text, and read what it includes."""
        try:
            document = self.reader(text, name)
        except PlanError as error:
            self.problems += error.problems
            return
        root = document.root
        if root.entries is None:
            what = "is empty" if root.data is None else "is not a mapping"
            hint = "start from `parkops init`" if not self.documents else "remove it from `include`"
            self.problems.append(Problem(name, 1, 1, what, "the sections of a plan", hint))
            return
        self.documents.append((name, document))
        self.digests.append(digest(text))
        include = root.child("include")
        if include is not None:
            for pattern in _patterns(include[1], self.problems):
                self._include(pattern, path)

    def _include(self, pattern: Node, path: Path) -> None:
        place, text = pattern.place, str(pattern.data)
        if self.folder is None:
            self.problems.append(place.problem("nothing can be included here", "a plan in a folder"))
            return
        if Path(text).is_absolute():
            self.problems.append(place.problem(f"{text!r} is absolute", "a path below the plan's folder"))
            return
        found = sorted(path.parent.glob(text)) if WILD & set(text) else [path.parent / text]
        if not found:
            self.problems.append(
                place.problem(
                    f"no file is called {text!r}", "", "paths are relative to the file that includes"
                )
            )
        for file in found:
            self._one(file, place)

    def _one(self, file: Path, place: Place) -> None:
        name, real = self._name(file), file.resolve()
        if real in self._open:
            way = " > ".join([*(self._name(item) for item in self._open[self._open.index(real) :]), name])
            self.problems.append(place.problem(f"{name} includes itself", "each file once", way))
        elif real in self._first:
            first = self._first[real]
            self.problems.append(
                place.problem(f"{name} is included twice", "each file once", f"first at {first}")
            )
        else:
            self.file(file, place)


def _patterns(node: Node, problems: list[Problem]) -> Iterator[Node]:
    for item in [node] if node.items is None else node.items:
        if isinstance(item.data, str) and item.data:
            yield item
        else:
            problems.append(item.place.problem("include: no file", "files or patterns as [tenants/*.yaml]"))


def _merged(roots: list[Node], problems: list[Problem]) -> Node:
    """Return the sections of all files as one mapping; a name stands in one file only."""
    sections: dict[str, tuple[Place, Node]] = {}
    for root in roots:
        for key, (place, node) in (root.entries or {}).items():
            if key in sections and key != "include":
                deeper = 1 if key in DEEP else 0
                sections[key] = _joined((key,), sections[key], (place, node), deeper, problems)
            elif key != "include":
                sections[key] = (place, node)
    return mapping(roots[0].place, sections, active=any(root.active for root in roots))


def _joined(
    path: tuple[str, ...],
    first: tuple[Place, Node],
    second: tuple[Place, Node],
    deeper: int,
    problems: list[Problem],
) -> tuple[Place, Node]:
    (place, one), (other_place, other) = first, second
    if one.entries is None or other.entries is None:
        problems.append(_twice(path, other_place, place))
        return first
    entries = dict(one.entries)
    for key, (at, node) in other.entries.items():
        if key not in entries:
            entries[key] = (at, node)
        elif deeper:
            entries[key] = _joined((*path, key), entries[key], (at, node), deeper - 1, problems)
        else:
            problems.append(_twice((*path, key), at, entries[key][0]))
    return place, mapping(one.place, entries, active=one.active or other.active)


def _twice(path: tuple[str, ...], place: Place, first: Place) -> Problem:
    return place.problem(f"{'.'.join(path)} stands in two files", "each name in one", f"first at {first}")
