"""A device's texts, searched by pattern and by section."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from parkops.assess.config.patterns import Patterns
from parkops.assess.config.tree import File, Line

_LISTED = re.compile(r"[\w-]+$|config \S+$")  # an element, or an unnamed section of UCI
_KEY = re.compile(
    r"(?:option )?(?:name|id|key|username|address|host|sequence-id|ifName|IfIndex) '?([^']+?)'?$"
)
_SEPARATOR = re.compile(r" ([/>]) ")


@lru_cache(65536)
def _of(pattern: str, path: str) -> bool:
    return bool(re.search(pattern, path))


@lru_cache(8192)
def parts_of(pattern: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a pattern's parts from the outermost in, and how each but the first stands below the last.

    ``a / b`` is b anywhere below a, ``a > b`` is b directly below a, and ``> a`` is a at the margin.
    """
    margin = pattern.startswith("> ")
    pieces = _SEPARATOR.split(pattern.removeprefix("> "))
    return tuple(pieces[::2]), (">" if margin else "", *pieces[1::2])


@dataclass(frozen=True, slots=True)
class Hit:
    """A line and how a pattern matched it."""

    line: Line
    match: re.Match[str]
    at: int  # the line's index


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together, and the line that says so; none for the whole text."""

    head: Line | None
    match: re.Match[str] | None
    first: int
    end: int
    label: str = ""  # what tells it from others alike, where its own line does not
    rows: tuple[tuple[int, str], ...] = ()  # where sections are no range: (index, rest of the line)

    @property
    def title(self) -> str:
        """The section's own line."""
        own = self.match[0].strip() if self.match and self.rows else self.head.text if self.head else ""
        return f"{own} {self.label}".rstrip()


@dataclass(frozen=True)
class Document:
    """A device's texts as lines, searched by pattern."""

    files: tuple[File, ...]
    lines: tuple[Line, ...]
    patterns: Patterns
    flat: bool  # sections are lines with the same start

    @cached_property
    def index(self) -> dict[str, list[int]]:
        """The lines that each pattern matches."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines):
            for pattern in self.patterns.matching(line.text):
                found.setdefault(pattern, []).append(number)
        return found

    def hits(self, pattern: str, section: Section) -> list[Hit]:
        """Return the lines of a section that a pattern matches."""
        parts, links = parts_of(pattern)
        last = parts[-1]
        compiled = self.patterns.compiled[last]
        if section.rows:
            found = [(i, text) for i, text in section.rows if last in self.patterns.matching(text)]
            return [Hit(self.lines[i], match, i) for i, text in found if (match := compiled.match(text))]
        numbers = self.index.get(last)
        if not numbers:
            return []
        first, end = bisect_left(numbers, section.first), bisect_left(numbers, section.end)
        return [
            Hit(self.lines[n], match, n)
            for n in numbers[first:end]
            if self._placed(n, parts, links, section) and (match := compiled.match(self.lines[n].text))
        ]

    def _placed(self, number: int, parts: Sequence[str], links: Sequence[str], section: Section) -> bool:
        """Tell whether a line stands below lines like the parts before the last, inside the section."""
        least = section.first - (section.head is not None)
        for part, link in zip(reversed(parts[:-1]), reversed(links[1:]), strict=True):
            number = self.lines[number].above
            while link == "/" and number >= least and part not in self._matching(number):
                number = self.lines[number].above
            if number < least or part not in self._matching(number):
                return False
        return links[0] != ">" or self.lines[number].above < section.first

    def _matching(self, number: int) -> frozenset[str]:
        return self.patterns.matching(self.lines[number].text) if number >= 0 else frozenset()

    @cached_property
    def whole(self) -> Section:
        """All lines."""
        return Section(None, None, 0, len(self.lines))

    def of_files(self, pattern: str, *, each: bool) -> list[Section]:
        """Return the lines of the files whose path matches, in one or file by file; none: no such file."""
        ranges = [
            range_ for file, range_ in zip(self.files, self.ranges, strict=True) if _of(pattern, file.path)
        ]
        if each or len(ranges) < 2:
            return [Section(None, None, first, end) for first, end in ranges]
        rows = tuple((n, self.lines[n].text) for first, end in ranges for n in range(first, end))
        return [Section(None, None, 0, 0, rows=rows)]

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The first line of each file, and the first after it."""
        of = [line.file for line in self.lines]
        return tuple((bisect_left(of, n), bisect_left(of, n + 1)) for n in range(len(self.files)))

    def sections(self, pattern: str, inside: Section) -> list[Section]:
        """Return the sections whose first line matches; several rules ask for the same ones."""
        key = (pattern, inside.first, inside.end)
        if inside.rows:
            return self._sections(pattern, inside)
        if key not in self._found:
            self._found[key] = self._sections(pattern, inside)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[str, int, int], list[Section]]:
        return {}

    def _sections(self, pattern: str, inside: Section) -> list[Section]:
        heads = self.hits(pattern, inside)
        if not self.flat:
            return [Section(hit.line, hit.match, hit.at + 1, hit.line.end, self._label(hit)) for hit in heads]
        grouped: dict[str, list[Hit]] = {}
        for hit in heads:
            grouped.setdefault(hit.match[0], []).append(hit)
        return [self._grouped(hits) for hits in grouped.values()]

    def _label(self, hit: Hit) -> str:
        """Return the key of an element of a list, which stands among the first lines below it."""
        if not _LISTED.match(hit.line.text):
            return ""
        below = (self.lines[n].text for n in range(hit.at + 1, min(hit.at + 6, hit.line.end)))
        found = next((match for text in below if (match := _KEY.match(text))), None)
        return found[1] if found else ""

    def _grouped(self, hits: Sequence[Hit]) -> Section:
        rows = tuple((hit.at, hit.line.text[hit.match.end() :].strip()) for hit in hits)
        return Section(hits[0].line, hits[0].match, 0, 0, rows=rows)
