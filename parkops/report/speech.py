"""One language's words for a report, each text translated once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from parkops.model import RequirementResult
from parkops.report import chinese, words
from parkops.report.bundle import Language
from parkops.report.words import Words


@dataclass(frozen=True, slots=True)
class Speech:
    """Says texts of the assessment in one language; what has no phrase stays English."""

    lang: Language
    _said: dict[tuple[str, str], str] = field(default_factory=dict)

    def pick(self, pair: Words) -> str:
        """Return the text in this language."""
        return pair.zh if self.lang == "zh" else pair.en

    def word(self, table: dict[str, Words], key: str) -> str:
        """Return a key's word; an unknown key speaks for itself."""
        return self.pick(words.words(table, key))

    def message(self, text: str) -> str:
        """Return a finding's or a verdict's message."""
        return self._say("message", chinese.message, text)

    def part(self, text: str) -> str:
        """Return one part of a message."""
        return self._say("part", chinese.part, text)

    def subject(self, text: str) -> str:
        """Return what a finding is about."""
        return self._say("subject", chinese.subject, text)

    def evidence(self, text: str) -> str:
        """Return the text of a piece of evidence."""
        return self._say("evidence", chinese.evidence, text)

    def explanation(self, text: str) -> str:
        """Return an indicator's explanation."""
        return self._say("explanation", chinese.explanation, text)

    def title(self, result: RequirementResult) -> str:
        """Return a requirement's title."""
        return result.title_zh if self.lang == "zh" and result.title_zh else result.text

    def text(self, result: RequirementResult) -> str:
        """Return a requirement's text."""
        return result.text_zh if self.lang == "zh" and result.text_zh else result.text

    def _say(self, kind: str, say: Callable[[str], Words], text: str) -> str:
        if self.lang == "en":
            return text
        known = self._said.get((kind, text))
        if known is None:
            known = self._said[kind, text] = say(text).zh
        return known
