"""Patterns of lines, compiled once and tried on each different line once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_WORD = re.compile(r"\^?([A-Za-z][\w-]*)(?=[ $]|$)")
_GROUP = re.compile(r"\([^()]*\)")
_KEPT = 200_000  # different lines whose matches are remembered


@dataclass(slots=True)
class Patterns:
    """Which patterns a line's start matches; a pattern's first plain word tells where to look."""

    compiled: dict[str, re.Pattern[str]] = field(default_factory=dict)
    _by_word: dict[str, list[str]] = field(default_factory=dict)
    _others: list[str] = field(default_factory=list)
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Patterns:
        """Compile patterns; re.error for one that is wrong."""
        found = cls()
        for pattern in dict.fromkeys(patterns):
            found.compiled[pattern] = re.compile(pattern)
            word = _WORD.match(pattern)
            if word and "|" not in _flat(pattern):
                found._by_word.setdefault(word[1], []).append(pattern)
            else:
                found._others.append(pattern)
        return found

    def matching(self, text: str) -> frozenset[str]:
        """Return the patterns that match from the line's start."""
        known = self._known.get(text)
        if known is None:
            first = text.partition(" ")[0]
            tried = (*self._by_word.get(first, ()), *self._others)
            known = frozenset(pattern for pattern in tried if self.compiled[pattern].match(text))
            if len(self._known) < _KEPT:
                self._known[text] = known
        return known


def _flat(pattern: str) -> str:
    """Return a pattern without its groups."""
    while (inner := _GROUP.sub("", pattern)) != pattern:
        pattern = inner
    return pattern
