"""From running to intended in a safe order: hier_config finds the difference, the phases order it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from parkops.push.remediation import order
from parkops.push.remediation.rules import ListRule, Rules, contract
from parkops.push.remediation.tree import Path, Section

if TYPE_CHECKING:
    from hier_config.child import HConfigChild
    from hier_config.platforms.driver_base import HConfigDriverBase
    from hier_config.root import HConfig


class Phase(IntEnum):
    """When a command is entered: what makes room, what is new, its order, what nothing refers to."""

    MAKE_ROOM = 0
    BUILD = 1
    ORDER = 2
    CLEAR_AWAY = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One line that is set or taken back, below ``path``."""

    path: Path
    line: str
    removal: bool = False
    phase: Phase | None = None  # where it is known beforehand


def steps(running: Section, intended: Section, rules: Rules) -> Iterator[Step]:
    """Yield what must be set and taken back, unordered, as hier_config tells it."""
    if rules.style == "set":
        yield from _set_steps(running, intended, rules)
        return
    target = intended.copy()
    _keep_permanent(running, target, rules)
    driver = _driver(rules)
    delta = _hconfig(running, driver).config_to_get_to(_hconfig(target, driver))
    yield from _walk(delta, (), running)


def _walk(delta: HConfig | HConfigChild, path: Path, present: Section | None) -> Iterator[Step]:
    for child in delta.children:
        was = child.facts.get("was")
        if was is not None:
            yield Step(path, was, removal=True)
            continue
        below = present.children.get(child.text) if present else None
        if below is None and not child.children:  # a block with lines is made by entering it
            yield Step(path, child.text)
        yield from _walk(child, (*path, child.text), below)


def _set_steps(running: Section, intended: Section, rules: Rules) -> Iterator[Step]:
    """In flat languages a line is a path: take back the highest node of which nothing is kept."""
    gone: dict[str, None] = {}
    for line in running.children:
        if line not in intended.children:
            gone.setdefault(_highest(line, intended, rules))
    yield from (Step((), line, removal=True) for line in gone)
    yield from (Step((), line) for line in intended.children if line not in running.children)


def _highest(line: str, intended: Section, rules: Rules) -> str:
    import re

    nodes = [found[0] for pattern in rules.nodes if (found := re.match(rf"(?:{pattern})(?= |$)", line))]
    for node in sorted(nodes, key=len):
        if not any(kept == node or kept.startswith(node + " ") for kept in intended.children):
            return node
    return line


def _keep_permanent(running: Section, target: Section, rules: Rules) -> None:
    """A port cannot be deleted: where the intended text does not name it, it is emptied."""
    for line in running.children:
        if line not in target.children and rules.matches(line, rules.permanent):
            target.child(line)


def _hconfig(section: Section, driver: HConfigDriverBase) -> HConfig:
    from hier_config.root import HConfig

    root = HConfig(driver)
    _fill(root, section)
    return root


def _fill(node: HConfig | HConfigChild, section: Section) -> None:
    for line, below in section.children.items():
        # Repeated lines (Comware's `#`) raise DuplicateChildError in hier_config; here sections are keys.
        _fill(node.add_child(line, check_if_present=False), below)


def _driver(rules: Rules) -> HConfigDriverBase:
    """Return a hier_config driver that asks our rules, and notes on a removal what it takes back."""
    from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules

    class RulesDriver(HConfigDriverBase):
        @property
        def negation_prefix(self) -> str:
            return rules.negation

        @staticmethod
        def _instantiate_rules() -> HConfigDriverRules:
            return HConfigDriverRules(indentation=rules.indent)

        def negate_with(self, config: HConfigChild) -> str | None:
            config.facts["was"] = config.text
            return rules.negated(config.text)

        def idempotent_for(self, config: HConfigChild, other_children: Iterable[Any]) -> HConfigChild | None:
            key = rules.family(config.text, rules.single_keys)
            if key is None or rules.family(config.text, rules.replaced_keys) is not None:
                return None
            same = (c for c in other_children if rules.family(c.text, rules.single_keys) == key)
            return next(same, None)

    return RulesDriver()


def commands(running: Section, intended: Section, rules: Rules) -> tuple[str, ...]:
    """Return the lines to enter in configuration mode, blocks entered and left."""
    again = order.rebuilt(running, intended, rules)
    found = [Step(path[:-1], path[-1], removal=True, phase=Phase.MAKE_ROOM) for path in again]
    found += steps(order.without(running, again), intended, rules)
    moves = order.moves(running, intended, rules)
    found += (Step(move.path, move.line, phase=Phase.ORDER) for move in moves)
    claims = _claims(found, rules)
    lines: list[str] = []
    for phase in Phase:
        part = [step for step in found if _phase(step, running, intended, rules, claims) is phase]
        part.sort(key=lambda step: rules.rank((*step.path, step.line)[0]))
        if phase in (Phase.MAKE_ROOM, Phase.CLEAR_AWAY):
            part.reverse()  # what refers to something goes before it
        lines += _entered(part, running, intended, rules)
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the new lines need room for: keyed values of one block, and what no two blocks can hold."""

    keys: frozenset[tuple[Path, tuple[str, ...]]]
    lines: frozenset[str]


def _claims(found: list[Step], rules: Rules) -> _Claims:
    new = [step for step in found if not step.removal]
    keys = ((step.path, rules.family(step.line, rules.replaced_keys)) for step in new)
    exclusive = (step.line for step in new if rules.matches(step.line, rules.exclusive))
    return _Claims(frozenset((path, key) for path, key in keys if key is not None), frozenset(exclusive))


def _phase(step: Step, running: Section, intended: Section, rules: Rules, claims: _Claims) -> Phase:
    if step.phase is not None:
        return step.phase
    if not step.removal:
        return Phase.BUILD
    key = rules.family(step.line, rules.replaced_keys)
    if rules.style == "set" or (key is not None and (step.path, key) in claims.keys):
        return Phase.MAKE_ROOM
    rule = rules.list_of(step.line)
    if rule is not None and _kept(rule, _at(intended, step.path)):
        return Phase.CLEAR_AWAY  # a list that lives on grows before it shrinks
    if step.path and rules.matches(step.line, rules.exclusive):
        return Phase.MAKE_ROOM
    block = _at(running, (*step.path, step.line))
    in_the_way = block is not None and not claims.lines.isdisjoint(block.children)
    return Phase.MAKE_ROOM if in_the_way else Phase.CLEAR_AWAY


def _kept(rule: ListRule, section: Section | None) -> bool:
    return section is not None and any(rule.items(line) is not None for line in section.children)


def _at(section: Section, path: Path) -> Section | None:
    for line in path:
        if line not in section.children:
            return None
        section = section.children[line]
    return section


def _entered(part: list[Step], running: Section, intended: Section, rules: Rules) -> Iterator[str]:
    """Yield lines with the blocks that they stand in; neighbours in one block share its header."""
    open_path: Path = ()
    groups: list[tuple[Path, list[Step]]] = []
    for step in part:
        if groups and groups[-1][0] == step.path:
            groups[-1][1].append(step)
        else:
            groups.append((step.path, [step]))
    for path, group in groups:
        shared = _shared(open_path, path)
        yield from _closed(open_path, shared, rules)
        for depth in range(shared, len(path)):
            header = path[depth]
            yield " " * rules.indent * depth + header
        open_path = path
        pad = " " * rules.indent * len(path)
        for line in _worded(group, running, intended, rules):
            yield pad + line
            if rules.matches(line, rules.blocks):
                yield pad + " " * rules.indent + rules.leave(line)
    yield from _closed(open_path, 0, rules)


def _shared(one: Path, other: Path) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _closed(path: Path, depth: int, rules: Rules) -> Iterator[str]:
    for level in range(len(path) - 1, depth - 1, -1):
        yield " " * rules.indent * (level + 1) + rules.leave(path[level])


def _worded(group: list[Step], running: Section, intended: Section, rules: Rules) -> Iterator[str]:
    """Yield the commands of one block: elements of a list go together, in the list's own words."""
    done: set[tuple[str, bool]] = set()
    for step in group:
        rule = rules.list_of(step.line)
        if rule is None:
            yield rules.negated(step.line) if step.removal else step.line
        elif (rule.match, step.removal) not in done:
            done.add((rule.match, step.removal))
            items = tuple(
                item
                for other in group
                if other.removal == step.removal and rules.list_of(other.line) is rule
                for item in rule.items(other.line) or ()
            )
            yield from _list_words(rule, items, step, running, intended, rules)


def _list_words(
    rule: ListRule, items: tuple[str, ...], step: Step, running: Section, intended: Section, rules: Rules
) -> Iterator[str]:
    def word(template: str, part: str) -> str:
        return template.format(match=rule.match, items=part, negation=rules.negation)

    if step.removal and rule.clear and not _kept(rule, _at(intended, step.path)):
        yield word(rule.clear, "")
        return
    template = rule.remove if step.removal else rule.add
    for number, part in enumerate(contract(items, rule)):
        begins = not step.removal and rule.first and number == 0
        yield word(rule.first if begins and not _kept(rule, _at(running, step.path)) else template, part)
