"""init, validate, show, design, render and verify: what they print, write and end with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml


def spoil(park: Path, old: str, new: str) -> None:
    file = park / "park.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_init_then_validate_in_a_fresh_folder(parkops, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "park"
    said = parkops("init", folder)
    assert said.code == 0
    assert said.out.strip() == f"{folder}/park.yaml written. Next: parkops -p {folder} validate"
    assert (folder / ".gitignore").read_text().split() == ["build/", "reports/", ".parkops/"]
    assert parkops("-p", folder, "validate").code == 0


def test_init_keeps_what_is_there(parkops, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    assert parkops("init", tmp_path).code == 0
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    before = (tmp_path / "park.yaml").read_bytes()
    again = parkops("init", tmp_path)
    assert again.code == 2
    assert "there is a plan already: choose another folder" in again.err
    assert (tmp_path / "park.yaml").read_bytes() == before


def test_init_of_an_unknown_example(parkops, tmp_path: Path) -> None:
    said = parkops("init", tmp_path / "x", "--example", "nope")
    assert said.code == 2
    assert "there is no example 'nope': known: " in said.err
    assert not (tmp_path / "x").exists()


def test_init_below_a_file(parkops, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = parkops("init", tmp_path / "file" / "park")
    assert said.code == 2
    assert "Traceback" not in said.err


def test_validate_writes_nothing(parkops, demo: Path) -> None:
    said = parkops("-p", demo, "validate")
    assert said.code == 0
    assert "31 devices" in " ".join(said.out.split())
    assert sorted(path.name for path in demo.iterdir()) == ["park.yaml"]


def test_validate_prints_every_problem_and_their_number(parkops, demo: Path) -> None:
    spoil(demo, "zone: hx-office,", "zone: hx-ofice,")
    spoil(demo, "count: 2}", "count: two}")
    said = parkops("-p", demo, "validate")
    lines = said.err.splitlines()
    assert said.code == 2
    assert lines[-1] == f"{len(lines) - 1} problems in {demo}/park.yaml"
    assert any("no zone 'hx-ofice'" in line and "did you mean 'hx-office'?" in line for line in lines)
    assert any("backbone.cores.count: 'two': a whole number" in line for line in lines)


def test_validate_advises_where_it_is_asked_to(parkops, demo: Path) -> None:
    quiet, told = parkops("-p", demo, "validate").out, parkops("-p", demo, "validate", "--advice").out
    assert "(--advice)" in quiet
    assert "with one log collector" not in quiet
    assert "level 3 zone 'edge' with one log collector: two in management.syslog" in told


def test_validate_json(parkops, demo: Path) -> None:
    good = json.loads(parkops("-p", demo, "validate", "--json").out)
    assert {"baseline", "mlps", "vantage"} == {item["topic"] for item in good.pop("advice")}
    assert good == {"kind": "parkops.validate", "version": 1, "ok": True, "problems": []}
    spoil(demo, "zone: hx-office,", "zone: hx-ofice,")
    said = parkops("-p", demo, "validate", "--json")
    document = json.loads(said.out)
    assert said.code == 2
    assert document["ok"] is False
    first = document["problems"][0]
    assert first.keys() == {"file", "line", "col", "what", "expected", "hint"}
    assert first["what"] == "no zone 'hx-ofice'"


@pytest.mark.parametrize("verb", ["show", "design", "render", "verify"])
def test_a_bad_plan_stops_every_verb(verb: str, parkops, demo: Path) -> None:
    spoil(demo, "zone: hx-office,", "zone: hx-ofice,")
    said = parkops("-p", demo, verb)
    assert said.code == 2
    assert said.err.startswith("park.yaml:")
    assert sorted(path.name for path in demo.iterdir()) == ["park.yaml"]


@pytest.mark.parametrize("what", ["devices", "links", "segments", "flows", "rules", "targets"])
def test_show_prints_what_json_has(what: str, parkops, demo: Path) -> None:
    table = parkops("-p", demo, "show", what)
    document = json.loads(parkops("-p", demo, "show", what, "--json").out)
    assert table.code == 0
    assert (document["kind"], document["version"]) == (f"parkops.show.{what}", 1)
    assert document[what]
    assert all(isinstance(item, dict) for item in document[what])


def test_design_writes_the_lock_once(parkops, demo: Path) -> None:
    lock = demo / "park.lock"
    assert "park.lock unchanged" in parkops("-p", demo, "design", "--dry-run").out
    assert not lock.exists()
    assert "park.lock written" in parkops("-p", demo, "design").out
    before = (lock.read_bytes(), lock.stat().st_mtime_ns)
    assert "park.lock unchanged" in parkops("-p", demo, "design").out
    assert (lock.read_bytes(), lock.stat().st_mtime_ns) == before


def test_design_out_is_the_park_as_yaml(parkops, demo: Path) -> None:
    out = demo / "design.yaml"
    assert parkops("-p", demo, "design", "--out", out).code == 0
    document = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert (document["kind"], document["version"]) == ("parkops.park", 1)
    assert len(document["park"]["devices"]) == 31
    assert document["park"]["title"].startswith("示范")


def test_render_check_write_check(parkops, demo: Path) -> None:
    assert parkops("-p", demo, "render", "--check").code == 1
    assert not (demo / "build").exists()
    written = json.loads(parkops("-p", demo, "render", "--json").out)
    assert len(written["changed"]) > 80
    assert parkops("-p", demo, "render", "--check").code == 0
    again = json.loads(parkops("-p", demo, "render", "--json").out)
    assert again == {**written, "changed": [], "removed": [], "unchanged": len(written["changed"])}
    (demo / "build" / "demo" / "core-1" / "frr.conf").write_text("by hand")
    said = parkops("-p", demo, "render", "--check")
    assert said.code == 1
    assert "changed  core-1/frr.conf" in said.out


def test_verify_says_how_many_proofs_held(parkops, demo: Path) -> None:
    said = parkops("-p", demo, "verify")
    assert said.code == 0
    document = json.loads(parkops("-p", demo, "verify", "--json").out)
    assert document["counts"]["pass"] == sum(item["verdict"] == "pass" for item in document["findings"])
    assert "fail" not in document["counts"]


def test_verify_ends_with_1_where_a_proof_fails(parkops, demo: Path) -> None:
    spoil(demo, "cores: {count: 2}", "cores: {count: 1}")
    said = parkops("-p", demo, "verify")
    assert said.code == 1
    assert "cut off by the loss of" in " ".join(said.out.split())


def test_quiet_says_nothing_when_all_held(parkops, demo: Path) -> None:
    said = parkops("-q", "-p", demo, "validate")
    assert (said.code, said.out, said.err) == (0, "", "")
