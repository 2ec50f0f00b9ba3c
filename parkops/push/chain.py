"""The hash chain of the journal: each entry's hash covers its content and the hash before it (SHA-256)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

GENESIS = "0" * 64  # what the first entry follows


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a transaction was about to do, or what came of it; ``device`` is "" for the whole.

    ``texts`` names long texts by their digest: "diff", "snapshot", "target".
    """

    seq: int
    time_s: float
    who: str
    tx: str
    device: str
    step: str
    detail: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    previous: str = GENESIS
    hash: str = ""

    @property
    def content(self) -> bytes:
        """What the hash covers, besides the hash before it."""
        rest = [self.seq, self.time_s, self.who, self.tx, self.device, self.step, self.detail]
        document = [*rest, dict(self.data), dict(self.texts)]
        return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a journal is whole: how many entries, the hash of the last, and what is wrong."""

    entries: int
    head: str
    problems: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """True when nothing was changed, removed or put in between."""
        return not self.problems


def seal(previous: str, content: bytes) -> str:
    """Return the hash of an entry."""
    return sha256(previous.encode() + content).hexdigest()


def text_digest(text: str) -> str:
    """Return the digest by which the journal knows a long text."""
    return sha256(text.encode()).hexdigest()


def verify(entries: Iterable[Entry], text_of: Callable[[str], str | None]) -> Verification:
    """Walk the chain from its start; ``text_of`` returns a kept text, None for one that is missing."""
    previous, count, problems = GENESIS, 0, list[str]()
    for entry in entries:
        count += 1
        where = f"entry {entry.seq}"
        if entry.seq != count:
            problems.append(f"{where}: expected entry {count}: one is missing")
            count = entry.seq
        if entry.previous != previous:
            problems.append(f"{where}: does not follow the entry before it")
        if entry.hash != seal(entry.previous, entry.content):
            problems.append(f"{where}: was changed: its hash does not fit")
        problems += [f"{where}: {what}" for what in _wrong_texts(entry, text_of)]
        previous = entry.hash
    return Verification(count, previous, tuple(problems))


def _wrong_texts(entry: Entry, text_of: Callable[[str], str | None]) -> Iterable[str]:
    for name, digest in entry.texts.items():
        text = text_of(digest)
        if text is None:
            yield f"its {name} is missing"
        elif text_digest(text) != digest:
            yield f"its {name} was changed"
