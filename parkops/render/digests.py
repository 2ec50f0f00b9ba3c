"""Digests of all that a rendering depends on: a device's slice, templates, settings, the program itself."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from enum import Enum
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

from parkops.model import SourceRef

SIZE = 16  # bytes
PACKAGE = Path(__file__).resolve().parent.parent
ATOMS = (str, int, float, bool, type(None))


def value_digest(*values: object) -> str:
    """Return the digest of values made of dataclasses, tuples and scalars.

    Lines and columns of the plan do not count: a configuration names plan paths only, so that a line more
    at the top of a plan changes no device.
    """
    return blake2b(marshal.dumps(_flat(values), 2), digest_size=SIZE).hexdigest()


def _flat(value: Any) -> Any:
    kind: Any = type(value)
    if kind in ATOMS:
        return value
    if kind is tuple:
        return tuple(map(_flat, value))
    if isinstance(value, Enum):
        return value.value
    return (kind.__name__, *map(_flat, _reader(kind)(value)))


@cache
def _reader(kind: Any) -> Callable[[object], tuple[object, ...]]:
    """Return what reads a dataclass's compared fields; TypeError for any other type."""
    names = ["path"] if kind is SourceRef else [field.name for field in fields(kind) if field.compare]
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda value: (read(value),)


def files_digest(files: Iterable[Path]) -> str:
    """Return the digest of files' paths and contents; a missing one counts as missing."""
    sums = blake2b(digest_size=SIZE)
    for file in sorted(files):
        try:
            content = file.read_bytes()
        except OSError:
            content = b"\x00missing"
        sums.update(f"{file}\x00{len(content)}\x00".encode())
        sums.update(content)
    return sums.hexdigest()


def folders_digest(roots: Iterable[Path]) -> str:
    """Return the digest of all files of platforms, in the order in which the roots are searched."""
    return value_digest(*(files_digest(path for path in root.rglob("*") if path.is_file()) for root in roots))


@cache
def program_digest() -> str:
    """Return the digest of what renders: parkops's version and files, Python's and Jinja2's versions."""
    stats = ((file, file.stat()) for file in sorted(PACKAGE.rglob("*.py")))
    program = tuple((str(file), stat.st_size, stat.st_mtime_ns) for file, stat in stats)
    return value_digest(version("parkops"), sys.version, version("jinja2"), program)
