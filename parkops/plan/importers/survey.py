"""What an importer found, in the words of no tool in particular."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """A device; ``role`` is the source's own word for it."""

    name: str
    role: str
    tenant: str = ""  # key of Survey.tenants, "" for the park itself
    site: str = ""  # key of Survey.sites
    title: str = ""
    platform: str = ""
    model: str = ""
    management: str = ""  # address with or without its prefix length
    vlan: int = 0  # of the port it hangs on
    address: str = ""  # in its segment


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A VLAN with its prefixes."""

    name: str
    vlan: int
    tenant: str = ""
    site: str = ""
    zone: str = ""
    ipv4: str = ""
    ipv6: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was found; ``unread`` says what the source had that could not even be read."""

    title: str
    tenants: dict[str, str] = field(default_factory=dict)  # key -> title
    sites: dict[str, str] = field(default_factory=dict)  # key -> title
    devices: tuple[Found, ...] = ()
    segments: tuple[FoundSegment, ...] = ()
    cables: tuple[tuple[str, str], ...] = ()  # names of the devices at the ends
    circuits: tuple[tuple[str, str, int], ...] = ()  # (id, operator, Mbit/s)
    unread: tuple[str, ...] = ()


# What other tools and people call a role, in lower case; the longest word that occurs decides.
ROLES: dict[str, str] = {
    **dict.fromkeys(("core", "core-router", "core-switch", "核心"), "core"),
    **dict.fromkeys(("firewall", "park-firewall", "防火墙", "boundary", "border", "边界"), "firewall"),
    **dict.fromkeys(("switch", "access-switch", "ring-switch", "tor", "交换机"), "switch"),
    **dict.fromkeys(("edge-gateway", "边缘网关"), "edge-gateway"),
    **dict.fromkeys(("edge-cloud", "边缘云"), "edge-cloud"),
    **dict.fromkeys(("management-server", "management", "运维"), "management-server"),
    **dict.fromkeys(("access-point", "wireless-ap", "无线接入点"), "access-point"),
    **dict.fromkeys(("external", "internet", "互联网"), "ignored"),
    **dict.fromkeys(
        ("plc", "robot", "cnc", "machine", "mes", "server", "endpoint", "可编程控制器"), "machines"
    ),
    **dict.fromkeys(("pc", "terminal", "phone", "workstation", "printer", "终端", "电脑"), "people"),
    **dict.fromkeys(("agv", "rfid", "scanner", "小车"), "materials"),
    **dict.fromkeys(("camera", "sensor", "meter", "摄像机", "传感器", "电表"), "environment"),
}
ELEMENTS = ("people", "machines", "materials", "environment")
WORD = re.compile(r"[^a-z0-9]+")


def role_of(word: str) -> str:
    """Return what a role's word means here, "" for one that nobody knows."""
    lower = word.lower().replace("_", "-").replace(" ", "-")
    known = [key for key in ROLES if _occurs(key, lower)]
    return ROLES[max(known, key=len)] if known else ""


def _occurs(key: str, text: str) -> bool:
    return key in text if not key.isascii() else bool(re.search(rf"(^|-){re.escape(key)}s?(-|$)", text))


def line_of(text: str) -> str:
    """Return a text as one line that a plan can carry: printable, and at most 200 characters."""
    plain = "".join(char if char.isprintable() else " " for char in text).strip()
    return (plain if len(plain) <= 200 else plain[:199] + "…") or "-"


class Names:
    """Gives ids of the plan: lower-case letters, digits and hyphens, each one once."""

    def __init__(self, fallback: str, longest: int = 24, taken: Iterable[str] = (), join: str = "-") -> None:
        """Keep what to call a name that has no such letters, and what stands for other characters."""
        self._fallback, self._longest, self._join = fallback, longest, join
        self._taken = set(taken)
        self._given: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the id of a name; the same name has the same id."""
        if name not in self._given:
            self._given[name] = self.new(name)
        return self._given[name]

    def new(self, name: str) -> str:
        """Return an id that nothing else has, near to the name."""
        plain = WORD.sub(self._join, name.lower()).strip("-")
        if not plain or not plain[0].isalpha():
            plain = f"{self._fallback}{self._join}{plain}".strip("-")
        base = plain[: self._longest].rstrip("-")
        made, number = base, 1
        while made in self._taken:
            number += 1
            tail = f"{self._join}{number}"
            made = f"{base[: self._longest - len(tail)]}{tail}"
        self._taken.add(made)
        return made
