"""Peers of the render benchmark: each is given the task that it is made for, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from common import ROOT, Json, cpu_s, plan_of

BIN = ROOT / ".venv-bench" / "bin"
DEVICES = 20
OURS = 100  # the smallest generated park
TIMEOUT_S = 900

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

NORNIR = """
import json, sys
from pathlib import Path
from nornir.core import Nornir
from nornir.core.inventory import Host, Hosts, Inventory
from nornir.plugins.runners import SerialRunner
from nornir_jinja2.plugins.tasks import template_file

routers = json.loads(Path("routers.json").read_text())
hosts = Hosts({item["name"]: Host(item["name"], data={"router": item}) for item in routers})
nornir = Nornir(inventory=Inventory(hosts), runner=SerialRunner())

def render(task):
    text = task.run(template_file, template="router.j2", path=".", router=task.host["router"])[0].result
    Path(f"{task.host.name}.conf").write_text(text)

assert not nornir.run(render).failed
"""

PYAVD = """
import json
from pathlib import Path
from pyavd import get_avd_facts, get_device_config, get_device_structured_config, validate_inputs

hosts = {}
for name, values in json.loads(Path("fabric.json").read_text()).items():
    validated = validate_inputs(values)
    assert not validated.validation_result.violations, validated.validation_result.violations
    hosts[name] = validated.validated_data
facts = get_avd_facts(hosts)
for name, values in hosts.items():
    config = get_device_structured_config(name, values, facts)
    Path(f"{name}.cfg").write_text(get_device_config(config))
"""


@dataclass(frozen=True)
class Peer:
    """A peer's package, its task in a folder, and ours beside it; both return a command to time."""

    package: str
    task: Callable[[Path], list[str]]
    pipeline: bool  # its task goes from a model to files, like all of ours; else it fills one template
    devices: int = DEVICES


def routers(devices: int) -> list[Json]:
    """Return the values of the template task: routers with many ports."""
    return [
        {
            "name": f"r-{number}",
            "ports": [
                {
                    "name": f"eth{port}",
                    "ipv4": f"10.{number % 256}.{port}.0/31",
                    "description": f"to r-{port}",
                }
                for port in range(1, 49)
            ],
        }
        for number in range(devices)
    ]


def ansible(folder: Path) -> list[str]:
    """Ansible's template module over local hosts."""
    hosts = {router["name"]: {"router": router} for router in routers(DEVICES)}
    python = str(BIN / "python")
    local = {"ansible_connection": "local", "ansible_python_interpreter": python}
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
    return [str(BIN / "ansible-playbook"), "-i", "hosts.json", "play.json"]


def nornir(folder: Path) -> list[str]:
    """nornir_jinja2's template_file, host after host."""
    (folder / "router.j2").write_text(TEMPLATE)
    (folder / "routers.json").write_text(json.dumps(routers(500)))
    (folder / "run.py").write_text(NORNIR)
    return [str(BIN / "python"), "run.py"]


def pyavd(folder: Path) -> list[str]:
    """An EVPN fabric of two spines and leaves, from AVD's data model to configurations."""
    numbers = range(1, DEVICES - 1)
    leaves = [{"name": f"leaf{number}", "id": number, "bgp_as": str(65100 + number)} for number in numbers]
    for leaf in leaves:
        leaf["uplink_switch_interfaces"] = [f"Ethernet{leaf['id']}"] * 2
    networks = [
        {"id": 100 + n, "name": f"n{n}", "enabled": True, "ip_address_virtual": f"10.1.{n}.1/24"}
        for n in range(24)
    ]
    fabric: dict[str, Any] = {
        "fabric_name": "F",
        "spine": {
            "defaults": {"platform": "cEOS", "loopback_ipv4_pool": "10.255.0.0/24", "bgp_as": "65001"},
            "nodes": [{"name": f"spine{number}", "id": number} for number in (1, 2)],
        },
        "l3leaf": {
            "defaults": {
                "platform": "cEOS",
                "loopback_ipv4_pool": "10.255.1.0/24",
                "vtep_loopback_ipv4_pool": "10.255.2.0/24",
                "uplink_switches": ["spine1", "spine2"],
                "uplink_interfaces": ["Ethernet1", "Ethernet2"],
                "uplink_ipv4_pool": "10.254.0.0/16",
                "virtual_router_mac_address": "00:1c:73:00:00:99",
            },
            "nodes": leaves,
        },
        "tenants": [
            {
                "name": "T",
                "mac_vrf_vni_base": 10000,
                "vrfs": [
                    {
                        "name": "V",
                        "vrf_vni": 10,
                        "svis": networks,
                    }
                ],
            }
        ],
    }
    names = {f"spine{number}": "spine" for number in (1, 2)} | {leaf["name"]: "l3leaf" for leaf in leaves}
    hosts = {name: {**fabric, "hostname": name, "type": kind} for name, kind in names.items()}
    (folder / "fabric.json").write_text(json.dumps(hosts))
    (folder / "run.py").write_text(PYAVD)
    return [str(BIN / "python"), "run.py"]


def netlab(folder: Path) -> list[str]:
    """Netlab from a topology to the lab's files: a chain of FRR routers with OSPF and BGP."""
    links = "".join(f"- r{number}-r{number + 1}\n" for number in range(1, DEVICES))
    names = "".join(f"  r{number}:\n" for number in range(1, DEVICES + 1))
    head = "provider: clab\ndefaults.device: frr\nmodule: [ospf, bgp]\nbgp.as: 65000\n"
    (folder / "topology.yml").write_text(f"{head}nodes:\n{names}links:\n{links}")
    return [str(BIN / "netlab"), "create", "topology.yml"]


PEERS = {
    "pyavd": Peer("pyavd", pyavd, pipeline=True),
    "netlab": Peer("networklab", netlab, pipeline=True),
    "nornir_jinja2": Peer("nornir-jinja2", nornir, pipeline=False, devices=500),
    "ansible template": Peer("ansible-core", ansible, pipeline=False),
}


def compare(name: str, repeats: int) -> Json:
    """Time a peer against ours, in turn (A B A B), each with its start-up; the ratio is by device."""
    peer = PEERS[name]
    version = _version(peer.package)
    if version is None:
        return {"name": name, "version": None, "missing": "not installed; see bench/peers.txt"}
    pairs = []
    for _ in range(repeats):
        ours = _ours(peer)
        try:
            pairs.append((ours, _theirs(peer)))
        except RuntimeError as error:
            return {"name": name, "version": version, "missing": f"installed, but it failed: {error}"}
    return {
        "name": name,
        "version": version,
        "devices": peer.devices,
        "cpu_per_device_ms": round(median(theirs for _, theirs in pairs) * 1000, 3),
        "ratio": round(median(ours / theirs for ours, theirs in pairs), 5),
    }


def _theirs(peer: Peer) -> float:
    """Return a peer's CPU seconds a device."""
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as folder:
        command = peer.task(Path(folder))
        return cpu_s(lambda: _call(command, folder)) / peer.devices


def _version(package: str) -> str | None:
    if not (BIN / "python").exists():
        return None
    script = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run(
        [BIN / "python", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or None


def _ours(peer: Peer) -> float:
    """Return our CPU seconds a device: a whole park from its plan, or the peers' template."""
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as folder:
        if peer.pipeline:
            Path(folder, "park.yaml").write_text(plan_of(OURS), encoding="utf-8")
            command = [
                sys.executable,
                "-c",
                "from parkops.cli import main; main()",
                "-p",
                folder,
                "-q",
                "render",
            ]
            return cpu_s(lambda: _call(command, folder)) / OURS
        Path(folder, "router.j2").write_text(TEMPLATE)
        command = [sys.executable, __file__, folder, str(peer.devices)]
        return cpu_s(lambda: _call(command, folder)) / peer.devices


def _call(command: list[str], folder: str) -> None:
    """Run a command; RuntimeError with the end of what it said when it fails."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_LOCALHOST_WARNING": "False"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=folder, env=environment, check=False
    )
    if done.returncode:
        raise RuntimeError(" ".join((done.stderr or done.stdout).split())[-300:])


def template_task(folder: Path, devices: int) -> None:
    """Fill the peers' template with our environment and writer."""
    from parkops.model import Artifact, ArtifactKind
    from parkops.render.environment import environment, fill
    from parkops.render.write import write

    env = environment((folder,))
    artifacts = tuple(
        Artifact(
            f"{router['name']}.conf",
            fill(env, "router.j2", {"router": router}, where=router["name"]),
            ArtifactKind.CLI,
            "frr",
        )
        for router in routers(devices)
    )
    write(artifacts, folder / "build")


if __name__ == "__main__":
    template_task(Path(sys.argv[1]), int(sys.argv[2]))
