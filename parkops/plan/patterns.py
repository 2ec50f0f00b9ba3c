"""Names that stand for several: ``t[001-400]``, ``gw-[1-3]``, ``hall-[a,b,north]``."""

from __future__ import annotations

import re

MOST = 10_000  # names that one pattern may stand for
EXPECTED = "NAME[FIRST-LAST] or NAME[ONE,OTHER]"
_NAME = re.compile(r"([^\[\]]*)\[([^\[\]]+)\]([^\[\]]*)")
_RANGE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_WORD = re.compile(r"[a-z][a-z0-9-]*|[0-9]+")
REFERENCE = re.compile(r"[a-z][a-z0-9.-]*\[[a-z0-9,-]+\][a-z0-9.-]*")  # in a list: several names at once


class BadPattern(ValueError):
    """A name with brackets that stands for nothing; its text says why."""


def names_of(text: str) -> list[tuple[str, str]]:
    """Return the names that a pattern stands for, each with what takes the brackets' place.

    A range keeps the width of its first number; ``[1-0]`` stands for no name, as a count of 0 makes it.
    Raises BadPattern.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise BadPattern("brackets that do not match, or several of them")
    before, inside, after = found.groups()
    parts: list[str] = []
    for part in inside.split(","):
        parts += _part(part.strip())
        if len(parts) > MOST:
            raise BadPattern(f"more than {MOST} names")
    return [(before + part + after, part) for part in parts]


def _part(text: str) -> list[str]:
    numbers = _RANGE.fullmatch(text)
    if numbers is None:
        if not _WORD.fullmatch(text):
            raise BadPattern(f"{text!r} between the brackets")
        return [text]
    first, last = int(numbers[1]), int(numbers[2])
    if last < first - 1:
        raise BadPattern(f"{text} runs backwards")
    if last - first >= MOST:
        raise BadPattern(f"more than {MOST} names")
    return [f"{number:0{len(numbers[1])}d}" for number in range(first, last + 1)]
