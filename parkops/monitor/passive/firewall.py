"""What packet filters log: netfilter's lines with the rule's name in front, and vendors' by a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as checked

from parkops.monitor.passive.records import PROTOCOLS
from parkops.monitor.passive.syslog import Message

_FIELD = re.compile(r"\b([A-Z]+)=(\S*)")
_BEFORE = re.compile(r"^(?:\[ *[\d.]+\] ?)?(?P<prefix>.*?)\bIN=")
LOOKED_AT = 1000  # characters: a search may take the square of them, and whoever sends chooses the text
DROPS = ("drop", "reject", "deny", "block")


@checked(frozen=True)
class Form:
    """A row of the table."""

    platforms: str
    text: str
    dropped: bool | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One packet that a filter has logged; ``rule`` is the prefix or the name of the rule."""

    rule: str
    src: str
    dst: str
    protocol: str
    port: int
    dropped: bool


@cache
def forms() -> tuple[tuple[re.Pattern[str], Form], ...]:
    """Return the table that comes with the program."""
    text = Path(__file__).with_name("firewall.yaml").read_text(encoding="utf-8")
    rows = TypeAdapter(dict[str, tuple[Form, ...]]).validate_python(yaml.safe_load(text))["forms"]
    return tuple((re.compile(row.text), row) for row in rows)


def read(message: Message) -> Logged | None:
    """Read a message; None for what is none of a filter's."""
    text = message.text[:LOOKED_AT]
    whole = f"{message.app[:LOOKED_AT]}: {text}" if message.app else text
    for pattern, form in forms():
        found = pattern.search(whole)
        if found is not None:
            return _of(found.groupdict(), form)
    return _netfilter(text)


def _of(fields: dict[str, str | None], form: Form) -> Logged:
    rule, port = fields.get("rule") or "", fields.get("port") or ""
    protocol = _protocol(fields.get("protocol") or "")
    dropped = _drops(rule) if form.dropped is None else form.dropped
    ends = fields.get("src") or "", fields.get("dst") or ""
    return Logged(rule.lower(), *ends, protocol, int(port or 0), dropped)


def _protocol(text: str) -> str:
    name = PROTOCOLS.get(int(text), text) if text.isdigit() else text.lower()
    return "icmp" if name in ("icmpv6", "ipv6-icmp", "icmp6") else name


def _drops(rule: str) -> bool:
    return any(word in rule.lower() for word in DROPS)


def _netfilter(text: str) -> Logged | None:
    """Read a line of nft's `log` or iptables' `LOG`."""
    before = _BEFORE.match(text)
    if before is None:
        return None
    outer = text[before.end("prefix") :].partition("[")[0]  # an ICMP error quotes its packet in brackets
    fields = dict(_FIELD.findall(outer))
    if not fields.get("SRC") or not fields.get("DST") or "PROTO" not in fields:
        return None
    rule, port = before["prefix"].strip().lower(), fields.get("DPT", "")
    number = int(port) if port.isdigit() and len(port) <= 5 else 0
    return Logged(rule, fields["SRC"], fields["DST"], _protocol(fields["PROTO"]), number, _drops(rule))
