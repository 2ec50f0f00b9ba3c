"""State intervals: a year of samples in a few rows per target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parkops.model import Availability, Interval, Sample, State
from parkops.store.database import Database

# An interval that goes on is written once; how far it reaches stands in the small table `seen`, so that a
# round of 10,000 targets writes a few dozen pages, however old the store is.
_SEEN = """
INSERT INTO seen (target, t0, t1) VALUES (?, ?, ?)
ON CONFLICT (target) DO UPDATE SET t0 = excluded.t0, t1 = GREATEST(seen.t1, excluded.t1)
"""

_BEGIN = """
INSERT INTO intervals (target, t0, t1, state, reason) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (target, t0) DO UPDATE SET t1 = excluded.t1, state = excluded.state, reason = excluded.reason
"""

_SELECT = """
SELECT name, i.t0, COALESCE(s.t1, i.t1), state, reason, retired = 0 AND s.t1 IS NOT NULL
FROM intervals i JOIN targets ON id = i.target
     LEFT JOIN seen s ON s.target = i.target AND s.t0 = i.t0
"""

_SELECT_LATEST = """
SELECT name, s.t0, s.t1, state, reason, 1
FROM targets JOIN seen s ON s.target = id JOIN intervals i ON i.target = s.target AND i.t0 = s.t0
WHERE retired = 0 ORDER BY name
"""

# Closed intervals add up by themselves; the open ones, one a target, come from `seen`. An outage that nobody
# watched for a while goes on after it: down, unknown, down is one.
_AVAILABILITY = """
SELECT name, sum(up), sum(down), sum(unknown), sum(outages)
FROM (
  SELECT target,
         sum(CASE state WHEN 'up' THEN LEAST(t1, :until_s) - GREATEST(t0, :since_s) ELSE 0.0 END) AS up,
         sum(CASE state WHEN 'down' THEN LEAST(t1, :until_s) - GREATEST(t0, :since_s) ELSE 0.0 END) AS down,
         sum(CASE state WHEN 'unknown' THEN LEAST(t1, :until_s) - GREATEST(t0, :since_s) ELSE 0.0 END)
           AS unknown,
         sum(CASE WHEN state = 'down' AND t1 > :since_s AND t0 < :until_s AND COALESCE(
               (SELECT p.state FROM intervals p
                WHERE p.target = c.target AND p.t0 < c.t0 AND p.t1 > :since_s AND p.state <> 'unknown'
                ORDER BY p.t0 DESC LIMIT 1), '') <> 'down' THEN 1 ELSE 0 END) AS outages
  FROM intervals c WHERE t1 >= :since_s AND t0 <= :until_s GROUP BY target
  UNION ALL
  SELECT i.target,
         CASE state WHEN 'up' THEN LEAST(s.t1, :until_s) - GREATEST(i.t1, :since_s) ELSE 0.0 END,
         CASE state WHEN 'down' THEN LEAST(s.t1, :until_s) - GREATEST(i.t1, :since_s) ELSE 0.0 END,
         CASE state WHEN 'unknown' THEN LEAST(s.t1, :until_s) - GREATEST(i.t1, :since_s) ELSE 0.0 END,
         CASE WHEN state = 'down' AND i.t1 <= :since_s AND s.t1 > :since_s THEN 1 ELSE 0 END
  FROM seen s JOIN intervals i ON i.target = s.target AND i.t0 = s.t0
  WHERE s.t1 > i.t1 AND s.t1 >= :since_s AND i.t1 <= :until_s
) AS spans JOIN targets ON id = target
WHERE retired = 0
GROUP BY name ORDER BY name
"""


@dataclass(slots=True)
class _Open:
    """The open interval of a target as this connection knows it."""

    id: int
    start_s: float
    end_s: float
    state: str


class Folder:
    """Folds samples into intervals; it remembers what it wrote, until somebody else has written."""

    def __init__(self, database: Database) -> None:
        """Begin with nothing remembered."""
        self._database = database
        self._open: dict[str, _Open] = {}
        self._stamp: int | None = None

    def forget(self) -> None:
        """Read everything anew next time: a transaction was rolled back."""
        self._stamp = None

    def save(self, samples: Iterable[Sample]) -> None:
        """Extend each target's last interval, or begin a new one where the state has changed.

        The interval that ends is closed at the first sample of the next state, so that spans touch and
        their lengths add up. A sample older than what is stored never shortens an interval.
        """
        self._look()
        for sample in samples:
            found = self._open.get(sample.target)
            if found is None or found.state != sample.state.value:
                self._change(found, sample)
            elif sample.time_s > found.end_s:
                self._extend([(sample.target, sample.time_s)])

    def extend(self, seen: Sequence[tuple[str, float]]) -> None:
        """Tell that targets, named with a Unix time, are still in the state that was saved last."""
        self._look()
        self._extend(seen)

    def _extend(self, seen: Iterable[tuple[str, float]]) -> None:
        rows = []
        for name, time_s in seen:
            found = self._open.get(name)
            if found is None:
                continue  # no longer watched
            found.end_s = max(found.end_s, time_s)
            rows.append((found.id, found.start_s, found.end_s))
        self._database.executemany(_SEEN, rows)

    def _look(self) -> None:
        stamp = self._database.stamp()
        if stamp == self._stamp:
            return
        query = "SELECT name, s.target, s.t0, s.t1, state FROM seen s JOIN targets ON id = s.target"
        query += " JOIN intervals i ON i.target = s.target AND i.t0 = s.t0 WHERE retired = 0"
        rows = self._database.execute(query).fetchall()
        self._open = {name: _Open(*rest) for name, *rest in rows}
        self._stamp = stamp

    def _change(self, last: _Open | None, sample: Sample) -> None:
        if last is None:
            last = _known(self._database, sample.target)
            if last is not None and last.state == sample.state.value:  # watched again
                self._open[sample.target] = last
                self._extend([(sample.target, sample.time_s)])
                return
        if last is None:
            target, start_s = _target_id(self._database, sample.target), sample.time_s
        else:
            target, start_s = last.id, max(sample.time_s, last.end_s)
            self._database.execute(
                "UPDATE intervals SET t1 = ? WHERE target = ? AND t0 = ?", (start_s, target, last.start_s)
            )
        self._database.execute(  # an interval of no length gives way
            _BEGIN, (target, start_s, start_s, sample.state.value, sample.reason)
        )
        self._database.execute(_SEEN, (target, start_s, start_s))
        self._open[sample.target] = _Open(target, start_s, start_s, sample.state.value)


def _known(database: Database, name: str) -> _Open | None:
    """Return the last interval of a target that was not watched for a while, and watch it again."""
    row = database.execute(
        "SELECT id, s.t0, s.t1, state FROM targets JOIN seen s ON s.target = id"
        " JOIN intervals i ON i.target = s.target AND i.t0 = s.t0 WHERE name = ?",
        (name,),
    ).fetchone()
    if row is None:
        return None
    database.execute("UPDATE targets SET retired = 0 WHERE id = ?", (row[0],))
    return _Open(*row)


def _target_id(database: Database, name: str) -> int:
    query = "INSERT INTO targets (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET retired = 0 RETURNING id"
    return int(database.execute(query, (name,)).fetchone()[0])


def read(
    database: Database, target: str | None, since_s: float | None, until_s: float | None
) -> tuple[Interval, ...]:
    """Return the intervals that touch the window, by target and start; whole, not cut to the window."""
    where, values = ["1 = 1"], {"target": target, "since_s": since_s, "until_s": until_s}
    if target is not None:
        where.append("name = :target")
    if since_s is not None:
        where.append("COALESCE(s.t1, i.t1) >= :since_s")
    if until_s is not None:
        where.append("i.t0 <= :until_s")
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY name, i.t0"
    return tuple(_interval(row) for row in database.execute(query, values))


def latest(database: Database) -> tuple[Interval, ...]:
    """Return the last interval of every target that is still watched, by target."""
    return tuple(_interval(row) for row in database.execute(_SELECT_LATEST))


def _interval(row: tuple[str, float, float, str, str, int]) -> Interval:
    name, start_s, end_s, state, reason, is_open = row
    return Interval(name, start_s, end_s, State(state), reason, bool(is_open))


def availability(database: Database, since_s: float, until_s: float) -> tuple[Availability, ...]:
    """Sum each watched target's seconds by state within the window, and count its outages."""
    rows = database.execute(_AVAILABILITY, {"since_s": since_s, "until_s": until_s})
    return tuple(Availability(name, up, down, unknown, int(n)) for name, up, down, unknown, n in rows)


def retire(database: Database, keep: Iterable[str]) -> tuple[str, ...]:
    """Mark every stored target that is not in ``keep`` as no longer watched; return their names."""
    known = {row[0] for row in database.execute("SELECT name FROM targets WHERE retired = 0")}
    gone = tuple(sorted(known - set(keep)))
    database.executemany("UPDATE targets SET retired = 1 WHERE name = ?", [(name,) for name in gone])
    return gone


def prune(database: Database, before_s: float) -> int:
    """Delete the intervals that ended before a time, except each target's last; return how many."""
    query = "DELETE FROM intervals WHERE t1 < ? AND NOT EXISTS"
    query += " (SELECT 1 FROM seen s WHERE s.target = intervals.target AND s.t0 = intervals.t0)"
    return database.execute(query, (before_s,)).rowcount
