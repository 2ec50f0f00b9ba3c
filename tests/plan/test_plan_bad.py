"""One folder = one bad plan = the exact messages that a user reads, all of them in one run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from parkops.errors import ProblemsError
from parkops.model import Workspace
from parkops.pipeline import design_park

CASES = sorted(path for path in (Path(__file__).parent / "bad").iterdir() if path.is_dir())
PLACE = re.compile(r"^([a-z0-9/-]+\.(?:yaml|lock)):([0-9]+):([0-9]+): \S")


def prepare(case: Path, base: str, root: Path) -> Workspace:
    """Write the case's plan below ``root``: its own park.yaml, or the base plan with its edits."""
    workspace = Workspace(root)
    patch_file = case / "patch.yaml"
    if not patch_file.exists():
        workspace.plan_file.write_bytes((case / "park.yaml").read_bytes())
        return workspace
    patch = yaml.safe_load(patch_file.read_text(encoding="utf-8"))
    text = base
    for edit in patch.get("edits", ()):
        assert text.count(edit["find"]) == 1, f"{edit['find']!r} must stand once in the base plan"
        text = text.replace(edit["find"], edit["put"])
    workspace.plan_file.write_text(text + patch.get("append", ""), encoding="utf-8")
    for name, included in patch.get("files", {}).items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(included, encoding="utf-8")
    if "lock" in patch:
        workspace.lock_file.write_text(patch["lock"], encoding="utf-8")
    return workspace


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_plan(case: Path, base_text: str, tmp_path: Path, goldens) -> None:
    workspace = prepare(case, base_text, tmp_path)
    with pytest.raises(ProblemsError) as caught:
        design_park(workspace)
    goldens.check(case / "expected.txt", f"{caught.value}\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_message_points_into_its_file(case: Path, base_text: str, tmp_path: Path) -> None:
    workspace = prepare(case, base_text, tmp_path)
    for line in (case / "expected.txt").read_text(encoding="utf-8").splitlines():
        found = PLACE.match(line)
        assert found, f"no file:line:col: {line}"
        file = tmp_path / found[1]
        lines = file.read_bytes().split(b"\n") if file.exists() else [b""]
        row, col = int(found[2]), int(found[3])
        assert row <= len(lines)
        assert col <= len(lines[row - 1].decode(errors="replace")) + 1
    assert workspace.plan_file.exists()


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 45
