"""Expands the profiles and patterns of a plan, so that the schema sees plain values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from parkops.errors import Problem
from parkops.plan.patterns import EXPECTED, REFERENCE, BadPattern, names_of
from parkops.plan.profiles import Profile, read_profiles
from parkops.plan.shape import ANYTHING, KINDS, Shape, plan_shape
from parkops.plan.tree import Node, Origin, Place, come_from, mapping, merge, scalar, sequence

VARIABLE = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*)\}")
LANGUAGE = ("include", "profiles")  # sections that the schema never sees
Entries = Mapping[str, tuple[Place, Node]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What ``{name}`` stands for."""

    around: Mapping[str, Node] = field(default_factory=dict)  # the tenant, the site, ... that this is in
    own: Mapping[str, Node] = field(default_factory=dict)  # parameters, and the number of a pattern
    origin: Origin | None = None  # None: outside profiles and patterns braces are only text

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The origin of what is made here."""
        return (self.origin,) if self.origin else ()

    def within(self, kind: str, place: Place, name: str) -> Scope:
        """Return the scope inside a named part."""
        return replace(self, around={**self.around, kind: scalar(place, name)}) if kind in KINDS else self

    def find(self, name: str) -> Node | None:
        """Return what a name stands for."""
        return self.own.get(name) or self.around.get(name)

    def known(self) -> list[str]:
        """Return all names."""
        return sorted({*self.own, *self.around})


@dataclass(frozen=True, slots=True)
class Expanded:
    """A plan without profiles and patterns, what was wrong with them, and parts that lack their profile."""

    root: Node
    problems: tuple[Problem, ...] = ()
    broken: frozenset[int] = frozenset()  # id of each node's plain data


def expand(root: Node) -> Expanded:
    """Return a plan's tree as if every value were written out."""
    if root.entries is None:
        return Expanded(root)
    profiles, problems = read_profiles(root)
    work = _Expansion(profiles, problems)
    sections = {key: entry for key, entry in root.entries.items() if key not in LANGUAGE}
    tree = mapping(root.place, sections, active=root.active)
    expanded = work.expand(tree, plan_shape(), Scope())
    problems += [problem for profile in work.unused() for problem in profile.unknown_keys()]
    return Expanded(expanded, tuple(dict.fromkeys(problems)), frozenset(work.broken))


@dataclass(slots=True)
class _Expansion:
    profiles: Mapping[tuple[str, str], Profile]
    problems: list[Problem]
    broken: set[int] = field(default_factory=set)
    _used: set[tuple[str, str]] = field(default_factory=set)
    _open: list[tuple[str, str]] = field(default_factory=list)  # profiles being expanded, outermost first

    def unused(self) -> list[Profile]:
        """Return the profiles that no part names."""
        return [profile for key, profile in self.profiles.items() if key not in self._used]

    def expand(self, node: Node, shape: Shape, scope: Scope) -> Node:
        """Return a node with all that is below it expanded; what has nothing to expand is shared."""
        if not node.active:
            return node if scope.origin is None else come_from(node, scope.origin)
        if node.entries is not None:
            return self._mapping(node, node.entries, shape, scope)
        if node.items is not None:
            return self._list(node, shape, scope)
        return node if scope.origin is None else self._text(node, scope, scope.origin)

    def _mapping(self, node: Node, entries: Entries, shape: Shape, scope: Scope) -> Node:
        use = entries.get("profile") if shape.profile else None
        if use is not None and (isinstance(use[1].data, str) or shape.each is None):
            own = {key: entry for key, entry in entries.items() if key not in ("profile", "with")}
            base = self._use(use[1], entries.get("with"), shape, scope)
            stated = self._mapping(node, own, shape, scope)
            merged = merge(base, stated) if base else stated
            if base is None:
                self.broken.add(id(merged.data))
            return merged
        if shape.keys and shape.profile and "with" in entries:
            self.problems.append(entries["with"][0].problem("`with` without `profile`", "profile: NAME"))
        if shape.each is not None:
            found = self._names(entries, shape.each, scope)
        else:
            found = {
                key: (place, self.expand(child, shape.below(key), scope))
                for key, (place, child) in entries.items()
            }
        return mapping(node.place, found, scope.origins)

    def _names(self, entries: Entries, each: Shape, scope: Scope) -> dict[str, tuple[Place, Node]]:
        """Expand parts by name: what a pattern gives first, over it what a plain name says."""
        found: dict[str, tuple[Place, Node]] = {}
        plain: dict[str, tuple[Place, Node]] = {}
        for written, (place, child) in entries.items():
            key = self._key(written, place, scope)
            if "[" in key:
                self._pattern(key, place, child, each, scope, found)
            elif key in plain:
                self._twice(key, place, plain[key][0])
            else:
                inside = scope.within(each.profile, place, key) if child.active else scope
                plain[key] = (place, self.expand(child, each, inside))
        for key, (place, child) in plain.items():
            below = found.pop(key, None)
            if below is None or child.data is not None:
                found[key] = (place, merge(below[1], child) if below else child)
        return found

    def _pattern(
        self,
        key: str,
        place: Place,
        child: Node,
        each: Shape,
        scope: Scope,
        found: dict[str, tuple[Place, Node]],
    ) -> None:
        try:
            names = names_of(key)
        except BadPattern as error:
            self.problems.append(place.problem(f"{key!r} is no pattern: {error}", EXPECTED))
            return
        origin = Origin("pattern", key, place)
        for name, part in names:
            if name in found:
                self._twice(name, place, found[name][0])
                continue
            inside = Scope(scope.around, {**scope.own, **_counted(place, part)}, origin)
            inside = inside.within(each.profile, place, name) if child.active else inside
            found[name] = (place, self.expand(child, each, inside))

    def _twice(self, name: str, place: Place, first: Place) -> None:
        self.problems.append(
            place.problem(f"name {name!r} is given twice", "each name once", f"first at {first}")
        )

    def _list(self, node: Node, shape: Shape, scope: Scope) -> Node:
        items: list[Node] = []
        for child in node.items or ():
            item = self.expand(child, shape.item or ANYTHING, scope)
            if isinstance(item.data, str) and "[" in item.data and REFERENCE.fullmatch(item.data):
                items += self._several(item)
            else:
                items.append(item)
        return sequence(node.place, items, scope.origins)

    def _several(self, item: Node) -> list[Node]:
        try:
            names = names_of(item.data)
        except BadPattern as error:
            self.problems.append(item.place.problem(f"{item.data!r} is no pattern: {error}", EXPECTED))
            return []
        origin = Origin("pattern", item.data, item.place)
        return [scalar(item.place, name, (origin,)) for name, _ in names]

    def _use(self, name: Node, given: tuple[Place, Node] | None, shape: Shape, scope: Scope) -> Node | None:
        """Return the body of a profile with its arguments in place; None where there is no such profile."""
        wanted = self.expand(name, ANYTHING, scope)
        key = (shape.profile, str(wanted.data))
        profile = self.profiles.get(key)
        if profile is None:
            self.problems.append(self._no_profile(*key, wanted.place))
            return None
        self._used.add(key)
        if key in self._open:
            way = " > ".join(inner for _, inner in [*self._open[self._open.index(key) :], key])
            self.problems.append(wanted.place.problem(f"profile {key[1]!r} builds on itself", "", way))
            return None
        origin = Origin("profile", f"{shape.profile}.{key[1]}", wanted.place)
        arguments = self._arguments(profile, wanted, given, scope, origin)
        self._open.append(key)
        body = self._mapping(
            profile.body, profile.body.entries or {}, shape, Scope(scope.around, arguments, origin)
        )
        self._open.pop()
        return body

    def _no_profile(self, kind: str, name: str, place: Place) -> Problem:
        known = sorted(inner for of, inner in self.profiles if of == kind)
        others = [of for of, inner in self.profiles if inner == name]
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it is of kind {others[0]}" if others else ""
        expected = f"one of {', '.join(known)}" if known else f"a profile below profiles.{kind}"
        return place.problem(f"no {kind} profile {name!r}", expected, hint)

    def _arguments(
        self, profile: Profile, use: Node, given: tuple[Place, Node] | None, scope: Scope, origin: Origin
    ) -> dict[str, Node]:
        entries = (given[1].entries or {}) if given else {}
        if given and given[1].entries is None:
            self.problems.append(given[1].place.problem("`with` is no mapping", "parameter: value"))
        for key, (place, _) in entries.items():
            if key not in profile.parameters:
                close = get_close_matches(key, profile.parameters, n=1)
                expected = f"one of {', '.join(profile.parameters)}" if profile.parameters else "no `with`"
                hint = f"did you mean {close[0]!r}?" if close else ""
                self.problems.append(
                    place.problem(f"profile {profile.name!r} has no parameter {key!r}", expected, hint)
                )
        found = {}
        for key, default in profile.parameters.items():
            if key in entries:
                found[key] = self.expand(entries[key][1], ANYTHING, scope)
            elif default.data is not None:
                found[key] = self.expand(default, ANYTHING, Scope(scope.around, {}, origin))
            else:
                what = f"profile {profile.name!r} needs its parameter {key!r}"
                self.problems.append(use.place.problem(what, "", f"with: {{{key}: …}}"))
                found[key] = default
        return found

    def _key(self, written: str, place: Place, scope: Scope) -> str:
        if scope.origin is None or "{" not in written:
            return written
        return self._filled(written, place, scope)

    def _text(self, node: Node, scope: Scope, origin: Origin) -> Node:
        """Put in what names in braces stand for; text that is nothing but a name takes its value's type."""
        whole = VARIABLE.fullmatch(node.data)
        value = scope.find(whole[1]) if whole and whole[1] else None
        if value is not None:
            return come_from(value, origin)
        return Node(
            node.place, self._filled(node.data, node.place, scope), node.text, node.quoted, origins=(origin,)
        )

    def _filled(self, text: str, place: Place, scope: Scope) -> str:
        return VARIABLE.sub(lambda found: self._value(found, place, scope), text)

    def _value(self, found: re.Match[str], place: Place, scope: Scope) -> str:
        name = found[1]
        if name is None:
            return found[0][0]  # {{ and }} are braces themselves
        value = scope.find(name)
        if value is None:
            close = get_close_matches(name, scope.known(), n=1)
            hint = f"did you mean {close[0]!r}?" if close else "write {{ for a brace"
            expected = f"one of {', '.join(scope.known())}" if scope.known() else "a parameter"
            self.problems.append(place.problem(f"nothing is called {name!r} here", expected, hint))
            return found[0]
        if value.entries is not None or value.items is not None:
            self.problems.append(
                place.problem(f"{{{name}}} is no text", "a text or a number", "let it stand alone")
            )
            return found[0]
        return value.text


def _counted(place: Place, part: str) -> dict[str, Node]:
    """Return what a pattern's part is called: ``{n}`` as text, ``{number}`` as a number."""
    number = {"number": scalar(place, int(part))} if part.isdigit() else {}
    return {"n": scalar(place, part), **number}
