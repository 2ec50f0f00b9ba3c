"""Outages from opening to closing; at most one event of a target is open."""

from __future__ import annotations

import sqlite3

from parkops.errors import UsageError
from parkops.model import Event

_SELECT = """
SELECT id, target, device, severity, cause, opened_s, acknowledged_s, acknowledged_by, closed_s, note
FROM events
"""


def insert(connection: sqlite3.Connection, event: Event) -> Event:
    """Open an event and return it with its id; return the target's open event if there is one."""
    connection.execute(
        "INSERT INTO events (target, device, severity, cause, opened_s) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (event.target, event.device, event.severity, event.cause, event.opened_s),
    )
    query = _SELECT + "WHERE target = ? AND closed_s IS NULL"
    return Event(*connection.execute(query, (event.target,)).fetchone())


def acknowledge(connection: sqlite3.Connection, event_id: int, by: str, note: str, time_s: float) -> Event:
    """Record who has taken an open event."""
    _still_open(connection, event_id)
    connection.execute(
        "UPDATE events SET acknowledged_s = ?, acknowledged_by = ? WHERE id = ?", (time_s, by, event_id)
    )
    return _append_note(connection, event_id, note)


def close(connection: sqlite3.Connection, event_id: int, time_s: float, note: str) -> Event:
    """Close an open event; it never ends before it began."""
    _still_open(connection, event_id)
    connection.execute("UPDATE events SET closed_s = max(opened_s, ?) WHERE id = ?", (time_s, event_id))
    return _append_note(connection, event_id, note)


def read(connection: sqlite3.Connection, open_only: bool) -> tuple[Event, ...]:
    """Return events in the order in which they opened."""
    where = "WHERE closed_s IS NULL" if open_only else ""
    query = f"{_SELECT} {where} ORDER BY opened_s, id"
    return tuple(Event(*row) for row in connection.execute(query))


def _get(connection: sqlite3.Connection, event_id: int) -> Event:
    row = connection.execute(_SELECT + "WHERE id = ?", (event_id,)).fetchone()
    if row is None:
        raise UsageError(f"there is no event {event_id}", hint="`parkops events` lists them")
    return Event(*row)


def _still_open(connection: sqlite3.Connection, event_id: int) -> None:
    if _get(connection, event_id).closed_s is not None:
        raise UsageError(f"event {event_id} is closed", hint="`parkops events --open` lists the others")


def _append_note(connection: sqlite3.Connection, event_id: int, note: str) -> Event:
    if note:
        connection.execute(
            "UPDATE events SET note = note || CASE note WHEN '' THEN '' ELSE '; ' END || ? WHERE id = ?",
            (note, event_id),
        )
    return _get(connection, event_id)
