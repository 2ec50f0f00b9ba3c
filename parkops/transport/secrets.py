"""Secret references: resolve them at push time, and put them back wherever text leaves the push."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from parkops.errors import UsageError

TOKEN = re.compile(r"@secret:(?P<ref>(?:env|file):[^@\s]+)@")


def resolve(ref: str, base: Path) -> str:
    """Return the secret behind ``env:NAME`` or ``file:PATH`` (relative paths start at ``base``).

    UsageError when the reference is malformed, or nothing is there.
    """
    scheme, _, name = ref.partition(":")
    if scheme == "env" and name:
        return _from_environment(ref, name)
    if scheme == "file" and name:
        return _from_file(ref, base / name)
    raise UsageError(f"{ref!r} is not a secret reference", hint="write env:NAME or file:PATH")


def _from_environment(ref: str, name: str) -> str:
    if name not in os.environ:
        raise UsageError(f"the secret {ref} is not set", hint=f"export {name}=…")
    return os.environ[name]


def _from_file(ref: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        raise UsageError(
            f"the secret {ref} cannot be read", where=str(path), hint=str(error.strerror)
        ) from error


@dataclass(frozen=True, slots=True)
class Vault:
    """The secrets of one push: fill them into texts that go to a device, redact texts that come from it."""

    base: Path
    _values: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def fill(self, text: str) -> str:
        """Replace each ``@secret:REF@`` by its secret; UsageError when one is missing."""
        return TOKEN.sub(lambda match: self._value(match["ref"]), text)

    def redact(self, text: str) -> str:
        """Replace each secret that was filled in by its ``@secret:REF@``."""
        for ref, value in sorted(self._values.items(), key=lambda item: -len(item[1])):
            if value:
                text = text.replace(value, f"@secret:{ref}@")
        return text

    def _value(self, ref: str) -> str:
        if ref not in self._values:
            self._values[ref] = resolve(ref, self.base)
        return self._values[ref]


def references(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the secret references that texts hold, sorted."""
    return tuple(sorted({match["ref"] for text in texts for match in TOKEN.finditer(text)}))
