"""The push journal: steps on disk before they are taken, in an append-only hash chain (SQLite, fsync)."""

from __future__ import annotations

import json
import os
import pwd
import queue
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from parkops.errors import MachineError, ParkopsError
from parkops.push.chain import GENESIS, Entry, Verification, seal, text_digest, verify

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry(
  seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, who TEXT NOT NULL, tx TEXT NOT NULL, device TEXT NOT NULL,
  step TEXT NOT NULL, detail TEXT NOT NULL, data TEXT NOT NULL, texts TEXT NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS entry_tx ON entry(tx, seq);
CREATE TABLE IF NOT EXISTS text(digest TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_as_written BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE IF NOT EXISTS held(
  device TEXT PRIMARY KEY, tx TEXT NOT NULL, who TEXT NOT NULL, pid INTEGER NOT NULL, since_s REAL NOT NULL
) STRICT, WITHOUT ROWID;
"""
BUSY_S = 10.0
CANNOT = "the push journal cannot be written"


@dataclass(frozen=True, slots=True)
class Note:
    """One entry to be written; ``texts`` are long texts in full, by what they are."""

    tx: str
    device: str
    step: str
    detail: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    time_s: float = 0.0  # 0: now


class _Batch:
    """Notes on their way to disk."""

    __slots__ = ("notes", "written")

    def __init__(self, notes: Sequence[Note]) -> None:
        self.notes = notes
        self.written = threading.Event()


class Journal:
    """An open journal; many threads and processes may write to it.

    One thread writes what all others hand it, as many entries at once as have gathered: one fsync serves a
    whole wave. Whoever is about to change a device waits for it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._who = path, who()
        self._db = open_database(path)
        self._lock = threading.Lock()
        self._trouble: sqlite3.Error | None = None
        self.lenient = False  # what goes back must go back, even where it cannot be written down
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left and close the database."""
        self._batches.put(None)
        self._writer.join()
        self._db.close()

    def write(self, *notes: Note, wait: bool = True) -> None:
        """Append entries; with ``wait`` they are on disk on return. MachineError when they cannot be."""
        now_s = time.time()
        batch = _Batch([note if note.time_s else replace(note, time_s=now_s) for note in notes])
        self._batches.put(batch)
        if wait:
            batch.written.wait()
        if self._trouble is not None and not self.lenient:
            hint = f"{self._trouble}: make room; until then nothing is changed on any device"
            raise MachineError(CANNOT, where=str(self._path), hint=hint)

    def begin(self, note: Note, claim: Callable[[sqlite3.Connection], None]) -> None:
        """Append the first entry of a transaction in the same instant in which it claims what it needs.

        What ``claim`` raises is raised here, and nothing was written.
        """
        stamped = replace(note, time_s=time.time())
        try:
            with self._lock:
                self._append([stamped], claim)
        except sqlite3.Error as error:
            hint = f"{error}: make room; until then nothing is changed on any device"
            raise MachineError(CANNOT, where=str(self._path), hint=hint) from error

    def entries(self, tx: str = "") -> tuple[Entry, ...]:
        """Return the entries of a transaction, or all, in order."""
        return tuple(self._entries(tx))

    def text(self, digest: str) -> str | None:
        """Return a long text by its digest, None when it is not kept."""
        with self._lock:
            row = self._db.execute("SELECT body FROM text WHERE digest=?", (digest,)).fetchone()
        try:
            return None if row is None else zlib.decompress(row[0]).decode()
        except (zlib.error, UnicodeDecodeError):
            return ""  # damaged: its digest will not fit

    def verify(self) -> Verification:
        """Prove that no entry was changed, removed or put in between since it was written."""
        return verify(self._entries(""), self.text)

    def _entries(self, tx: str) -> Iterator[Entry]:
        query = "SELECT * FROM entry WHERE tx=? ORDER BY seq" if tx else "SELECT * FROM entry ORDER BY seq"
        with self._lock:
            rows = self._db.execute(query, (tx,) if tx else ()).fetchall()
        for row in rows:
            seq, time_s, name, of, device, step, detail, data, texts, previous, sealed = row
            yield Entry(
                seq,
                time_s,
                name,
                of,
                device,
                step,
                detail,
                json.loads(data),
                json.loads(texts),
                previous,
                sealed,
            )

    def _write_all(self) -> None:
        """Write batches until the end mark: all that wait in one transaction."""
        batch = self._batches.get()
        while batch is not None:
            gathered, ended = [batch], False
            with suppress(queue.Empty):
                while not ended:
                    more = self._batches.get_nowait()
                    ended = more is None
                    gathered += [more] if more is not None else []
            self._commit(gathered)
            batch = None if ended else self._batches.get()

    def _commit(self, batches: Sequence[_Batch]) -> None:
        try:
            with self._lock:
                self._append([note for batch in batches for note in batch.notes])
        except sqlite3.Error as error:
            self._trouble = error
        for batch in batches:
            batch.written.set()

    def _append(
        self, notes: Sequence[Note], claim: Callable[[sqlite3.Connection], None] = lambda _: None
    ) -> None:
        """Append in one transaction; another process may have written since the last one."""
        if not notes:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            claim(self._db)
            last = self._db.execute("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = last or (0, GENESIS)
            for note in notes:
                seq += 1
                previous = self._insert(note, seq, previous)
            self._db.execute("COMMIT")
        except (sqlite3.Error, ParkopsError):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, note: Note, seq: int, previous: str) -> str:
        texts = {name: text_digest(text) for name, text in note.texts.items()}
        for name, digest in texts.items():
            body = zlib.compress(note.texts[name].encode())
            self._db.execute("INSERT OR IGNORE INTO text VALUES(?,?)", (digest, body))
        entry = Entry(
            seq, note.time_s, self._who, note.tx, note.device, note.step, note.detail, note.data, texts
        )
        sealed = seal(previous, entry.content)
        row = (seq, entry.time_s, entry.who, entry.tx, entry.device, entry.step, entry.detail)
        data, names = _json(note.data), _json(texts)
        self._db.execute(
            "INSERT INTO entry VALUES(?,?,?,?,?,?,?,?,?,?,?)", (*row, data, names, previous, sealed)
        )
        if note.step == "end" and not note.device:  # a transaction's locks end with it, in the same instant
            self._db.execute("DELETE FROM held WHERE tx=?", (note.tx,))
        return sealed


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True)


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the journal's database; what is committed to it is on disk.

    The file is its owner's alone: running configurations may carry password hashes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(SCHEMA)
    except (OSError, sqlite3.Error) as error:
        hint = f"{error}; without a journal nothing is pushed"
        raise MachineError("the push journal cannot be opened", where=str(path), hint=hint) from error
    return database


def who() -> str:
    """Name the user that runs this process, and the one behind sudo."""
    user = str(os.getuid())
    with suppress(KeyError):
        user = pwd.getpwuid(os.getuid()).pw_name
    behind = os.environ.get("SUDO_USER", "")
    return f"{behind} as {user}" if behind and behind != user else user
