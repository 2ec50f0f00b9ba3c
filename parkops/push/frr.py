"""FRR's command language: a configuration as a tree of lines, and the commands that turn one into another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Interface, ip_interface

# Lines of `show running-config` that say nothing about what parkops manages: headers, the identity of the
# node that its boot gives it, and forwarding, which FRR shows only when it is off.
NOISE = (
    "Building configuration",
    "Current configuration",
    "frr version",
    "frr defaults",
    "hostname ",
    "domainname ",
    "service integrated-vtysh-config",
    "no service integrated-vtysh-config",
    "username ",
    "log file ",
    "ip forwarding",
    "ipv6 forwarding",
    "line vty",
)
# Commands that a block knows once: a new value replaces the old one, and a `no` first would only interrupt.
SINGLE = (
    "description",
    "ip ospf cost",
    "ip ospf dead-interval",
    "ip ospf hello-interval",
    "ip ospf network",
    "ip ospf priority",
    "ip ospf retransmit-interval",
    "ip ospf transmit-delay",
    "ipv6 ospf6 cost",
    "ipv6 ospf6 dead-interval",
    "ipv6 ospf6 hello-interval",
    "ipv6 ospf6 network",
    "ipv6 ospf6 priority",
    "ipv6 ospf6 retransmit-interval",
    "ipv6 ospf6 transmit-delay",
    "ospf router-id",
    "ospf6 router-id",
    "bgp router-id",
    "log syslog",
    "timers throttle spf",
    "auto-cost reference-bandwidth",
    "transmit-interval",
    "receive-interval",
    "detect-multiplier",
    "maximum-paths",
)
# Commands whose negation takes no argument.
BARE_NO = ("description", "log syslog", "ip ospf network", "ipv6 ospf6 network", "timers throttle spf")
# Commands that FRR 8.4 takes back only by setting their default: a BFD profile knows no `no`.
RESET = {
    "detect-multiplier": "detect-multiplier 3",
    "transmit-interval": "transmit-interval 300",
    "receive-interval": "receive-interval 300",
}
# What FRR 8.4 never shows because it is the default (of an Ethernet port).
DEFAULTS = frozenset({*RESET.values(), "ip ospf network broadcast", "ipv6 ospf6 network broadcast"})
CLOSERS = re.compile(r"(exit|exit-[a-z-]+|end|!.*)")
# Blocks that belong to a port of the node: they cannot be deleted, only emptied.
PERMANENT = ("interface ",)


@dataclass(slots=True)
class Block:
    """A line with the lines below it; ``opens`` tells a block that may be empty from a plain command."""

    line: str
    children: dict[str, Block] = field(default_factory=dict)
    opens: bool = False


def parse(text: str) -> Block:
    """Read a configuration in the form of `show running-config`: indentation makes the blocks."""
    root = Block("", opens=True)
    stack: list[tuple[int, Block]] = [(-1, root)]
    for raw in text.splitlines():
        line, depth = raw.strip(), len(raw) - len(raw.lstrip())
        if not line:
            continue
        while stack[-1][0] > depth or (stack[-1][0] == depth and not CLOSERS.fullmatch(line)):
            stack.pop()
        if CLOSERS.fullmatch(line):
            if line.startswith("exit") and stack[-1][0] == depth:
                stack[-1][1].opens = True
            continue
        if depth == 0 and line.startswith(NOISE):
            continue
        parent = stack[-1][1]
        parent.opens = True
        block = parent.children.setdefault(_spell(line), Block(_spell(line)))
        stack.append((depth, block))
    _prune(root)
    return root


def _spell(line: str) -> str:
    """Write a line as FRR does: single spaces, IPv6 addresses in their short form (RFC 5952)."""
    if line.startswith("description "):
        return line
    return " ".join(_word(word) for word in line.split())


def _word(word: str) -> str:
    if ":" not in word:
        return word
    try:
        address = ip_interface(word)
    except ValueError:
        return word
    if not isinstance(address, IPv6Interface):
        return word
    return str(address) if "/" in word else str(address.ip)


def _prune(block: Block) -> None:
    """Drop defaults and empty blocks of ports, which say nothing."""
    for line, child in list(block.children.items()):
        _prune(child)
        if line in DEFAULTS or (line.startswith(PERMANENT) and not child.children):
            del block.children[line]


def render(block: Block) -> str:
    """Print a configuration canonically: sorted, blocks indented by one space."""
    return "".join(f"{line}\n" for line in _lines(block, 0))


def _lines(block: Block, depth: int) -> Iterator[str]:
    for line in sorted(block.children, key=_natural):
        child = block.children[line]
        yield " " * depth + line
        yield from _lines(child, depth + 1)
        if child.opens:
            yield " " * depth + "exit"


def _natural(line: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", line)]


def remediate(running: Block, intended: Block) -> tuple[str, ...]:
    """Return the commands that turn running into intended, to be entered after `configure terminal`.

    Within each block what is extra is removed first, last line first, then what is missing is added in the
    intended order. A line that both hold is never removed.
    """
    return tuple(_commands(running, intended))


def _commands(running: Block, intended: Block) -> Iterator[str]:
    for line in reversed(running.children):
        if line not in intended.children:
            yield from _removal(running.children[line], intended)
    for line, child in intended.children.items():
        yield from _addition(running.children.get(line), child)


def _removal(extra: Block, intended: Block) -> Iterator[str]:
    if extra.line.startswith(PERMANENT):
        inner = list(_commands(extra, Block(extra.line)))
        yield from _inside(extra.line, inner)
    elif not _replaced(extra.line, intended.children):
        yield negate(extra.line)


def _addition(present: Block | None, wanted: Block) -> Iterator[str]:
    if not wanted.opens and not wanted.children:
        if present is None:
            yield wanted.line
        return
    inner = list(_commands(present or Block(wanted.line), wanted))
    if inner or present is None:
        yield from _inside(wanted.line, inner)


def _inside(line: str, inner: Iterable[str]) -> Iterator[str]:
    yield line
    yield from (f" {command}" for command in inner)
    yield _closer(line)


def _closer(line: str) -> str:
    return "exit-address-family" if line.startswith("address-family ") else "exit"


def _replaced(line: str, wanted: Iterable[str]) -> bool:
    """Tell whether a wanted line sets the same single value, so that no removal is needed."""
    for prefix in SINGLE:
        if line.startswith(prefix + " "):
            return any(other.startswith(prefix + " ") for other in wanted)
    return False


def negate(line: str) -> str:
    """Return the command that takes a line back."""
    if line.startswith("no "):
        return line.removeprefix("no ")
    for prefix, default in RESET.items():
        if line.startswith(prefix + " "):
            return default
    for prefix in BARE_NO:
        if line.startswith(prefix + " "):
            return f"no {prefix}"
    return f"no {line}"
