"""labs/faults.py, whole, with few of its faults: injected is detected, named and closed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAULTS = {"link-cut": "ac-p1-sw-1--ac-p1-sw-2", "broker-down": "ac-p1-gw-1:mosquitto"}
LIMIT_S = 900  # on a busy machine


def test_faults_are_seen_for_what_they_are(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    command = [sys.executable, "labs/faults.py", "--park", "mini", "--quiet-min", "0", "--interval", "3"]
    command += ["--only", ",".join(FAULTS), "--json", str(told)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(told.read_text(encoding="utf-8"))
    rows = {row["fault"]: row for row in document["faults"]}
    assert {name: row["where"] for name, row in rows.items()} == FAULTS
    assert all(row["held"] and row["event"] for row in rows.values()), rows
    assert all(row["detected_s"] is not None and row["closed_s"] is not None for row in rows.values()), rows
