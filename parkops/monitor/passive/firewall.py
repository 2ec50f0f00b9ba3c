"""What packet filters log: netfilter's lines (nft `log`, iptables `LOG`), with the rule's name in front."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(r"\b([A-Z]+)=(\S*)")
_BEFORE = re.compile(r"^(?:\[ *[\d.]+\] ?)?(?P<prefix>.*?)\bIN=")
DROPS = ("drop", "reject", "deny", "block")


@dataclass(frozen=True, slots=True)
class Logged:
    """One packet that a filter has logged; ``rule`` is the prefix of the rule."""

    rule: str
    src: str
    dst: str
    protocol: str
    port: int

    @property
    def dropped(self) -> bool:
        """Whether the rule's name says that the packet went no further."""
        return any(word in self.rule for word in DROPS)


def read(text: str) -> Logged | None:
    """Read a line; None for what is none of a filter's."""
    before = _BEFORE.match(text)
    if before is None:
        return None
    fields = dict(_FIELD.findall(text[before.end("prefix") :]))
    if not fields.get("SRC") or not fields.get("DST") or "PROTO" not in fields:
        return None
    protocol = {"icmpv6": "icmp"}.get(fields["PROTO"].lower(), fields["PROTO"].lower())
    rule, port = before["prefix"].strip().lower(), fields.get("DPT", "")
    return Logged(rule, fields["SRC"], fields["DST"], protocol, int(port) if port.isdigit() else 0)
