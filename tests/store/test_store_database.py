"""The file survives a killed writer, concurrent readers, older schemas; it refuses newer ones."""

import itertools
import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys

import pytest

from parkops.errors import MachineError, ParkopsError
from parkops.model import Sample, State
from parkops.store import Store, schema

WRITER = """
import sys
from pathlib import Path
from parkops.model import Sample, State
from parkops.store import Store
with Store.open(Path(sys.argv[1])) as store:
    for number in range(10**9):
        state = State.DOWN if number % 10 == 9 else State.UP
        store.save_samples(Sample(f"d{n}/icmp", float(number), state) for n in range(20))
        print(number, flush=True)
"""


def test_a_killed_writer_loses_at_most_the_round_in_flight(tmp_path):
    path = tmp_path / "parkops.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        for line in writer.stdout:
            if int(line) >= 137:
                break
        writer.send_signal(signal.SIGKILL)
        told = [int(line) for line in writer.stdout]  # what it had still said before it died
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    last = told[-1] if told else 137
    with Store.open(path) as store:
        latest = store.latest()
        assert len(latest) == 20
        ends = {interval.end_s for interval in latest}
        assert len(ends) == 1, "a round is written whole or not at all"
        assert last <= ends.pop() <= last + 1
        spans = store.intervals("d7/icmp")
        assert all(a.end_s == b.start_s for a, b in itertools.pairwise(spans)), "no hole"
        assert [s.start_s for s in spans if s.state is State.DOWN] == [
            float(n) for n in range(int(spans[-1].end_s) + 1) if n % 10 == 9
        ]


def _read_until(path, enough, answers):
    seen = 0
    with Store.open(path) as store:
        while seen < enough:
            latest = store.latest()
            ends = {interval.end_s for interval in latest}
            if len(ends) > 1:
                answers.put(f"torn round: {ends}")
                return
            seen = max(ends, default=0)
    answers.put("whole")


def test_a_reader_sees_whole_rounds_while_the_monitor_writes(tmp_path):
    path = tmp_path / "parkops.db"
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    with Store.open(path) as store:
        reader = context.Process(target=_read_until, args=(path, 50, answers))
        reader.start()
        try:
            number = 0
            while answers.empty():
                number += 1
                store.save_samples(Sample(f"d{n}/icmp", float(number), State.UP) for n in range(50))
                assert number < 200_000, "the reader does not get on"
            assert answers.get(timeout=5) == "whole"
        finally:
            reader.kill()
            reader.join()


def test_the_file_is_private_and_its_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "parkops.db"
    Store.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_migration_lifts_an_older_store_and_keeps_its_rows(tmp_path, monkeypatch):
    path = tmp_path / "parkops.db"
    with Store.open(path) as store:
        store.save_samples([Sample("a/icmp", 1.0, State.UP)])
    script = "ALTER TABLE running ADD COLUMN note TEXT NOT NULL DEFAULT ''; -- a later version\n"
    monkeypatch.setattr("parkops.store.database.MIGRATIONS", (*schema.MIGRATIONS, script))
    with Store.open(path) as store:
        assert store.latest()[0].target == "a/icmp"
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS) + 1,)
        raw.execute("SELECT note FROM running")


def test_a_failed_migration_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "parkops.db"
    Store.open(path).close()
    script = "ALTER TABLE running ADD COLUMN note TEXT;\nSELECT nonsense FROM nowhere;\n"
    monkeypatch.setattr("parkops.store.database.MIGRATIONS", (*schema.MIGRATIONS, script))
    with pytest.raises(ParkopsError, match="no such table: nowhere"):
        Store.open(path)
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
        assert "note" not in [row[1] for row in raw.execute("PRAGMA table_info(running)")]


def test_a_newer_store_is_refused(tmp_path):
    path = tmp_path / "parkops.db"
    Store.open(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(ParkopsError, match="schema version 99"):
        Store.open(path)


def test_a_file_that_is_no_store_is_said_so(tmp_path):
    path = tmp_path / "parkops.db"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(ParkopsError, match="move the file away"):
        Store.open(path)


def test_a_folder_that_cannot_be_made_is_the_machines_fault(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot open the store"):
        Store.open(tmp_path / "file" / "parkops.db")


def test_a_transaction_is_all_or_nothing(tmp_path):
    with Store.open(tmp_path / "parkops.db") as store:
        with pytest.raises(RuntimeError), store.transaction():
            store.save_samples([Sample("a/icmp", 1.0, State.DOWN)])
            store.open_event("a/icmp", "a", "critical", "x", 1.0)
            raise RuntimeError
        assert store.latest() == ()
        assert store.events() == ()


def test_opening_twice_at_once_is_fine(tmp_path):
    path = tmp_path / "parkops.db"
    code = (
        "import sys; from pathlib import Path; from parkops.store import Store; Store.open(Path(sys.argv[1]))"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path)], env=dict(os.environ)) for _ in range(4)]
    assert [run.wait(timeout=60) for run in runs] == [0, 0, 0, 0]


def test_what_is_looked_for_each_second_reads_no_table_whole(tmp_path):
    """Events, what was told of them, and pushes are kept for good."""
    with Store.open(tmp_path / "parkops.db") as store:
        connection, asked = store._connection._connection, []
        connection.set_trace_callback(asked.append)
        store.events(open_only=True)
        store.find_event("a/icmp")
        store.consequences(1)
        store.deliveries_of(1)
        store.due_deliveries(1.0)
        store.last_results()
        connection.set_trace_callback(None)
        plans = {query: connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in asked}
    assert len(plans) >= 6
    for query, plan in plans.items():
        steps = [row[3] for row in plan]
        whole = [step for step in steps if step.startswith("SCAN") and "INDEX" not in step]
        assert not whole or query.endswith("ORDER BY id DESC LIMIT 1"), query
