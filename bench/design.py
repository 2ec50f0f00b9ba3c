"""How much CPU and memory it takes from YAML to Park, by stage and size, and again after one line changed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from common import DEMO, RUNS, arguments, in_process, medians, peak_rss_mb, table, write_json

T = TypeVar("T")
FILE, EDIT = "tenants/t001.yaml", ("t001: {", "t001: {important: true, ")
DEMO_EDIT = ("title: 可编程控制器", "title: 可编程控制器 (改)")
GROWTH = (1000, 10000)


def write_park(size: int, folder: Path) -> None:
    """Write the generated park of a size below a folder; size 0 is the demo park."""
    from parkops.plan.generate import generated

    files = generated(size) if size else {"park.yaml": DEMO.read_text(encoding="utf-8")}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def edit(folder: Path) -> None:
    """Change one line of one tenant."""
    file = folder / FILE
    put = EDIT if file.exists() else DEMO_EDIT
    file = file if file.exists() else folder / "park.yaml"
    text = file.read_text(encoding="utf-8")
    edited = text.replace(*put, 1)
    assert edited != text
    file.write_text(edited, encoding="utf-8")


class Stages:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def run(self, stage: str, action: Callable[[], T]) -> T:
        """Run a stage and keep what it took."""
        begun = time.process_time()
        found = action()
        self.spent[f"{stage}_cpu_s"] = time.process_time() - begun
        return found


def worker(folder: Path) -> None:
    """Go from YAML to Park, stage by stage, in this fresh process."""
    stages = Stages()
    load_plan, read_lock, write_lock, design, workspace = stages.run("import", _imports)
    space = workspace(folder)
    lock = stages.run("lock_read", lambda: read_lock(space.lock_file))
    plan = stages.run("load", lambda: load_plan(space))
    designed, allocations = stages.run("design", lambda: design(plan, lock.numbers, lock.marks))
    stages.run("lock_write", lambda: write_lock(space.lock_file, allocations))
    spent = stages.spent
    result = {
        "devices": len(designed.managed),
        "nodes": len(designed.devices),
        "tenants": len(designed.tenants),
        "plan_lines": sum((folder / name).read_bytes().count(b"\n") for name in plan.files),
        **spent,
        "cpu_s": spent["lock_read_cpu_s"] + spent["load_cpu_s"] + spent["design_cpu_s"],
        "rss_mb": peak_rss_mb(),
    }
    print(json.dumps(result))


def _imports() -> tuple[Any, ...]:
    from parkops.design import design
    from parkops.model import Workspace
    from parkops.pipeline import load_plan, read_lock, write_lock

    return load_plan, read_lock, write_lock, design, Workspace


def measure(size: int, repeats: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the medians of first runs, and of runs after an edit with what the first run kept."""
    cold, warm = [], []
    for _ in range(repeats):
        with TemporaryDirectory() as name:
            folder = Path(name)
            write_park(size, folder)
            cold.append(in_process(__file__, name))
            edit(folder)
            warm.append(in_process(__file__, name))
    return medians(cold), medians(warm)


def main() -> None:
    """Measure each size in turn and print a table."""
    options = arguments(__doc__ or "", "0,10,100,1000,10000").parse_args()
    if options.worker:
        worker(Path(options.worker[0]))
        return
    sizes = [0, 100] if options.quick else [int(size) for size in options.sizes.split(",")]
    runs, edits = [], []
    for size in sizes:
        cold, warm = measure(size, 1 if options.quick else RUNS)
        runs.append(cold)
        edits.append(warm)
    print("First run:")
    print(table(list(runs[0]), [list(run.values()) for run in runs]))
    print("One line of one tenant changed, a new process:")
    print(table(list(edits[0]), [list(run.values()) for run in edits]))
    by_size = dict(zip(sizes, runs, strict=True))
    growth = {}
    if all(size in by_size for size in GROWTH):
        growth = {"growth": round(by_size[GROWTH[1]]["cpu_s"] / by_size[GROWTH[0]]["cpu_s"], 2)}
        print(f"Growth from {GROWTH[0]} to {GROWTH[1]} devices: {growth['growth']} times")
    last = {"edit_one_cpu_s": edits[-1]["cpu_s"], "edit_one_devices": edits[-1]["devices"]}
    write_json(options.json, {"runs": runs, "edits": edits, **growth, **last})


if __name__ == "__main__":
    sys.exit(main())
