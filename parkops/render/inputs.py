"""The files that a park's plan is read from, told without reading the plan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

NOT_PLANS = frozenset({"build", "reports", ".parkops", ".git", ".venv"})
WILD = frozenset("*?[")
SUFFIXES = (".yaml", ".yml")


def inputs_of(root: Path) -> tuple[Path, ...] | None:
    """Return every YAML file of a park's folder, and its lock.

    None where a plan may be read from elsewhere too: it includes a file outside or of another kind, or there
    is a link in the folder.
    """
    try:
        files = sorted(_files(root))
        if all(_stays_inside(file) for file in files):
            return (root / "park.lock", *files)
    except (OSError, LookupError, yaml.YAMLError, UnicodeDecodeError):
        pass
    return None


def _files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in NOT_PLANS:
                continue
            if entry.is_symlink():
                raise LookupError(entry.path)
            if entry.is_dir():
                yield from _files(Path(entry.path))
            elif entry.name.endswith(SUFFIXES):
                yield Path(entry.path)


def _stays_inside(file: Path) -> bool:
    """Return whether all that a plan's file includes is a YAML file at or below its folder."""
    text = file.read_bytes()
    if b"include" not in text:
        return True
    document: Any = yaml.load(text, yaml.CSafeLoader)
    if not isinstance(document, dict) or "include" not in document:
        return True
    patterns = document["include"]
    return all(_plain(pattern) for pattern in (patterns if isinstance(patterns, list) else [patterns]))


def _plain(pattern: object) -> bool:
    if not isinstance(pattern, str) or not pattern.endswith(SUFFIXES) or pattern.startswith("/"):
        return False
    folders = PurePosixPath(pattern).parts[:-1]
    return not any(part == ".." or part in NOT_PLANS or WILD & set(part) for part in folders)
