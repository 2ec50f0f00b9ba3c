"""Calls the command line as a user does, in this process."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from parkops.cli import main

DEMO = Path(__file__).resolve().parents[2] / "inventories" / "demo" / "park.yaml"


@dataclass(frozen=True)
class Said:
    """What a call printed, and its exit code."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def parkops(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["parkops", *map(str, arguments)])
        log = logging.getLogger("parkops")
        before, level = list(log.handlers), log.level
        with pytest.raises(SystemExit) as ended:
            main()
        for handler in set(log.handlers) - set(before):
            log.removeHandler(handler)
            handler.close()
        log.setLevel(level)
        printed = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, printed.out, printed.err)

    return call


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A folder of its own with the demo park's plan, nothing else."""
    folder = tmp_path / "demo"
    folder.mkdir()
    shutil.copyfile(DEMO, folder / "park.yaml")
    return folder
