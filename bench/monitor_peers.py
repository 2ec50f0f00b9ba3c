"""What the monitor is compared with: the CPU of one probe in microseconds, of a scrape in milliseconds."""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from common import cpu_s

TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """The peer is not installed here."""


def need(program: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        raise Missing(f"{program} is not installed")
    return found


def fping(size: int, rounds: int) -> float:
    """One probe of fping, a round a second, sends spread over nine tenths of it."""
    from monitor_worker import address

    program = need("fping")
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("".join(f"{address(number)}\n" for number in range(size)))
        file.flush()
        command = [program, "-q", "-C", str(rounds), "-p", "1000", "-i", f"{900 / size:.3f}", "-f", file.name]
        spent = cpu_s(
            lambda: subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        )
    return 1e6 * spent / (size * rounds)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def process_cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.contextmanager
def blackbox() -> Iterator[tuple[int, int]]:
    program, port = need("prometheus-blackbox-exporter"), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "blackbox.yml"
        config.write_text(
            "modules: {icmp: {prober: icmp, timeout: 1s, icmp: {preferred_ip_protocol: ip4}},"
            " tcp: {prober: tcp, timeout: 2s, tcp: {preferred_ip_protocol: ip4}}}"
        )
        command = [program, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield port, running.pid
        finally:
            running.kill()
            running.wait()


def wait_for(port: int) -> None:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def _blackbox(module: str, target: Callable[[int], str], count: int) -> float:
    with blackbox() as (port, pid):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def ask(number: int) -> None:
            connection.request("GET", f"/probe?module={module}&target={target(number)}")
            body = connection.getresponse().read()
            if b"probe_success 1" not in body:
                raise SystemExit(f"blackbox_exporter: {target(number)} does not answer")

        for number in range(10):
            ask(number)
        begin_s = process_cpu_s(pid)
        for number in range(count):
            ask(number)
        return 1e6 * (process_cpu_s(pid) - begin_s) / count


def blackbox_icmp(count: int) -> float:
    from monitor_worker import address

    return _blackbox("icmp", address, count)


def blackbox_tcp(count: int) -> float:
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        server = os.fork()
        if not server:
            while True:
                listener.accept()[0].close()
        try:
            port = listener.getsockname()[1]
            return _blackbox("tcp", lambda _: f"127.0.0.1:{port}", count)
        finally:
            os.kill(server, 9)
            os.waitpid(server, 0)


@contextlib.contextmanager
def agent() -> Iterator[int]:
    """Run an SNMP agent; yields its UDP port."""
    program, port = need("snmpd"), free_port(socket.SOCK_DGRAM)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "snmpd.conf"
        config.write_text(f"agentaddress udp:127.0.0.1:{port}\nrocommunity public 127.0.0.1\n")
        command = [program, "-f", "-Lo", "-C", "-c", str(config), "-p", f"{folder}/pid"]
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": folder}
        running = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for_agent(port)
            yield port
        finally:
            running.kill()
            running.wait()


def _wait_for_agent(port: int) -> None:
    get = [
        need("snmpget"),
        "-v2c",
        "-c",
        "public",
        "-t",
        "1",
        "-r",
        "0",
        f"127.0.0.1:{port}",
        "1.3.6.1.2.1.1.3.0",
    ]
    for _ in range(30):
        if subprocess.run(get, capture_output=True, check=False).returncode == 0:
            return
    raise SystemExit("snmpd does not answer")


PYSNMP = """
import asyncio, resource, sys
from pysnmp.hlapi.v3arch.asyncio import (CommunityData, ContextData, ObjectIdentity, ObjectType, SnmpEngine,
                                         UdpTransportTarget, get_cmd)
async def main(port, count):
    engine, data = SnmpEngine(), CommunityData("public")
    transport = await UdpTransportTarget.create(("127.0.0.1", port))
    async def get():
        error, status, _, _ = await get_cmd(engine, data, transport, ContextData(),
                                            ObjectType(ObjectIdentity("1.3.6.1.2.1.1.3.0")))
        if error or status:
            raise SystemExit(str(error or status))
    for _ in range(5):
        await get()
    def spent():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime
    begin = spent()
    for _ in range(count):
        await get()
    print((spent() - begin) / count)
asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
"""


def pysnmp(count: int) -> float:
    """One GET of one object by pysnmp."""
    if subprocess.run([sys.executable, "-c", "import pysnmp"], capture_output=True, check=False).returncode:
        raise Missing("pysnmp is not installed")
    with agent() as port:
        command = [sys.executable, "-c", PYSNMP, str(port), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return 1e6 * float(done.stdout)


def netsnmp(count: int) -> float:
    """One snmpget of net-snmp, a process each, as scripts use it."""
    with agent() as port:
        get = [need("snmpget"), "-v2c", "-c", "public", f"127.0.0.1:{port}", "1.3.6.1.2.1.1.3.0"]
        before = _children_s()
        for _ in range(count):
            subprocess.run(get, stdout=subprocess.DEVNULL, check=True)
        return 1e6 * (_children_s() - before) / count


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


SCRAPE = """
import resource, sys
from prometheus_client import CollectorRegistry, Gauge, Counter, generate_latest
registry, count = CollectorRegistry(), int(sys.argv[1]) // 6
names = ["target", "device", "probe", "tenant", "zone"]
up = Gauge("parkops_probe_up", "x", names, registry=registry)
rtt = Gauge("parkops_probe_rtt_seconds", "x", names, registry=registry)
lost = Gauge("parkops_probe_lost", "x", names, registry=registry)
state = Gauge("parkops_target_state_seconds", "x", [*names, "state"], registry=registry)
for n in range(count):
    told = (f"d{n:05}/icmp", f"d{n:05}", "icmp", f"t{n % 20}", f"z{n % 100}")
    up.labels(*told).set(1)
    rtt.labels(*told).set(0.0001234 + n / 1e7)
    lost.labels(*told).set(0)
    for name in ("up", "down", "unknown"):
        state.labels(*told, name).set(n)
def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
begin = spent()
for _ in range(3):
    generate_latest(registry)
print((spent() - begin) / 3)
"""


def prometheus_client(series: int) -> float:
    """One scrape of as many series by prometheus_client's own metrics."""
    command = [sys.executable, "-c", SCRAPE, str(series)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return 1000 * float(done.stdout)


PEERS: Mapping[str, Callable[..., float]] = {
    "fping": fping,
    "blackbox_icmp": blackbox_icmp,
    "blackbox_tcp": blackbox_tcp,
    "pysnmp": pysnmp,
    "netsnmp": netsnmp,
    "prometheus_client": prometheus_client,
}
