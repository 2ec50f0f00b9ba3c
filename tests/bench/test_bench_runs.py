"""Every benchmark that needs no peers and no servers runs, and writes the figures that it promises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RENDER = {"devices", "lines", "cpu_s", "rss_mb", "floor_ratio", "noop_ratio"}


@pytest.mark.parametrize(
    ("script", "arguments", "promised"),
    [
        ("render.py", ["--sizes", "0", "--no-peers"], RENDER),
        ("design.py", [], {"devices", "cpu_s", "rss_mb"}),
        ("assess.py", [], {"devices", "controls", "cpu_s", "rss_mb"}),
    ],
)
def test_a_quick_run_writes_its_figures(tmp_path, script, arguments, promised):
    found = run(script, *arguments, file=tmp_path / "told.json")
    assert found["runs"]
    for row in found["runs"]:
        assert promised <= set(row)
        assert row["devices"] > 0
        assert row["cpu_s"] > 0


def test_the_monitor_measures_what_needs_no_peer(tmp_path):
    found = run("monitor.py", "--only", "year", file=tmp_path / "told.json")
    assert found["year_report_s"] > 0
    assert found["year_intervals"] == 1000 * 41  # 20 outages of each target, and what lies between them


def run(script, *arguments, file):
    command = [sys.executable, f"bench/{script}", "--quick", *arguments, "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text(encoding="utf-8"))
