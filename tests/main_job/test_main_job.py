"""The main job, end to end, on the small lab, as a user runs it; and interrupted in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "labs" / "mini"
LIMIT_S = 300


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-m", "parkops", "demo", "--plan", str(PLAN), "--dir", str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def processes_of(folder: Path) -> list[str]:
    """Return the processes that were started for a demo's folder or its pod."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command and int(entry.name) != os.getpid():
            found.append(command)
    return found


@pytest.mark.lab
def test_everything_holds(tmp_path: Path) -> None:
    folder = tmp_path / "park"
    demo = start(folder)
    output, _ = demo.communicate(timeout=LIMIT_S)
    assert demo.returncode == 0, output
    assert "failed" not in output
    for claim in ("every device was configured", "second push changes nothing", "forbidden flow is dropped"):
        assert claim in output
    report = json.loads((folder / "reports" / "report.json").read_text(encoding="utf-8"))
    verdicts = [item["verdict"] for item in report["requirements"]]
    assert sum(verdict in ("pass", "fail") for verdict in verdicts) >= 40
    assert "unknown" in verdicts  # a lab cannot evidence everything, and the report does not pretend to
    assert not processes_of(folder)


@pytest.mark.lab
@pytest.mark.parametrize("stage", ["Lab up", "Push: NETCONF", "Monitor"])
def test_interrupted_it_cleans_up(tmp_path: Path, stage: str) -> None:
    folder = tmp_path / "park"
    demo = start(folder)
    assert demo.stdout is not None
    seen = ""
    for line in demo.stdout:
        seen += line
        if stage in line:
            break
    pod = pod_of(folder)
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=LIMIT_S)
    assert demo.returncode == 130, seen + rest
    assert not processes_of(folder)
    assert pod is None or not alive(pod)
    assert not (folder / ".parkops" / "lab").exists()


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def pod_of(folder: Path) -> int | None:
    """Return the pid of the lab's first process, if the lab is recorded already."""
    try:
        return int(json.loads((folder / ".parkops" / "lab" / "lab.json").read_text())["pid"])
    except FileNotFoundError:
        return None
