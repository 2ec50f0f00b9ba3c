"""State intervals: a year of samples in a few rows per target."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from parkops.model import Availability, Interval, Sample, State

_EXTEND = """
UPDATE intervals SET t1 = max(t1, :time_s)
WHERE target = :target AND state = :state
  AND t0 = (SELECT max(t0) FROM intervals WHERE target = :target)
"""

_SELECT = """
SELECT name, t0, t1, state, reason,
       NOT retired AND t0 = (SELECT max(t0) FROM intervals WHERE target = id)
FROM intervals JOIN targets ON id = target
"""

_SELECT_LATEST = """
SELECT name, t0, t1, state, reason, 1
FROM targets JOIN intervals ON target = id AND t0 = (SELECT max(t0) FROM intervals WHERE target = id)
WHERE NOT retired ORDER BY name
"""

_AVAILABILITY = """
SELECT name,
       sum(CASE state WHEN 'up' THEN min(t1, :until_s) - max(t0, :since_s) ELSE 0.0 END),
       sum(CASE state WHEN 'down' THEN min(t1, :until_s) - max(t0, :since_s) ELSE 0.0 END),
       sum(CASE state WHEN 'unknown' THEN min(t1, :until_s) - max(t0, :since_s) ELSE 0.0 END),
       sum(state = 'down')
FROM intervals JOIN targets ON id = target
WHERE t1 >= :since_s AND t0 <= :until_s AND NOT retired
GROUP BY target ORDER BY name
"""


def save(connection: sqlite3.Connection, samples: Iterable[Sample]) -> None:
    """Extend each target's last interval, or begin a new one where the state has changed.

    The interval that ends is closed at the first sample of the next state, so that spans touch and
    their lengths add up. A sample older than what is stored never shortens an interval.
    """
    ids: dict[str, int] = {}
    for sample in samples:
        target = ids.get(sample.target)
        if target is None:
            target = ids[sample.target] = _target_id(connection, sample.target)
        values = {"time_s": sample.time_s, "target": target, "state": sample.state.value}
        if not connection.execute(_EXTEND, values).rowcount:
            _begin(connection, target, sample)


def _target_id(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT id, retired FROM targets WHERE name = ?", (name,)).fetchone()
    if row is None:
        cursor = connection.execute("INSERT INTO targets (name) VALUES (?)", (name,))
        return int(cursor.lastrowid or 0)
    if row[1]:
        connection.execute("UPDATE targets SET retired = 0 WHERE id = ?", (row[0],))
    return int(row[0])


def _begin(connection: sqlite3.Connection, target: int, sample: Sample) -> None:
    last = connection.execute(
        "SELECT t0, t1 FROM intervals WHERE target = ? ORDER BY t0 DESC LIMIT 1", (target,)
    ).fetchone()
    start_s = sample.time_s if last is None else max(sample.time_s, last[1])
    if last is not None:
        connection.execute(
            "UPDATE intervals SET t1 = ? WHERE target = ? AND t0 = ?", (start_s, target, last[0])
        )
    connection.execute(  # REPLACE: an interval of no length gives way
        "INSERT OR REPLACE INTO intervals (target, t0, t1, state, reason) VALUES (?, ?, ?, ?, ?)",
        (target, start_s, start_s, sample.state.value, sample.reason),
    )


def read(
    connection: sqlite3.Connection, target: str | None, since_s: float | None, until_s: float | None
) -> tuple[Interval, ...]:
    """Return the intervals that touch the window, by target and start; whole, not cut to the window."""
    where, values = ["1"], {"target": target, "since_s": since_s, "until_s": until_s}
    if target is not None:
        where.append("name = :target")
    if since_s is not None:
        where.append("t1 >= :since_s")
    if until_s is not None:
        where.append("t0 <= :until_s")
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY name, t0"
    return tuple(_interval(row) for row in connection.execute(query, values))


def latest(connection: sqlite3.Connection) -> tuple[Interval, ...]:
    """Return the last interval of every target that is still watched, by target."""
    return tuple(_interval(row) for row in connection.execute(_SELECT_LATEST))


def _interval(row: tuple[str, float, float, str, str, int]) -> Interval:
    name, start_s, end_s, state, reason, is_open = row
    return Interval(name, start_s, end_s, State(state), reason, bool(is_open))


def availability(connection: sqlite3.Connection, since_s: float, until_s: float) -> tuple[Availability, ...]:
    """Sum each watched target's seconds by state within the window, and count its outages."""
    rows = connection.execute(_AVAILABILITY, {"since_s": since_s, "until_s": until_s})
    return tuple(Availability(*row) for row in rows)


def retire(connection: sqlite3.Connection, keep: Iterable[str]) -> tuple[str, ...]:
    """Mark every stored target that is not in ``keep`` as no longer watched; return their names."""
    known = {row[0] for row in connection.execute("SELECT name FROM targets WHERE NOT retired")}
    gone = tuple(sorted(known - set(keep)))
    connection.executemany("UPDATE targets SET retired = 1 WHERE name = ?", ((name,) for name in gone))
    return gone
