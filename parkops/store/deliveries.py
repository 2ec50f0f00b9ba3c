"""What is to be told to whom: a queue that outlives the monitor; and planned work that people add."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.errors import UsageError
from parkops.model import Window
from parkops.store.database import Database


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message about an event to one receiver; ``due_s`` is when it is tried next."""

    id: int
    event: int
    receiver: str
    what: str  # opened | reopened | worse | resolved | closed | overdue
    made_s: float
    due_s: float
    attempts: int = 0
    done_s: float | None = None
    error: str = ""


_WAITING = """
SELECT id, event, receiver, what, made_s, due_s, attempts, done_s, error FROM deliveries AS d
WHERE done_s IS NULL
"""
_IN_ORDER = """
AND due_s <= ? AND NOT EXISTS (
  SELECT 1 FROM deliveries AS before
  WHERE before.event = d.event AND before.receiver = d.receiver AND before.done_s IS NULL AND before.id < d.id
)
"""
_WINDOWS = "SELECT id, subject, reason, begin_s, end_s, by FROM maintenance "


def put(connection: Database, item: Delivery) -> None:
    """Add a message to the queue."""
    connection.execute(
        "INSERT INTO deliveries (event, receiver, what, made_s, due_s) VALUES (?, ?, ?, ?, ?)",
        (item.event, item.receiver, item.what, item.made_s, item.due_s),
    )


def due(connection: Database, time_s: float | None, limit: int) -> tuple[Delivery, ...]:
    """Return messages that wait and are due (all that wait for None), the oldest first.

    One that is due waits for what the same receiver is told of the same event before it.
    """
    if time_s is None:
        rows = connection.execute(_WAITING + "ORDER BY id LIMIT ?", (limit,))
    else:
        rows = connection.execute(_WAITING + _IN_ORDER + "ORDER BY id LIMIT ?", (time_s, limit))
    return tuple(Delivery(*row) for row in rows)


def of_event(connection: Database, event_id: int) -> tuple[Delivery, ...]:
    """Return all messages about an event."""
    rows = connection.execute(
        "SELECT id, event, receiver, what, made_s, due_s, attempts, done_s, error FROM deliveries"
        " WHERE event = ? ORDER BY id",
        (event_id,),
    )
    return tuple(Delivery(*row) for row in rows)


def settle(connection: Database, number: int, time_s: float, error: str = "") -> None:
    """Take a message off the queue; with an error, it was given up."""
    connection.execute(
        "UPDATE deliveries SET done_s = ?, attempts = attempts + 1, error = ? WHERE id = ?",
        (time_s, error, number),
    )


def put_off(connection: Database, number: int, due_s: float, error: str, tried: bool) -> None:
    """Try a message again later."""
    connection.execute(
        "UPDATE deliveries SET due_s = ?, attempts = attempts + ?, error = ? WHERE id = ?",
        (due_s, int(tried), error, number),
    )


def add_window(connection: Database, window: Window) -> Window:
    """Keep a span of planned work; return it with its number."""
    row = connection.execute(
        "INSERT INTO maintenance (subject, reason, begin_s, end_s, by) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (window.subject, window.reason, window.begin_s, window.end_s, window.by),
    ).fetchone()
    return windows(connection, int(row[0]))[0]


def end_window(connection: Database, number: int, time_s: float) -> Window:
    """End planned work now; UsageError when there is none of that number, or it is over."""
    found = windows(connection, number)
    if not found:
        raise UsageError(f"there is no planned work {number}", hint="`parkops maintenance list` shows it")
    if found[0].end_s <= time_s:
        raise UsageError(f"planned work {number} is over", hint="`parkops maintenance list` shows the rest")
    end_s = max(found[0].begin_s, time_s)
    connection.execute("UPDATE maintenance SET end_s = ? WHERE id = ?", (end_s, number))
    return windows(connection, number)[0]


def windows(connection: Database, number: int | None = None) -> tuple[Window, ...]:
    """Return planned work that people added, by its begin."""
    if number is None:
        rows = connection.execute(_WINDOWS + "ORDER BY begin_s, id")
    else:
        rows = connection.execute(_WINDOWS + "WHERE id = ?", (number,))
    return tuple(
        Window(f"#{row[0]}", row[1], row[2], row[3], row[4], by=row[5], number=row[0]) for row in rows
    )
