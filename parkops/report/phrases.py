"""Match whole English phrases with placeholders, and fill their Chinese templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SLOT = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NUMBER = re.compile(r"[+-]?[\d,]*\d(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan")
_MORE = re.compile(r" and (\d+) more\Z")
_JOINT = re.compile(r",\s*| and | or ")
_DEEPEST = 3  # phrases inside phrases: an event's cause inside an event inside a finding

KINDS = ("", "n", "name", "list", "term", "text", "may")


@dataclass(frozen=True, slots=True)
class Phrase:
    """An English pattern and its Chinese template; ``fixed`` has one text more than there are ``slots``."""

    english: str
    fixed: tuple[str, ...]
    slots: tuple[tuple[str, str], ...]  # name, kind
    chinese: tuple[str, ...]  # text, name, text, name, …, text

    @property
    def rank(self) -> tuple[int, int, str]:
        """Sort key: most fixed letters first, then the fewest slots that take anything."""
        free = sum(kind in ("", "list") for _, kind in self.slots)
        return -sum(map(len, self.fixed)), free, self.english

    def match(self, text: str) -> dict[str, str] | None:
        """Return what stands in the slots, each at its earliest end, in time linear in ``text``."""
        start, end = len(self.fixed[0]), len(text) - len(self.fixed[-1])
        if not (text.startswith(self.fixed[0]) and text.endswith(self.fixed[-1])):
            return None
        found: dict[str, str] = {}
        for (name, _), fixed in zip(self.slots[:-1], self.fixed[1:-1], strict=True):
            stop = text.find(fixed, start + 1, end)
            if stop < 0:
                return None
            found[name], start = text[start:stop], stop + len(fixed)
        if start >= end:
            return None
        found[self.slots[-1][0]] = text[start:end]
        return found


def compile_phrase(english: str, chinese: str) -> Phrase:
    """Read a pattern and its template; ValueError names the mistake."""
    fixed, slots = _split(english)
    named = dict(slots)
    texts, uses = _split(chinese)
    unknown = {name for name, _ in uses} - set(named) or set(named.values()) - set(KINDS)
    if unknown or len(named) != len(slots):
        raise ValueError(f"slots do not fit: {english!r}: {chinese!r}")
    if not all(fixed[1:-1]):
        raise ValueError(f"two slots touch: {english!r}")
    template = [texts[0]]
    for (name, _), text in zip(uses, texts[1:], strict=True):
        template += [name, text]
    return Phrase(english, tuple(fixed), tuple(slots), tuple(template))


def _split(pattern: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the texts around the slots, and the slots."""
    pieces = _SLOT.split(pattern)
    return pieces[::3], [(name, kind or "") for name, kind in zip(pieces[1::3], pieces[2::3], strict=True)]


class PhraseTable:
    """Phrases in the order in which they are tried."""

    def __init__(
        self, phrases: Mapping[str, str], vocabulary: Mapping[str, str], inner: PhraseTable | None = None
    ) -> None:
        """Compile ``phrases``; ``inner`` translates slots of kind text (by default this table itself)."""
        compiled = [compile_phrase(english, chinese) for english, chinese in phrases.items()]
        self._whole = {phrase.english: phrase.chinese[0] for phrase in compiled if not phrase.slots}
        self._patterns = sorted((p for p in compiled if p.slots), key=lambda phrase: phrase.rank)
        self._vocabulary = vocabulary
        self._inner = inner or self

    def translate(self, text: str, depth: int = 0) -> str | None:
        """Return the Chinese of a whole text, None when no phrase fits it."""
        if text in self._whole:
            return self._whole[text]
        joined = self._joined(text, depth)
        if joined is not None:
            return joined
        for phrase in self._patterns:
            found = phrase.match(text)
            filled = None if found is None else self._fill(phrase, found, depth)
            if filled is not None:
                return filled
        return None

    def _joined(self, text: str, depth: int) -> str | None:
        """Return several phrases joined by semicolons, None when one of them has no Chinese."""
        if "; " not in text or depth >= _DEEPEST:
            return None
        found = []
        for part in text.split("; "):
            chinese = self.translate(part, depth + 1)
            if chinese is None:
                return None
            found.append(chinese)
        return "；".join(found)

    def _fill(self, phrase: Phrase, found: Mapping[str, str], depth: int) -> str | None:
        values: dict[str, str] = {}
        for name, kind in phrase.slots:
            value = self._value(found[name], kind, depth)
            if value is None:
                return None
            values[name] = value
        pieces: Sequence[str] = phrase.chinese
        return "".join(values[piece] if n % 2 else piece for n, piece in enumerate(pieces))

    def _value(self, text: str, kind: str, depth: int) -> str | None:
        """Return what stands in a slot in Chinese, None when it is not of the slot's kind."""
        if kind == "n":
            return text if _NUMBER.fullmatch(text) else None
        if kind == "name":
            return text if not re.search(r"\s", text) else None
        if kind == "list":
            return _listed(text)
        if kind == "term":
            return self._term(text)
        if kind == "text":
            return self._inner.translate(text, depth + 1) if depth < _DEEPEST else None
        if kind == "may":
            return self._value(text, "text", depth) or text
        return text

    def _term(self, text: str) -> str | None:
        """Translate words joined by commas, "and" or "or"; None when one is not in the vocabulary."""
        if text in self._vocabulary:
            return self._vocabulary[text]
        more = _MORE.search(text)
        words = [self._vocabulary.get(word) for word in _JOINT.split(text[: more.start()] if more else text)]
        if None in words:
            return None
        return "、".join(filter(None, words)) + (f" 等（另有 {more.group(1)} 个）" if more else "")


def _listed(text: str) -> str:
    more = _MORE.search(text)
    if more:
        return f"{text[: more.start()]} 等（另有 {more.group(1)} 个）"
    return "无" if text == "none" else text


__all__ = ["KINDS", "Phrase", "PhraseTable", "compile_phrase"]
