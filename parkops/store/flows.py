"""What passed between the places of the park, added up by minute."""

from __future__ import annotations

from collections.abc import Iterable

from parkops.model.traffic import Traffic
from parkops.store.database import Database

_SAVE = """
INSERT INTO traffic (minute_s, src, dst, service, flow, records, packets, octets)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (minute_s, src, dst, service) DO UPDATE SET
  flow = excluded.flow, records = traffic.records + excluded.records,
  packets = traffic.packets + excluded.packets, octets = traffic.octets + excluded.octets
"""


def save(connection: Database, traffic: Iterable[Traffic]) -> None:
    """Add to what is kept of the same minutes, places and services."""
    rows = ((t.minute_s, t.src, t.dst, t.service, t.flow, t.records, t.packets, t.octets) for t in traffic)
    connection.executemany(_SAVE, rows)


def read(connection: Database, since_s: float, until_s: float) -> tuple[Traffic, ...]:
    """Return the minutes that begin within a window (Unix times), by time and places."""
    rows = connection.execute(
        "SELECT minute_s, src, dst, service, flow, records, packets, octets FROM traffic"
        " WHERE minute_s >= ? AND minute_s <= ? ORDER BY minute_s, src, dst, service",
        (since_s, until_s),
    )
    return tuple(Traffic(*row) for row in rows)


def prune(connection: Database, before_s: float) -> int:
    """Delete minutes before a Unix time; return how many rows."""
    return connection.execute("DELETE FROM traffic WHERE minute_s < ?", (before_s,)).rowcount
