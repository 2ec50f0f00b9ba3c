"""Marks of where a block comes from: `origin` writes them, `settle` turns them into comments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import TemplateRuntimeError

from parkops.model import SourceRef
from parkops.platforms import requirements_by_block
from parkops.render.text import one_line

START, BLOCK, PATH, END = "\x02", "\x04", "\x05", "\x03"  # no text of a plan keeps control characters
MARK = re.compile(rf"[ \t]*{START}([^{END}\n]*){END}")
SEPARATORS = frozenset({"", "!", "#", "*"})  # lines that end what a mark covers


@dataclass(frozen=True, slots=True)
class Origin:
    """Lines ``first`` to ``last`` (from 1) of an artifact, and the plan paths that asked for them."""

    first: int
    last: int
    paths: tuple[str, ...]
    block: str
    requirements: tuple[str, ...]


def origin(source: object, block: str = "") -> str:
    """Return the mark of a block: a SourceRef, anything with a ``source``, or several; nothing ends a block.

    Raises TemplateRuntimeError for a block that is neither a feature nor in templates/requirements.yaml.
    """
    if block and block not in requirements_by_block():
        raise TemplateRuntimeError(f"origin: {block!r} is no feature and not in requirements.yaml")
    place = source if isinstance(source, SourceRef) else getattr(source, "source", None)
    if isinstance(place, SourceRef):  # as nearly always
        return f"{START}{block}{BLOCK}{_plain(place.path)}{END}"
    paths = dict.fromkeys(_paths(source))
    return f"{START}{block}{BLOCK}{PATH.join(paths)}{END}" if paths else f"{START}{END}"


def _paths(source: object) -> Iterable[str]:
    if source is None or source == "":
        return ()
    if isinstance(source, SourceRef):
        return (_plain(source.path),)
    if isinstance(source, (tuple, list, set, frozenset)):
        return (path for item in source for path in _paths(item))
    return _paths(getattr(source, "source", None))


def _plain(path: str) -> str:
    """Return a path without control characters: a key of a plan may be any text."""
    return path if path.isprintable() else one_line(path)


def settle(text: str, style: str) -> str:
    """Return text with its marks as comments of ``style`` ("! {}"); without them where it is ""."""
    head, *rest = text.split(START)
    found = [head]
    for part in rest:
        mark, _, after = part.partition(END)
        said = _comment(mark, style)
        if said:
            found += [said, after]
        else:
            found[-1] = found[-1].rstrip(" \t")  # the whole line goes
            found.append(after.removeprefix("\n"))
    return "".join(found)


@lru_cache(4096)
def _comment(mark: str, style: str) -> str:
    said = _said(mark) if style else ""
    return style.format(said) if said else ""


def _said(mark: str) -> str:
    block, _, joined = mark.partition(BLOCK)
    if not joined:
        return ""
    requirements = requirements_by_block()[block] if block else ()
    said = "plan " + ", ".join(joined.split(PATH))
    said += f": {block}" if block else ""
    said += f" [{' '.join(requirements)}]" if requirements else ""
    return said.replace("--", "- -")  # XML 1.0, 2.5


def origins(text: str, style: str) -> tuple[Origin, ...]:
    """Return what `settle` makes of a text's marks, each with the lines that it covers there.

    A mark covers what follows it, up to the next mark or separator that is not indented deeper, or a line
    that is indented less.
    """
    found: list[Origin] = []
    open_: list[tuple[int, int, str]] = []  # indentation, first line, mark
    number = 0

    def close(indent: int) -> None:
        while open_ and open_[-1][0] >= indent:
            _, first, mark = open_.pop()
            if mark and first <= number:
                found.append(_origin(first, number, mark))

    for line in text.removesuffix("\n").split("\n"):
        indent = len(line) - len(line.lstrip(" \t"))
        match = MARK.fullmatch(line)
        if match:
            close(indent)
            said = bool(style and _said(match[1]))
            open_.append((indent, number + 1, match[1] if BLOCK in match[1] else ""))
            number += said
            continue
        close(indent if line.strip() in SEPARATORS else indent + 1)
        number += 1
    close(0)
    return tuple(sorted(found, key=lambda item: (item.first, -item.last)))


def _origin(first: int, last: int, mark: str) -> Origin:
    block, _, joined = mark.partition(BLOCK)
    requirements = requirements_by_block()[block] if block else ()
    return Origin(first, last, tuple(joined.split(PATH)), block, requirements)
