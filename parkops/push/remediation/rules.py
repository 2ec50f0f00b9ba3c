"""What a command language needs known before it can be changed: negation, lists, single values."""

from __future__ import annotations

import re
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parkops.errors import UsageError
from parkops.resources import folder

HERE = Path(__file__).parent / "rules"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ListRule(_Part):
    """A command that carries a list of numbers: it grows and shrinks by its elements, never as a whole."""

    match: str  # what stands before the list
    also: str = ""  # how the device shows a list that goes on in a further line
    separator: str = " "
    range: str = " to "
    add: str = "{match} {items}"
    first: str = ""  # where no list at all means "all": how the list begins ...
    remove: str = "{negation}{match} {items}"
    clear: str = ""  # ... and how it ends; "" where the last element's removal does it
    chunk: int = Field(default=64, ge=1, description="ranges in one line, at most")

    @property
    def says_all(self) -> bool:
        """Tell whether the device takes a missing list for "all"."""
        return bool(self.first)

    def items(self, line: str) -> tuple[str, ...] | None:
        """Return the elements of a line of this list; None for another line."""
        for start in (self.also, self.match):
            if start and line.startswith(start + " "):
                return expand(line.removeprefix(start + " "), self.separator, self.range)
        return None


class Negation(_Part):
    """How a line is taken back where the negation prefix alone does not do it; ``use`` may name groups."""

    match: str
    use: str


class Multiline(_Part):
    """A value over several lines: it ends with the line that holds its delimiter."""

    begin: str  # the first group is the delimiter
    end: str = ""  # or a fixed last line


class Ordered(_Part):
    """Entries of which the first that matches counts, and how one is moved."""

    within: str = ""  # the block that they stand in
    item: str  # an entry's line: the group ``item``, and in the "set" style ``context``
    after: str = ""  # moves {item} behind {anchor}; without it, entries are taken back and set anew
    before: str = ""


class WayIn(_Part):
    """What a management session needs; expressions are matched from a line's start."""

    account: tuple[str, ...] = ()  # lines of the account {user}
    port: str = ""  # a port's first words; its first group is the port's name
    cuts: tuple[str, ...] = ()  # lines that close a port
    binds: tuple[str, ...] = ()  # lines that put a port into a VRF
    routes: tuple[str, ...] = ()  # static routes
    filters: tuple[str, ...] = ()  # lines that put a filter before logins; the first group is its name
    access_list: str = ""  # the first words of a filter; the first group is its name
    services: tuple[str, ...] = ()  # without one of these nobody logs in
    closes: tuple[str, ...] = ()  # other lines that end a service; blocks stand before them, " / " between


class Rules(_Part):
    """A platform's command language as data; every expression is matched from a line's start."""

    style: Literal["blocks", "set"] = "blocks"
    indent: int = Field(default=1, ge=1, le=4)
    negation: str = "no "
    assertion: str = ""  # what a line begins with where each says so ("set ")
    exit: str = "exit"
    exits: tuple[str, ...] = ("exit", "quit", "end")  # lines that close a block in a configuration
    section_exits: tuple[Negation, ...] = ()  # blocks that are left by a command of their own
    comments: tuple[str, ...] = ("!", "#")
    separator: str = ""  # a comment that ends every block: what follows begins anew, however it is indented
    noise: tuple[str, ...] = ()  # lines that are no configuration: headers, times
    defaults: tuple[str, ...] = ()  # lines that may be shown or not, and mean the same
    literals: tuple[Multiline, ...] = ()
    lists: tuple[ListRule, ...] = ()
    headers: tuple[ListRule, ...] = ()  # blocks of several numbers: each is a block of its own
    single: tuple[str, ...] = ()  # a new value replaces the old; groups belong to the key
    replace: tuple[str, ...] = ()  # one of a key, but the old one must be taken back before the new is set
    exclusive: tuple[str, ...] = ()  # taken back before anything is added: two cannot hold them at once
    negate: tuple[Negation, ...] = ()
    blocks: tuple[str, ...] = ()  # lines that open a block although nothing stands below them
    permanent: tuple[str, ...] = ()  # blocks that can only be emptied
    nodes: tuple[str, ...] = ()  # "set" style: what is deleted as a whole when nothing of it is kept
    early: tuple[str, ...] = ()  # what others refer to, in order
    late: tuple[str, ...] = ()
    ordered: tuple[Ordered, ...] = ()
    way_in: WayIn = WayIn()

    @cached_property
    def single_keys(self) -> tuple[re.Pattern[str], ...]:
        """The expressions of single values."""
        return tuple(re.compile(text) for text in self.single)

    @cached_property
    def replaced_keys(self) -> tuple[re.Pattern[str], ...]:
        """The expressions of values that are replaced by removal first."""
        return tuple(re.compile(text) for text in self.replace)

    def family(self, line: str, patterns: tuple[re.Pattern[str], ...]) -> tuple[str, ...] | None:
        """Return the key of a value that a block holds once; None for a line that may stand beside others."""
        for pattern in patterns:
            if found := pattern.match(line):
                return (pattern.pattern, *(group or "" for group in found.groups()))
        return None

    def list_of(self, line: str) -> ListRule | None:
        """Return the list that a line belongs to."""
        return next((rule for rule in self.lists if rule.items(line) is not None), None)

    def place(self, path: tuple[str, ...], line: str) -> tuple[Ordered, str, str] | None:
        """Return the ordered entry that a line below ``path`` belongs to: its rule, context and name."""
        for rule in self.ordered:
            here = bool(rule.within) is bool(path) and (not path or re.match(rule.within, path[-1]))
            if here and (found := re.match(rule.item, line)):
                return rule, found.groupdict().get("context") or "", found["item"]
        return None

    def negated(self, line: str) -> str:
        """Return the command that takes a line back."""
        if self.style == "set":
            return self.negation + line.removeprefix(self.assertion)
        if line.startswith(self.negation):
            return line.removeprefix(self.negation)
        for rule in self.negate:
            if found := re.match(rule.match, line):
                return found.expand(rule.use)
        return self.negation + line.split("\n", 1)[0]

    def matches(self, line: str, patterns: tuple[str, ...]) -> bool:
        """Tell whether a line begins with one of the expressions."""
        return any(re.match(pattern, line) for pattern in patterns)

    def rank(self, line: str) -> int:
        """Return a line's place in the safe order of additions: what others refer to comes first."""
        for number, pattern in enumerate(self.early):
            if re.match(pattern, line):
                return number - len(self.early)
        for number, pattern in enumerate(self.late):
            if re.match(pattern, line):
                return number + 1
        return 0

    def leave(self, header: str) -> str:
        """Return the command that leaves a block."""
        return next((rule.use for rule in self.section_exits if re.match(rule.match, header)), self.exit)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a rules file; ``extends`` names another one whose values stand where this one has none.

        Raises UsageError when the file is missing or wrong.
        """
        try:
            return cls.model_validate(_merged(file))
        except (OSError, ValidationError, yaml.YAMLError, re.error) as error:
            raise UsageError(f"the remediation rules are wrong: {error}", where=str(file)) from error


def _merged(file: Path) -> dict[str, Any]:
    """Return a file's values over those of what it extends; ``+key`` appends to the inherited list."""
    own: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    base = _merged(HERE / f"{own.pop('extends')}.yaml") if "extends" in own else {}
    for key, value in own.items():
        plain = key.removeprefix("+")
        base[plain] = [*value, *base.get(plain, ())] if key.startswith("+") else value
    return base


@cache
def read_rules(file: Path) -> Rules:
    """Return the rules of a file, read once."""
    return Rules.read(file)


@cache
def rules(platform: str) -> Rules:
    """Return a platform's rules: those of its own folder, else those that ship here.

    Raises UsageError for a platform that has none.
    """
    for file in (folder("templates") / platform / "remediation.yaml", HERE / f"{platform}.yaml"):
        if file.is_file():
            return read_rules(file)
    hint = f"known: {', '.join(known())}; or put a remediation.yaml into the platform's folder"
    raise UsageError("nothing is known about changing this platform's commands", where=platform, hint=hint)


def known() -> tuple[str, ...]:
    """Return the platforms whose rules ship with parkops."""
    return tuple(sorted(file.stem for file in HERE.glob("*.yaml")))


def expand(text: str, separator: str, between: str) -> tuple[str, ...]:
    """Return the elements of ``10 20 to 30`` or ``10,20-30``; words such as ``all`` stay as they are."""
    glue = "\0"
    joined = text.replace(between, glue) if between.strip() else text
    parts = [part for part in re.split(rf"[{re.escape(separator)}\s]+", joined) if part]
    found: list[str] = []
    for part in parts:
        first, _, last = part.partition(glue)
        if first.isdigit() and last.isdigit():
            found += [str(number) for number in range(int(first), int(last) + 1)]
        else:
            found.append(part.replace(glue, between))
    return tuple(dict.fromkeys(found))


def contract(items: tuple[str, ...], rule: ListRule) -> tuple[str, ...]:
    """Return lists in the device's own form, ``chunk`` ranges each; words come one by one."""
    words = [item for item in items if not item.isdigit()]
    parts: list[str] = []
    run: list[int] = []
    for number in [*sorted(int(item) for item in items if item.isdigit()), -1]:
        if run and number != run[-1] + 1:
            parts.append(_range(run, rule.range, rule.separator))
            run = []
        run.append(number)
    lines = [
        rule.separator.join(parts[start : start + rule.chunk]) for start in range(0, len(parts), rule.chunk)
    ]
    return (*words, *lines)


def _range(run: list[int], between: str, separator: str) -> str:
    if len(run) > 2:
        return f"{run[0]}{between}{run[-1]}"
    return separator.join(map(str, run))
