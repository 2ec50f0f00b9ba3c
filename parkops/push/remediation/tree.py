"""A configuration of a line-based command language as a tree: read, printed, compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import unified_diff

from parkops.errors import ParkopsError
from parkops.push.remediation.rules import Rules, contract

Path = tuple[str, ...]


class Unreadable(ParkopsError):
    """A text that is no configuration of its language; nothing is ever concluded from it."""


@dataclass(slots=True)
class Section:
    """A line with the lines below it, in their order; lists stand as one line per element."""

    line: str
    children: dict[str, Section] = field(default_factory=dict)

    def child(self, line: str) -> Section:
        """Return the section below a line, made if it is not there; a repeated section is one section."""
        return self.children.setdefault(line, Section(line))

    def paths(self, above: Path = ()) -> Iterator[Path]:
        """Yield the path of every line."""
        for line, section in self.children.items():
            yield (*above, line)
            yield from section.paths((*above, line))

    def copy(self) -> Section:
        """Return a deep copy."""
        return Section(self.line, {line: section.copy() for line, section in self.children.items()})


def parse(text: str, rules: Rules, what: str = "configuration") -> Section:
    """Read a configuration; indentation makes the blocks, comments and noise are left out.

    Unreadable for a text without a single line of configuration, and in the "set" style for a line that
    is not an assertion.
    """
    root = Section("")
    stack: list[tuple[int, Section]] = [(-1, root)]
    for indent, line in _lines(text, rules):
        while stack[-1][0] >= indent:
            stack.pop()
        if line in rules.exits or rules.matches(line, rules.defaults):
            continue
        if rules.assertion and not line.startswith((rules.assertion, "deactivate ", "protect ")):
            raise Unreadable(f"a line does not begin with {rules.assertion.strip()!r}: {line!r}", where=what)
        parent = stack[-1][1]
        for element in _elements(line, rules):
            section = parent.child(element)
        stack.append((indent, section))
    if not root.children:
        raise Unreadable("not one line of configuration", where=what, hint="nothing is concluded from it")
    return root


def _lines(text: str, rules: Rules) -> Iterator[tuple[int, str]]:
    """Yield (indent, line); a literal value over several lines is one line with newlines in it."""
    rows = iter(text.replace("\r", "").split("\n"))
    base: int | None = 0
    for row in rows:
        line = row.strip()
        if rules.separator and row.rstrip() == rules.separator:
            base = None
        if not line or line.startswith(rules.comments) or rules.matches(line, rules.noise):
            continue
        indent = len(row) - len(row.lstrip())
        base = indent if base is None else base
        for literal in rules.literals:
            if begun := re.match(literal.begin, line):
                line = "\n".join([line, *_literal_rest(line, begun, literal.end, rows)])
        yield max(indent - base, 0), line


def _literal_rest(line: str, begun: re.Match[str], end: str, rows: Iterator[str]) -> Iterator[str]:
    delimiter = begun[1] if begun.re.groups else ""
    if delimiter and delimiter in line[begun.end() :]:
        return
    for row in rows:
        yield row.rstrip()
        if (delimiter and delimiter in row) or (end and row.strip() == end):
            return


def _elements(line: str, rules: Rules) -> tuple[str, ...]:
    """Return a line's elements where it is a list, or the header of several blocks at once."""
    for rule in (*rules.lists, *rules.headers):
        items = rule.items(line)
        if items is not None and (rule in rules.lists or all(item.isdigit() for item in items)):
            return tuple(f"{rule.match} {item}" for item in items)
    return (line,)


# How devices show a secret that they were given in clear or encrypt anew: never as it was sent.
_ENCRYPTED = re.compile(r"\"?(?:\$|%\^%#|%@%@|%\$%\$|[0-9A-Fa-f]{16,}|[5-9] \S)")


def adopted(intended: Section, running: Section, token: re.Pattern[str]) -> Section:
    """Return the intended text with the device's own spelling of secrets that it encrypts.

    Whether such a secret is the wanted one cannot be read back; a line that shows it in clear is compared.
    """
    children: dict[str, Section] = {}
    for line, below in intended.children.items():
        spelt = _spelling(line, intended, running, token)
        here = running.children.get(spelt, Section(spelt))
        children[spelt] = Section(spelt, adopted(below, here, token).children)
    return Section(intended.line, children)


def _spelling(line: str, intended: Section, running: Section, token: re.Pattern[str]) -> str:
    found = token.search(line)
    if found is None:
        return line
    start = line[: found.start()].rstrip('"')
    alike = [
        other
        for other in running.children
        if other.startswith(start)
        and other not in intended.children
        and _ENCRYPTED.match(other.removeprefix(start))
    ]
    return alike[0] if len(alike) == 1 else line


def telling(section: Section, rules: Rules) -> Section:
    """Return a configuration without emptied ports: a port that is there anyway says nothing."""
    kept = {
        line: below
        for line, below in section.children.items()
        if below.children or not rules.matches(line, rules.permanent)
    }
    return Section(section.line, kept)


def render(section: Section, rules: Rules, order: Section | None = None) -> str:
    """Print a configuration in its language; where ``order`` has the same lines, they stand in its order."""
    return "".join(f"{line}\n" for line in _rendered(section, rules, 0, order))


def _rendered(
    section: Section, rules: Rules, depth: int, order: Section | None, path: Path = ()
) -> Iterator[str]:
    pad = " " * rules.indent * depth
    for line in joined(_ordered(section, order, rules, path), rules):
        yield pad + line
        below = section.children.get(line)
        if below is not None:
            other = order.children.get(line) if order else None
            yield from _rendered(below, rules, depth + 1, other, (*path, line))


def _ordered(section: Section, order: Section | None, rules: Rules, path: Path) -> list[str]:
    """Return the lines of a section: what ``order`` has first in its order, others after their neighbour.

    Entries whose order counts stay in their own.
    """
    if order is None:
        return list(section.children)
    placed = [line for line in order.children if line in section.children]
    after = ""
    for line in section.children:
        if line not in order.children:
            placed.insert(placed.index(after) + 1 if after else 0, line)
        after = line
    return _own_order(placed, section, rules, path)


def _own_order(placed: list[str], section: Section, rules: Rules, path: Path) -> list[str]:
    """Put the entries whose order counts back into the order that the section has them in."""
    if not rules.ordered:
        return placed
    chains: dict[tuple[object, str], dict[str, list[str]]] = {}
    for source in (section.children, placed):
        for line in source:
            if (place := rules.place(path, line)) is not None:
                lines = chains.setdefault(place[:2], {}).setdefault(place[2], [])
                if source is placed:
                    lines.append(line)
    queues = {
        key: iter([line for lines in items.values() for line in lines]) for key, items in chains.items()
    }
    places = ((line, rules.place(path, line)) for line in placed)
    return [next(queues[place[:2]]) if place is not None else line for line, place in places]


def joined(lines: Iterable[str], rules: Rules) -> Iterator[str]:
    """Yield lines with the elements of each list put together again, where its first element stands."""
    lines = list(lines)
    done: set[str] = set()
    for line in lines:
        rule = rules.list_of(line)
        if rule is None:
            yield line
        elif rule.match not in done:
            done.add(rule.match)
            members = tuple(
                item for other in lines if rules.list_of(other) is rule for item in rule.items(other) or ()
            )
            yield from (f"{rule.match} {part}" for part in contract(members, rule))


def diff(running: Section, intended: Section, rules: Rules, name: str) -> str:
    """Return the unified diff in the device's own language; order that means nothing is no difference."""
    running, intended = telling(running, rules), telling(intended, rules)
    before = render(running, rules, intended).splitlines()
    after = render(intended, rules).splitlines()
    lines = unified_diff(before, after, f"{name} running", f"{name} intended", lineterm="")
    return "".join(f"{line}\n" for line in lines)
