"""How much CPU and memory it takes to load and design a plan, by size, and again after one edit."""

from __future__ import annotations

import json
import sys

from common import RUNS, arguments, cpu_s, in_process, medians, peak_rss_mb, plan_of, table, write_json

EDIT = ("title: 控制器", "title: 控制器 (改)")
DEMO_EDIT = ("title: 可编程控制器", "title: 可编程控制器 (改)")


def worker(size: int, mode: str) -> None:
    """Load and design one plan; for ``edit``, once more with one line changed and the lock of the first."""
    from parkops.design import design, lock_text, parse_lock
    from parkops.plan import parse

    text = plan_of(size)
    kept: list[object] = []
    load_s = cpu_s(lambda: kept.append(parse(text)))
    design_s = cpu_s(lambda: kept.append(design(kept[0], {})))
    park, lock = kept[1]
    result = {
        "devices": len(park.managed),
        "nodes": len(park.devices),
        "tenants": len(park.tenants),
        "plan_lines": text.count("\n"),
        "load_cpu_s": load_s,
        "design_cpu_s": design_s,
        "cpu_s": load_s + design_s,
        "rss_mb": peak_rss_mb(),
    }
    if mode == "edit":
        written = lock_text(lock).encode()
        edited = text.replace(*(EDIT if size else DEMO_EDIT), 1)
        assert edited != text

        def again() -> None:
            file = parse_lock(written)
            design(parse(edited), file.numbers, file.marks)

        result["edit_one_cpu_s"] = cpu_s(again)
    print(json.dumps(result))


def main() -> None:
    """Measure each size in turn and print a table."""
    options = arguments(__doc__ or "", "0,100,1000,10000").parse_args()
    if options.worker:
        worker(int(options.worker[0]), options.worker[1])
        return
    sizes = [0, 100] if options.quick else [int(size) for size in options.sizes.split(",")]
    repeats = 1 if options.quick else RUNS
    runs, edit = [], {}
    for size in sizes:
        last = size == max(sizes)
        found = medians(
            [in_process(__file__, str(size), "edit" if last else "plain") for _ in range(repeats)]
        )
        if last:
            edit = {"edit_one_cpu_s": found.pop("edit_one_cpu_s"), "edit_one_devices": found["devices"]}
        runs.append(found)
    print(table(list(runs[0]), [list(run.values()) for run in runs]))
    seconds, devices = edit["edit_one_cpu_s"], edit["edit_one_devices"]
    print(f"one line edited, lock read back, {devices:g} devices: {seconds:.3f} s CPU")
    write_json(options.json, {"runs": runs, **edit})


if __name__ == "__main__":
    sys.exit(main())
