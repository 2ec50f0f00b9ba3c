"""The revert timer of an FRR router, on this machine: what it goes by, and what it takes for another's."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from parkops.push import frr_guard as guard


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "HOME", tmp_path)
    monkeypatch.setattr(guard, "PENDING", tmp_path / "pending.json")
    monkeypatch.setattr(guard, "RESTORING", tmp_path / "restoring.json")
    monkeypatch.setattr(guard, "restore", (tmp_path / "restored").write_text)


def test_the_timer_asks_no_clock_that_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:  # the timer's process inherits it
        patch.delattr(time, "time")
        assert guard.arm("token", 0.3, "old") == {"armed": True}
    end_s = time.monotonic() + 20.0
    while not (tmp_path / "restored").exists() and time.monotonic() < end_s:
        time.sleep(0.02)
    assert (tmp_path / "restored").read_text() == "old"


def test_a_process_number_that_comes_again_after_a_restart_is_no_timer() -> None:
    mark = {"pid": os.getpid(), "born": "1", "token": "another"}
    guard.PENDING.write_text(json.dumps(mark))
    assert guard.arm("token", 60.0, "old") == {"armed": True}
    assert guard.arm("another", 60.0, "old") == {"busy": "token"}
    assert guard.disarm("token")
