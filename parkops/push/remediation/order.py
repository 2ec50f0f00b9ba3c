"""Order that counts: rules of which the first that matches decides are kept in the intended order."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parkops.push.remediation.rules import Ordered, Rules
from parkops.push.remediation.tree import Path, Section


@dataclass(frozen=True, slots=True)
class Chain:
    """Where ordered entries stand: the block, and in flat languages what their lines begin with."""

    path: Path
    context: str
    rule: Ordered


@dataclass(frozen=True, slots=True)
class Move:
    """A command that puts an entry where it belongs, below ``path``."""

    path: Path
    line: str


def chains(section: Section, rules: Rules, path: Path = ()) -> dict[Chain, list[str]]:
    """Return the entries of each chain, in their order."""
    found: dict[Chain, list[str]] = {}
    for line, below in section.children.items():
        place = rules.place(path, line)
        if place is not None:
            rule, context, item = place
            entries = found.setdefault(Chain(path, context, rule), [])
            if item not in entries:
                entries.append(item)
        found.update(chains(below, rules, (*path, line)))
    return found


def rebuilt(running: Section, intended: Section, rules: Rules) -> tuple[Path, ...]:
    """Return the lines that both hold, and that are set anew because nothing can move them.

    Of each chain it is what follows the first entry that stands elsewhere.
    """
    found: list[Path] = []
    before = chains(running, rules)
    for chain, wanted in chains(intended, rules).items():
        if chain.rule.after or chain not in before:
            continue
        kept = [item for item in before[chain] if item in wanted]
        now = [*kept, *(item for item in wanted if item not in kept)]
        pairs = enumerate(zip(now, wanted, strict=True))
        same = next((number for number, (one, other) in pairs if one != other), len(now))
        again = set(wanted[same:]) & set(kept)
        found += [(*chain.path, line) for line, item in _lines(running, chain, rules) if item in again]
    return tuple(found)


def _lines(section: Section, chain: Chain, rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield the lines of a chain with their entries."""
    for header in chain.path:
        section = section.children[header]
    for line in section.children:
        place = rules.place(chain.path, line)
        if place is not None and place[:2] == (chain.rule, chain.context):
            yield line, place[2]


def without(section: Section, paths: Sequence[Path]) -> Section:
    """Return a copy without some lines."""
    copy = section.copy()
    for path in paths:
        above = copy
        for line in path[:-1]:
            above = above.children[line]
        above.children.pop(path[-1], None)
    return copy


def moves(running: Section, intended: Section, rules: Rules) -> Iterator[Move]:
    """Yield the fewest moves that bring each chain in order, once all its entries are there.

    What is new stands at the end by then; so does, perhaps, what kept none of its lines.
    """
    before = chains(running, rules)
    for chain, wanted in chains(intended, rules).items():
        if not chain.rule.after:
            continue
        had = before.get(chain, [])
        common = _common(running, intended, chain, rules) if had else set()
        kept = [item for item in had if item in common]
        new = [item for item in wanted if item not in had]
        unsure = [item for item in wanted if item in had and item not in common]
        for item, anchor, template in _moved([*kept, *new], wanted, unsure, chain.rule):
            context = chain.context.removeprefix(rules.assertion)
            yield Move(chain.path, template.format(context=context, item=item, anchor=anchor))


def moved(line: str, template: str, chain: Chain, rules: Rules) -> tuple[str, str] | None:
    """Return the entry and its new neighbour of a line that moves one; None for another line."""
    if not template:
        return None
    context = re.escape(chain.context.removeprefix(rules.assertion))
    words = re.split(r"\{(?:context|item|anchor)\}", template)
    names = re.findall(r"\{(context|item|anchor)\}", template)
    groups = [context if name == "context" else rf"(?P<{name}>\S+)" for name in names]
    pattern = "".join(re.escape(word) + group for word, group in zip(words, [*groups, ""], strict=True))
    found = re.fullmatch(pattern, line)
    return (found["item"], found["anchor"]) if found else None


def _common(running: Section, intended: Section, chain: Chain, rules: Rules) -> set[str]:
    wanted = dict(_lines(intended, chain, rules))
    return {item for line, item in _lines(running, chain, rules) if line in wanted}


def _moved(
    now: list[str], wanted: list[str], unsure: list[str], rule: Ordered
) -> Iterator[tuple[str, str, str]]:
    """Yield (entry, neighbour, command) for each entry that does not stay where it is."""
    fixed = set(_rising([wanted.index(item) for item in now]))
    first = next((item for item in [*now, *unsure] if item != wanted[0]), "")
    for number, item in enumerate(wanted):
        if number in fixed and item not in unsure:
            continue
        yield (item, wanted[number - 1], rule.after) if number else (item, first, rule.before)


def _rising(numbers: list[int]) -> list[int]:
    """Return the longest rising subsequence."""
    tails: list[int] = []
    chain: list[tuple[int, int]] = []  # (number, index of its predecessor's link)
    links: list[int] = []
    for number in numbers:
        at = bisect_left(tails, number)
        chain.append((number, links[at - 1] if at else -1))
        tails[at : at + 1] = [number]
        links[at : at + 1] = [len(chain) - 1]
    found: list[int] = []
    at = links[-1] if links else -1
    while at >= 0:
        number, at = chain[at]
        found.append(number)
    return found[::-1]
