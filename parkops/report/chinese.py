"""Put the English messages of an assessment into Chinese, part by part; what has no phrase stays English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from parkops.report.phrases import PhraseTable
from parkops.report.words import KINDS, OUTCOMES, ROLES, Words

_END = re.compile(r"\.(?: And (\d+) more\.)?\Z")
_EXPECTED, _ACTUAL = "Expected: ", ". Actual: "
_WAIVED = re.compile(r"waived by (.+?) until (\d{4}-\d\d-\d\d): ", re.DOTALL)
_WITHOUT = "; without it: "


@dataclass(frozen=True, slots=True)
class _Tables:
    """The phrases by what they speak of."""

    messages: PhraseTable
    scoring: PhraseTable
    evidence: PhraseTable
    subjects: PhraseTable
    origins: Mapping[str, str]  # the end of a text that cites a configuration


@cache
def _tables() -> _Tables:
    import yaml

    text = (files("parkops.report") / "phrases.zh.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, yaml.CSafeLoader)
    vocabulary = {key: pair.zh for table in (ROLES, KINDS, OUTCOMES) for key, pair in table.items()}
    vocabulary |= data["vocabulary"]
    messages = PhraseTable(data["messages"] | data["criteria"], vocabulary)
    cited = PhraseTable(data["evidence"], vocabulary, messages)
    subjects = PhraseTable(data["subjects"], vocabulary)
    return _Tables(messages, PhraseTable(data["scoring"], vocabulary), cited, subjects, data["origins"])


def phrase(text: str) -> str | None:
    """Return the Chinese of one part of a message, None when it has no phrase."""
    return _tables().messages.translate(text)


def part(text: str) -> Words:
    """Return one part of a message in both languages."""
    return Words(phrase(text) or text, text)


def subject(text: str) -> Words:
    """Return what a finding is about in both languages; names stay as they are."""
    return Words(_tables().subjects.translate(text) or text, text)


def evidence(text: str) -> Words:
    """Return the text of a piece of evidence in both languages; configuration lines stay as they are."""
    tables = _tables()
    for origin, chinese in tables.origins.items():
        if text.endswith(origin):
            line = text.removesuffix(origin)
            return Words((tables.evidence.translate(line) or line) + chinese, text)
    return Words(tables.evidence.translate(text) or tables.messages.translate(text) or text, text)


def explanation(text: str) -> Words:
    """Return an indicator's explanation in both languages; its last clause may say how it was scored."""
    messages, scoring = _tables().messages, _tables().scoring
    head, _, tail = text.rpartition("; ")
    how = scoring.translate(tail)
    if how is None:
        return Words(messages.translate(text) or text, text)
    if not head:
        return Words(how, text)
    return Words(f"{messages.translate(head) or head}；{how}", text)


def message(text: str) -> Words:
    """Return a finding's or a verdict's message in both languages."""
    return Words(_message(text), text)


def parts(text: str) -> tuple[str, ...]:
    """Return the parts of a message that need a phrase each."""
    framed = _framed(text)
    return (text,) if framed is None else framed[1:3]


def _message(text: str) -> str:
    waived = _WAIVED.match(text)
    if waived and _WITHOUT in text:
        reason, _, rest = text[waived.end() :].partition(_WITHOUT)
        owner, until = waived.groups()
        return f"由 {owner} 豁免至 {until}：{reason}；若不豁免：{_unwaived(rest)}"
    return _unwaived(text)


def _unwaived(text: str) -> str:
    framed = _framed(text)
    if framed is None:
        return phrase(text) or text
    about, expected, actual, more = framed
    before = f"{subject(about).zh}：" if about else ""
    after = f"另有 {more} 条。" if more else ""
    return f"{before}应为：{part(expected).zh}。实为：{part(actual).zh}。{after}"


def _framed(text: str) -> tuple[str, str, str, str] | None:
    """Split `subject: Expected: … Actual: …. And N more.`; None when it is no such message."""
    about, found, rest = text.partition(_EXPECTED)
    expected, joined, actual = rest.partition(_ACTUAL)
    end = _END.search(actual)
    if not (found and joined and end) or (about and not about.endswith(": ")):
        return None
    return about.removesuffix(": "), expected, actual[: end.start()], end.group(1) or ""


__all__ = ["evidence", "explanation", "message", "part", "parts", "phrase", "subject"]
