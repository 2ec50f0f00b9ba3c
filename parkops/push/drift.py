"""Drift: what devices run that was not rendered, and the reverse; an empty text is never "compliant"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from parkops.model import Artifact, ArtifactKind, Change, Running


class Kind(StrEnum):
    """How running and intended differ in one place."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"


class Owner(StrEnum):
    """Whose line it is: parkops put it there (or is to), or somebody else did."""

    OURS = "ours"
    FOREIGN = "foreign"


class State(StrEnum):
    """What a comparison found out; what could not be compared is an error, never compliant."""

    COMPLIANT = "compliant"
    DRIFTED = "drifted"
    NOT_PUSHED = "not pushed"  # the device runs what it was given; the plan has moved on
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Item:
    """One difference; ``within`` is the block or the file that it stands in."""

    kind: Kind
    owner: Owner
    within: str
    running: str = ""
    intended: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """One device's comparison."""

    device: str
    state: State
    items: tuple[Item, ...] = ()
    diff: str = ""
    error: str = ""
    who: str = ""  # what the device says about its last changes


def judge(change: Change, artifacts: Iterable[Artifact], pushed: Running | None, who: str = "") -> Drift:
    """Judge a device's difference; ``pushed`` is what it ran after the last push, where that is known."""
    error = change.error or _empty(change, artifacts)
    if error:
        return Drift(change.device, State.ERROR, diff=change.diff, error=error)
    if not change.diff:
        return Drift(change.device, State.COMPLIANT)
    known = frozenset(_words(pushed.text)) if pushed is not None else frozenset()
    items = tuple(classify(change.diff, known))
    moved_on = pushed is not None and _plan_moved_on(items, known)
    state = State.NOT_PUSHED if moved_on else State.DRIFTED
    return Drift(change.device, state, items, change.diff, who="" if moved_on else who)


def _empty(change: Change, artifacts: Iterable[Artifact]) -> str:
    """Say which side is empty; "" when both say something."""
    own = [a for a in artifacts if a.device == change.device and a.kind in PUSHED]
    if not any(artifact.text.strip() for artifact in own):
        return f"{change.device}: the intended configuration is empty"
    if change.driver != "ansible" and re.search(r"(?m)^@@ -0,0 ", change.diff):
        return f"{change.device}: the running configuration is empty"
    return ""


PUSHED = (ArtifactKind.CLI, ArtifactKind.NETCONF, ArtifactKind.FILE)


def _plan_moved_on(items: Sequence[Item], known: frozenset[str]) -> bool:
    """Tell whether the device still runs exactly what was pushed: all of its lines, and none of the new."""
    on_device = (item.running for item in items if item.running)
    never_pushed = (item.intended for item in items if item.intended)
    return all(_word(line) in known for line in on_device) and not any(
        _word(line) in known for line in never_pushed
    )


def classify(diff: str, known: frozenset[str] = frozenset()) -> Iterator[Item]:
    """Yield the items of a unified diff; ``known`` are the lines that parkops has put on the device.

    A removed line and an added one that begin alike are one changed value.
    """
    place = _Place()
    gone, new = list[str](), list[str]()
    for line in (*diff.splitlines(), "@@"):
        mark, rest = line[:1], line[1:]
        if line.startswith(("--- ", "+++ ", "@@")) or mark == " ":
            yield from _paired(place, gone, new, known)
            gone, new = [], []
            place.see(line)
        elif mark == "-":
            gone.append(rest)
        elif mark == "+":
            new.append(rest)


@dataclass(slots=True)
class _Place:
    """Where in a text a diff is: the file, and the blocks that are open."""

    file: str = ""
    above: list[tuple[int, str]] = field(default_factory=list)

    def see(self, line: str) -> None:
        """Take a line that is no difference."""
        if line.startswith("@@"):
            self.above = []
        elif line.startswith(("--- ", "+++ ")):
            path = line[4:].removesuffix(" running").removesuffix(" intended")
            self.file, self.above = path if path.startswith("/") else "", []
        else:
            self.open(line[1:])

    def open(self, line: str) -> None:
        """Go below a line: what follows with more indentation stands in it."""
        depth = _depth(line)
        self.above = [(other, text) for other, text in self.above if other < depth]
        self.above.append((depth, line.strip()))

    def of(self, line: str) -> str:
        """Return the blocks that a line stands in."""
        blocks = (text for depth, text in self.above if depth < _depth(line))
        return " / ".join(part for part in (self.file, *blocks) if part)


def _paired(place: _Place, gone: list[str], new: list[str], known: frozenset[str]) -> Iterator[Item]:
    left = list(new)
    for line in gone:
        match = next((other for other in left if _begin(other) == _begin(line)), None)
        owner = Owner.OURS if match is not None or _word(line) in known else Owner.FOREIGN
        if match is not None:
            left.remove(match)
            yield Item(Kind.CHANGED, owner, place.of(line), line.strip(), match.strip())
        else:
            yield Item(Kind.EXTRA, owner, place.of(line), line.strip())
        place.open(line)
    for line in left:
        yield Item(Kind.MISSING, Owner.OURS, place.of(line), intended=line.strip())
        place.open(line)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _begin(line: str) -> tuple[int, str]:
    """Return what makes two lines the same setting: the depth, and all but the last word (or the element)."""
    element = re.match(r"\s*<([\w-]+)", line)
    if element:
        return _depth(line), element[1]
    words = line.split()
    named = words and words[0] in FREE_TEXT
    return _depth(line), " ".join(words[:1] if named else words[:-1] or words)


FREE_TEXT = frozenset({"description", "name", "banner", "hostname", "sysname", "location", "contact"})


def _words(text: str) -> Iterator[str]:
    return (_word(line) for line in text.splitlines())


def _word(line: str) -> str:
    return " ".join(line.split())


@dataclass(frozen=True, slots=True)
class Changed:
    """A device's own word about a change: who made it, from where, and what it touched."""

    user: str
    host: str = ""
    session: str = ""
    targets: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in one line."""
        where = f" from {self.host}" if self.host else ""
        what = f": {', '.join(self.targets)}" if self.targets else ""
        return f"{self.user or 'somebody'}{where} (session {self.session or '?'}){what}"


NAMES: Mapping[str, str] = {  # RFC 6470 (netconf-config-change), and yuma's own sysConfigChange
    "username": "user",
    "userName": "user",
    "source-host": "host",
    "remoteHost": "host",
    "session-id": "session",
    "sessionId": "session",
}


def told(notification: bytes) -> Changed | None:
    """Read a notification; None when it is not about a change of the configuration."""
    from lxml import etree

    root = etree.fromstring(notification.strip(), etree.XMLParser(resolve_entities=False, no_network=True))
    names = {str(element.tag).rpartition("}")[2] for element in root if isinstance(element.tag, str)}
    if not names & {"netconf-config-change", "sysConfigChange"}:
        return None
    found: dict[str, str] = {}
    targets: list[str] = []
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        text = (element.text or "").strip()
        if name in NAMES:
            found.setdefault(NAMES[name], text)
        elif name == "target" and text:
            targets.append(text)
    return Changed(found.get("user", ""), found.get("host", ""), found.get("session", ""), tuple(targets))
