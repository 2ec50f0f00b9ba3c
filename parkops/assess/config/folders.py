"""Finds the audits: ``audit.yaml`` in a platform's folder, a user's own before the built-in ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from parkops.assess.config.audit import Audit
from parkops.assess.config.schema import AuditFile, Fact, FactFile
from parkops.assess.config.tree import File
from parkops.errors import UsageError
from parkops.resources import folder

NAME = "audit.yaml"


@dataclass(frozen=True, slots=True)
class Audits:
    """The audits of the platforms below some folders; an earlier folder hides a later one."""

    roots: tuple[Path, ...]
    _read: dict[str, Audit | None] = field(default_factory=dict, repr=False, compare=False)

    def names(self) -> tuple[str, ...]:
        """Return the platforms that have an audit, sorted."""
        return tuple(sorted({file.parent.name for root in self.roots for file in root.glob(f"*/{NAME}")}))

    def get(self, platform: str) -> Audit | None:
        """Return a platform's audit, None when it has none; UsageError when it is wrong."""
        if platform not in self._read:
            file = self._file(platform)
            self._read[platform] = self._audit(platform, file) if file else None
        return self._read[platform]

    def guess(self, texts: Sequence[File]) -> str:
        """Return the platform of whose own lines there are most in the texts, "" when there is none."""
        counts: dict[str, int] = {}
        rows = [row.strip() for file in texts for row in file.text.splitlines()[:5000]]
        for name in self.names():
            audit = self.get(name)
            marks = [re.compile(mark) for mark in audit.rules.guess] if audit else []
            counts[name] = sum(any(mark.match(row) for mark in marks) for row in rows)
        best = max(counts, key=lambda name: counts[name], default="")
        return best if best and counts[best] else ""

    def _file(self, platform: str) -> Path | None:
        found = (root / platform / NAME for root in self.roots)
        return next((file for file in found if file.is_file()), None)

    def _audit(self, platform: str, file: Path) -> Audit:
        try:
            audit = Audit.of(platform, AuditFile.model_validate(self._merged(file)), all_facts())
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UsageError(told, where=str(file)) from error
        except (yaml.YAMLError, re.error) as error:
            raise UsageError(f"the audit is wrong: {error}", where=str(file)) from error
        strange = sorted(set(audit.rules.facts) | set(audit.rules.lacks) - set(all_facts()))
        strange = [name for name in strange if name not in all_facts()]
        if strange:
            raise UsageError(
                f"no such fact: {', '.join(strange)}",
                where=str(file),
                hint="facts stand in parkops/assess/config/facts.yaml",
            )
        return audit

    def _merged(self, file: Path) -> dict[str, Any]:
        """Return a file's content over that of the platform that it extends."""
        own: dict[str, Any] = _load(file)
        base = own.pop("extends", "")
        if not base:
            return own
        below = self._file(base)
        if below is None:
            raise UsageError(f"there is no audit of {base!r}", where=str(file))
        under = self._merged(below)
        facts = {**under.get("facts", {}), **own.get("facts", {})}
        lacks = {**under.get("lacks", {}), **own.get("lacks", {})}
        lacks = {name: why for name, why in lacks.items() if name not in own.get("facts", {})}
        return {**under, **own, "facts": facts, "lacks": lacks}


def _load(file: Path) -> dict[str, Any]:
    return dict(yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader) or {})


def find_audits(dirs: Sequence[Path] = ()) -> Audits:
    """Return the audits of the given folders of platforms and of the built-in ones, in that order."""
    return Audits((*dirs, folder("templates")))


@cache
def all_facts() -> Mapping[str, Fact]:
    """Return all facts by id."""
    text = (files("parkops.assess") / "config" / "facts.yaml").read_text(encoding="utf-8")
    return FactFile.model_validate(yaml.safe_load(text)).facts
