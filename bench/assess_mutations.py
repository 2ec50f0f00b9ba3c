"""Weaken each rendered hardening line of each platform, and see which check notices."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from parkops.assess.config import Audit, File, examine, find_audits, plane_of
from parkops.model import Device, Need, Park, Verdict
from parkops.platforms import find_platforms
from parkops.render import Renderer
from parkops.render.devices import comment_style
from parkops.render.origin import origins, settle

ROOT = Path(__file__).resolve().parent.parent
COMMENTS = ("! ", "# ", "<!--", "</")
TABLE = ROOT / "tests" / "assess" / "mutations.yaml"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one hardening line."""

    platform: str
    role: str
    path: str
    line: int
    block: str
    text: str
    kind: str  # delete, or what a weakening does
    caught: tuple[str, ...]  # facts that fail because of it
    harmless: str = ""  # why it need not be noticed

    @property
    def missed(self) -> bool:
        """Nothing noticed it, and something should have."""
        return not self.caught and not self.harmless

    def __str__(self) -> str:
        return f"{self.platform} {self.path}:{self.line} [{self.block}] {self.kind}: {self.text.strip()}"


@cache
def table() -> dict[str, Any]:
    """Return what hardening is, what weakens it, and what need not be noticed."""
    return dict(yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def sample(platform: str) -> Park:
    """Return the hand-made park that has one device of each role, with every feature."""
    sys.path[:0] = [str(ROOT / "tests" / "render")]
    from sample import sample_park  # type: ignore[import-not-found]

    park: Park = sample_park(platform)
    extra = tuple(Need(feature, park.source) for feature in table()["needs"].get(platform, ()))
    return replace(park, devices=tuple(replace(d, needs=(*d.needs, *extra)) for d in park.devices))


def platforms() -> tuple[str, ...]:
    """Return the platforms that have an audit."""
    return find_audits().names()


def mutants(platform: str) -> Iterator[Mutant]:
    """Yield every mutant of a platform's hardening lines; alike lines of alike devices once."""
    park = sample(platform)
    renderer = Renderer.of(park, find_platforms())
    audit = find_audits().get(platform)
    assert audit is not None, platform
    seen: set[tuple[str, str, str, str]] = set()
    for device in park.devices:
        if device.platform == platform:
            yield from _of_device(device, renderer, audit, seen)


def _of_device(
    device: Device, renderer: Renderer, audit: Audit, seen: set[tuple[str, str, str, str]]
) -> Iterator[Mutant]:
    platform = renderer.platforms.get(device.platform)
    texts = [
        (entry.destination or entry.path, settle(text, comment_style(platform, entry)), text, entry)
        for entry, text in renderer.marked(device)
    ]
    files = [File(path, text) for path, text, _, _ in texts]
    plane = plane_of(device)
    before = failing(audit, files, plane)
    for index, (path, text, marked, entry) in enumerate(texts):
        lines = text.split("\n")
        blocks = _blocks(marked, comment_style(platform, entry))
        for number, line in enumerate(lines, 1):
            block = blocks.get(number, "")
            if not hardening(line, block):
                continue
            for kind, changed in changes(lines, number, audit):
                key = (path, block, _context(lines, number), kind)
                if key in seen:
                    continue
                seen.add(key)
                other = [*files[:index], File(path, changed), *files[index + 1 :]]
                caught = tuple(sorted(failing(audit, other, plane, files) - before))
                why = "" if caught else harmless(device.platform, block, line, kind, lines, number)
                yield Mutant(device.platform, device.role.value, path, number, block, line, kind, caught, why)


def failing(audit: Audit, files: Sequence[File], plane: Any, _before: Sequence[File] = ()) -> frozenset[str]:
    """Return (fact, what fails) of all failures, so that one more of a kind is seen."""
    posture = examine(audit, files, plane)
    return frozenset(
        f"{fact}" for fact, seen in posture.facts.items() if seen.verdict is Verdict.FAIL
    ) | frozenset(
        f"{fact}: {seen.actual}" for fact, seen in posture.facts.items() if seen.verdict is Verdict.FAIL
    )


def _blocks(marked: str, style: str) -> dict[int, str]:
    """Return the innermost block of each line."""
    found: dict[int, str] = {}
    for item in origins(marked, style):  # outer ones first
        for number in range(item.first, item.last + 1):
            found[number] = item.block
    return found


def hardening(line: str, block: str) -> bool:
    """Tell whether a line is one that hardens: by its block, or by what it says in a port's block."""
    rules = table()
    said = line.strip()
    if not said or said.startswith(COMMENTS) or said in rules["separators"]:
        return False
    if any(_matches(pattern, said) for pattern in rules["not_hardening"]):
        return False
    if block in rules["blocks"]:
        return True
    return any(_matches(pattern, said) for pattern in rules["lines"])


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _matches(pattern: str, text: str) -> bool:
    return bool(_compiled(pattern).match(text))


def changes(lines: Sequence[str], number: int, audit: Audit) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of each mutant of a line: without it and what stands below it, and weakened."""
    line = lines[number - 1]
    yield "delete", "\n".join([*lines[: number - 1], *lines[_after(lines, number, audit) :]])
    for weakening in table()["weaken"]:
        if weakening.get("platforms") and audit.platform not in weakening["platforms"]:
            continue
        weak = _compiled(weakening["line"]).sub(weakening["to"], line)
        if weak != line:
            kind = f"weaken to {weak.strip()!r}"
            yield kind, "\n".join([*lines[: number - 1], weak, *lines[number:]])


def _after(lines: Sequence[str], number: int, audit: Audit) -> int:
    """Return the index of the first line that goes on after a line and what stands below it."""
    line = lines[number - 1]
    if audit.rules.style == "set":
        return number
    if audit.rules.style == "xml" and (name := re.match(r"\s*<([\w:-]+)(?:\s[^>]*[^/>])?>\s*$", line)):
        close = re.compile(rf"{line[: len(line) - len(line.lstrip())]}</{name[1]}>")
        return next((i + 1 for i in range(number, len(lines)) if close.match(lines[i])), number)
    indent = len(line) - len(line.lstrip())
    end = number
    while end < len(lines) and lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) > indent:
        end += 1
    if end > number and end < len(lines) and lines[end].strip() in ("}", "$"):
        end += 1
    return end


def _context(lines: Sequence[str], number: int) -> str:
    """Return a line with those that it stands below, without numbers that only count."""
    line = lines[number - 1]
    indent = len(line) - len(line.lstrip())
    above = [line.strip()]
    for other in reversed(lines[: number - 1]):
        depth = len(other) - len(other.lstrip())
        if other.strip() and depth < indent and not other.strip().startswith(("#", "!")):
            above.append(re.sub(r"[\d/.:]+", "0", other.strip()))
            indent = depth
    return "\n".join(above)


def harmless(platform: str, block: str, line: str, kind: str, lines: Sequence[str], number: int) -> str:
    """Return why a mutant need not be noticed, "" when it must be."""
    for item in table()["harmless"]:
        if item.get("platforms") and platform not in item["platforms"]:
            continue
        if item.get("blocks") and block not in item["blocks"]:
            continue
        if item.get("kind", "delete") not in (kind.split(" ", 1)[0], "any"):
            continue
        if any(_matches(pattern, line.strip()) for pattern in item["lines"]):
            below = item.get("below")
            if below and not any(_matches(below, above) for above in _context(lines, number).split("\n")[1:]):
                continue
            return str(item["why"])
    return ""


def run(names: Sequence[str] = ()) -> list[Mutant]:
    """Return the mutants of some platforms, of all that have an audit for none."""
    return [mutant for name in names or platforms() for mutant in mutants(name)]


def told(found: Sequence[Mutant]) -> dict[str, Any]:
    """Return the contract's figures; what need not be noticed is not tried."""
    tried = [mutant for mutant in found if not mutant.harmless]
    return {
        "tried": len(tried),
        "caught": sum(bool(mutant.caught) for mutant in tried),
        "missed": [str(mutant) for mutant in tried if mutant.missed],
        "set_aside": len(found) - len(tried),
    }


def lines_of(found: Sequence[Mutant], *, every: bool = False) -> Iterator[str]:
    """Yield a table: by platform and block, and each mutant that was missed."""
    yield f"{'platform':20} {'block':26} {'lines':>5} {'tried':>5} {'caught':>6} {'missed':>6} {'aside':>5}"
    groups = sorted({(m.platform, m.block) for m in found})
    for platform, block in groups:
        own = [m for m in found if (m.platform, m.block) == (platform, block)]
        yield _row(platform, block or "(ports)", own)
    for platform in sorted({m.platform for m in found}):
        yield _row(platform, "all", [m for m in found if m.platform == platform])
    yield _row("all", "all", list(found))
    for mutant in found:
        if mutant.missed or every:
            facts = ", ".join(name for name in mutant.caught if ":" not in name)
            yield f"{'missed' if mutant.missed else facts or mutant.harmless}: {mutant}"


def _row(platform: str, block: str, own: Sequence[Mutant]) -> str:
    tried = [m for m in own if not m.harmless]
    lines = len({(m.path, m.line, m.role, m.text) for m in own})
    missed = sum(m.missed for m in tried)
    return (
        f"{platform:20} {block:26} {lines:5} {len(tried):5} {len(tried) - missed:6} {missed:6}"
        f" {len(own) - len(tried):5}"
    )


if __name__ == "__main__":
    result = run(sys.argv[1:])
    print("\n".join(lines_of(result)))
    print(Counter(m.missed for m in result))
