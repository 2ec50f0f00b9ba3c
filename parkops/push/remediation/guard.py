"""The guard: plays a remediation line by line; none passes that loses what is kept or ends wrongly."""

from __future__ import annotations

from dataclasses import dataclass, field

from parkops.errors import ParkopsError
from parkops.push.remediation import order
from parkops.push.remediation.rules import ListRule, Rules
from parkops.push.remediation.tree import Path, Section, telling


class Unsafe(ParkopsError):
    """A remediation that would lose what is kept, or would not end where it should."""


def check(lines: tuple[str, ...], running: Section, intended: Section, rules: Rules, name: str) -> None:
    """Play the lines on running; Unsafe at the first that takes back what stays, or at a wrong end."""
    again = order.rebuilt(running, intended, rules)  # nothing but taking them back brings these in order
    kept = (set(running.paths()) & set(intended.paths())) - {
        path for path in running.paths() for head in again if path[: len(head)] == head
    }
    player = Player(running.copy(), rules, frozenset(running.paths()) | frozenset(intended.paths()))
    for number, line in enumerate(lines, 1):
        player.enter(line.strip())
        lost = kept - set(player.root.paths()) if rules.matches(line.strip(), (rules.negation,)) else set()
        if lost:
            what = f"line {number} {line.strip()!r} would take back what stays: {' / '.join(min(lost))!r}"
            raise Unsafe(what, where=name)
    lost = kept - set(player.root.paths())
    if lost:
        raise Unsafe(f"the lines would take back what stays: {' / '.join(min(lost))!r}", where=name)
    _compare(player.root, intended, rules, name)


def _compare(ended: Section, intended: Section, rules: Rules, name: str) -> None:
    actual = set(telling(ended, rules).paths())
    wanted = set(telling(intended, rules).paths())
    if actual != wanted:
        missing, extra = sorted(wanted - actual)[:3], sorted(actual - wanted)[:3]
        told = [f"missing {' / '.join(path)!r}" for path in missing]
        told += [f"extra {' / '.join(path)!r}" for path in extra]
        raise Unsafe("the lines do not lead to the intended text: " + ", ".join(told), where=name)
    wanted_order = order.chains(intended, rules)
    for chain, items in order.chains(ended, rules).items():
        if items != wanted_order[chain]:
            place = " / ".join((*chain.path, chain.context))
            raise Unsafe(f"the lines leave another order in {place!r}: {', '.join(items[:6])}", where=name)


@dataclass(slots=True)
class Player:
    """A device that keeps what it is told: a small model of a command language, apart from hier_config."""

    root: Section
    rules: Rules
    shown: frozenset[Path]  # what this device is known to show; a restored default is not
    path: Path = ()
    _stack: list[Section] = field(default_factory=list)

    @property
    def _here(self) -> Section:
        return self._stack[-1] if self._stack else self.root

    def enter(self, line: str) -> None:
        """Take one line."""
        if self._stack and line == self.rules.leave(self.path[-1]):
            self._stack.pop()
            self.path = self.path[:-1]
        elif not self._move(line) and not self._list(line):
            if self._is_negation(line):
                self._take_back(line)
            else:
                self._set(line)

    def _move(self, line: str) -> bool:
        """Take a line that moves an ordered entry; False for any other line."""
        for chain in order.chains(self.root, self.rules):
            if chain.path != self.path:
                continue
            for template, offset in ((chain.rule.after, 1), (chain.rule.before, 0)):
                found = order.moved(line, template, chain, self.rules)
                if found is not None:
                    self._put(chain, *found, offset)
                    return True
        return False

    def _put(self, chain: order.Chain, item: str, anchor: str, offset: int) -> None:
        here = self._here
        own = {line: below for line, below in here.children.items() if self._entry(chain, line) == item}
        rest = [line for line in here.children if line not in own]
        marks = [number for number, line in enumerate(rest) if self._entry(chain, line) == anchor]
        if not marks or not own:
            raise Unsafe(f"{item!r} cannot be moved to {anchor!r}: one is not there")
        at = marks[-1] + 1 if offset else marks[0]
        lines = [*rest[:at], *own, *rest[at:]]
        here.children = {line: here.children[line] for line in lines}

    def _entry(self, chain: order.Chain, line: str) -> str | None:
        place = self.rules.place(chain.path, line)
        return place[2] if place is not None and place[:2] == (chain.rule, chain.context) else None

    def _is_negation(self, line: str) -> bool:
        if line in self._here.children:
            return False
        return line.startswith(self.rules.negation)

    def _take_back(self, line: str) -> None:
        here, rules = self._here, self.rules
        for child in list(here.children):
            under = rules.style == "set" and child.startswith(_asserted(line, rules) + " ")
            if under or (not child.startswith(rules.negation) and rules.negated(child) == line):
                del here.children[child]
        positive = line.removeprefix(rules.negation)
        if here.children.get(f"{rules.negation}{positive}") is None and (*self.path, line) in self.shown:
            here.child(line)

    def _set(self, line: str) -> None:
        here, rules = self._here, self.rules
        here.children.pop(f"{rules.negation}{line}", None)
        key = rules.family(line, rules.single_keys) or rules.family(line, rules.replaced_keys)
        for child in list(here.children):
            if key is not None and child != line and self._key(child) == key:
                del here.children[child]
        opens = rules.matches(line, rules.blocks) or any(
            path[: len(self.path) + 1] == (*self.path, line) and len(path) > len(self.path) + 1
            for path in self.shown
        )
        if opens or (*self.path, line) in self.shown:
            section = here.child(line)
        if opens:
            self._stack.append(section)
            self.path = (*self.path, line)

    def _key(self, line: str) -> tuple[str, ...] | None:
        return self.rules.family(line, self.rules.single_keys) or self.rules.family(
            line, self.rules.replaced_keys
        )

    def _list(self, line: str) -> bool:
        """Take a line that changes a list; False for any other line."""
        if line.startswith(self.rules.negation) and (*self.path, line) in self.shown:
            return False  # a default that is taken back, and shown so: `undo port trunk allow-pass vlan 1`
        for rule in self.rules.lists:
            if rule.clear and line == _words(rule.clear, rule, self.rules):
                self._drop(rule, None)
                return True
            for template, removes in ((rule.remove, True), (rule.add, False), (rule.first, False)):
                start = _words(template, rule, self.rules) + " " if template else ""
                if start and line.startswith(start):
                    self._change(rule, f"{rule.match} {line.removeprefix(start)}", removes)
                    return True
        return False

    def _change(self, rule: ListRule, line: str, removes: bool) -> None:
        items = rule.items(line) or ()
        if removes:  # one command may serve several lists: `undo port hybrid vlan 10` tagged and untagged
            for other in self.rules.lists:
                if _words(other.remove, other, self.rules) == _words(rule.remove, rule, self.rules):
                    self._drop(other, items)
            return
        for item in items:
            undone = f"{self.rules.negation}{rule.match} {item}"
            if self._here.children.pop(undone, None) is None:  # else a default is there again, and not shown
                self._here.child(f"{rule.match} {item}")

    def _drop(self, rule: ListRule, items: tuple[str, ...] | None) -> None:
        for child in list(self._here.children):
            members = rule.items(child)
            if members is not None and (items is None or set(members) <= set(items)):
                del self._here.children[child]


def _asserted(line: str, rules: Rules) -> str:
    return rules.assertion + line.removeprefix(rules.negation)


def _words(template: str, rule: ListRule, rules: Rules) -> str:
    return template.format(match=rule.match, items="", negation=rules.negation).strip()
