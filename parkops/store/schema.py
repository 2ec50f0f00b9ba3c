"""The tables of the store, one script per schema version; a released script is never edited."""

from __future__ import annotations

V1 = """
CREATE TABLE targets (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  retired INTEGER NOT NULL DEFAULT 0   -- 1: no longer in the plan
) STRICT;

CREATE TABLE intervals (
  target INTEGER NOT NULL REFERENCES targets (id),
  t0     REAL NOT NULL,                -- Unix time, seconds
  t1     REAL NOT NULL,                -- last sample, or the start of the next interval
  state  TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (target, t0)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  target          TEXT NOT NULL,
  device          TEXT NOT NULL,
  severity        TEXT NOT NULL,
  cause           TEXT NOT NULL,
  opened_s        REAL NOT NULL,
  acknowledged_s  REAL,
  acknowledged_by TEXT NOT NULL DEFAULT '',
  closed_s        REAL,
  note            TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX events_one_open ON events (target) WHERE closed_s IS NULL;

CREATE TABLE reach (
  expectation TEXT PRIMARY KEY,
  passed      INTEGER,                 -- NULL: could not be tried
  time_s      REAL NOT NULL,
  detail      TEXT NOT NULL,
  rtt_s       REAL
) STRICT;

CREATE TABLE pushes (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  time_s REAL NOT NULL
) STRICT;

CREATE TABLE results (
  push       INTEGER NOT NULL REFERENCES pushes (id),
  device     TEXT NOT NULL,
  driver     TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  message    TEXT NOT NULL,
  diff       TEXT NOT NULL,
  steps      TEXT NOT NULL,            -- JSON: [[name, detail, time_s], ...]
  duration_s REAL NOT NULL,
  PRIMARY KEY (push, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE running (
  device       TEXT PRIMARY KEY,
  driver       TEXT NOT NULL,
  text         TEXT NOT NULL,
  time_s       REAL NOT NULL,
  files        TEXT NOT NULL,          -- JSON: [[path, text], ...]
  capabilities TEXT NOT NULL           -- JSON: [uri, ...]
) STRICT;

CREATE TABLE evidence (
  kind      TEXT NOT NULL,
  subject   TEXT NOT NULL,
  source    TEXT NOT NULL,
  text      TEXT NOT NULL,
  time_s    REAL,
  max_age_s REAL,
  digest    TEXT NOT NULL,
  PRIMARY KEY (kind, subject, source)
) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (V1,)  # MIGRATIONS[n] lifts a store from version n to n + 1
