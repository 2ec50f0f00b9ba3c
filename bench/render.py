"""How much CPU and memory it takes to render a park, by size, against bare Jinja2 and against peers."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from common import (
    ROOT,
    RUNS,
    Json,
    arguments,
    cpu_s,
    in_process,
    medians,
    peak_rss_mb,
    plan_of,
    table,
    write_json,
)

PEERS = ("ansible-core", "nornir-jinja2", "pyavd", "networklab")
PEER_DEVICES = 20


def worker(size: int, platforms: str) -> None:
    """Render and write one park twice, and fill the same templates with plain Jinja2 for comparison."""
    from parkops.design import design
    from parkops.plan import parse
    from parkops.render import Renderer, render
    from parkops.render.write import write

    park, _ = design(parse(plan_of(size)), {})
    wanted = set(platforms.split(",")) if platforms != "all" else {device.platform for device in park.managed}
    chosen = [device for device in park.managed if device.platform in wanted]
    renderer = Renderer.of(park)
    kept: list[Any] = []

    def everything() -> None:
        kept[:] = (
            render(park)
            if platforms == "all"
            else [item for device in chosen for item in renderer.device(device)]
        )

    cold = cpu_s(everything)  # with the templates' compilation
    seconds = cpu_s(everything)
    floor = cpu_s(_bare(chosen, renderer))
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as folder:
        first = cpu_s(lambda: write(tuple(kept), Path(folder)))
        again = cpu_s(lambda: write(tuple(kept), Path(folder)))
    result = {
        "devices": len(chosen),
        "files": len(kept),
        "lines": sum(item.text.count("\n") for item in kept),
        "cold_cpu_s": cold,
        "cpu_s": seconds,
        "cpu_per_device_ms": seconds / len(chosen) * 1000,
        "write_cpu_s": first,
        "rss_mb": peak_rss_mb(),
        "floor_ratio": seconds / floor,
        "noop_ratio": (seconds + again) / (seconds + first),
    }
    print(json.dumps(result))


def _bare(devices: list[Any], renderer: Any) -> Callable[[], None]:
    """Return the floor: the same templates and names, already looked up, in one Jinja2 environment."""
    from parkops.render.devices import wanted
    from parkops.render.slices import device_context

    work = []
    for device in devices:
        platform = renderer.platforms.get(device.platform)
        context = device_context(device, renderer.shared, platform)
        templates = [entry.template for entry in platform.artifacts if wanted(device, entry)]
        work += [(renderer.env.get_template(f"{platform.name}/{name}"), context) for name in templates]

    def run() -> None:
        for template, context in work:
            template.render(context)

    return run


def peer(name: str) -> Json:
    """Time a peer against ours on the same template and values, in turn (A B A B)."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return {"name": name, "version": None, "missing": "not installed"}
    if name not in ADAPTERS:
        return {"name": name, "version": version, "missing": "installed, but this benchmark cannot drive it"}
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as folder:
        pairs = [(_ours(), ADAPTERS[name](Path(folder))) for _ in range(RUNS)]
    return {
        "name": name,
        "version": version,
        "devices": PEER_DEVICES,
        "cpu_per_device_ms": round(median(theirs for _, theirs in pairs) / PEER_DEVICES * 1000, 3),
        "ratio": round(median(ours / theirs for ours, theirs in pairs), 5),
    }


def _ours() -> float:
    """Return our CPU time for the peers' task, in a process of its own, start-up included."""
    return cpu_s(lambda: _call(sys.executable, __file__, "--worker", "peer"))


def _call(*command: str, cwd: str | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=cwd, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr or done.stdout}")


def peer_task() -> list[dict[str, Any]]:
    """Return the values of the peers' common task: routers with many ports."""
    return [
        {
            "name": f"r-{number}",
            "ports": [
                {"name": f"eth{port}", "ipv4": f"10.{number}.{port}.0/31", "description": f"to r-{port}"}
                for port in range(1, 49)
            ],
        }
        for number in range(PEER_DEVICES)
    ]


TEMPLATE = """\
hostname {{ router.name }}
{% for port in router.ports %}
interface {{ port.name }}
 description {{ port.description }}
 ip address {{ port.ipv4 }}
 ip ospf area 0
exit
{% endfor %}
"""


def peer_worker() -> None:
    """Render the peers' task with our environment and writer."""
    from parkops.model import Artifact, ArtifactKind
    from parkops.platforms import find_platforms
    from parkops.render.environment import environment
    from parkops.render.write import write

    template = environment(find_platforms().roots).from_string(TEMPLATE)
    artifacts = tuple(
        Artifact(f"{router['name']}.conf", template.render(router=router), ArtifactKind.CLI, "frr")
        for router in peer_task()
    )
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as folder:
        write(artifacts, Path(folder))


def ansible(folder: Path) -> float:
    """Return the CPU time of ansible-playbook with one template task over local hosts."""
    program = ROOT / ".venv" / "bin" / "ansible-playbook"
    playbook = str(program) if program.is_file() else shutil.which("ansible-playbook") or "ansible-playbook"
    hosts = {router["name"]: {"router": router} for router in peer_task()}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    task = {
        "ansible.builtin.template": {
            "src": "router.j2",
            "dest": f"{folder}/{{{{ inventory_hostname }}}}.conf",
        }
    }
    play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    (folder / "router.j2").write_text(TEMPLATE)
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": local}}))
    (folder / "play.json").write_text(json.dumps(play))
    for file in folder.glob("*.conf"):
        file.unlink()
    return cpu_s(lambda: _call(playbook, "-i", "hosts.json", "play.json", cwd=str(folder)))


ADAPTERS: dict[str, Callable[[Path], float]] = {"ansible-core": ansible}


def main() -> None:
    """Measure each size in turn, then the peers, and print tables."""
    parser = arguments(__doc__ or "", "0,100,1000,10000", no_peers="time no peers")
    parser.add_argument("--platforms", default="all", help="platforms to render, comma-separated")
    options = parser.parse_args()
    if options.worker:
        peer_worker() if options.worker[0] == "peer" else worker(int(options.worker[0]), options.worker[1])
        return
    sizes = [0, 100] if options.quick else [int(size) for size in options.sizes.split(",")]
    repeats = 1 if options.quick else RUNS
    runs = [
        medians([in_process(__file__, str(size), options.platforms) for _ in range(repeats)])
        for size in sizes
    ]
    print(table(list(runs[0]), [list(run.values()) for run in runs]))
    peers = [] if options.no_peers or options.quick else [peer(name) for name in PEERS]
    for found in peers:
        told = (
            found.get("missing")
            or f"{found['cpu_per_device_ms']} ms CPU a device; ours / theirs {found['ratio']}"
        )
        print(f"{found['name']} {found['version'] or ''}: {told}")
    write_json(options.json, {"runs": runs, "peers": peers})


if __name__ == "__main__":
    sys.exit(main())
