"""The verbs of `parkops lab` on a small plan, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import needs_root

ROOT = Path(__file__).parents[2]
PLANS = [ROOT / "inventories/small", ROOT / "inventories/demo"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    needs_root()
    plan = next((plan for plan in PLANS if (plan / "park.yaml").exists()), None)
    if plan is None:
        pytest.skip("no example park")
    folder = tmp_path_factory.mktemp("park")
    for name in ("park.yaml", "park.lock"):
        if (plan / name).exists():
            (folder / name).write_bytes((plan / name).read_bytes())
    yield folder
    parkops(folder, "lab", "down")


def parkops(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "parkops", "-p", str(folder), *words]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "160", "PYTHONPATH": str(ROOT)}
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, env=environment, check=False)


def test_verbs(folder: Path) -> None:
    assert "No lab is running" in parkops(folder, "lab", "status").stdout
    refused = parkops(folder, "lab", "exec", "x", "--", "true")
    assert (refused.returncode, "start it with: parkops lab up" in refused.stderr) == (1, True)

    done = parkops(folder, "lab", "up")
    assert done.returncode == 0, done.stderr
    assert "is up" in done.stdout
    assert parkops(folder, "lab", "up").returncode == 1

    status = json.loads(parkops(folder, "lab", "status", "--json").stdout)
    assert (status["kind"], status["version"], status["running"]) == ("parkops.lab", 1, True)
    router = next(node for node in status["nodes"] if node["platform"] == "frr")
    name = router["name"]
    assert name in parkops(folder, "lab", "status").stdout

    done = parkops(folder, "lab", "exec", name, "--", "sh", "-c", "hostname; exit 7")
    assert (done.returncode, done.stdout.strip()) == (7, name)
    unknown = parkops(folder, "lab", "exec", name[:-1], "--", "true")
    assert unknown.returncode == 2
    assert "did you mean" in unknown.stderr
    done = parkops(folder, "lab", "enter", "--", "ping", "-c1", "-W1", router["management"])
    assert done.returncode == 0, done.stdout

    made = json.loads(parkops(folder, "lab", "fault", "daemon-dead", f"{name}:ospfd", "--json").stdout)
    assert made["id"] == "f1"
    assert "daemon-dead" in parkops(folder, "lab", "status").stdout
    assert parkops(folder, "lab", "heal").returncode == 2
    assert parkops(folder, "lab", "heal", "f7").returncode == 2
    assert "f1 healed" in parkops(folder, "lab", "heal", "f1").stdout
    assert "nothing to heal" in parkops(folder, "lab", "heal", "--all").stdout

    assert "The lab is down." in parkops(folder, "lab", "down").stdout
    assert "No lab was running." in parkops(folder, "lab", "down").stdout
