"""A network namespace with a vantage node's sshd; behind a cable a zone with services and a filter."""

import asyncio
import contextlib
import ctypes
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from monitor_parts import Sshd, free_port, tools, wait_until

from parkops.model import Target
from parkops.monitor import prepare, probes
from parkops.monitor.probes.base import Context
from parkops.monitor.vantage import Node, Vantages

SERVER = """
import http.server, socket, threading
def serve(kind, act):
    threading.Thread(target=act, daemon=True).start()
tcp = socket.create_server(("10.77.0.2", 4840))
def take():
    while True:
        tcp.accept()[0].close()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("10.77.0.2", 5000))
def echo():
    while True:
        data, peer = udp.recvfrom(2048)
        udp.sendto(data, peer)
quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); quiet.bind(("10.77.0.2", 5001))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if self.path == "/broken" else 200); self.end_headers()
    def log_message(self, *a): pass
web = http.server.ThreadingHTTPServer(("10.77.0.2", 8080), Handler)
for act in (take, echo, web.serve_forever): serve("", act)
print("serving", flush=True)
threading.Event().wait()
"""

ZONE = """
set -e
ip link set lo up
mkdir -p /run/sshd
unshare -n sleep infinity &
there=$!
while [ "$(readlink /proc/$there/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
ip link add to-zone type veth peer name eth1 netns $there
ip addr add 10.77.0.1/24 dev to-zone
ip link set to-zone up
nsenter -t $there -n sh -c 'ip addr add 10.77.0.2/24 dev eth1; ip link set eth1 up; ip link set lo up'
nsenter -t $there -n /usr/bin/python3 -I {d}/server.py > {d}/server.log 2>&1 &
until grep -q serving {d}/server.log 2>/dev/null; do sleep 0.02; done
for port in {ports}; do /usr/sbin/sshd -f {d}/sshd_config.$port -E {d}/sshd.log; done
echo $there
exec cat
"""


class Zone:
    """The vantage node takes SSH at 127.0.0.1, on a second port as a system without Python."""

    def __init__(self, folder):
        self.folder, self.keys = folder, Sshd(folder)
        self.port, self.bare_port = self.keys.port, free_port()
        common = (folder / "sshd_config").read_text().replace(f"Port {self.port}\n", "")
        bare = folder / "bare"
        bare.mkdir()
        for name in ("bash", "timeout", "ping"):
            (bare / name).symlink_to(f"/usr/bin/{name}")
        (folder / f"sshd_config.{self.port}").write_text(f"Port {self.port}\n" + common)
        (folder / f"sshd_config.{self.bare_port}").write_text(
            f"Port {self.bare_port}\n{common}SetEnv PATH={bare} BASH_ENV= ENV=\n"
        )
        known = (folder / "known").read_text().split(" ", 1)[1]
        (folder / "known").write_text(
            "".join(f"[127.0.0.1]:{p} {known}" for p in (self.port, self.bare_port))
        )
        (folder / "server.py").write_text(SERVER)
        # root's shell for the whole of the namespace: one that reads no files of the user's
        passwd = Path("/etc/passwd").read_text().splitlines()
        shell = [line if not line.startswith("root:") else "root:x:0:0:root:/root:/bin/sh" for line in passwd]
        (folder / "passwd").write_text("\n".join(shell) + "\n")

    def __enter__(self):
        script = ZONE.replace("{d}", str(self.folder)).replace("{ports}", f"{self.port} {self.bare_port}")
        script = f"mount --bind {self.folder}/passwd /etc/passwd\n{script}"
        self._log = (self.folder / "zone.log").open("wb")
        self._process = subprocess.Popen(
            ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        watchdog = threading.Timer(60, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        assert line, (self.folder / "zone.log").read_text()
        self._there = line.decode().strip()
        return self

    def __exit__(self, *error):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=20)
        self._log.close()

    def run(self, *command, check=True):
        """Run a command in the namespaces of the vantage node."""
        child = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]
        spaces = ["nsenter", "-t", child, "-n", "-m", "-p"]
        return subprocess.run([*spaces, *command], check=check, capture_output=True, text=True).stdout

    def there(self, *command):
        """Run a command in the zone behind the cable."""
        return self.run("nsenter", "-t", self._there, "-n", *command)

    @contextlib.contextmanager
    def filtered(self, *rules):
        """Filter what enters the zone."""
        self.there("nft", "add table inet t; add chain inet t in { type filter hook input priority 0; }")
        try:
            for rule in rules:
                self.there("nft", f"add rule inet t in {rule}")
            yield
        finally:
            self.there("nft", "delete table inet t")

    def agents(self):
        """The process ids of agents in the node, as they are there."""
        found = self.run("pgrep", "-f", "parkops-agent", check=False)
        return found.split()

    def node(self, name="gw", bare=False):
        return Node(name, "127.0.0.1", self.bare_port if bare else self.port)

    def login(self):
        return replace(self.keys.login(), connect_timeout_s=20)

    def inside(self, function, *arguments):
        """Call a function in a thread that is in the node's network; threads it starts are, too."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._enter_and, function, *arguments).result()

    def _enter_and(self, function, *arguments):
        child = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]
        with Path(f"/proc/{child}/ns/net").open() as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")
        return function(*arguments)

    def session(self, story, *nodes, login=None):
        """Run ``story(look)`` in the node's network; ``look(*targets)`` probes them at the same time."""

        async def go():
            async with tools() as plain:
                vantages = Vantages({node.name: node for node in nodes}, login or self.login)
                shared = replace(plain, vantages=vantages)

                async def look(*targets):
                    samples = [
                        probes.probe(t, Context(shared, probes.timeout_s(t))) for t in prepare(targets)
                    ]
                    found = await asyncio.gather(*samples)
                    return found[0] if len(found) == 1 else found

                try:
                    return await story(look)
                finally:
                    await vantages.close()

        return self.inside(asyncio.run, go())


def flow(kind, port=0, address="10.77.0.2", vantage="gw", timeout_s=20.0, detail="", **params):
    named = (("kind", kind), ("timeout_s", str(timeout_s)), *((k, str(v)) for k, v in params.items()))
    return Target(
        f"flow/{kind}-{port}{detail}", "flow", "there", address, port, 30.0, params=named, vantage=vantage
    )


def closed_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


__all__ = ["Zone", "closed_port", "flow", "wait_until"]
