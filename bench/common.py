"""What the benchmarks share: plans of any size, workers in processes of their own, medians and tables."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "inventories" / "demo" / "park.yaml"
RUNS = 3
WORKER_TIMEOUT_S = 1800
SITE_DEVICES = 11  # ten switches in a ring and an edge gateway
MAX_TENANTS = 60  # a core router has 64 ports
Json = dict[str, Any]

HEAD = """\
park: {id: scaled, title: 规模测试园区, operator: 测试运营公司}
pools:
  management: {ipv4: 172.16.0.0/16}
  loopbacks: {ipv4: 10.255.0.0/24, ipv6: "fd00:0:0:ff::/64"}
  links: {ipv4: 10.254.0.0/20, ipv6: "fd00:0:fe::/48"}
  segments: {ipv4: 10.0.0.0/9, ipv6: "fd00:16::/32"}
  vlans: {first: 2, last: 4094}
backbone:
  cores: {count: 2}
  exit:
    circuits: {ct-1: {operator: 中国电信, bandwidth_mbps: 10000}}
    outside_ipv4: 203.0.113.0/30
    outside_ipv6: "2001:db8:ffff::/64"
services:
  title: 园区服务
  kind: service
  segments: {edge: {zone: edge}, operations: {zone: operations}}
  nodes:
    ec-1:
      role: edge-cloud
      segment: edge
      broker: true
      resources: {cpu_cores: 32, memory_gb: 128, storage_gb: 4000, objects: 20000}
    mgmt-1: {role: management-server, segment: operations}
public:
  title: 公共服务
  kind: public
  mode: shared
  segments: {video: {zone: video}}
  endpoints:
    camera: {title: 摄像机, segment: video, element: environment, count: 64, services: [tcp/554]}
management: {ntp: mgmt-1, syslog: mgmt-1, monitoring: mgmt-1}
"""
PARK_DEVICES = 2 + 1 + 2 + 2  # cores, firewall, the services' and the public switch, two nodes

SITE = """\
      {site}:
        title: 车间 {site}
        kind: plant
        switches: {switches}
        ring: {{protocol: rstp}}
        segments:
          control: {{zone: {tenant}-control}}
          mobile: {{zone: {tenant}-mobile}}
          office: {{zone: {tenant}-office}}
        endpoints:
          plc: {{title: 控制器, segment: control, element: machines, count: 9, switch: 2, services: [tcp/80]}}
          agv: {{title: 物料小车, segment: mobile, element: materials, count: 16, protocol: mqtt, switch: 3}}
          pc: {{title: 电脑, segment: office, element: people, count: 12, switch: 3}}
        nodes:
          gw-1:
            role: edge-gateway
            segment: control
            switch: 2
            broker: true
            resources: {{cpu_cores: 4, memory_gb: 8, storage_gb: 64, objects: 50}}
"""

PARK_ZONES = (
    ("internet", "external"),
    ("edge", "park-service"),
    ("operations", "management"),
    ("video", "public-service"),
)
ZONE = "  {0}: {{title: {0}, kind: {1}}}\n"
FLOW = "  {}: {{from: {}, to: {}, service: [{}], reason: {}, owner: 信息部}}\n"
FLOWS = (  # id, from, to, service, what for
    ("agv", "{0}-mobile", "{0}-control", "tcp/1883", "物料数据接入车间网关"),
    ("mes", "{0}-office", "{0}-control", "tcp/80", "读取设备状态"),
    ("edge", "{0}-control", "edge", "tcp/1883", "上传脱敏数据"),
    ("web", "{0}-office", "internet", "tcp/443", "员工上网"),
)


def scaled_plan(devices: int) -> str:
    """Return a plan of exactly so many managed devices (100 or more), spread over many tenants."""
    sites = max(1, round((devices - PARK_DEVICES) / (SITE_DEVICES + 0.5)))
    tenants = max(1, min(MAX_TENANTS, sites // 2))
    switches = devices - PARK_DEVICES - tenants - sites  # a boundary each, a gateway each
    shares = [switches // sites + (number < switches % sites) for number in range(sites)]
    zones = [ZONE.format(name, kind) for name, kind in PARK_ZONES]
    bodies: list[str] = []
    flows = [FLOW.format("video-wall", "operations", "video", "tcp/554", "调看视频")]
    for number in range(tenants):
        tenant = f"t{number + 1:02d}"
        zones += [ZONE.format(f"{tenant}-{name}", "production") for name in ("control", "mobile", "office")]
        bodies.append(f"  {tenant}:\n    title: 企业 {tenant}\n    prefix: {tenant}\n    sites:\n")
        for index, count in enumerate(shares[number::tenants]):
            bodies.append(SITE.format(site=f"p{index + 1}", tenant=tenant, switches=count))
        flows += [
            FLOW.format(f"{tenant}-{name}", *(part.format(tenant) for part in rest)) for name, *rest in FLOWS
        ]
    sections = ("zones", zones), ("tenants", bodies), ("flows", flows)
    return HEAD + "".join(f"{name}:\n{''.join(lines)}" for name, lines in sections)


def plan_of(size: int) -> str:
    """Return the demo park's plan for size 0, else a scaled one."""
    return DEMO.read_text(encoding="utf-8") if size == 0 else scaled_plan(size)


def peak_rss_mb() -> float:
    """Return this process's peak resident memory (Linux reports KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_s(action: Callable[[], object]) -> float:
    """Return the CPU time, user and system, of an action in this process and its children."""
    before = _spent()
    action()
    return _spent() - before


def _spent() -> float:
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def in_process(script: str, *arguments: str, seconds: float = 0.0) -> Json:
    """Run one measurement of a script in a process of its own, so that each starts cold.

    ``seconds`` is how long it means to take, where that is said.
    """
    done = subprocess.run(
        [sys.executable, script, "--worker", *arguments],
        capture_output=True,
        text=True,
        timeout=WORKER_TIMEOUT_S + seconds,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{Path(script).name} --worker {' '.join(arguments)} failed:\n{done.stderr}")
    result: Json = json.loads(done.stdout.splitlines()[-1])
    return result


def medians(results: Sequence[Mapping[str, float]]) -> Json:
    """Return the median of each figure over several runs."""
    return {key: round(median(result[key] for result in results), 6) for key in results[0]}


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as text in columns."""
    cells = [
        list(heads),
        *([f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows),
    ]
    widths = [max(len(row[index]) for row in cells) for index in range(len(heads))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells
    )


def arguments(description: str, sizes: str, **flags: str) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sizes", default=sizes, help="managed devices, comma-separated; 0 is the demo park")
    parser.add_argument("--json", metavar="FILE", help="write what was measured")
    parser.add_argument("--quick", action="store_true", help="a smoke run: small sizes, one run each")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    for flag, words in flags.items():
        parser.add_argument(f"--{flag.replace('_', '-')}", help=words, action="store_true")
    return parser


def write_json(file: str | None, document: Json) -> None:
    """Write what was measured, if asked to."""
    if file:
        stamp = {"python": sys.version.split()[0], "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        Path(file).write_text(json.dumps({**stamp, **document}, indent=2) + "\n", encoding="utf-8")
