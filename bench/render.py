"""How much CPU and memory it takes from YAML to files, by size, against bare Jinja2 and against peers.

Peers have pins of their own; they run from an environment of their own, made by

    python3 -m venv .venv-bench && .venv-bench/bin/pip install -r bench/peers.txt

and what is not installed there is named as missing.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import RUNS, arguments, cpu_s, in_process, medians, peak_rss_mb, plan_of, table, write_json
from render_peers import PEERS, compare

ROLES = ("core", "boundary", "park-firewall", "ring-switch", "access-switch")
DEFAULT = "default"  # FRR, Linux and IETF NETCONF, as a plan has it that names no platform


def plan(size: int, platform: str) -> str:
    """Return a plan whose network devices are of one platform."""
    chosen = "" if platform == DEFAULT else ", ".join(f"{role}: {platform}" for role in ROLES)
    return plan_of(size) + (f"platforms: {{{chosen}}}\n" if chosen else "")


def worker(size: int, platform: str) -> None:
    """Take one park from its plan to files, again without a change, and again with one; then the floor."""
    start_up = cpu_s(imports)
    from parkops.model import Workspace

    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as folder:
        workspace = Workspace(Path(folder))
        text = plan(size, platform)
        workspace.plan_file.write_text(text, encoding="utf-8")
        kept: list[Any] = []
        first = cpu_s(lambda: kept.append(build(workspace)))
        again = cpu_s(lambda: kept.append(build(workspace)))
        park, artifacts = kept[0]
        if kept[1] is not None:
            raise SystemExit("the second run found something to do")
        workspace.plan_file.write_text(text.replace("员工上网", "上网", 1), encoding="utf-8")
        edited = cpu_s(lambda: kept.append(build(workspace)))
        floor = cpu_s(bare(park))
        stage = cpu_s(rendering(park))
    result = {
        "devices": len(park.managed),
        "files": len(artifacts),
        "lines": sum(item.text.count("\n") for item in artifacts),
        "start_up_cpu_s": start_up,
        "cpu_s": first,
        "cpu_per_device_ms": first / len(park.managed) * 1000,
        "render_cpu_s": stage,
        "rss_mb": peak_rss_mb(),
        "floor_ratio": first / floor,
        "render_floor_ratio": stage / floor,
        "noop_ratio": again / first,
        "edit_one_cpu_s": edited,
    }
    print(json.dumps(result))


def imports() -> None:
    """Load the program, which each run does once."""
    import jinja2

    import parkops.pipeline
    import parkops.render.cache

    assert jinja2 and parkops.render.cache


def build(workspace: Any) -> Any:
    """Do what `parkops render` does; return the park and its artifacts, None when nothing had changed."""
    from parkops.pipeline import build_park, load_park
    from parkops.render.cache import unchanged_files

    if unchanged_files(workspace) is not None:
        return None
    park = load_park(workspace)
    return park, build_park(park, workspace)[0]


def bare(park: Any) -> Callable[[], None]:
    """Return the floor: the same templates and names, already looked up, in one Jinja2 environment."""
    from parkops.render import Renderer
    from parkops.render.devices import items, wanted
    from parkops.render.slices import device_context

    renderer = Renderer.of(park)
    work = []
    for device in park.managed:
        platform = renderer.platforms.get(device.platform)
        context = device_context(device, renderer.shared, platform)
        for entry in platform.artifacts:
            if not wanted(device, entry, platform):
                continue
            template = renderer.env.get_template(entry.name_below(platform.name))
            each = items(entry, context, device.name) if entry.each else [None]
            work += [(template, context if item is None else {**context, "item": item}) for item in each]

    def run() -> None:
        for template, context in work:
            template.render(context)

    return run


def rendering(park: Any) -> Callable[[], None]:
    """Return the stage alone: contexts, templates, marks of origin."""
    from parkops.render import Renderer

    def run() -> None:
        renderer = Renderer.of(park)
        for device in park.managed:
            renderer.device(device)

    return run


def main() -> None:
    """Measure each size in turn, then the peers, and print tables."""
    parser = arguments(__doc__ or "", "0,100,1000,10000", no_peers="time no peers")
    parser.add_argument(
        "--platforms", default=DEFAULT, help="platforms of the network's devices, each a run, comma-separated"
    )
    options = parser.parse_args()
    if options.worker:
        worker(int(options.worker[0]), options.worker[1])
        return
    sizes = [0, 100] if options.quick else [int(size) for size in options.sizes.split(",")]
    repeats = 1 if options.quick else RUNS
    runs = [
        {"platform": name, **medians([in_process(__file__, str(size), name) for _ in range(repeats)])}
        for name in options.platforms.split(",")
        for size in sizes
    ]
    print(table(list(runs[0]), [list(run.values()) for run in runs]))
    peers = [] if options.no_peers else [compare(name, 1 if options.quick else RUNS) for name in PEERS]
    for found in peers:
        told = found.get("missing") or (
            f"{found['cpu_per_device_ms']} ms CPU a device ({found['devices']} devices); "
            f"ours / theirs {found['ratio']}"
        )
        print(f"{found['name']} {found['version'] or ''}: {told}")
    write_json(options.json, {"runs": runs, "peers": peers})


if __name__ == "__main__":
    sys.exit(main())
