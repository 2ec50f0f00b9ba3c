"""How the command line takes calls: exit codes, help, hints for what is misspelt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parkops.cli import SUMMARIES, VERBS


def test_help_names_every_verb_and_imports_none(parkops) -> None:
    said = parkops("--help")
    assert said.code == 0
    assert VERBS.keys() == SUMMARIES.keys()
    for verb, summary in SUMMARIES.items():
        assert f"  {verb} " in said.out
        assert summary in " ".join(said.out.split())
    assert "Example:" in said.out


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_help_of_a_verb_has_an_example(verb: str, parkops) -> None:
    said = parkops(verb, "--help")
    assert said.code == 0
    assert "Example:" in said.out
    assert "parkops " in said.out


HEAVY = {"pydantic", "yaml", "jinja2", "rich.console", "ncclient", "netmiko", "lxml", "asyncio"}


def test_help_leaves_heavy_libraries_alone() -> None:
    code = "import sys; from parkops.cli import cli; cli(['-h'], standalone_mode=False); print(*sys.modules)"
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=30)
    assert HEAVY.isdisjoint(done.stdout.split())


MISSPELT = [("vlaidate", "validate"), ("desgin", "design"), ("rendr", "render"), ("stauts", "status")]


@pytest.mark.parametrize(("wrong", "meant"), MISSPELT)
def test_misspelt_verb_is_hinted(wrong: str, meant: str, parkops) -> None:
    said = parkops(wrong)
    assert said.code == 2
    assert f"No such verb {wrong!r}. Did you mean {meant!r}?" in said.err


def test_verb_like_no_other(parkops) -> None:
    said = parkops("xyzzy")
    assert said.code == 2
    assert "No such verb 'xyzzy'." in said.err
    assert "Did you mean" not in said.err


def test_misspelt_option_is_hinted(parkops, demo: Path) -> None:
    said = parkops("-p", demo, "render", "--chek")
    assert said.code == 2
    assert "--check" in said.err


@pytest.mark.parametrize("verb", ["diff", "push"])
def test_misspelt_device_is_hinted_before_anything_is_done(verb: str, parkops, demo: Path) -> None:
    said = parkops("-p", demo, verb, "cor-1")
    assert said.code == 2
    assert "cor-1: no such managed device: did you mean 'core-1'?" in said.err


def test_unmanaged_device_is_no_target(parkops, demo: Path) -> None:
    said = parkops("-p", demo, "diff", "hx-p1-plc")
    assert said.code == 2
    assert "hx-p1-plc: no such managed device" in said.err


def test_no_park_here(parkops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = parkops("validate")
    assert said.code == 2
    assert said.err.strip() == (
        f"{tmp_path}: no park.yaml here or in a parent folder: "
        "use -p DIR, or start one with `parkops init DIR`"
    )


def test_park_of_a_parent_folder_is_found(parkops, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = demo / "docs" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert parkops("validate").code == 0


@pytest.mark.parametrize("name", ["nowhere", ""])
def test_named_folder_without_a_park(name: str, parkops, tmp_path: Path) -> None:
    said = parkops("-p", tmp_path / name, "validate")
    assert said.code == 2
    assert "there is no park.yaml here: name the park's folder" in said.err


@pytest.mark.parametrize("arguments", [("design", "--out"), ("--log-file",)])
def test_a_file_that_cannot_be_written_is_one_message(
    arguments: tuple[str, ...], parkops, demo: Path
) -> None:
    file = demo / "no" / "such" / "file"
    before, after = (("-p", demo), ()) if arguments[0] == "design" else ((), ("-p", demo, "validate"))
    said = parkops(*before, *arguments, file, *after)
    assert said.code == 2
    assert said.err.strip() == f"{file}: No such file or directory"


def test_module_and_script_are_the_same_program(demo: Path) -> None:
    call = [sys.executable, "-m", "parkops", "-p", str(demo), "validate"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0
    assert "valid." in done.stdout


def test_a_reader_that_goes_away_gets_no_traceback(demo: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    call = [sys.executable, "-m", "parkops", "-p", str(demo), "show", "rules", "--json"]
    done = subprocess.run(call, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    os.close(writer)
    assert done.stderr == ""


def test_log_file_has_timestamps(parkops, demo: Path) -> None:
    log = demo / "parkops.log"
    assert parkops("--log-file", log, "-p", demo, "validate").code == 0
    assert log.exists()
