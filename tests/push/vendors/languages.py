"""How vendors' devices keep their configuration: a model of its own, apart from parkops' rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

Tree = dict[str, "Tree"]  # type: ignore[misc]  # recursive


@dataclass(frozen=True)
class Language:
    """``opens``: lines that enter a view; ``single``: commands that a view holds once."""

    no: str
    leave: str
    opens: str
    single: tuple[str, ...]
    lists: tuple[tuple[str, str, str], ...]  # (command, separator, range)
    ports: str  # blocks that cannot be deleted


IOS = Language(
    "no ", "exit",
    r"(vlan [\d,-]+|interface |router |ip access-list |line |vrf |archive|route-map |policy-map |class-map |"
    r"class |management ssh)",
    ("hostname", "description", "switchport mode", "switchport access vlan", "router-id", "name", "mtu"),
    (("switchport trunk allowed vlan", ",", "-"), ("vlan", ",", "-")),
    r"interface (\w*Ethernet|Management)",
)  # fmt: skip
TRUNKS = ("port trunk allow-pass vlan", "port trunk permit vlan")
RUIJIE = replace(IOS, lists=(("switchport trunk allowed vlan only", ",", "-"), ("vlan", ",", "-")))
ZTE = replace(IOS, leave="$", lists=(("switchport trunk vlan", ",", "-"), ("vlan", ",", "-")))
VRP = Language(
    "undo ", "quit",
    r"(vlan \d+$|interface |ospf |bgp |acl |aaa|user-interface |ip vpn-instance |line |"
    r"security-policy|rule name |rule \d+ name |local-user \S+ class )",
    ("sysname", "description", "port link-type", "port default vlan", "port access vlan", "name", "mtu"),
    tuple((command, " ", " to ") for command in ("vlan batch", *TRUNKS)),
    r"interface (\w*GE|\w*GigabitEthernet)",
)  # fmt: skip
SET = Language("delete ", "", "", (), (), "")


class Invalid(Exception):
    """The device does not take the line."""


def numbers(text: str, separator: str, between: str) -> set[int]:
    """The numbers of a list as the device writes it."""
    found: set[int] = set()
    for part in text.replace(between, "-").replace(separator, " ").split():
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise Invalid(text)
        found |= set(range(int(first), int(last or first) + 1))
    return found


def written(found: set[int], separator: str, between: str) -> str:
    """A list as the device writes it."""
    parts: list[str] = []
    for number in sorted(found):
        if number - 1 not in found:
            last = number
            while last + 1 in found:
                last += 1
            parts += [str(number)] if last == number else [f"{number}{between}{last}"]
    return separator.join(parts)


@dataclass
class Configuration:
    """A device's configuration, changed line by line as its command line would change it."""

    language: Language
    tree: Tree = field(default_factory=dict)

    def load(self, text: str) -> Configuration:
        """Take a whole configuration text."""
        stack: list[tuple[int, Tree]] = [(-1, self.tree)]
        for row in text.splitlines():
            line = row.strip()
            if not line or line[0] in "#!$" or line in ("end", "return", "exit", "quit"):
                continue
            depth = len(row) - len(row.lstrip())
            while stack[-1][0] >= depth:
                stack.pop()
            below = stack[-1][1].setdefault(line, {})
            stack.append((depth, below))
        return self

    def text(self) -> str:
        """The configuration as the device shows it."""
        return "".join(f"{line}\n" for line in self._lines(self.tree, 0))

    def _lines(self, tree: Tree, depth: int) -> list[str]:
        out: list[str] = []
        for line, below in tree.items():
            out.append(" " * depth + line)
            out += self._lines(below, depth + 1)
            if depth == 0 and self.language is VRP:
                out.append("#")
        return out

    def copy(self) -> Configuration:
        """A deep copy."""

        def deep(tree: Tree) -> Tree:
            return {line: deep(below) for line, below in tree.items()}

        return Configuration(self.language, deep(self.tree))

    def view(self, path: tuple[str, ...]) -> Tree:
        """The tree below a view."""
        tree = self.tree
        for line in path:
            tree = tree.setdefault(line, {})
        return tree

    def enter(self, path: tuple[str, ...], line: str) -> tuple[str, ...]:
        """Take a line in a view; return the view that the device is in then, or raise Invalid."""
        if "bogus" in line:
            raise Invalid(line)
        if self.language is SET:
            self._set(line)
            return path
        if line == self.language.leave:
            return path[:-1]
        tree = self.view(path)
        if moved := re.fullmatch(r"(?:rule move|move rule name) (\S+) (after|before) (?:name )?(\S+)", line):
            self._move(tree, rf"rule (?:\d+ )?name {moved[1]}$", moved[2], rf"rule (?:\d+ )?name {moved[3]}$")
            return path
        if self._list(tree, line) or self._no(tree, line):
            return path
        tree.pop(self.language.no + line, None)
        if re.match(self.language.opens, line):
            tree.setdefault(line, {})
            return (*path, line)
        for command in self.language.single:
            if line.startswith(command + " "):
                for other in [o for o in tree if o.startswith(command + " ")]:
                    del tree[other]
        number = re.match(r"(\d+) ", line)
        if number and any(other != line and other.startswith(number[0]) for other in tree):
            raise Invalid(f"% Duplicate sequence number {number[1]}")
        tree[line] = {}
        return path

    def _move(self, tree: Tree, entry: str, where: str, anchor: str) -> None:
        """Put the lines of an entry behind or before those of another."""
        own = [line for line in tree if re.match(entry, line)]
        rest = [line for line in tree if line not in own]
        at = [number for number, line in enumerate(rest) if re.match(anchor, line)]
        if not own or not at:
            raise Invalid(f"no such rule: {entry}")
        place = at[-1] + 1 if where == "after" else at[0]
        ordered = {line: tree[line] for line in (*rest[:place], *own, *rest[place:])}
        tree.clear()
        tree.update(ordered)

    def _set(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        if moved := re.fullmatch(r"insert (.*) (policy|term|rule) (\S+) (after|before) \2 (\S+)", line):
            entry, anchor = (
                rf"set {re.escape(moved[1])} {moved[2]} {name}(?: |$)" for name in (moved[3], moved[5])
            )
            self._move(self.tree, entry, moved[4], anchor)
            return
        if verb == "set":
            self.tree[line] = {}
        elif verb == "delete":
            gone = [o for o in self.tree if o == f"set {rest}" or o.startswith(f"set {rest} ")]
            if not gone:
                raise Invalid(f"error: statement not found: {rest}")
            for other in gone:
                del self.tree[other]
        else:
            raise Invalid(f"unknown command: {line}")

    def _no(self, tree: Tree, line: str) -> bool:
        if not line.startswith(self.language.no):
            return False
        what = line.removeprefix(self.language.no)
        gone = [o for o in tree if o == what or o.startswith(what + " ")]
        for other in gone:
            if re.match(self.language.ports, other):
                tree[other] = {}
            else:
                del tree[other]
        if not gone:
            tree[line] = {}  # a default that is switched off
        return True

    def _list(self, tree: Tree, line: str) -> bool:
        for command, separator, between in self.language.lists:
            for verb in ("", "add", "remove", "no"):
                word = command if verb == "" else command.removesuffix(" only")
                start = f"{self.language.no}{word}" if verb == "no" else f"{word} {verb}".strip()
                if (
                    command == "vlan"
                    and verb != "no"
                    and separator == ","
                    and not re.fullmatch(r"vlan [\d,-]*[,-][\d,-]*", line)
                ):
                    continue
                rest = line.removeprefix(start + " ")
                if line == start and verb == "no" and command.startswith("switchport"):
                    self._write(tree, command, set(), separator, between)
                    return True
                if rest == line or not re.match(r"\d", rest):
                    continue
                if command == "vlan" and verb == "no":
                    continue
                self._edit(tree, command, separator, between, verb, rest)
                return True
        return False

    def _edit(self, tree: Tree, command: str, separator: str, between: str, verb: str, rest: str) -> None:
        had = [
            o for o in tree if o.startswith(command + " ") and re.match(r"\d", o.removeprefix(command + " "))
        ]
        now = {n for o in had for n in numbers(o.removeprefix(command + " "), separator, between)}
        asked = numbers(rest, separator, between)
        if verb in ("remove", "no"):
            now -= asked
        elif verb == "add" or command.startswith(("vlan", "port trunk", "switchport trunk vlan")):
            now |= asked
        else:
            now = asked  # IOS: without "add" the list is replaced
        self._write(tree, command, now, separator, between)

    def _write(self, tree: Tree, command: str, now: set[int], separator: str, between: str) -> None:
        line = f"{command} {written(now, separator, between)}" if now else ""
        had = [
            o for o in tree if o.startswith(command + " ") and re.match(r"\d", o.removeprefix(command + " "))
        ]
        replaced = {
            (line if o == had[0] else o) if had else o: b for o, b in tree.items() if o not in had[1:]
        }
        tree.clear()
        tree.update({o: b for o, b in replaced.items() if o})
        if line and not had:
            tree[line] = {}
