"""The raw ring: the samples of the last hours, packed in chunks, bounded in age and in bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from math import isnan, nan

from parkops.model import RawChunk, Sample, State
from parkops.store.database import Database

ITEM = struct.Struct("<IIfB")  # target's id, microseconds after the chunk's start, round trip, state
STATES = (State.UP, State.DOWN, State.UNKNOWN)
MAX_BYTES = 256 << 20


class Ring:
    """Appends chunks; it remembers the ids of targets."""

    def __init__(self, database: Database) -> None:
        """Begin with nothing remembered."""
        self._database = database
        self._ids: dict[str, int] = {}

    def save(self, samples: Sequence[tuple[str, float, int, float | None]]) -> None:
        """Append one chunk of (target, Unix time, index into STATES, round trip or None)."""
        if any(name not in self._ids for name, *_ in samples):
            self._ids = dict(self._database.execute("SELECT name, id FROM targets").fetchall())
        ids = self._ids
        rows = [row for row in samples if row[0] in ids]
        if not rows:
            return
        start_s, end_s = min(row[1] for row in rows), max(row[1] for row in rows)
        pack = ITEM.pack
        packed = b"".join([
            pack(ids[name], int((time_s - start_s) * 1e6), nan if rtt_s is None else rtt_s, state)
            for name, time_s, state, rtt_s in rows
            if time_s - start_s < 4000  # a microsecond count of 32 bits ends there
        ])  # fmt: skip
        self._database.execute(
            "INSERT INTO raw (t0, t1, count, samples) VALUES (?, ?, ?, ?)",
            (start_s, end_s, len(packed) // ITEM.size, packed),
        )


def read(database: Database, since_s: float, until_s: float, target: str | None = None) -> Iterator[Sample]:
    """Yield the samples of a window in the order in which they came."""
    names = dict(database.execute("SELECT id, name FROM targets").fetchall())
    query = "SELECT t0, t1, count, samples FROM raw WHERE t1 >= ? AND t0 <= ? ORDER BY id"
    for row in database.execute(query, (since_s, until_s)).fetchall():
        chunk = RawChunk(*row)
        for number, offset_us, rtt_s, state in ITEM.iter_unpack(bytes(chunk.samples)):
            time_s, name = chunk.start_s + offset_us / 1e6, names.get(number, "")
            if since_s <= time_s <= until_s and target in (None, name):
                yield Sample(name, time_s, STATES[state], None if isnan(rtt_s) else rtt_s)


def prune(database: Database, before_s: float, max_bytes: int = MAX_BYTES) -> int:
    """Delete chunks that ended before a time, and the oldest above ``max_bytes``; return how many."""
    gone = database.execute("DELETE FROM raw WHERE t1 < ?", (before_s,)).rowcount
    kept = 0
    for number, count in database.execute("SELECT id, count FROM raw ORDER BY id DESC").fetchall():
        kept += count * ITEM.size
        if kept > max_bytes:
            return gone + database.execute("DELETE FROM raw WHERE id <= ?", (number,)).rowcount
    return gone
