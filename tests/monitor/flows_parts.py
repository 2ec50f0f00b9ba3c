"""Open vSwitch with its own exporters in a namespace, between two hosts of the park; and packets."""

import contextlib
import ctypes
import socket
import struct
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SCRIPT = """
set -e
ip link set lo up
mkdir -p /run/openvswitch
mount -t tmpfs tmpfs /run/openvswitch
export OVS_RUNDIR={d}/run
mkdir -p {d}/run
ovsdb-tool create {d}/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server {d}/conf.db --remote=punix:{d}/run/db.sock --detach --pidfile={d}/run/db.pid \\
  --log-file={d}/db.log
ovs-vsctl --db=unix:{d}/run/db.sock --no-wait init
ovs-vswitchd unix:{d}/run/db.sock --detach --pidfile={d}/run/vs.pid --log-file={d}/vs.log
v="ovs-vsctl --db=unix:{d}/run/db.sock"
$v add-br br0 -- set bridge br0 datapath_type=netdev
for n in 1 2; do
  unshare -n sleep infinity & host=$!
  while [ "$(readlink /proc/$host/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  ip link add p$n type veth peer name eth1 netns $host
  ip link set p$n up
  $v add-port br0 p$n
  eval ip=\\$ip$n
  nsenter -t $host -n sh -c "ip link set lo up; ip addr add $ip/8 dev eth1; ip link set eth1 up; \\
    ethtool -K eth1 tx off >/dev/null"
  ethtool -K p$n tx off >/dev/null
  hosts="$hosts $host"
done
echo $hosts
exec cat
"""


class Switch:
    """Two hosts with addresses of the park on a switch of Open vSwitch, userspace datapath."""

    def __init__(self, folder, first, second):
        self.folder, self._ips = folder, (first, second)

    def __enter__(self):
        script = f"ip1={self._ips[0]} ip2={self._ips[1]}\n" + SCRIPT.replace("{d}", str(self.folder))
        self._log = (self.folder / "switch.log").open("wb")
        self._process = subprocess.Popen(
            ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        watchdog = threading.Timer(60, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        assert line, (self.folder / "switch.log").read_text()
        self._hosts = line.decode().split()
        return self

    def __exit__(self, *error):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=20)
        self._log.close()

    def run(self, *command, check=True):
        pid = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]
        spaces = ["nsenter", "-t", pid, "-n", "-m", "-p"]
        return subprocess.run([*spaces, *command], check=check, capture_output=True, text=True, timeout=60)

    def vsctl(self, *words):
        return self.run("ovs-vsctl", f"--db=unix:{self.folder}/run/db.sock", *words)

    def on_host(self, number, *command, check=True):
        return self.run("nsenter", "-t", self._hosts[number - 1], "-n", *command, check=check)

    def talk(self, port, lines=20, address=""):
        """Open a TCP session from the first host to the second, and send some lines."""
        code = f"""
import socket, threading
server = socket.create_server(("", {port}))
print("up", flush=True)
conn, _ = server.accept()
for _ in range({lines}): conn.sendall(conn.recv(100))
conn.close()
"""
        pid = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]
        spaces = ["nsenter", "-t", pid, "-n", "-m", "-p", "nsenter", "-t", self._hosts[1], "-n"]
        server = subprocess.Popen(
            [*spaces, "/usr/bin/python3", "-I", "-c", code], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout.readline() == "up\n"
            client = f"""
import socket
s = socket.create_connection(("{address or self._ips[1]}", {port}), timeout=20)
for _ in range({lines}):
    s.sendall(b"x" * 100); s.recv(100)
"""
            self.on_host(1, "/usr/bin/python3", "-I", "-c", client)
            server.wait(timeout=20)
        finally:
            server.kill()
            server.stdout.close()
            server.wait()

    @contextlib.contextmanager
    def exporter(self, *command):
        """Run a program of this namespace until the block ends."""
        pid = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]
        spaces = ["nsenter", "-t", pid, "-n", "-m", "-p"]
        running = subprocess.Popen(
            [*spaces, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            running.terminate()
            running.wait(timeout=20)

    def inside(self, function):
        """Call a function in a thread that is in the switch's network; threads it starts are, too."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._enter_and, function).result()

    def _enter_and(self, function):
        pid = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]
        with Path(f"/proc/{pid}/ns/net").open() as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")
        return function()


def tcp(src, dst, sport, dport, flags, payload=b""):
    """An Ethernet frame with a TCP segment."""
    six = ":" in src
    head = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 5 << 4, flags, 64240, 0, 0) + payload
    if six:
        ends = socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst)
        packet = struct.pack("!IHBB", 6 << 28, len(head), 6, 64) + ends + head
    else:
        ends = socket.inet_aton(src) + socket.inet_aton(dst)
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(head), 1, 0, 64, 6, 0) + ends + head
    return bytes(12) + (b"\x86\xdd" if six else b"\x08\x00") + packet


def session(src, dst, sport, dport, segments=10):
    """The frames of a session that is open and in use."""
    frames = [tcp(src, dst, sport, dport, 2), tcp(dst, src, dport, sport, 0x12)]
    for _ in range(segments):
        frames += [
            tcp(src, dst, sport, dport, 0x18, b"q" * 50),
            tcp(dst, src, dport, sport, 0x18, b"a" * 500),
        ]
    return [*frames, tcp(src, dst, sport, dport, 0x11), tcp(dst, src, dport, sport, 0x11)]
