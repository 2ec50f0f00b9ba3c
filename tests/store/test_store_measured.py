"""Rollups, the raw ring, retention, and how the monitor did: on both kinds of stores."""

import csv
import io
import subprocess
import sys

import pytest

from parkops.errors import MachineError
from parkops.model import Rollup, Sample, State, Vitals
from parkops.sketch import Sketch
from parkops.store import Store, raw
from parkops.store.export import TABLES, write_csv, write_parquet

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


def hour(target, start_s, name="", values=(0.001, 0.002)):
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    mean = sum(values) / len(values)
    return Rollup(target, name, start_s, 3, 2, 1, min(values), mean, max(values), values[-1], sketch.dump())


def seen(store, *names, time_s=0.0):
    store.save_samples(Sample(name, time_s, UP) for name in names)


def test_rollups_are_replaced_by_their_latest_form_and_read_by_window(store):
    seen(store, "a/icmp", "b/icmp")
    store.save_rollups([hour("a/icmp", 0), hour("b/icmp", 0), hour("a/icmp", 3600)])
    store.save_rollups([hour("a/icmp", 3600, values=(0.5,)), hour("a/icmp", 3600, "offset_s", (-0.1, 0.1))])
    found = store.rollups(3600, 7200)
    assert [(r.target, r.name, r.maximum) for r in found] == [
        ("a/icmp", "", 0.5),
        ("a/icmp", "offset_s", 0.1),
    ]
    assert Sketch.load(found[0].sketch).quantile(0.5) == pytest.approx(0.5, rel=0.01)
    assert [r.start_s for r in store.rollups(0, 3600)] == [0, 0]


def test_the_raw_ring_gives_samples_back_and_is_bounded(store, monkeypatch):
    seen(store, "a/icmp", "b/icmp")
    store.save_raw([("a/icmp", 1000.25, 0, 0.0125), ("b/icmp", 1001.5, 1, None), ("gone/icmp", 1.0, 0, 0.1)])
    store.save_raw([("a/icmp", 2000.0, 2, None)])
    assert store.raw(0, 3000) == (
        Sample("a/icmp", 1000.25, UP, pytest.approx(0.0125)),
        Sample("b/icmp", 1001.5, DOWN),
        Sample("a/icmp", 2000.0, UNKNOWN),
    )
    assert [s.time_s for s in store.raw(1001, 1999)] == [1001.5]
    assert [s.time_s for s in store.raw(0, 3000, "a/icmp")] == [1000.25, 2000.0]
    monkeypatch.setattr(raw.prune, "__defaults__", (raw.ITEM.size,))  # room for one sample
    store.prune(0, 0, 0)
    assert [s.time_s for s in store.raw(0, 3000)] == [2000.0]


def test_retention_deletes_what_is_old_and_never_the_current_state(store):
    seen(store, "a/icmp")
    store.save_samples([Sample("a/icmp", 100, DOWN), Sample("a/icmp", 200, UP), Sample("a/icmp", 300, UP)])
    store.save_rollups([hour("a/icmp", 0), hour("a/icmp", 3600)])
    store.save_raw([("a/icmp", 50.0, 0, 0.1)])
    assert store.prune(1e9, 3600, 1e9, dry_run=True) == (1, 1, 2, 0)
    assert len(store.intervals()) == 3
    assert store.prune(1e9, 3600, 1e9) == (1, 1, 2, 0)
    assert [(i.start_s, i.end_s, i.open) for i in store.intervals()] == [(200, 300, True)]
    assert [r.start_s for r in store.rollups(0, 1e9)] == [3600]
    assert store.raw(0, 1e9) == ()


def test_extending_and_changing_agree_with_saving_each_sample(store):
    seen(store, "a/icmp", "b/icmp", time_s=10)
    store.extend([("a/icmp", 20.0), ("b/icmp", 15.0), ("nobody/icmp", 20.0)])
    store.save_samples([Sample("a/icmp", 25, DOWN)])
    store.extend([("a/icmp", 30.0)])
    assert [(i.target, i.start_s, i.end_s, i.state) for i in store.intervals()] == [
        ("a/icmp", 10, 25, UP),
        ("a/icmp", 25, 30, DOWN),
        ("b/icmp", 10, 15, UP),
    ]
    (a, b) = store.availability(0, 100)
    assert (a.up_s, a.down_s, a.outages) == (15, 5, 1)
    assert b.up_s == 5


def test_a_rolled_back_write_is_not_remembered(store):
    seen(store, "a/icmp", time_s=10)
    with pytest.raises(RuntimeError), store.transaction():
        store.save_samples([Sample("a/icmp", 20, DOWN)])
        raise RuntimeError
    store.save_samples([Sample("a/icmp", 30, UP)])
    assert [(i.start_s, i.end_s, i.state) for i in store.intervals()] == [(10, 30, UP)]


def test_two_connections_see_each_others_writes(tmp_path):
    path = tmp_path / "parkops.db"
    with Store.open(path) as one, Store.open(path) as two:
        seen(one, "a/icmp", time_s=10)
        two.save_samples([Sample("a/icmp", 20, DOWN)])
        one.save_samples([Sample("a/icmp", 30, DOWN)])
        assert [(i.start_s, i.end_s) for i in two.intervals()] == [(10, 20), (20, 30)]


def test_vitals(store):
    assert store.vitals() is None
    store.save_vitals(Vitals(1.0, 2.0, gaps=3, last_gap_s=1.5))
    store.save_vitals(Vitals(1.0, 9.0, gaps=4))
    assert store.vitals() == Vitals(1.0, 9.0, gaps=4)
    assert dict(store.counts())["targets"] == 0


def test_an_outage_that_began_before_the_window_and_goes_on_counts_once(store):
    seen(store, "a/icmp", time_s=0)
    store.save_samples([Sample("a/icmp", 100, DOWN)])
    store.extend([("a/icmp", 500.0)])
    (whole,) = store.availability(0, 1000)
    assert (whole.up_s, whole.down_s, whole.outages) == (100, 400, 1)
    (part,) = store.availability(200, 300)
    assert (part.up_s, part.down_s, part.outages) == (0, 100, 1)


def filled(store):
    seen(store, "a/icmp", "名/icmp")
    store.save_samples([Sample("a/icmp", 100, DOWN, reason='says "no", twice')])
    store.save_rollups([hour("a/icmp", 0), hour("a/icmp", 0, "offset_s")])
    store.save_raw([("a/icmp", 50.0, 0, 0.1)])
    store.open_event("a/icmp", "a", "critical", "no reply", 100.0)
    return store


@pytest.mark.parametrize(("what", "count"), [("intervals", 3), ("rollups", 2), ("events", 1), ("raw", 1)])
def test_export_as_csv_and_parquet_say_the_same(store, tmp_path, what, count):
    pq = pytest.importorskip("pyarrow.parquet")
    filled(store)
    table, text, path = TABLES[what], io.StringIO(), tmp_path / "out.parquet"
    assert write_csv(table, table.rows(store, 0, 1000), text) == count
    assert write_parquet(table, table.rows(store, 0, 1000), path) == count
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    read = pq.read_table(path).to_pylist()
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in read] == [
        {k: _as(table, k, v) for k, v in row.items()} for row in rows
    ]
    assert list(tmp_path.glob(".*part")) == []


def _as(table, name, text):
    return str(float(text)) if text and dict(table.columns)[name] == "double" else text


def test_without_pyarrow_it_says_what_is_missing(store, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MachineError, match="needs pyarrow"):
        write_parquet(TABLES["raw"], iter(()), tmp_path / "x.parquet")


def test_a_server_that_is_not_there_is_the_machines_fault(tmp_path):
    with pytest.raises(MachineError, match="cannot open the store") as error:
        Store.open(f"postgresql://me:secret@/park?host={tmp_path}")
    assert "secret" not in str(error.value)


WRITER = """
import sys
from parkops.model import Sample, State
from parkops.store import Store
with Store.open(sys.argv[1]) as store:
    for number in range(10**9):
        with store.transaction():
            state = State.DOWN if number % 10 == 9 else State.UP
            store.save_samples(Sample(f"d{n}/icmp", float(number), state) for n in range(20))
        print(number, flush=True)
"""


def test_a_killed_writer_loses_at_most_the_round_in_flight_on_postgres(postgres):
    url = postgres.new()
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as writer:
        for line in writer.stdout:
            if int(line) >= 57:
                break
        writer.kill()
        told = [57, *(int(line) for line in writer.stdout)]
    with Store.open(url) as store:
        ends = {interval.end_s for interval in store.latest()}
        assert len(ends) == 1, "a round is written whole or not at all"
        assert told[-1] <= ends.pop() <= told[-1] + 1


def test_opening_a_new_database_twice_at_once_is_fine(postgres):
    url = postgres.new()
    code = "import sys; from parkops.store import Store; Store.open(sys.argv[1])"
    runs = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(3)]
    assert [run.wait(timeout=60) for run in runs] == [0, 0, 0]
