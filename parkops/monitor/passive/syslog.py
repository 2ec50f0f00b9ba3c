"""Syslog messages: RFC 5424, RFC 3164 as devices write it, and their framing over TCP (RFC 6587, 5425)."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_BYTES = 65_536
SEVERITIES = ("critical", "critical", "critical", "critical", "warning", "info", "info", "info")  # 0 to 7
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

_PRI = re.compile(rb"<(\d{1,3})>")
_HEADER = re.compile(rb"(\d{1,2}) (\S+) (\S+) (\S+) (\S+) (\S+) ?")  # version, time, host, app, process, id
_DATES = (
    r"[A-Z][a-z]{2}\s+\d{1,2}(?: \d{4})? \d\d:\d\d:\d\d(?:[.,]\d+)?(?: \d{4}(?= ))?",
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*",
)
_TIME = re.compile(rf"(?:(?:{'|'.join(_DATES)})(?: [A-Z]{{3,4}})?:? )?")
_TAG = re.compile(r"(?P<tag>%*[^\s:\[]{1,80})(?:\[(?P<id>[^\]]{0,64})\])?: ?")


@dataclass(frozen=True, slots=True)
class Message:
    """One message; times of the sender are not kept, ours is when it came."""

    severity: int  # 0 (emergency) to 7 (debug)
    facility: int
    host: str
    app: str
    text: str

    @property
    def grade(self) -> str:
        """The severity in the monitor's three words."""
        return SEVERITIES[self.severity]


def parse(data: bytes) -> Message:
    """Read one message of either form; ValueError for what is neither."""
    found = _PRI.match(data)
    if found is None or int(found[1]) > 191:
        raise ValueError("no priority at the start")
    facility, severity = divmod(int(found[1]), 8)
    rest = data[found.end() :].rstrip(b"\r\n\0 ")
    header = _HEADER.match(rest)
    if header is not None and header[1] == b"1":
        host, app = (_text(part) for part in (header[3], header[4]))
        text = _text(_message(rest[header.end() :]))
        return Message(severity, facility, _nil(host), _nil(app), text)
    return _old(severity, facility, _text(rest))


def _nil(text: str) -> str:
    return "" if text == "-" else text


def _message(rest: bytes) -> bytes:
    """Return what follows the structured data (RFC 5424, 6.3)."""
    if rest[:1] == b"-":
        return rest[1:].lstrip(b" ").removeprefix(b"\xef\xbb\xbf")
    at = 0
    while rest[at : at + 1] == b"[":
        at = _element_end(rest, at)
    if not at:
        raise ValueError("no structured data where RFC 5424 wants it")
    return rest[at:].lstrip(b" ").removeprefix(b"\xef\xbb\xbf")


def _element_end(rest: bytes, at: int) -> int:
    quoted, escaped = False, False
    for place in range(at + 1, len(rest)):
        mark = rest[place : place + 1]
        if escaped:
            escaped = False
        elif mark == b"\\" and quoted:
            escaped = True
        elif mark == b'"':
            quoted = not quoted
        elif mark == b"]" and not quoted:
            return place + 1
    raise ValueError("structured data without an end")


def _old(severity: int, facility: int, text: str) -> Message:
    """Read what RFC 3164 describes, and what vendors make of it: time, host and tag may be missing."""
    rest = re.sub(r"^\d+: ", "", text)  # IOS counts its messages
    rest = rest.lstrip("*. ")
    head = _TIME.match(rest)
    timed = head is not None and head.end() > 0
    rest = rest[head.end() :] if head else rest
    host = ""
    first, _, after = rest.partition(" ")
    if timed and after and not first.endswith(":") and "[" not in first and not first.startswith("%"):
        host, rest = first, after.lstrip()
    tag = _TAG.match(rest)
    if tag is None:
        return Message(severity, facility, host, "", rest)
    return Message(severity, facility, host, tag["tag"], rest[tag.end() :])


def _text(data: bytes) -> str:
    """Return text: UTF-8, else GBK as Chinese devices send it, else whatever can be kept."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return _shown(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _shown(data.decode("utf-8", "replace"))


def _shown(text: str) -> str:
    """Replace control characters: what is stored is shown on terminals later."""
    return "".join(mark if mark.isprintable() else " " for mark in text)


class Frames:
    """Cuts a stream into messages: octet counting (RFC 6587, 3.4.1), or a line each (3.4.2)."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete now; ValueError when the stream cannot be followed."""
        self._rest += data
        found, at = [], 0
        while (cut := self._cut(at)) is not None:
            begin, end, at = cut
            if end > begin:
                found.append(self._rest[begin:end])
        self._rest = self._rest[at:]  # once: a stream may consist of ends of lines
        if len(self._rest) > MOST_BYTES + 16:
            raise ValueError(f"a message of more than {MOST_BYTES} bytes")
        return found

    def _cut(self, at: int) -> tuple[int, int, int] | None:
        """Return where the message that begins at ``at`` begins and ends, and where the next one does."""
        rest = self._rest
        if rest[at : at + 1].isdigit():
            digits, space, _ = rest[at : at + 8].partition(b" ")
            if not digits.isdigit() or (not space and len(rest) >= at + 8):
                raise ValueError("no length before the message")
            if not space:
                return None
            begin, length = at + len(digits) + 1, int(digits)
            if length > MOST_BYTES:
                raise ValueError(f"a message of more than {MOST_BYTES} bytes")
            return (begin, begin + length, begin + length) if len(rest) >= begin + length else None
        end = rest.find(b"\n", at)
        return None if end < 0 else (at, end, end + 1)
