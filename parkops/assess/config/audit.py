"""Reads a configuration against a platform's audit rules: each fact with its verdict and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from parkops.assess.config.document import Document, Hit, Section, parts_of
from parkops.assess.config.patterns import Patterns
from parkops.assess.config.schema import AuditFile, Fact, Rule
from parkops.assess.config.tree import File, Line, lines_of
from parkops.model import Verdict

Plane = Mapping[str, Sequence[str]]  # what the plan asks for: "radius" -> addresses, "edge" -> ports, …


@dataclass(frozen=True, slots=True)
class Seen:
    """A line that decided something."""

    path: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What a configuration says about one fact."""

    fact: str
    verdict: Verdict
    actual: str
    lines: tuple[Seen, ...] = ()
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Posture:
    """What one device's configuration says about every fact."""

    platform: str
    facts: Mapping[str, Observation]


@dataclass(frozen=True, slots=True)
class Audit:
    """One platform's rules, ready for use."""

    platform: str
    rules: AuditFile
    facts: Mapping[str, Fact]
    patterns: Patterns

    @classmethod
    def of(cls, platform: str, rules: AuditFile, facts: Mapping[str, Fact]) -> Audit:
        """Compile a platform's rules; re.error for a wrong pattern."""
        used = [part for group in rules.facts.values() for rule in group for part in _patterns(rule)]
        return cls(platform, rules, facts, Patterns.of(used))

    def reads(self, path: str) -> bool:
        """Tell whether a file is one that this audit looks at."""
        return not self.rules.files or any(re.search(pattern, path) for pattern in self.rules.files)

    def knows_host(self, files: Sequence[File]) -> bool:
        """Tell whether files of the system below are among a device's texts, where the platform has one."""
        return not self.rules.host or any(re.search(self.rules.host, file.path) for file in files)


def _patterns(rule: Rule) -> Iterator[str]:
    several = (
        *rule.when,
        *rule.only,
        *rule.unless,
        *rule.has,
        *rule.any,
        *rule.never,
        *rule.refers,
        *rule.to,
        *rule.strays,
    )
    for text in (rule.within, rule.last, rule.ends, *several):
        yield from filter(None, parts_of(text)[0])


def examine(
    audit: Audit, files: Sequence[File], plane: Plane | None = None, *, complete: bool = True
) -> Posture:
    """Return what a device's texts say; ``complete`` tells that a missing file is missing on the device."""
    lines = lines_of(files, audit.rules)
    complete = complete and audit.knows_host(files)
    document = Document(tuple(files), lines, audit.patterns, audit.rules.style == "set")
    found: dict[str, Observation] = {}
    for fact in audit.facts:
        if fact in audit.rules.lacks:
            found[fact] = Observation(fact, Verdict.NOT_APPLICABLE, audit.rules.lacks[fact])
        elif fact not in audit.rules.facts:
            actual = f"the audit of {audit.platform} says nothing about it"
            found[fact] = Observation(fact, Verdict.UNKNOWN, actual)
        elif not lines:
            found[fact] = Observation(fact, Verdict.UNKNOWN, "there is no line that can be read")
        else:
            parts = [
                part
                for rule in audit.rules.facts[fact]
                for part in _Judge(document, rule, plane, complete).parts()
            ]
            found[fact] = _folded(fact, parts)
    return Posture(audit.platform, found)


@dataclass(frozen=True, slots=True)
class _Part:
    verdict: Verdict
    actual: str
    lines: tuple[Seen, ...] = ()
    mend: str = ""


@dataclass(frozen=True, slots=True)
class _Judge:
    """One rule against one document."""

    document: Document
    rule: Rule
    plane: Plane | None
    complete: bool

    def parts(self) -> Iterator[_Part]:
        """Yield what each section shows."""
        rule = self.rule
        whole = [self.document.whole]
        scopes = self.document.of_files(rule.file, each=rule.each) if rule.file else whole
        if not scopes:
            verdict = Verdict(rule.absent) if self.complete else Verdict.UNKNOWN
            name = re.sub(r"[\\^$]", "", rule.file)
            yield _Part(verdict, f"no file {name}" if self.complete else f"{name} was not given")
        elif not all(self.document.hits(pattern, self.document.whole) for pattern in rule.when):
            yield _Part(Verdict.NOT_APPLICABLE, "the configuration has nothing that this speaks of")
        else:
            yield from self._scopes(scopes)

    def _scopes(self, scopes: Sequence[Section]) -> Iterator[_Part]:
        """Judge the whole text or its sections, then what of the plan none of them names."""
        named: set[str] = set()
        found = False
        for scope in scopes:
            sections = [scope]
            if self.rule.within:
                sections = [s for s in self.document.sections(self.rule.within, scope) if self._chosen(s)]
                named |= {s.match.groupdict().get("item") or "" for s in sections if s.match}
            for section in sections:
                found = True
                yield from self._section(section, named)
        yield from self._uncovered(named)
        if not found and not self.wanted:
            yield self._silent()

    def _silent(self) -> _Part:
        """Say what it means that nothing speaks of this."""
        if self.rule.default:
            return _Part(Verdict.PASS, f"nothing is said, and {self.rule.default}")
        first = (
            "" if self.rule.absent == "not-applicable" else self._mend(()).strip().split("\n", 1)[0].strip()
        )
        actual = f"no line such as `{first}`" if first else "nothing is said about it"
        return _Part(Verdict(self.rule.absent), actual, (), self._mend(()))

    def _chosen(self, section: Section) -> bool:
        hits = self.document.hits
        return all(hits(pattern, section) for pattern in self.rule.only) and not any(
            hits(pattern, section) for pattern in self.rule.unless
        )

    def _section(self, section: Section, named: set[str]) -> Iterator[_Part]:
        rule, hits = self.rule, self.document.hits
        bad = [hit for pattern in rule.never for hit in hits(pattern, section)]
        if bad:
            yield self._bad(section, bad)
        good: list[Hit] = []
        missing = False
        for pattern in rule.has:
            fine, wrong = self._within_bounds(hits(pattern, section))
            good += fine
            if wrong and not (fine and rule.count):
                yield self._bad(section, wrong)
            elif not fine:
                missing = True
        if rule.any:
            fine, wrong = self._within_bounds([hit for p in rule.any for hit in hits(p, section)])
            good += fine
            if wrong:
                yield self._bad(section, wrong)
            elif not fine:
                missing = True
        if missing or len({hit.line.text for hit in good}) < rule.count:
            yield self._missing(section, good)
        elif good or (rule.never and not bad):
            yield _Part(Verdict.PASS, _told(good) if good else self._clean(), self._seen(good[:3]))
        if rule.last:
            yield from self._last(section)
        if rule.refers:
            yield from self._references(section)
        if rule.strays:
            yield self._strays(section)
        named |= {_item(hit) for hit in good}

    def _clean(self) -> str:
        return f"nothing of the kind; {self.rule.default}" if self.rule.default else "nothing of the kind"

    def _missing(self, section: Section, good: Sequence[Hit]) -> _Part:
        if self.rule.default and not good:
            return _Part(Verdict.PASS, f"nothing is said, and {self.rule.default}")
        mend = self._mend((), section)
        lines = [line.strip() for line in mend.strip().split("\n")]
        where = f"{section.title}: " if section.head else ""
        wanted = lines[-1] if section.head else lines[0]
        actual = f"{where}no line such as `{wanted}`" if wanted else f"{where}something is missing"
        if self.rule.count and good:
            actual = f"{where}{len({h.line.text for h in good})} of at least {self.rule.count}: {_told(good)}"
        silent = self.rule.silent or ("fail" if self.rule.file else self.rule.absent)
        verdict = Verdict.FAIL if section.head or good else Verdict(silent)
        head = [self._line(section.head)] if section.head else []
        return _Part(verdict, actual, (*head, *self._seen(good[:3])), mend)

    def _bad(self, section: Section, bad: Sequence[Hit]) -> _Part:
        where = f"{section.title}: " if section.head and section.head is not bad[0].line else ""
        why = f" ({self.rule.why})" if self.rule.why else ""
        return _Part(Verdict.FAIL, f"{where}{_told(bad)}{why}", self._seen(bad[:8]), self._mend(bad, section))

    def _references(self, section: Section) -> Iterator[_Part]:
        """Judge whether what lines name is defined."""
        defined = {_plain(_item(hit)) for pattern in self.rule.to for hit in self._all(pattern)}
        named = [hit for pattern in self.rule.refers for hit in self.document.hits(pattern, section)]
        for hit in named:
            if _item(hit) and _plain(_item(hit)) not in defined:
                actual = f"`{hit.line.text}` names {_item(hit)}, which is not defined"
                yield _Part(Verdict.FAIL, actual, self._seen([hit]), self._mend([hit], section))
        if named and defined:
            yield _Part(Verdict.PASS, f"{len(named)} names, each defined", self._seen(named[:3]))

    def _strays(self, section: Section) -> _Part:
        """Judge whether the plan knows what lines name; without a plan nobody can tell."""
        named = [hit for pattern in self.rule.strays for hit in self.document.hits(pattern, section)]
        if self.plane is None:
            actual = f"{_told(named)}; no plan says which are approved" if named else "none"
            return _Part(Verdict.UNKNOWN if named else Verdict.PASS, actual, self._seen(named))
        known = {_plain(item) for item in self.plane.get(self.rule.planned, ())}
        strange = [hit for hit in named if _plain(_item(hit)) not in known]
        if strange:
            return self._bad(section, strange)
        return _Part(Verdict.PASS, f"{len(named)}, each in the plan", self._seen(named[:3]))

    def _all(self, pattern: str) -> list[Hit]:
        return self.document.hits(pattern, self.document.whole)

    def _last(self, section: Section) -> Iterator[_Part]:
        """Judge the last line of a kind: of an access list, what the rest meets."""
        entries = self.document.hits(self.rule.last, section)
        if not entries:
            return
        last = entries[-1]
        ends = self.document.patterns.compiled[self.rule.ends].match(last.line.text)
        if not ends and self.rule.default:
            yield _Part(Verdict.PASS, f"{section.title}: {self.rule.default}", self._seen([last]))
        elif ends:
            yield _Part(Verdict.PASS, f"{section.title}: {last.line.text}", self._seen([last]))
        else:
            yield self._bad(section, [last])

    def _within_bounds(self, hits: Iterable[Hit]) -> tuple[list[Hit], list[Hit]]:
        fine: list[Hit] = []
        wrong: list[Hit] = []
        for hit in hits:
            (fine if self._bounded(hit) else wrong).append(hit)
        return fine, wrong

    def _bounded(self, hit: Hit) -> bool:
        values = hit.match.groupdict()
        below = any(
            _number(values.get(name)) < limit for name, limit in self.rule.least.items() if values.get(name)
        )
        above = any(
            _number(values.get(name)) > limit for name, limit in self.rule.most.items() if values.get(name)
        )
        return not below and not above

    @property
    def wanted(self) -> tuple[str, ...]:
        """What the plan asks for here."""
        return tuple((self.plane or {}).get(self.rule.covers, ())) if self.rule.covers else ()

    def _uncovered(self, named: set[str]) -> Iterator[_Part]:
        have = {_plain(name) for name in named}
        for item in self.wanted:
            if _plain(item) not in have:
                mend = self._mend((), None, item)
                yield _Part(Verdict.FAIL, f"nothing about {item}, which the plan has here", (), mend)

    def _seen(self, hits: Iterable[Hit]) -> tuple[Seen, ...]:
        return tuple(dict.fromkeys(self._line(hit.line) for hit in hits))

    def _line(self, line: Line) -> Seen:
        return Seen(self.document.files[line.file].path, line.number, redacted(line.text))

    def _mend(self, bad: Sequence[Hit], section: Section | None = None, item: str = "") -> str:
        """Return the mend with its placeholders filled: from the lines, else from the plan."""
        if not self.rule.mend:
            return ""
        made: dict[str, None] = {}
        for hit in bad[:4] or (None,):
            values = {name: values[0] for name, values in (self.plane or {}).items() if values}
            if section and section.match:
                values |= {k: v for k, v in section.match.groupdict().items() if v}
                values["section"] = section.title
            if hit:
                values |= {k: v for k, v in hit.match.groupdict().items() if v}
                values["line"] = redacted(hit.line.text)
            if item:
                values["item"] = item
                values[self.rule.covers] = item
            made[redacted(_filled(self.rule.mend, values))] = None
        return "\n".join(made)


def _filled(mend: str, values: Mapping[str, str]) -> str:
    """Return a mend with its placeholders filled; what nobody knows stays as <name>."""
    return re.sub(r"\{(\w[\w-]*)\}", lambda match: values.get(match[1], f"<{match[1]}>"), mend).rstrip()


_SECRET = re.compile(
    r"\b(simple|plain|plaintext|community(?: (?:read|write|name))?(?: simple)?|(?:password|secret)(?: [07])?"
    r"|key-string(?: [07])?|key(?: [07])?(?! \d{1,5}\b)|securityname(?=.* v[12]c?$)|version (?:1|2c)"
    r"|(?:snmp-server|snmp) host \S+(?= \S+$))"
    r" (?!<|cipher|irreversible|hash|simple|plain|encrypted|sha|chain|md5|aes|\d |enable|mode|policy|domain"
    r"|scheme|complexity|authentication|control|recovery|length|min|@secret|exchange)(\"?[^\s\"]+\"?)"
)


@lru_cache(65536)
def redacted(text: str) -> str:
    """Return a line without the secret that it may show in clear: no report repeats it."""
    return _SECRET.sub(r"\1 ***", text)


def _item(hit: Hit) -> str:
    return hit.match.groupdict().get("item") or ""


def _plain(name: str) -> str:
    return name.strip("\"'").lower().replace(" ", "")


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _told(hits: Sequence[Hit], limit: int = 3) -> str:
    texts = list(dict.fromkeys(redacted(hit.line.text) for hit in hits))
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return "; ".join(f"`{text[:120]}`" for text in texts[:limit]) + more


_ORDER = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS, Verdict.NOT_APPLICABLE)


def _folded(fact: str, parts: Sequence[_Part]) -> Observation:
    """Fold what the rules of a fact show: one failure fails, one unknown leaves it unknown."""
    if not parts:
        return Observation(fact, Verdict.NOT_APPLICABLE, "the configuration has nothing that this speaks of")
    verdict = next((v for v in _ORDER if any(part.verdict is v for part in parts)), Verdict.UNKNOWN)
    telling = [part for part in parts if part.verdict is verdict]
    actual = dict.fromkeys(part.actual for part in telling)
    more = f"; and {len(actual) - 3} more" if len(actual) > 3 else ""
    lines = tuple(dict.fromkeys(line for part in telling for line in part.lines))[:12]
    mends = dict.fromkeys(part.mend for part in telling if part.mend and verdict is Verdict.FAIL)
    return Observation(fact, verdict, "; ".join(list(actual)[:3]) + more, lines, "\n".join(mends))
