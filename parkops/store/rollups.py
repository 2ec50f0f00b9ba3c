"""Hourly rollups: what was measured of a target in an hour, in one row a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from parkops.model import Rollup
from parkops.store.database import Database

_SAVE = """
INSERT INTO rollups (target, name, t0, count, ok, lost, minimum, mean, maximum, last, sketch)
SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM targets WHERE targets.name = ?
ON CONFLICT (target, t0, name) DO UPDATE SET count = excluded.count, ok = excluded.ok, lost = excluded.lost,
  minimum = excluded.minimum, mean = excluded.mean, maximum = excluded.maximum, last = excluded.last,
  sketch = excluded.sketch
"""

_SELECT = """
SELECT t.name, r.name, t0, count, ok, lost, minimum, mean, maximum, last, sketch
FROM rollups r JOIN targets t ON t.id = r.target
WHERE t0 >= ? AND t0 < ? ORDER BY t.name, r.name, t0
"""


def save(database: Database, rollups: Iterable[Rollup]) -> None:
    """Keep the latest form of each hour; targets that the store has no states of are left out."""
    database.executemany(
        _SAVE,
        [
            (r.name, r.start_s, r.count, r.ok, r.lost, r.minimum, r.mean, r.maximum, r.last, r.sketch,
             r.target)
            for r in rollups
        ],
    )  # fmt: skip


def read(database: Database, since_s: float, until_s: float) -> tuple[Rollup, ...]:
    """Return the hours that begin within [since, until), by target, value and time."""
    rows = database.execute(_SELECT, (since_s, until_s))
    return tuple(replace(rollup, sketch=bytes(rollup.sketch)) for rollup in (Rollup(*row) for row in rows))


def prune(database: Database, before_s: float) -> int:
    """Delete the hours before a time; return how many."""
    return database.execute("DELETE FROM rollups WHERE t0 < ?", (before_s,)).rowcount
