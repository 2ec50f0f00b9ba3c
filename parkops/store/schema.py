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

V2 = """
ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'outage';
ALTER TABLE events ADD COLUMN work_s REAL;
ALTER TABLE events ADD COLUMN work_by TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN resolved_s REAL;
ALTER TABLE events ADD COLUMN closed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN parent INTEGER REFERENCES events (id);
ALTER TABLE events ADD COLUMN change TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN acknowledge_by_s REAL;
ALTER TABLE events ADD COLUMN resolve_by_s REAL;
ALTER TABLE events ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN calm_s REAL NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN muted TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
UPDATE events SET resolved_s = closed_s WHERE closed_s IS NOT NULL;
DROP INDEX events_one_open;
CREATE UNIQUE INDEX events_one_open ON events (target, kind) WHERE resolved_s IS NULL;
CREATE INDEX events_parent ON events (parent);

CREATE TABLE event_steps (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  event  INTEGER NOT NULL REFERENCES events (id),
  time_s REAL NOT NULL,
  step   TEXT NOT NULL,
  by     TEXT NOT NULL,                -- '' for the monitor
  note   TEXT NOT NULL
) STRICT;
CREATE INDEX event_steps_event ON event_steps (event);

CREATE TABLE maintenance (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL,               -- all, role:R, zone:Z, tenant:T, device:D
  reason  TEXT NOT NULL,
  begin_s REAL NOT NULL,
  end_s   REAL NOT NULL,
  by      TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  event    INTEGER NOT NULL REFERENCES events (id),
  receiver TEXT NOT NULL,
  what     TEXT NOT NULL,              -- opened, resolved, ...
  made_s   REAL NOT NULL,
  due_s    REAL NOT NULL,              -- of the next attempt
  attempts INTEGER NOT NULL DEFAULT 0,
  done_s   REAL,                       -- NULL: still waits
  error    TEXT NOT NULL DEFAULT ''    -- of the last attempt
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (due_s) WHERE done_s IS NULL;
"""

V3 = """
CREATE TABLE assessments (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  time_s      REAL NOT NULL,
  park        TEXT NOT NULL,
  plan_digest TEXT NOT NULL,
  profile     TEXT NOT NULL,
  grade       TEXT NOT NULL,
  coverage    REAL NOT NULL,
  passed      INTEGER NOT NULL,
  failed      INTEGER NOT NULL,
  unknown     INTEGER NOT NULL,
  scores      TEXT NOT NULL,           -- JSON: [[id, point, low, high, value], ...]
  verdicts    TEXT NOT NULL            -- JSON: [[catalogue, id, verdict, message], ...]
) STRICT;
"""

V4 = """
CREATE TABLE seen (                    -- how far the last interval of each target reaches
  target INTEGER NOT NULL REFERENCES targets (id),
  t0     REAL NOT NULL,
  t1     REAL NOT NULL,
  PRIMARY KEY (target)
) STRICT, WITHOUT ROWID;

INSERT INTO seen (target, t0, t1)
  SELECT target, t0, t1 FROM intervals i
  WHERE t0 = (SELECT max(t0) FROM intervals WHERE target = i.target);

CREATE TABLE rollups (
  target  INTEGER NOT NULL REFERENCES targets (id),
  name    TEXT NOT NULL,               -- of the measured value, '' for the probe's round trip
  t0      REAL NOT NULL,               -- the full hour
  count   INTEGER NOT NULL,
  ok      INTEGER NOT NULL,
  lost    INTEGER NOT NULL,
  minimum REAL,
  mean    REAL,
  maximum REAL,
  last    REAL,
  sketch  BLOB NOT NULL,
  PRIMARY KEY (t0, target, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX rollups_of_target ON rollups (target, t0, name);

CREATE TABLE raw (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  t0      REAL NOT NULL,
  t1      REAL NOT NULL,
  count   INTEGER NOT NULL,
  samples BLOB NOT NULL
) STRICT;

CREATE TABLE vitals (
  id   INTEGER NOT NULL,
  text TEXT NOT NULL,                  -- JSON of model.Vitals
  PRIMARY KEY (id)
) STRICT;
"""

V5 = """
CREATE TABLE signals (
  device   TEXT NOT NULL,              -- '' for a sender that is no device of the park
  name     TEXT NOT NULL,
  hour     INTEGER NOT NULL,           -- Unix time / 3600
  origin   TEXT NOT NULL,
  severity TEXT NOT NULL,
  heard    INTEGER NOT NULL,           -- how often
  first_s  REAL NOT NULL,
  last_s   REAL NOT NULL,
  text     TEXT NOT NULL,
  clears   INTEGER NOT NULL,
  PRIMARY KEY (device, name, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX signals_last ON signals (last_s);

CREATE TABLE traffic (
  minute_s REAL NOT NULL,
  src      TEXT NOT NULL,              -- zone, or outside
  dst      TEXT NOT NULL,
  service  TEXT NOT NULL,
  flow     TEXT NOT NULL,              -- '' where no flow of the plan allows it
  records  INTEGER NOT NULL,
  packets  INTEGER NOT NULL,
  octets   INTEGER NOT NULL,
  PRIMARY KEY (minute_s, src, dst, service)
) STRICT, WITHOUT ROWID;
"""

V6 = """
-- events and pushes are kept for good: what is looked for each second must not read them all
CREATE INDEX events_open ON events (opened_s, id) WHERE closed_s IS NULL;
CREATE INDEX events_of_target ON events (target, kind, id);
CREATE INDEX deliveries_of_event ON deliveries (event);
DROP INDEX deliveries_waiting;
CREATE INDEX deliveries_waiting ON deliveries (id) WHERE done_s IS NULL;
CREATE INDEX results_of_device ON results (device, push);
"""

MIGRATIONS: tuple[str, ...] = (V1, V2, V3, V4, V5, V6)  # MIGRATIONS[n] lifts a store from version n to n + 1
