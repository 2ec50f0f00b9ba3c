"""The way in: what the management session itself stands on, so that no change saws it off unnoticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface

from parkops.push.remediation import order
from parkops.push.remediation.rules import Rules
from parkops.push.remediation.tree import Path, Section

_USER = "{user}"
_VLAN = re.compile(r"(?:vlanif|vlan-interface|vlan|irb\.)(\d+)$", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]+)(?![\w.:])")


def with_account(intended: Section, running: Section, rules: Rules, user: str) -> Section:
    """Return the intended text with the running account that parkops logs in with.

    What the intended text says of the account itself stands; what only the device has of it is kept.
    """
    target = intended.copy()
    for path in account(intended, running, rules, user):
        section = target
        for line in path:
            section = section.child(line)
    return target


def account(intended: Section, running: Section, rules: Rules, user: str) -> tuple[Path, ...]:
    """Return the running lines of an account that the intended text would take back."""
    patterns = [re.compile(text.replace(_USER, re.escape(user))) for text in rules.way_in.account]
    return tuple(_account(running, intended, rules, patterns, (), False)) if user else ()


def _account(
    running: Section,
    intended: Section | None,
    rules: Rules,
    patterns: list[re.Pattern[str]],
    above: Path,
    inside: bool,
) -> Iterator[Path]:
    for line, below in running.children.items():
        own = inside or any(pattern.match(line) for pattern in patterns)
        there = intended.children.get(line) if intended else None
        if own and there is None and not _replaced(line, intended, rules):
            yield (*above, line)
        yield from _account(below, there, rules, patterns, (*above, line), own)


def _replaced(line: str, intended: Section | None, rules: Rules) -> bool:
    """Tell whether the intended text has another value of the same setting."""
    key = rules.family(line, rules.single_keys)
    others = intended.children if intended and key else ()
    return any(rules.family(other, rules.single_keys) == key for other in others)


def at_risk(running: Section, intended: Section, rules: Rules, address: str) -> tuple[str, ...]:
    """Say what of a change may cut the management session off; ``address`` with its prefix length."""
    again = frozenset(order.rebuilt(running, intended, rules))
    before, after = set(running.paths()), set(intended.paths())
    gone = [path for path in running.paths() if path not in after or path in again]
    new = [path for path in intended.paths() if path not in before]
    own = ip_interface(address)
    ports = {port for path in running.paths() if (port := _port(path, rules)) and _holds(path[-1], own)}
    vlans = {found[1] for port in ports if (found := _VLAN.search(port))}
    used = _filters(running, rules, ports)
    told = [
        *(f"takes {_said(p)!r} off the management port" for p in gone if _off(p, own, ports, rules)),
        *(f"closes or moves the management port: {_said(p)!r}" for p in new if _cut(p, ports, rules)),
        *(
            f"changes the VRF of the management port: {_said(p)!r}"
            for p in (*gone, *new)
            if _bound(p, ports, rules)
        ),
        *(f"takes back the VLAN of the management port: {_said(p)!r}" for p in gone if _vlan(p, vlans)),
        *(f"takes back a route to the management: {_said(p)!r}" for p in gone if _route(p, own, rules)),
        *(
            f"takes back an entry that lets the management in: {_said(p)!r}"
            for p in gone
            if _entry(p, used, rules)
        ),
        *(f"ends a service of remote login: {_said(p)!r}" for p in _services(gone, new, intended, rules)),
    ]
    return tuple(dict.fromkeys(told))


def _said(path: Path) -> str:
    return " / ".join(line.split("\n", 1)[0] for line in path)


def _port(path: Path, rules: Rules) -> str:
    found = re.match(rules.way_in.port, path[0]) if rules.way_in.port else None
    return found[1] if found else ""


def _holds(line: str, own: IPv4Interface | IPv6Interface) -> bool:
    """Tell whether a line states the management address."""
    return any(_address(text) == own.ip for text in _ADDRESS.findall(line))


def _address(text: str) -> object:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _off(path: Path, own: IPv4Interface | IPv6Interface, ports: set[str], rules: Rules) -> bool:
    return _port(path, rules) in ports and _holds(path[-1], own)


def _cut(path: Path, ports: set[str], rules: Rules) -> bool:
    return _port(path, rules) in ports and rules.matches(path[-1], rules.way_in.cuts)


def _bound(path: Path, ports: set[str], rules: Rules) -> bool:
    line = path[-1]
    if not rules.matches(line, rules.way_in.binds):
        return False
    named = any(re.search(rf"(?<!\S){re.escape(port)}(?![\w/-])", line) for port in ports)
    return named if len(path) == 1 else _port(path, rules) in ports


def _vlan(path: Path, vlans: set[str]) -> bool:
    return len(path) == 1 and any(path[0] in (f"vlan {vlan}", f"vlan batch {vlan}") for vlan in vlans)


def _route(path: Path, own: IPv4Interface | IPv6Interface, rules: Rules) -> bool:
    """Tell whether a line is a static route by a neighbour in the management network."""
    if not rules.matches(path[-1], rules.way_in.routes):
        return False
    hops = (_address(text) for text in _ADDRESS.findall(path[-1]))
    return any(
        hop in own.network for hop in hops if hop is not None and getattr(hop, "version", 0) == own.version
    )


def _filters(running: Section, rules: Rules, ports: set[str]) -> frozenset[str]:
    """Return the access lists that the management session passes."""
    found: set[str] = set()
    for path in running.paths():
        if _port(path, rules) and _port(path, rules) not in ports:
            continue
        found |= {match[1] for text in rules.way_in.filters if (match := re.match(text, path[-1]))}
    return frozenset(found)


def _entry(path: Path, used: frozenset[str], rules: Rules) -> bool:
    header = rules.way_in.access_list
    listed = re.match(header, path[0]) if header else None
    return bool(
        listed and listed[1] in used and (len(path) == 1 or re.search(r"\bpermit\b|\baccept$", path[-1]))
    )


def _services(gone: list[Path], new: list[Path], intended: Section, rules: Rules) -> Iterator[Path]:
    for path in gone:
        for pattern in rules.way_in.services:
            if re.match(pattern, path[-1]) and not _goes_on(pattern, path, intended):
                yield path
    for path in new:
        closed = path[-1].startswith(rules.negation) and rules.matches(
            path[-1].removeprefix(rules.negation), rules.way_in.services
        )
        if closed or rules.matches(_said(path), rules.way_in.closes):
            yield path


def _goes_on(pattern: str, path: Path, intended: Section) -> bool:
    """Tell whether the intended text has the service by another line of the same block."""
    section: Section | None = intended
    for line in path[:-1]:
        section = section.children.get(line) if section else None
    return section is not None and any(re.match(pattern, line) for line in section.children)
