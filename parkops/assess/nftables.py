"""Read the chains and rules of an nftables ruleset, as rendered or as `nft list ruleset` prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network

from parkops.assess.texts import Text

_COMMENT = re.compile(r'\bcomment\s+"([^"]*)"')
_POLICY = re.compile(r"\bpolicy\s+(\w+)")
_HOOK = re.compile(r"\btype\s+filter\s+hook\s+(\w+)")
_PORTS = re.compile(r"\b(?:tcp|udp|th)\s+dport\s+(\{[^}]*\}|\S+)")
_ADDRESSES = {end: re.compile(rf"\bip6?\s+{end}addr\s+(!=\s*)?(\{{[^}}]*\}}|\S+)") for end in ("s", "d")}
_PROTOCOL = re.compile(
    r"\b(?:(tcp|udp)\s+[ds]port|(?:l4proto|protocol|nexthdr)\s+(\w[\w-]*)|(icmp(?:v6)?)\s+type)"
)
_ESTABLISHED = re.compile(r"\bct\s+state\s+\{?\s*(?:established|related)[\s,]*(?:established|related)?\s*\}?")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class FilterRule:
    """One rule as it stands in the text."""

    line: int
    text: str

    @cached_property
    def body(self) -> str:
        """The rule without its comment."""
        return _COMMENT.sub("", self.text).strip()

    @property
    def comment(self) -> str:
        """The rule's comment, "" for none."""
        found = _COMMENT.search(self.text)
        return found.group(1) if found else ""

    @property
    def accepts(self) -> bool:
        """True when the rule ends in accept."""
        return bool(re.search(r"\baccept\b", self.body))

    @property
    def upkeep(self) -> bool:
        """True for replies, the loopback and ICMP errors: no service is opened by them."""
        if _ESTABLISHED.search(self.body) or re.search(r'\biif(?:name)?\s+"?lo"?(\s|$)', self.body):
            return True
        return bool(re.search(r"\bicmp(v6)?\b", self.body)) and not self.ports

    @property
    def ports(self) -> frozenset[int]:
        """Destination ports; a range counts as its ends and all between."""
        found = _PORTS.search(self.body)
        ports: set[int] = set()
        for part in _members(found.group(1)) if found else ():
            first, _, last = part.partition("-")
            if first.isdigit():
                ports.update(range(int(first), int(last or first) + 1))
        return frozenset(ports)

    @property
    def protocol(self) -> str:
        """The layer-4 protocol, "" for any."""
        found = _PROTOCOL.search(self.body)
        return next(filter(None, found.groups()), "") if found else ""

    @property
    def limited(self) -> bool:
        """True when the rule matches less than its addresses, ports and interfaces say."""
        return bool(re.search(r"\blimit\b|\b[io]if(name)?\s+!=|\bct state\b", self.body))

    def networks(self, end: str) -> tuple[Network, ...]:
        """Return the source ("s") or destination ("d") networks; none means any."""
        return self._networks(end, negated=False)

    def outside(self, end: str) -> tuple[Network, ...]:
        """Return the networks that the source ("s") or destination ("d") must not be in."""
        return self._networks(end, negated=True)

    def _networks(self, end: str, *, negated: bool) -> tuple[Network, ...]:
        found = _ADDRESSES[end].search(self.body)
        if found is None or bool(found.group(1)) is not negated:
            return ()
        return tuple(_network(part) for part in _members(found.group(2)))

    def interfaces(self, end: str) -> frozenset[str]:
        """Return the names of the incoming ("i") or outgoing ("o") interfaces; none means any."""
        found = re.search(rf"\b{end}if(?:name)?\s+(?!!=)(\{{[^}}]*\}}|\S+)", self.body)
        return frozenset(part.strip('"') for part in _members(found.group(1))) if found else frozenset()


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain; ``policy`` is "" for a chain that is no base chain."""

    name: str
    line: int
    hook: str
    policy: str
    policy_line: int
    rules: tuple[FilterRule, ...]


def _members(text: str) -> list[str]:
    return [part.strip() for part in text.strip("{}").split(",") if part.strip()]


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:  # a named set, a range or a variable: treat it as the widest thing it could be
        return ip_network("::/0" if ":" in text else "0.0.0.0/0")


def within(inner: Network, outer: Network) -> bool:
    """Tell whether one network lies inside another; unlike versions never do."""
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _logical_lines(text: Text) -> Iterator[tuple[int, str]]:
    """Join the lines of a set that is written over several lines; a chain's own brace ends a line."""
    start, kept = 0, ""
    for number, line in text.lines():
        start, kept = (start, f"{kept} {line}") if kept else (number, line)
        opener = re.match(r"(table|chain|set|map)\b", kept)
        if opener or kept.count("{") <= kept.count("}"):
            yield start, kept
            kept = ""
    if kept:
        yield start, kept


def _named_sets(lines: list[tuple[int, str]]) -> dict[str, str]:
    """Return the elements of the named sets, as `{ a, b }`."""
    found: dict[str, str] = {}
    name = ""
    for _, line in lines:
        if match := re.match(r"set\s+(\S+)\s*\{", line):
            name = match.group(1)
        elif name and line.startswith("elements"):
            found[name] = line.partition("=")[2].strip()
        elif line.startswith("}"):
            name = ""
    return found


def chains(text: Text) -> tuple[Chain, ...]:
    """Return the chains of a ruleset in order, with named sets written out; a text is read once."""
    if "chains" not in text.memo:
        text.memo["chains"] = _chains(text)
    found: tuple[Chain, ...] = text.memo["chains"]
    return found


def _chains(text: Text) -> tuple[Chain, ...]:
    lines = list(_logical_lines(text))
    sets = _named_sets(lines)
    found: list[Chain] = []
    name, opened, hook, policy, policy_line = "", 0, "", "", 0
    rules: list[FilterRule] = []
    for number, line in lines:
        if match := re.match(r"chain\s+(\S+)\s*\{", line):
            name, opened, hook, policy, policy_line, rules = match.group(1), number, "", "", 0, []
        elif line.startswith("}") and name:
            found.append(Chain(name, opened, hook, policy, policy_line, tuple(rules)))
            name = ""
        elif name and line.startswith("type "):
            match_hook, match_policy = _HOOK.search(line), _POLICY.search(line)
            hook = match_hook.group(1) if match_hook else ""
            policy, policy_line = (match_policy.group(1) if match_policy else "accept"), number
        elif name and line.startswith("policy "):
            policy, policy_line = line.removeprefix("policy ").rstrip(";"), number
        elif name:
            expanded = re.sub(r"@(\w+)", lambda m: sets.get(m.group(1), m.group(0)), line)
            rules.append(FilterRule(number, expanded))
    return tuple(found)


def filters(text: Text, *hooks: str) -> tuple[Chain, ...]:
    """Return the base chains of type filter at some hooks."""
    return tuple(chain for chain in chains(text) if chain.hook in hooks)


def accepting(text: Text, *hooks: str) -> tuple[FilterRule, ...]:
    """Return the rules at some hooks that open a service (upkeep is left out)."""
    return tuple(
        rule for chain in filters(text, *hooks) for rule in chain.rules if rule.accepts and not rule.upkeep
    )
