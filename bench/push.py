"""Push benchmarks: this project's NETCONF session and transaction, and its peers, in turn in one run.

    .venv/bin/python bench/push.py [--devices N] [--quick] [--json FILE]

Against N real netconfd behind sshd on loopback, and against a stub that only answers. Each figure is the
median of at least three runs; a ratio is ours / peer, pair by pair, in turn (A B A B). What bounds a push is
the server's side: sshd and netconfd cost 25 to 37 ms of CPU a session, several times what the client does.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import push_peers as peers
from push_servers import NC, Servers, netconfds, stub

from parkops.model import Access, Artifact, ArtifactKind, Device, Park, Role, SourceRef, Workspace
from parkops.push import datatree, run
from parkops.transport.netconf import NetconfSession

IANA = "urn:ietf:params:xml:ns:yang:iana-if-type"
PORTS = 24
WORKERS = 8
IN_FLIGHT = 1000


@dataclass(frozen=True)
class Ratio:
    """A figure of ours and of a peer, and the median of ours / peer; None where the peer is missing."""

    name: str
    ours: float = 0.0
    peer: float = 0.0
    ratio: float | None = None


@dataclass(frozen=True)
class Fleet:
    """A push of the whole fleet by the transaction, and one that changes nothing."""

    devices: int
    ports: int
    push_wall_s: float
    push_cpu_per_device_ms: float
    noop_wall_s: float
    noop_cpu_per_device_ms: float


@dataclass(frozen=True)
class Measured:
    """All that one run measured."""

    ratios: tuple[Ratio, ...]
    stub_rpc_per_s: Ratio
    runs: tuple[Fleet, ...]
    in_flight: int
    in_flight_rss_mb: float
    missing: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """Return it by the names of the benchmarks' contract."""
        return {
            "ratios": {ratio.name: ratio.ratio for ratio in self.ratios},
            "measured": {r.name: asdict(r) for r in (*self.ratios, self.stub_rpc_per_s)},
            "runs": [asdict(fleet) for fleet in self.runs],
            "rss_mb_1000": self.in_flight_rss_mb if self.in_flight == IN_FLIGHT else None,
            "rss_mb_in_flight": {"sessions": self.in_flight, "rss_mb": self.in_flight_rss_mb},
            "versions": self.versions,
            "missing": list(self.missing),
        }


def payload(text: str) -> str:
    """An interfaces document with one description on every port."""
    entries = "".join(
        f"<interface><name>p{n}</name><description>{text}</description>"
        f'<type xmlns:i="{IANA}">i:ethernetCsmacd</type></interface>'
        for n in range(1, PORTS + 1)
    )
    return f'<config xmlns="{NC}"><interfaces xmlns="{datatree.IF}">{entries}</interfaces></config>'


def cpu_s() -> float:
    """CPU of this process and its children, user and system."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def wall_of(work: Callable[[], object]) -> float:
    """Return wall seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_of(work: Callable[[], object]) -> float:
    """Return CPU seconds."""
    started = cpu_s()
    work()
    return cpu_s() - started


def ours(host: str, found: Servers) -> NetconfSession:
    """Return our session, not yet open."""
    return NetconfSession("d", host, found.login, found.port)


def our_rpcs(found: Servers, count: int) -> float:
    """RPC/s on one open session of ours."""
    with ours(found.addresses[0], found) as session:
        return count / wall_of(lambda: [session.get_config() for _ in range(count)])


def stock_rpcs(found: Servers, count: int) -> float:
    """RPC/s on one open session of ncclient."""
    with peers.ncclient(found.addresses[0], found.login, found.port) as session:
        return count / wall_of(lambda: [session.get_config("running") for _ in range(count)])


def our_commit(found: Servers, host: str) -> None:
    """Connect; seven requests: lock, discard, edit, confirmed commit, read back, confirm, unlock; close."""
    with ours(host, found) as session:
        session.lock("candidate")
        session.discard()
        session.edit_config(payload(f"ours {time.time_ns()}"))
        session.commit(confirmed=True, timeout_s=60)
        session.get_config()
        session.confirm()
        session.unlock("candidate")


def stock_commit(found: Servers, host: str) -> None:
    """The same with ncclient."""
    with peers.ncclient(host, found.login) as session:
        session.lock("candidate")
        session.discard_changes()
        session.edit_config(target="candidate", config=payload(f"stock {time.time_ns()}"))
        session.commit(confirmed=True, timeout="60")
        session.get_config("running")
        session.commit()
        session.unlock("candidate")


def our_change(found: Servers, host: str) -> None:
    """Connect, diff, commit, read back and compare, confirm."""
    text = payload(f"ours {time.time_ns()}")
    intended = datatree.parse(text)
    with ours(host, found) as session:
        edit = datatree.edit(datatree.parse(session.get_config()), intended)
        session.lock("candidate")
        session.edit_config(edit)
        session.commit(confirmed=True, timeout_s=60)
        if datatree.parse(session.get_config()) != intended:
            raise SystemExit("the server lost the edit")
        session.confirm()
        session.unlock("candidate")


def stock_change(found: Servers, host: str) -> None:
    """The same with ncclient, and the same comparison."""
    text = payload(f"stock {time.time_ns()}")
    intended = datatree.parse(text)
    with peers.ncclient(host, found.login) as session:
        running = datatree.parse(session.get_config("running").data_xml.encode())
        session.lock("candidate")
        session.edit_config(target="candidate", config=datatree.edit(running, intended))
        session.commit(confirmed=True, timeout="60")
        if datatree.parse(session.get_config("running").data_xml.encode()) != intended:
            raise SystemExit("the server lost the edit")
        session.commit()
        session.unlock("candidate")


def each(found: Servers, work: Callable[[Servers, str], None]) -> None:
    """Do the same on every device with bounded concurrency."""
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda host: work(found, host), found.addresses))


def fleet(found: Servers, folder: Path) -> Fleet:
    """Push the fleet by the whole transaction, and once more when nothing differs."""
    source = SourceRef("bench", 1, 1, "bench")
    devices = tuple(
        Device(f"d{n:04}", Role.ACCESS_SWITCH, "ietf", source, management_ipv4=f"{address}/8")
        for n, address in enumerate(found.addresses)
    )
    access = Access("root", key=f"file:{found.login.key}", known_hosts=str(found.login.known_hosts))
    park = Park("bench", "", "", "", "0" * 32, 1, 0.0, "127.0.0.0/8", "127.0.0.1", access, source, devices)
    config = payload(f"push {time.time_ns()}")
    artifacts = [Artifact(f"{d.name}.xml", config, ArtifactKind.NETCONF, "xml", d.name) for d in devices]

    def go() -> None:
        failed = [result.message for result in run(park, artifacts, Workspace(folder)) if not result.ok]
        if failed:
            raise SystemExit(f"{len(failed)} devices failed: {failed[0]}")

    figures: list[float] = []
    for _ in range(2):
        cpu = cpu_s()
        figures += [wall_of(go), 1e3 * (cpu_s() - cpu) / len(devices)]
    return Fleet(len(devices), PORTS, *figures)


def ratio(name: str, own: Callable[[], float], peer: Callable[[], float], rounds: int) -> Ratio:
    """Measure in turn."""
    pairs = [(own(), peer()) for _ in range(rounds)]
    middle = statistics.median
    return Ratio(
        name, middle(a for a, _ in pairs), middle(b for _, b in pairs), middle(a / b for a, b in pairs)
    )


def measure(devices: int, rpcs: int, rounds: int, in_flight: int) -> Measured:
    """Run everything."""
    missing: list[str] = []
    with netconfds(devices) as found, tempfile.TemporaryDirectory(prefix="parkops-bench-") as name:
        table = list(_against_ncclient(found, rpcs, rounds))
        table += _against_others(found, rounds, missing)
        runs = tuple(fleet(found, Path(name) / str(n)) for n in range(3))
    with stub(1) as found:
        stubbed = ratio(
            "stub_rpc_per_s_vs_ncclient",
            lambda: our_rpcs(found, 10 * rpcs),
            lambda: stock_rpcs(found, rpcs),
            3,
        )
    return Measured(
        tuple(table), stubbed, runs, in_flight, _in_flight_rss_mb(in_flight), tuple(missing), _versions()
    )


def _against_ncclient(found: Servers, rpcs: int, rounds: int) -> tuple[Ratio, ...]:
    first, count = found.addresses[0], len(found.addresses)
    return (
        ratio(
            "rpc_per_s_vs_ncclient", lambda: our_rpcs(found, rpcs), lambda: stock_rpcs(found, rpcs), rounds
        ),
        ratio(
            "commit_wall_vs_ncclient",
            lambda: wall_of(lambda: our_commit(found, first)),
            lambda: wall_of(lambda: stock_commit(found, first)),
            rounds,
        ),
        ratio(
            "cpu_per_device_vs_ncclient",
            lambda: cpu_of(lambda: each(found, our_change)) / count,
            lambda: cpu_of(lambda: each(found, stock_change)) / count,
            rounds,
        ),
    )


def _against_others(found: Servers, rounds: int, missing: list[str]) -> list[Ratio]:
    """Compare a whole change of ours with a mere reading by those that cannot do more in one go."""
    count = len(found.addresses)

    def own() -> float:
        return cpu_of(lambda: each(found, our_change)) / count

    told: list[Ratio] = []
    lacks = {
        "nornir_netmiko": "" if importlib.util.find_spec("nornir") else "nornir (uv sync --group bench)",
        "ansible": peers.ansible_missing(),
    }
    work = {"nornir_netmiko": peers.nornir, "ansible": peers.ansible}
    for name, lacking in lacks.items():
        figure = f"cpu_per_device_vs_{name}"
        if lacking:
            missing.append(f"{name}: {lacking}")
            told.append(Ratio(figure))
        else:
            peer = partial(_cpu_per_device, work[name], found)
            told.append(ratio(figure, own, peer, min(rounds, 3)))
    return told


def _cpu_per_device(work: Callable[[Servers], None], found: Servers) -> float:
    return cpu_of(lambda: work(found)) / len(found.addresses)


def _in_flight_rss_mb(sessions: int) -> float:
    """Return the peak memory of a process of its own that holds so many sessions in mid-transaction."""
    done = subprocess.run(
        [sys.executable, __file__, "--hold", str(sessions)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"holding {sessions} sessions failed: {done.stderr[-800:]}")
    return float(done.stdout.split()[-1])


def hold(sessions: int) -> None:
    """Hold sessions against the stub, each between its confirmed commit and its confirmation."""
    with stub(sessions) as found:

        def begin(host: str) -> NetconfSession:
            session = ours(host, found)
            session.open()
            session.lock("candidate")
            session.edit_config(payload("held"))
            session.commit(confirmed=True, timeout_s=600, persist="held")
            return session

        with ThreadPoolExecutor(4 * WORKERS) as pool:
            held = list(pool.map(begin, found.addresses))
            list(pool.map(lambda session: session.confirm("held"), held))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for session in held:
            session.drop()
    print(f"{len(held)} sessions {peak_mb:.1f}")


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("ncclient", "paramiko", "netmiko", "nornir", "ansible-core"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def show(measured: Measured) -> None:
    """Print a table for people."""
    print(f"{'':36}{'ours':>12}{'peer':>12}{'ratio':>9}")
    for entry in (*measured.ratios, measured.stub_rpc_per_s):
        if entry.ratio is None:
            print(f"{entry.name:36}{'-':>12}{'missing':>12}{'-':>9}")
        else:
            print(f"{entry.name:36}{entry.ours:12.4f}{entry.peer:12.4f}{entry.ratio:9.4f}")
    for run_ in measured.runs:
        print(", ".join(f"{key} {value:.2f}".replace(".00", "") for key, value in asdict(run_).items()))
    print(f"{measured.in_flight} sessions in flight: {measured.in_flight_rss_mb:.0f} MB peak")
    if measured.missing:
        print("missing:", "; ".join(measured.missing))


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT, help="sessions held at once")
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--json", type=Path, help="write what was measured")
    parser.add_argument("--hold", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hold:
        hold(options.hold)
        return
    quick = (4, 20, 3, 50)
    measured = measure(*(quick if options.quick else (options.devices, 60, 5, options.in_flight)))
    show(measured)
    if options.json:
        options.json.write_text(json.dumps(measured.document(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
