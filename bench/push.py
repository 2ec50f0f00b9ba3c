"""Push benchmarks: N real netconfd instances on loopback, this project's session and ncclient's in turn.

    .venv/bin/python bench/push.py [--devices N] [--quick] [--json FILE]

Each figure is the median of at least three runs; a ratio is ours / peer, pair by pair, in turn (A B A B).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from parkops.model import Access, Artifact, ArtifactKind, Device, Park, Role, SourceRef, Workspace
from parkops.push import datatree
from parkops.push import run as push_run
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

USER = "root"
NC = datatree.BASE
IANA = "urn:ietf:params:xml:ns:yang:iana-if-type"


@dataclass(frozen=True)
class Servers:
    """Running netconfd instances, each on an address of loopback, port 830."""

    addresses: tuple[str, ...]
    login: Login


@contextmanager
def servers(count: int) -> Iterator[Servers]:
    """Run ``count`` netconfd and one sshd in namespaces of their own; all end with this process."""
    missing = [name for name in ("unshare", "netconfd", "sshd", "ssh-keygen") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="parkops-bench-") as name:
        folder = Path(name)
        for key in ("host", "client"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(folder / key)]
            subprocess.run(command, check=True)
        addresses = tuple(f"127.77.{n // 250}.{n % 250 + 1}" for n in range(count))
        host_key = " ".join((folder / "host.pub").read_text().split()[:2])
        (folder / "known_hosts").write_text("".join(f"[{a}]:830 {host_key}\n" for a in addresses))
        script = _PREPARE + "".join(_server(folder, address) for address in addresses) + _WAIT
        process = subprocess.Popen(
            ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout and process.stdin
        try:
            if process.stdout.readline() != b"ready\n":
                raise SystemExit("the NETCONF servers did not start")
            yield Servers(addresses, Login(USER, folder / "client", folder / "known_hosts"))
        finally:
            process.stdin.close()
            process.wait(20)


_PREPARE = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /usr/local/bin
for helper in get-interface-ipv4 ifconfig; do
  printf '#!/bin/sh\\n' > /usr/local/bin/$helper; chmod 755 /usr/local/bin/$helper
done
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /run/sshd
mount -t tmpfs tmpfs /mnt  # a login shell without rc files, which would cost more than all the rest
sed 's#^\\(root:.*:\\)[^:]*$#\\1/bin/sh#' /etc/passwd > /mnt/passwd; mount --bind /mnt/passwd /etc/passwd
"""
_WAIT = "echo ready; cat\n"


def _server(folder: Path, address: str) -> str:
    place = folder / address
    return f"""mkdir -p {place}; echo '<config xmlns="{NC}"/>' > {place}/startup.xml
cat > {place}/sshd_config <<END
Port 830
ListenAddress {address}
HostKey {folder}/host
PidFile {place}/sshd.pid
AuthorizedKeysFile {folder}/client.pub
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
MaxStartups 500:30:1000
Subsystem netconf "/usr/sbin/netconf-subsystem --ncxserver-sockname=830@{place}/ncx.sock"
END
mkdir -p {place}/data  # netconfd keeps its transaction number there
YUMA_HOME={place} setsid netconfd --module=ietf-interfaces --module=iana-if-type --target=candidate \\
  --access-control=off --superuser={USER} --ncxserver-sockname={place}/ncx.sock --port=830 \\
  --startup={place}/startup.xml --log={place}/log --log-level=error >/dev/null 2>&1 </dev/null &
for i in $(seq 500); do [ -S {place}/ncx.sock ] && break; sleep 0.02; done
$(command -v sshd) -f {place}/sshd_config
"""


def payload(ports: int, text: str) -> str:
    """An interfaces document with one description on every port."""
    entries = "".join(
        f"<interface><name>p{n}</name><description>{text}</description>"
        f'<type xmlns:i="{IANA}">i:ethernetCsmacd</type></interface>'
        for n in range(1, ports + 1)
    )
    return f'<config xmlns="{NC}"><interfaces xmlns="{datatree.IF}">{entries}</interfaces></config>'


@contextmanager
def stock(host: str, login: Login) -> Iterator[object]:
    """Open ncclient as its documentation does, with host keys checked."""
    from ncclient import manager
    from ncclient.transport import SSHSession

    real = SSHSession.load_known_hosts
    SSHSession.load_known_hosts = lambda self, _=None: real(self, str(login.known_hosts))
    try:
        with manager.connect(
            host=host, port=830, username=login.user, key_filename=str(login.key), timeout=30,
            allow_agent=False, look_for_keys=False, hostkey_verify=True,
        ) as session:  # fmt: skip
            yield session
    finally:
        SSHSession.load_known_hosts = real


def cpu_s() -> float:
    """CPU of this process and its children, user and system."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    started, cpu = time.perf_counter(), cpu_s()
    work()
    return time.perf_counter() - started, cpu_s() - cpu


def our_rpcs(found: Servers, count: int) -> float:
    """RPC/s on one open session of ours."""
    with NetconfSession("d", found.addresses[0], found.login) as session:
        return count / timed(lambda: [session.get_config() for _ in range(count)])[0]


def stock_rpcs(found: Servers, count: int) -> float:
    """RPC/s on one open session of ncclient."""
    with stock(found.addresses[0], found.login) as session:
        return count / timed(lambda: [session.get_config("running") for _ in range(count)])[0]  # type: ignore[attr-defined]


def our_commit(found: Servers, host: str, ports: int) -> None:
    """Seven requests: lock, discard, edit, confirmed commit, read back, confirm, unlock."""
    with NetconfSession("d", host, found.login) as session:
        session.lock("candidate")
        session.discard()
        session.edit_config(payload(ports, f"ours {time.time_ns()}"))
        session.commit(confirmed=True, timeout_s=60)
        session.get_config()
        session.confirm()
        session.unlock("candidate")


def stock_commit(found: Servers, host: str, ports: int) -> None:
    """The same seven requests with ncclient."""
    with stock(host, found.login) as session:
        session.lock("candidate")  # type: ignore[attr-defined]
        session.discard_changes()  # type: ignore[attr-defined]
        session.edit_config(target="candidate", config=payload(ports, f"stock {time.time_ns()}"))  # type: ignore[attr-defined]
        session.commit(confirmed=True, timeout="60")  # type: ignore[attr-defined]
        session.get_config("running")  # type: ignore[attr-defined]
        session.commit()  # type: ignore[attr-defined]
        session.unlock("candidate")  # type: ignore[attr-defined]


def each(found: Servers, work: Callable[[str], None], workers: int) -> None:
    """Do the same on every device with bounded concurrency."""
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, found.addresses))


def fleet(found: Servers, folder: Path, ports: int) -> dict[str, float]:
    """Time a whole push of the fleet, and one that changes nothing."""
    source = SourceRef("bench", 1, 1, "bench")
    devices = tuple(
        Device(f"d{n:04}", Role.ACCESS_SWITCH, "ietf", source, management_ipv4=f"{address}/8")
        for n, address in enumerate(found.addresses)
    )
    access = Access(USER, key=f"file:{found.login.key}", known_hosts=str(found.login.known_hosts))
    park = Park("bench", "", "", "", "0" * 32, 1, 0.0, "127.0.0.0/8", "127.0.0.1", access, source, devices)
    config = payload(ports, f"push {time.time_ns()}")
    artifacts = [Artifact(f"{d.name}.xml", config, ArtifactKind.NETCONF, "xml", d.name) for d in devices]
    place = Workspace(folder)

    def go() -> None:
        results = push_run(park, artifacts, place)
        failed = [result.message for result in results if not result.ok]
        if failed:
            raise SystemExit(f"{len(failed)} devices failed: {failed[0]}")

    first, second = timed(go), timed(go)
    return {
        "push_wall_s": first[0],
        "push_cpu_per_device_ms": 1e3 * first[1] / len(devices),
        "noop_wall_s": second[0],
        "noop_cpu_per_device_ms": 1e3 * second[1] / len(devices),
    }


def our_read(found: Servers, host: str) -> None:
    """Open, read, close."""
    with NetconfSession("d", host, found.login) as session:
        session.get_config()


def stock_read(found: Servers, host: str) -> None:
    """The same with ncclient."""
    with stock(host, found.login) as session:
        session.get_config("running")  # type: ignore[attr-defined]


def nornir_read(found: Servers) -> None:
    """Open a shell on each device and ask one thing, by nornir's threaded runner and netmiko."""
    import netmiko
    from nornir.core import Nornir
    from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
    from nornir.plugins.runners import ThreadedRunner

    def ask(task: object) -> None:
        with netmiko.ConnectHandler(
            device_type="linux", host=task.host.hostname, port=830, username=found.login.user,  # type: ignore[attr-defined]
            use_keys=True, key_file=str(found.login.key), ssh_strict=True, alt_host_keys=True,
            alt_key_file=str(found.login.known_hosts),
        ) as connection:  # fmt: skip
            connection.send_command("true")

    hosts = Hosts({address: Host(address, hostname=address) for address in found.addresses})
    nornir = Nornir(inventory=Inventory(hosts, Groups(), Defaults()), runner=ThreadedRunner(num_workers=8))
    failed = nornir.run(task=ask).failed_hosts
    if failed:
        raise SystemExit(f"nornir failed on {len(failed)} devices")


def ratio(ours: Callable[[], float], peer: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Measure in turn; return the median ratio, and both medians."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    ratios = statistics.median(own / other for own, other in pairs)
    return ratios, statistics.median(own for own, _ in pairs), statistics.median(other for _, other in pairs)


def measure(devices: int, rpcs: int, rounds: int) -> dict[str, object]:
    """Run everything; the measurements by the names of the benchmarks' contract."""
    table: dict[str, tuple[float, float, float]] = {}
    missing = ["ansible (netconf_get needs the collection ansible.netcommon)"]
    with servers(devices) as found, tempfile.TemporaryDirectory(prefix="parkops-bench-") as name:
        first = found.addresses[0]
        table["rpc_per_s_vs_ncclient"] = ratio(
            lambda: our_rpcs(found, rpcs), lambda: stock_rpcs(found, rpcs), rounds
        )
        table["commit_wall_vs_ncclient"] = ratio(
            lambda: timed(lambda: our_commit(found, first, 24))[0],
            lambda: timed(lambda: stock_commit(found, first, 24))[0],
            rounds,
        )

        def per_device(work: Callable[[Servers, str], None]) -> float:
            return timed(lambda: each(found, lambda host: work(found, host), 8))[1] / devices

        table["cpu_per_device_vs_ncclient"] = ratio(
            lambda: per_device(our_read), lambda: per_device(stock_read), rounds
        )
        if importlib.util.find_spec("nornir"):
            table["cpu_per_device_vs_nornir_netmiko"] = ratio(
                lambda: per_device(our_read), lambda: timed(lambda: nornir_read(found))[1] / devices, rounds
            )
        else:
            missing.append("nornir")
        runs = [fleet(found, Path(name) / str(n), 24) for n in range(3)]
    figures = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    names = ("rpc_per_s", "commit_wall", "cpu_per_device")
    ratios = {f"{name}_vs_ncclient": table[f"{name}_vs_ncclient"][0] for name in names}
    for peer in ("nornir_netmiko", "ansible"):
        found_ratio = table.get(f"cpu_per_device_vs_{peer}")
        ratios[f"cpu_per_device_vs_{peer}"] = found_ratio[0] if found_ratio else None  # type: ignore[assignment]
    return {
        "ratios": ratios,
        "measured": {key: {"ours": own, "peer": other} for key, (_, own, other) in table.items()},
        "runs": [{"devices": devices, "ports": 24, "rss_mb": rss_mb, **figures}],
        "rss_mb_1000": rss_mb if devices >= 1000 else None,
        "versions": {name: _version(name) for name in ("ncclient", "netmiko", "nornir")},
        "missing": missing,
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def show(measured: dict[str, object]) -> None:
    """Print a table for people."""
    print(f"{'':36}{'ours':>12}{'peer':>12}{'ratio':>9}")
    ratios: dict[str, float | None] = measured["ratios"]  # type: ignore[assignment]
    both: dict[str, dict[str, float]] = measured["measured"]  # type: ignore[assignment]
    for name, value in ratios.items():
        if value is None:
            print(f"{name:36}{'-':>12}{'missing':>12}{'-':>9}")
            continue
        print(f"{name:36}{both[name]['ours']:12.4f}{both[name]['peer']:12.4f}{value:9.3f}")
    for run in measured["runs"]:  # type: ignore[attr-defined]
        print(", ".join(f"{key} {value:.2f}".replace(".00", "") for key, value in run.items()))
    print("missing:", "; ".join(measured["missing"]))  # type: ignore[arg-type]


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--json", type=Path, help="write what was measured")
    options = parser.parse_args()
    devices, rpcs, rounds = (4, 20, 3) if options.quick else (options.devices, 60, 5)
    measured = measure(devices, rpcs, rounds)
    show(measured)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    main()
