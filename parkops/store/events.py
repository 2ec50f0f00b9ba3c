"""Events from detection to closing, and the steps of their lives; steps are added and never changed."""

from __future__ import annotations

from parkops.errors import UsageError
from parkops.model import Event, EventStep, Phase
from parkops.store.database import Database

_SELECT = (
    "SELECT id, target, device, severity, cause, opened_s, acknowledged_s, acknowledged_by, closed_s, note,"
    " kind, work_s, work_by, resolved_s, closed_by, parent, change, acknowledge_by_s, resolve_by_s, reopened,"
    " calm_s, muted, tenant FROM events "
)
_SET = {
    "cause": "UPDATE events SET cause = ? WHERE id = ?",
    "severity": "UPDATE events SET severity = ? WHERE id = ?",
    "parent": "UPDATE events SET parent = ? WHERE id = ?",
    "change": "UPDATE events SET change = ? WHERE id = ?",
    "muted": "UPDATE events SET muted = ? WHERE id = ?",
}
_OLD = """
SELECT id FROM events
WHERE closed_s < ? AND NOT EXISTS (
  SELECT 1 FROM events AS later
  WHERE later.parent = events.id AND (later.closed_s IS NULL OR later.closed_s >= ?)
)
"""
_STEPS = "SELECT event, time_s, step, by, note FROM event_steps "


def insert(connection: Database, event: Event) -> Event:
    """Open an event and return it with its id, or what is unresolved of its target and kind."""
    values = (
        event.target, event.device, event.severity, event.cause, event.opened_s, event.kind,
        event.acknowledge_by_s, event.resolve_by_s, event.muted, event.tenant, event.parent,
    )  # fmt: skip
    row = connection.execute(
        "INSERT INTO events (target, device, severity, cause, opened_s, kind, acknowledge_by_s,"
        " resolve_by_s, muted, tenant, parent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING id",
        values,
    ).fetchone()
    if row is None:
        query = _SELECT + "WHERE target = ? AND kind = ? AND resolved_s IS NULL"
        return Event(*connection.execute(query, (event.target, event.kind)).fetchone())
    add_step(connection, EventStep(row[0], event.opened_s, Phase.DETECTED, note=event.cause))
    if event.muted:
        add_step(connection, EventStep(row[0], event.opened_s, "muted", note=event.muted))
    return get(connection, row[0])


def acknowledge(connection: Database, event_id: int, by: str, note: str, time_s: float) -> Event:
    """Record who has taken an open event, and all that follows from it."""
    still_open(connection, event_id)
    for event in family(connection, event_id):
        connection.execute(
            "UPDATE events SET acknowledged_s = ?, acknowledged_by = ? WHERE id = ?", (time_s, by, event.id)
        )
        add_step(connection, EventStep(event.id, time_s, Phase.ACKNOWLEDGED, by, note))
    return append_note(connection, event_id, note)


def work(connection: Database, event_id: int, by: str, note: str, time_s: float) -> Event:
    """Record who works on an open event; whoever does has taken it, too."""
    event = still_open(connection, event_id)
    if event.acknowledged_s is None:
        acknowledge(connection, event_id, by, "", time_s)
    connection.execute("UPDATE events SET work_s = ?, work_by = ? WHERE id = ?", (time_s, by, event_id))
    add_step(connection, EventStep(event_id, time_s, Phase.IN_WORK, by, note))
    return append_note(connection, event_id, note)


def resolve(connection: Database, event_id: int, by: str, note: str, time_s: float) -> Event:
    """Record when what was wrong ended; it never ended before it began."""
    event = still_open(connection, event_id)
    if event.resolved_s is not None:
        raise UsageError(f"event {event_id} is resolved already", hint="`parkops events close` ends its life")
    time_s = max(event.opened_s, time_s)
    connection.execute("UPDATE events SET resolved_s = ? WHERE id = ?", (time_s, event_id))
    add_step(connection, EventStep(event_id, time_s, Phase.RESOLVED, by, note))
    return append_note(connection, event_id, note)


def close(connection: Database, event_id: int, time_s: float, note: str, by: str) -> Event:
    """Close an open event; what was not resolved before ends with it."""
    event = still_open(connection, event_id)
    time_s = max(event.opened_s, event.resolved_s or 0.0, time_s)
    ended_s = time_s if event.resolved_s is None else event.resolved_s
    connection.execute(
        "UPDATE events SET closed_s = ?, resolved_s = ?, closed_by = ? WHERE id = ?",
        (time_s, ended_s, by, event_id),
    )
    add_step(connection, EventStep(event_id, time_s, Phase.CLOSED, by, note))
    return append_note(connection, event_id, note)


def reopen(connection: Database, event: Event, time_s: float, cause: str) -> Event:
    """Go on with an event that came back; the time in between does not count to its length."""
    ended_s = event.closed_s if event.resolved_s is None else event.resolved_s
    calm_s = event.calm_s + max(0.0, time_s - (time_s if ended_s is None else ended_s))
    connection.execute(
        "UPDATE events SET resolved_s = NULL, closed_s = NULL, closed_by = '', reopened = reopened + 1,"
        " calm_s = ?, parent = NULL WHERE id = ?",
        (calm_s, event.id),
    )
    add_step(connection, EventStep(event.id, time_s, "reopened", note=cause))
    return get(connection, event.id)


def append_note(connection: Database, event_id: int, note: str) -> Event:
    """Add to what is known of an event."""
    if note:
        connection.execute(
            "UPDATE events SET note = note || CASE note WHEN '' THEN '' ELSE '; ' END || ? WHERE id = ?",
            (note, event_id),
        )
    return get(connection, event_id)


def change(connection: Database, event_id: int, column: str, value: object) -> Event:
    """Set one of: cause, severity, parent, change, muted."""
    connection.execute(_SET[column], (value, event_id))
    return get(connection, event_id)


def read(connection: Database, open_only: bool) -> tuple[Event, ...]:
    """Return events in the order in which they opened."""
    where = "WHERE closed_s IS NULL" if open_only else ""
    query = f"{_SELECT} {where} ORDER BY opened_s, id"
    return tuple(Event(*row) for row in connection.execute(query))


def find(connection: Database, target: str, kind: str) -> Event | None:
    """Return the latest event of a target and kind, open or not."""
    query = _SELECT + "WHERE target = ? AND kind = ? ORDER BY resolved_s IS NULL DESC, id DESC LIMIT 1"
    row = connection.execute(query, (target, kind)).fetchone()
    return None if row is None else Event(*row)


def family(connection: Database, event_id: int) -> tuple[Event, ...]:
    """Return an event with its consequences that are not closed."""
    query = _SELECT + "WHERE id = ? OR (parent = ? AND closed_s IS NULL) ORDER BY id <> ?, id"
    return tuple(Event(*row) for row in connection.execute(query, (event_id,) * 3))


def get(connection: Database, event_id: int) -> Event:
    """Return an event; UsageError when there is none of that number."""
    row = connection.execute(_SELECT + "WHERE id = ?", (event_id,)).fetchone()
    if row is None:
        raise UsageError(f"there is no event {event_id}", hint="`parkops events --all` lists them")
    return Event(*row)


def still_open(connection: Database, event_id: int) -> Event:
    """Return an event that is not closed; UsageError for another one."""
    event = get(connection, event_id)
    if event.closed_s is not None:
        raise UsageError(f"event {event_id} is closed", hint="`parkops events --open` lists the others")
    return event


def prune(connection: Database, before_s: float) -> int:
    """Delete the events that were closed before a time, with all that hangs on them; return how many.

    The cause of one that stays, stays as well.
    """
    rows = connection.execute(_OLD, (before_s, before_s)).fetchall()
    for query in (
        "DELETE FROM deliveries WHERE event = ?",
        "DELETE FROM event_steps WHERE event = ?",
        "UPDATE events SET parent = NULL WHERE parent = ?",
        "DELETE FROM events WHERE id = ?",
    ):
        connection.executemany(query, rows)
    return len(rows)


def add_step(connection: Database, step: EventStep) -> None:
    """Add to an event's history."""
    connection.execute(
        "INSERT INTO event_steps (event, time_s, step, by, note) VALUES (?, ?, ?, ?, ?)",
        (step.event, step.time_s, str(step.step), step.by, step.note),
    )


def steps(connection: Database, event_id: int | None) -> tuple[EventStep, ...]:
    """Return the history of an event, or of all, in the order in which it was written."""
    if event_id is None:
        rows = connection.execute(_STEPS + "ORDER BY id")
    else:
        rows = connection.execute(_STEPS + "WHERE event = ? ORDER BY id", (event_id,))
    return tuple(EventStep(*row) for row in rows)
