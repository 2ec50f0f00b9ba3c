"""Reads and writes the text of park.lock, the committed allocations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from parkops.design.allocate import LOCK_FILE, Lock
from parkops.errors import PlanError, Problem
from parkops.plan.marks import Marks
from parkops.plan.reader import decode, read

HEADER = "# Allocations of parkops; commit this file. An entry keeps its number until it is pruned.\n"
RESTORE = "restore it from version control"
POOL = re.compile(r"([a-z][\w./-]*):")
WORDS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")  # values in YAML 1.1
SHORT = 100  # characters of a key; longer ones YAML writes in another form
ENTRY = re.compile(r"  ([A-Za-z][\w.:/-]*): (0|[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class LockFile:
    """The allocations of a park, and the text that they stand in."""

    numbers: Lock
    text: str = ""
    name: str = LOCK_FILE

    def marks(self) -> Marks:
        """Return where each allocation stands; only messages need it."""
        return read(self.text, self.name).marks


def parse_lock(raw: bytes, name: str = LOCK_FILE) -> LockFile:
    """Return the allocations of a park.lock.

    Raises PlanError when it is damaged: with every wrong entry.
    """
    text = decode(raw, name)
    numbers = _as_written(text)
    return LockFile(_as_yaml(text, name) if numbers is None else numbers, text, name)


def _as_written(text: str) -> Lock | None:
    """Read what `lock_text` writes, ten times faster than YAML; None where the text is anything else."""
    pools: Lock = {}
    keys: dict[str, int] = {}
    for line in text.splitlines():
        if entry := ENTRY.fullmatch(line):
            if entry[1] in keys or not pools:
                return None
            keys[entry[1]] = int(entry[2])
        elif pool := POOL.fullmatch(line):
            if pool[1] in pools:
                return None
            pools[pool[1]] = keys = {}
        elif not line.startswith("#"):
            return None
    return pools if all(pools.values()) else None


def _plain(name: str) -> str:
    return name if name.isprintable() else repr(name)


def _as_yaml(text: str, name: str) -> Lock:
    document = read(text, name)
    problems, marks = list(document.problems), document.marks
    pools = {} if document.data is None else document.data
    if not isinstance(pools, dict):
        raise PlanError([Problem(name, 1, 1, "is not a mapping", "pools of `key: number`", RESTORE)])
    for pool, keys in pools.items():
        if not isinstance(keys, dict):
            problems.append(
                marks.problem(
                    (pool,),
                    f"{_plain(pool)} holds no entries",
                    "`key: number` lines",
                    RESTORE,
                )
            )
            continue
        problems += [
            marks.problem(
                (pool, key), f"{_plain(pool)}: {_plain(key)} holds no number", "a whole number", RESTORE
            )
            for key, number in keys.items()
            if type(number) is not int or number < 0
        ]
    if problems:
        raise PlanError(problems)
    return pools


def lock_text(lock: Mapping[str, Mapping[str, int]]) -> str:
    """Return the text of a park.lock."""
    return HEADER + ("".join(_pool_text(name, lock[name]) for name in sorted(lock)) or "{}\n")


def _pool_text(name: str, keys: Mapping[str, int]) -> str:
    """Return a pool as YAML has it, written directly where no name needs quotes."""
    entries = [f"  {key}: {keys[key]}" for key in sorted(keys)]
    plain = POOL.fullmatch(f"{name}:") and _bare(name)
    if entries and plain and all(map(ENTRY.fullmatch, entries)) and all(map(_bare, keys)):
        return "\n".join((f"{name}:", *entries, ""))
    return yaml.dump({name: dict(keys)}, Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)


def _bare(name: str) -> bool:
    return len(name) <= SHORT and name.lower() not in WORDS and not name.endswith(":")
