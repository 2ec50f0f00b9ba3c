"""The verbs availability, export and store, as a user calls them on a park that was watched."""

import csv
import io
import json
import re
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from parkops.cli import cli
from parkops.errors import UsageError
from parkops.model import Event, Sample, State, Vitals, Workspace
from parkops.monitor.hours import Hours
from parkops.pipeline import load_park
from parkops.store import Store

DEMO = Path(__file__).parents[2] / "inventories" / "demo"
DAY_S = 86_400.0
UP, DOWN = State.UP, State.DOWN


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The demo park, watched for two days; core-1 was down for an hour, six hours ago."""
    folder = tmp_path_factory.mktemp("park")
    for name in ("park.yaml", "park.lock"):
        shutil.copy(DEMO / name, folder)
    workspace = Workspace(folder)
    park, now_s = load_park(workspace), time.time()
    hours = Hours(park.targets)
    with Store.open(workspace.database) as store, store.transaction():
        for index, target in enumerate(park.targets):
            store.save_samples([Sample(target.id, now_s - 2 * DAY_S, UP)])
            if target.id == "core-1/icmp":
                store.save_samples(
                    [
                        Sample(target.id, now_s - 6 * 3600, DOWN, reason="no answer"),
                        Sample(target.id, now_s - 5 * 3600, UP),
                    ]
                )
                store.open_event(target.id, "core-1", "critical", "no answer", now_s - 6 * 3600)
            store.extend([(target.id, now_s)])
            for step in range(20):
                hours.take(index, Sample(target.id, now_s - 60 * step, UP, 0.002))
        store.save_rollups(hours.all())
        store.save_raw([("core-1/icmp", now_s - 1, 0, 0.002)])
        store.save_vitals(Vitals(now_s - 2 * DAY_S, now_s, gaps=2, gap_s=90.0))
    return folder


def call(folder, *arguments, width=80):
    done = CliRunner().invoke(
        cli, ["-p", str(folder), *arguments], env={"COLUMNS": str(width)}, standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    return done.output


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("by", ["tenant", "zone", "device", "role", "flow", "class", "target", "park"])
def test_availability_fits_the_terminal_and_begins_with_the_worst(watched, by, width):
    said = call(
        watched, "availability", "--from", "-1d", "--by", by, "--objectives", "--coverage", width=width
    )
    assert max(map(len, said.splitlines())) <= width
    assert "available" in said
    worst = {"device": "core-1", "role": "core", "target": "core-1/icmp", "park": "demo"}.get(by)
    if worst:
        rows = said.split("─\n", 1)[1]
        assert rows.startswith(worst)
    assert re.search(r"\d\.\d % of", said), "two days are no thirty: the share that was measured"
    assert "identifier nodes that answer" in said


def test_availability_for_programs(watched):
    told = json.loads(call(watched, "availability", "--from", "-1d", "--by", "target", "--json"))
    assert (told["kind"], told["version"]) == ("parkops.availability", 1)
    first = told["groups"][0]
    assert (first["name"], first["outages"], first["down_s"]) == ("core-1/icmp", 1, pytest.approx(3600))
    assert first["availability"] == pytest.approx(23 / 24, rel=1e-3)
    assert first["rtt_p95_s"] == pytest.approx(0.002, rel=0.01)
    assert told["outages"][0]["target"] == "core-1/icmp"
    assert {"objective", "held", "burns"} <= set(told["objectives"][0])
    assert {c["basis"] for c in told["coverage"]} == {"plan", "live"}


def test_a_budget_of_nothing_is_overspent_in_json_too(watched, tmp_path):
    shutil.copytree(watched, tmp_path, dirs_exist_ok=True)
    plan = (tmp_path / "park.yaml").read_text()
    assert "objective_percent: 99.9}" in plan
    (tmp_path / "park.yaml").write_text(plan.replace("objective_percent: 99.9}", "objective_percent: 100}"))

    def refuse(word):
        raise AssertionError(f"{word} is no JSON (RFC 8259, 6)")

    told = json.loads(call(tmp_path, "availability", "--from", "-1d", "--json"), parse_constant=refuse)
    rates = [burn["rate"] for goal in told["objectives"] for burn in goal["burns"]]
    assert max(rate for rate in rates if rate is not None) > 1e6


def test_a_window_that_reaches_into_the_future_ends_now(watched):
    told = json.loads(call(watched, "availability", "--from", "-1d", "--to", "2126-01-01", "--json"))
    assert told["to_s"] == pytest.approx(time.time(), abs=600)
    assert sum(c["numerator"] for c in told["coverage"] if c["basis"] == "live") > 0, "seen alive just now"
    said = call(watched, "availability", "--from", "-1d", "--to", "2126-01-01", width=120)
    assert re.search(r" (100|99\.\d+) % of the time of 116 targets is known", said)
    with pytest.raises(UsageError, match="has not begun yet"):
        call(watched, "availability", "--from", "2125-01-01", "--to", "2126-01-01")


def test_outages_stand_under_their_root_cause_and_other_events_are_none(watched):
    now_s = time.time()
    with Store.open(Workspace(watched).database) as store, store.transaction():
        (cause,) = store.events()
        for target, device, kind, when_s in (
            ("core-1/ssh", "core-1", "outage", now_s - 5.9 * 3600),
            ("core-2/icmp", "core-2", "loss", now_s - 5 * 3600),
            ("gone/icmp", "gone", "outage", now_s - 5 * 3600),
        ):
            store.add_event(Event(0, target, device, "critical", "no answer", when_s, kind=kind))
        child = store.find_event("core-1/ssh")
        store.change_event(child.id, "parent", cause.id)
    try:
        for width in (80, 120):
            said = call(watched, "availability", "--from", "-1d", "--outages", width=width)
            assert said.index(" core-1/icmp: no answer") < said.index("└ core-1/ssh: no answer")
            assert "core-2/icmp" not in said
            assert "gone/icmp" not in said
            assert max(map(len, said.splitlines())) <= width
        told = json.loads(call(watched, "availability", "--from", "-1d", "--json"))
        assert [(e["target"], e["parent"]) for e in told["outages"]] == [
            ("core-1/icmp", None), ("core-1/ssh", cause.id),
        ]  # fmt: skip
        said = call(watched, "availability", "--from", "-5h", "--outages")
        assert "core-1/ssh" in said
    finally:
        with Store.open(Workspace(watched).database) as store, store.transaction():
            for event in store.events():
                if event.id != cause.id:
                    store.close_event(event.id, now_s - 5.9 * 3600)


def test_availability_as_csv(watched):
    rows = list(
        csv.DictReader(io.StringIO(call(watched, "availability", "--from", "-1d", "--by", "device", "--csv")))
    )
    assert rows[0]["name"] == "core-1"
    assert float(rows[0]["mttr_s"]) == pytest.approx(3600)


def test_a_window_before_the_outage_has_none(watched):
    told = json.loads(
        call(watched, "availability", "--from", "-2d", "--to", "-12h", "--by", "park", "--json")
    )
    assert told["groups"][0]["outages"] == 0
    assert told["outages"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("availability", "--from", "soon"), "'soon' is no time"),
        (("availability", "--from", "now", "--to", "-1d"), "ends before it begins"),
        (("export", "raw", "--format", "parquet"), "Parquet is written to a file"),
        (("store", "prune", "--raw", "some"), "'some' is no time"),
        (("store", "prune", "--events", "30d"), "six months at least"),
    ],
)
def test_wrong_calls_say_what_is_wrong(watched, arguments, words):
    with pytest.raises(UsageError, match=words):
        call(watched, *arguments)


def test_another_store_than_postgresql_is_refused(watched):
    with pytest.raises(UsageError, match="URL of PostgreSQL"):
        call(watched, "--store", "mysql://x", "store")


def test_export_to_the_screen_to_files_and_not_at_all(watched, tmp_path):
    rows = list(csv.DictReader(io.StringIO(call(watched, "export", "intervals", "--since", "-1d"))))
    assert [r["reason"] for r in rows if r["state"] == "down"] == ["no answer"]
    path = tmp_path / "out.csv"
    assert "would write 1 rows" in call(watched, "export", "raw", "-o", str(path), "--dry-run")
    assert not path.exists()
    assert "1 rows" in call(watched, "export", "raw", "-o", str(path), width=200)
    assert path.read_text().count("\n") == 2
    pytest.importorskip("pyarrow")
    with pytest.raises(OSError) as missing:
        call(watched, "export", "rollups", "--format", "parquet", "-o", str(tmp_path / "no" / "out.parquet"))
    assert str(tmp_path / "no") in missing.value.filename, "said in one line, without a traceback"
    whole = tmp_path / "out.parquet"
    call(watched, "export", "rollups", "--format", "parquet", "-o", str(whole))
    assert whole.read_bytes()[:4] == b"PAR1"


def test_the_store_tells_what_it_keeps_and_forgets_only_when_told(watched):
    said = call(watched, "store", width=200)
    assert "state intervals" in said
    assert "stood still or did not run 2 times, 1 min 30 s in all" in said
    told = json.loads(call(watched, "store", "--json"))
    assert told["monitor"]["gaps"] == 2
    assert "Would delete 1 raw chunks, 0 rollups, 0 intervals, 0 events." in call(
        watched, "store", "prune", "--raw", "0s", "--dry-run"
    )
    assert json.loads(call(watched, "store", "--json"))["rows"] == told["rows"]


def test_the_unit_of_the_monitor_names_the_store_and_no_secrets(watched):
    said = call(
        watched, "--store", "postgresql://me:secret@db/park", "monitor", "--systemd-unit",
        "--remote-write", "http://p:9090/api/v1/write",
    )  # fmt: skip
    assert " --store postgresql://me@db/park monitor --remote-write http://p:9090/api/v1/write\n" in said
    assert f"EnvironmentFile=-{watched}/.parkops/monitor.env" in said
    assert "secret" not in call(
        watched, "monitor", "--systemd-unit", "--remote-write", "https://u:secret@p/"
    ).replace("other secrets", "")


def test_brackets_in_what_people_write_are_brackets(watched, tmp_path):
    """They are no markup: an address would vanish, a slash would end the call with a traceback."""
    shutil.copytree(watched, tmp_path, dirs_exist_ok=True)
    call(tmp_path, "maintenance", "add", "all", "--for", "2h", "--reason", "[fd00::1] [/x]", width=120)
    assert "[fd00::1] [/x]" in call(tmp_path, "maintenance", "list", width=120)
