"""Reads and writes the text of park.lock, the committed allocations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from parkops.design.allocate import LOCK_FILE, Lock
from parkops.errors import PlanError, Problem
from parkops.plan.marks import Marks
from parkops.plan.reader import decode, read

HEADER = "# Allocations of parkops; commit this file. An entry keeps its number until it is pruned.\n"
RESTORE = "restore it from version control"


@dataclass(frozen=True, slots=True)
class LockFile:
    """The allocations of a park, and where they stand."""

    numbers: Lock
    marks: Marks | None = None


def parse_lock(raw: bytes, name: str = LOCK_FILE) -> LockFile:
    """Return the allocations of a park.lock.

    Raises PlanError when it is damaged: with every wrong entry.
    """
    document = read(decode(raw, name), name)
    problems, marks = list(document.problems), document.marks
    pools = {} if document.data is None else document.data
    if not isinstance(pools, dict):
        raise PlanError([Problem(name, 1, 1, "is not a mapping", "pools of `key: number`", RESTORE)])
    for pool, keys in pools.items():
        if not isinstance(keys, dict):
            problems.append(
                marks.problem((pool,), f"{pool} holds no entries", "`key: number` lines", RESTORE)
            )
            continue
        problems += [
            marks.problem((pool, key), f"{pool}: {key} holds no number", "a whole number", RESTORE)
            for key, number in keys.items()
            if type(number) is not int or number < 0
        ]
    if problems:
        raise PlanError(problems)
    return LockFile(pools, marks)


def lock_text(lock: Mapping[str, Mapping[str, int]]) -> str:
    """Return the text of a park.lock."""
    plain = {pool: dict(keys) for pool, keys in lock.items()}
    return HEADER + yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)
