"""Access lists without state: rules as entries of one port, with numbers that follow the rules' ids.

The entries stand in five parts: rules, their answers, what comes from outside the park, what leads there, and
the default. Only the third and the fourth begin with refusals (nothing inside the park is outside), so that
within a part the order does not matter, and a rule more or less moves no other entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import product

from parkops.model import Interface, Rule

INTERNET = "internet"  # what is not the park's own
RULES, ANSWERS, FROM_OUTSIDE, OUTWARD, DEFAULT = range(1, 6)  # part 0 is for what the device itself needs


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an access list; an empty end is any address, port 0 any port."""

    number: int
    action: str  # permit | deny | remark
    protocol: str = ""  # tcp | udp | icmp, "" for all
    src: str = ""
    dst: str = ""
    src_port: int = 0
    dst_port: int = 0
    answers: bool = False  # to what the rule permits
    log: bool = False
    rule: Rule | None = None

    @property
    def established(self) -> bool:
        """Return whether only packets of a TCP connection that stands are meant."""
        return self.answers and self.protocol == "tcp"


@dataclass(frozen=True, slots=True)
class Space:
    """How numbers are divided; all parts are of one size.

    A part begins with its refusals, then each rule has its share; where rules or entries are too many for
    that, what is left at the part's end is given away by a digest.
    """

    part: int
    head: int
    share: int
    shares: int  # how many rules have one


SPACES = {
    "wide": Space(100_000_000, 10_000, 10_000, 9_999),
    "narrow": Space(13_000, 400, 8, 1_200),  # devices whose numbers end at 65534 or 65535
}


@dataclass(slots=True)
class _Numbers:
    """Gives numbers to one list's entries."""

    space: Space
    by_key: dict[tuple[int, str], int] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    count: dict[tuple[int, str], int] = field(default_factory=dict)

    def of(self, part: int, rule: Rule) -> int:
        """Return the number of a rule's next entry in a part."""
        space, own = self.space, rule_number(rule)
        index = self.count[part, rule.id] = self.count.get((part, rule.id), -1) + 1
        begin = part * space.part + space.head
        if index >= space.share or not 0 < own <= space.shares:
            spare = begin + space.share * space.shares
            return self.kept(part, f"{rule.id} {index}", spare, (part + 1) * space.part)
        return begin + (own - 1) * space.share + index

    def kept(self, part: int, key: str, begin: int = 0, end: int = 0) -> int:
        """Return a number that follows from a key, in a part's head or a range; the next free one if taken.

        Raises ValueError when the range is full.
        """
        if (part, key) in self.by_key:
            return self.by_key[part, key]
        first = begin or part * self.space.part
        size = (end or first + self.space.head) - first
        start = int.from_bytes(blake2b(key.encode(), digest_size=4).digest())
        for step in range(size):
            number = first + (start + step) % size
            if number not in self.taken:
                self.taken.add(number)
                self.by_key[part, key] = number
                return number
        raise ValueError(f"{key}: there are more entries than the access list has numbers")


def stable_numbers(keys: Iterable[str], begin: int, end: int) -> dict[str, int]:
    """Return a number for each key that follows from the key, within ``begin`` and ``end`` (not included).

    Raises ValueError when there are more keys than numbers.
    """
    numbers = _Numbers(Space(0, 0, 0, 0))
    return {key: numbers.kept(0, key, begin, end) for key in sorted(keys)}


def rule_number(rule: Rule) -> int:
    """Return the number in a rule's id, which the lock file keeps: 7 of ``R0007``."""
    return int("".join(re.findall(r"\d", rule.id)) or 0)


def default_number(kind: str = "wide") -> int:
    """Return the number of a list's last entry."""
    return DEFAULT * SPACES[kind].part


def rule_entries(
    rules: Iterable[Rule],
    port: Interface | None,
    six: bool,
    parks: Iterable[str],
    kind: str = "wide",
    remarks: bool = False,
    answers: bool = False,
) -> list[Entry]:
    """Return the entries of rules as packets come in by a port; by any, where it is none.

    Entries of any port are without answers, unless they are asked for (``answers``).

    ``parks`` are the park's own prefixes of the family. Raises ValueError when there are too many entries.
    """
    numbers, found = _Numbers(SPACES[kind]), {}
    parks = tuple(parks)
    for rule in rules:
        for back in (False, True):
            if _enters(rule, port, back, answers):
                for entry in _of_rule(rule, back, six, parks, numbers, remarks):
                    found[entry.number] = entry
    return [found[number] for number in sorted(found)]


def _enters(rule: Rule, port: Interface | None, back: bool, answers: bool) -> bool:
    if back and ((port is None and not answers) or not rule.stateful or rule.one_way):
        return False
    ports = rule.out_interface if back else rule.in_interface
    return port is None or port.name in ports.split(",")


def _of_rule(
    rule: Rule, back: bool, six: bool, parks: tuple[str, ...], numbers: _Numbers, remarks: bool
) -> Iterator[Entry]:
    near, far = (rule.src_v6, rule.dst_v6) if six else (rule.src_v4, rule.dst_v4)
    if not rule.out_interface and not far:
        far = ("",)  # the device itself, by any of its addresses
    sources, targets = (far, near) if back else (near, far)
    part = (
        FROM_OUTSIDE
        if INTERNET in sources
        else OUTWARD
        if INTERNET in targets
        else ANSWERS
        if back
        else RULES
    )
    if remarks and sources and targets:
        yield Entry(numbers.of(part, rule), "remark", rule=rule)
    for src, dst in product(sources, targets):
        for park in parks if INTERNET in (src, dst) else ():
            yield _refusal(numbers, park, dst) if src == INTERNET else _refusal(numbers, "", park)
        for number in rule.ports or (0,):
            yield Entry(
                numbers.of(part, rule),
                "permit",
                rule.protocol,
                "" if src == INTERNET else src,
                "" if dst == INTERNET else dst,
                number if back else 0,
                0 if back else number,
                back,
                rule.log and not back,
                rule,
            )


def _refusal(numbers: _Numbers, src: str, dst: str) -> Entry:
    part = FROM_OUTSIDE if src else OUTWARD
    return Entry(numbers.kept(part, f"{src} {dst}"), "deny", src=src, dst="" if dst == INTERNET else dst)
