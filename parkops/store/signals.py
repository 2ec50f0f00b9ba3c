"""What devices said by themselves: one row for each device, name and hour."""

from __future__ import annotations

from collections.abc import Iterable

from parkops.model import Signal
from parkops.model.traffic import SignalRecord
from parkops.store.database import Database, Row

HOUR_S = 3600
TEXT_LENGTH = 500

_SAVE = """
INSERT INTO signals (device, name, hour, origin, severity, heard, first_s, last_s, text, clears)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (device, name, hour) DO UPDATE SET
  heard = signals.heard + excluded.heard, first_s = LEAST(signals.first_s, excluded.first_s),
  last_s = GREATEST(signals.last_s, excluded.last_s), severity = excluded.severity,
  text = excluded.text, clears = excluded.clears
"""

_SELECT = "SELECT device, name, origin, severity, heard, first_s, last_s, text, clears FROM signals"


def save(connection: Database, signals: Iterable[Signal]) -> None:
    """Add signals up, in the order in which they came."""
    rows: dict[tuple[str, str, int], SignalRecord] = {}
    for one in signals:
        key = (one.device, one.name, int(one.time_s) // HOUR_S)
        before = rows.get(key)
        rows[key] = SignalRecord(
            one.device,
            one.name,
            one.origin,
            one.severity,
            1 + (before.count if before else 0),
            min(one.time_s, before.first_s) if before else one.time_s,
            max(one.time_s, before.last_s) if before else one.time_s,
            one.text.replace("\0", "")[:TEXT_LENGTH],
            one.clears,
        )
    connection.executemany(_SAVE, (_row(hour, row) for (_, _, hour), row in rows.items()))


def _row(hour: int, row: SignalRecord) -> Row:
    told = (row.origin, row.severity, row.count, row.first_s, row.last_s, row.text, int(row.clears))
    return (row.device, row.name, hour, *told)


def read(
    connection: Database, since_s: float | None, device: str | None, prefix: str = ""
) -> tuple[SignalRecord, ...]:
    """Return what was heard since a Unix time, of one device or of all, the oldest first.

    With a ``prefix``, only that of which the name begins with it.
    """
    where: list[str] = ["1 = 1"]
    values: list[float | str] = []
    if since_s is not None:
        where.append("last_s >= ?")
        values.append(since_s)
    if prefix:
        where.append("substr(name, 1, ?) = ?")
        values += [len(prefix), prefix]
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY last_s, device, name"
    rows = (_record(*row) for row in connection.execute(query, values))
    return tuple(row for row in rows if device is None or row.device == device)


def _record(
    device: str, name: str, origin: str, severity: str, count: int, first_s: float, last_s: float, text: str,
    clears: int,
) -> SignalRecord:  # fmt: skip
    return SignalRecord(device, name, origin, severity, count, first_s, last_s, text, bool(clears))


def prune(connection: Database, before_s: float, kept: str = "", kept_before_s: float = 0.0) -> int:
    """Delete what was last heard before a Unix time; return how many rows.

    What begins with ``kept`` stays until a time of its own.
    """
    query = "DELETE FROM signals WHERE (last_s < ? AND (? = 0 OR substr(name, 1, ?) <> ?)) OR last_s < ?"
    values = (before_s, len(kept), len(kept), kept, kept_before_s if kept else before_s)
    return connection.execute(query, values).rowcount
