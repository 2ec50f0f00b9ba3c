"""Messages of gNMI: a subscription, and the updates of a response (gnmi.proto, 0.10)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from parkops.monitor.probes import wire

MODES = {"once": 1, "stream": 0}  # SubscriptionList.Mode
ENCODINGS = {"json": 0, "bytes": 1, "proto": 2, "ascii": 3, "json_ietf": 4}
SAMPLE, SAMPLE_NS = 2, 1_000_000_000
MOST_DIGITS = 18  # behind the point of a decimal64 (RFC 7950, 9.3.4)
_ELEMENT = re.compile(r"(?P<name>[^/\[\]]+)(?P<keys>(?:\[[^=\[\]]+=[^\]]*\])*)")
_KEY = re.compile(r"\[([^=\[\]]+)=([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Update:
    """One leaf, or one tree in JSON."""

    path: str
    content: Any


def subscription(where: str, mode: str, encoding: str) -> bytes:
    """Return a SubscribeRequest for a path."""
    entry = wire.message(1, path(where))
    if mode == "stream":
        entry += wire.number(2, SAMPLE) + wire.number(3, SAMPLE_NS)
    how = wire.number(5, MODES[mode]) + wire.number(8, ENCODINGS[encoding])
    return wire.message(1, wire.message(2, entry) + how)


def path(text: str) -> bytes:
    """Encode a path, /interfaces/interface[name=ge1]/state; ValueError for what is none."""
    if not text.startswith("/"):
        raise ValueError("expected a path that begins with /")
    out, at = b"", 1
    while at < len(text):
        found = _ELEMENT.match(text, at)
        if found is None or (found.end() < len(text) and text[found.end()] != "/"):
            raise ValueError(f"expected names and [key=value] between / at {text[at:]!r}")
        element = wire.message(1, found["name"])
        for name, content in _KEY.findall(found["keys"]):
            element += wire.message(2, wire.message(1, name) + wire.message(2, content))
        out += wire.message(3, element)
        at = found.end() + 1
    return out


def response_of(data: bytes) -> tuple[list[Update], bool]:
    """Read a SubscribeResponse: its updates, and whether all was told once."""
    updates: list[Update] = []
    synced = False
    for number, content in wire.fields(data):
        if number == 1 and isinstance(content, bytes):
            updates += _notification(content)
        synced = synced or (number == 3 and content == 1)
    return updates, synced


def _notification(data: bytes) -> list[Update]:
    prefix, found = "", []
    for number, content in wire.fields(data):
        if number == 2 and isinstance(content, bytes):
            prefix = _path_text(content)
        if number == 4 and isinstance(content, bytes):
            parts = dict(wire.fields(content))
            where = parts.get(1, b"")
            what = parts.get(3, b"")
            if isinstance(where, bytes) and isinstance(what, bytes):
                found.append((_path_text(where), _typed(what)))
    return [Update(prefix + where, content) for where, content in found]


def _path_text(data: bytes) -> str:
    text = ""
    for number, content in wire.fields(data):
        if number == 3 and isinstance(content, bytes):
            name, keys = "", ""
            for part, inner in wire.fields(content):
                if part == 1 and isinstance(inner, bytes):
                    name = inner.decode()
                elif part == 2 and isinstance(inner, bytes):
                    pair = dict(wire.fields(inner))
                    keys += f"[{_string(pair.get(1))}={_string(pair.get(2))}]"
            text += f"/{name}{keys}"
    return text


def _string(content: int | bytes | None) -> str:
    return content.decode() if isinstance(content, bytes) else ""


def _typed(data: bytes) -> Any:
    """Read a TypedValue."""
    for number, content in wire.fields(data):
        if isinstance(content, int):
            return {2: wire.signed(content), 4: bool(content)}.get(number, content)
        if number in (10, 11):
            return json.loads(content)
        if number in (6, 14):
            return wire.floating(content)
        if number == 7:
            parts = dict(wire.fields(content))
            digits, precision = parts.get(1, 0), parts.get(2, 0)
            if isinstance(digits, int) and isinstance(precision, int):
                if precision > MOST_DIGITS:
                    raise ValueError(f"a number of {precision} digits")
                return wire.signed(digits) / 10**precision
        return content.decode("utf-8", "replace")
    return None
