"""Three network namespaces in a row: a source, a boundary with a filter, and a target's host."""

import contextlib
import ctypes
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

OPEN = 81  # TCP and UDP: answers
CLOSED = 82
SOURCE, BOUNDARY, TARGET = {4: "10.1.0.1", 6: "fd01::1"}, {4: "10.1.0.2", 6: "fd01::2"}, {
    4: "10.2.0.2", 6: "fd02::2",
}  # fmt: skip
NET_NS = 0x40000000

SERVER = f"""
import socket, sys, threading
def tcp(listener):
    while True:
        listener.accept()[0].close()
def udp(sock):
    while True:
        data, peer = sock.recvfrom(2048)
        sock.sendto(data[:2] + bytes([data[2] | 0x80]) + data[3:], peer)  # a response, to DNS's eyes
for family in (socket.AF_INET, socket.AF_INET6):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    for sock in (listener, datagrams):
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("", {OPEN}))
    listener.listen(16)
    threading.Thread(target=tcp, args=(listener,), daemon=True).start()
    threading.Thread(target=udp, args=(datagrams,), daemon=True).start()
print("serving", flush=True)
sys.stdin.read()
"""
LINKS = """
ip link set lo up
sysctl -qw net.ipv4.ping_group_range='0 2147483647'
ip link add name to-border type veth peer name outer netns {border}
nsenter -t {border} -n ip link add name inner type veth peer name eth0 netns {target}
ip addr add 10.1.0.1/24 dev to-border; ip addr add fd01::1/64 dev to-border nodad; ip link set to-border up
nsenter -t {border} -n sh -ec '
  ip link set lo up
  ip addr add 10.1.0.2/24 dev outer; ip addr add fd01::2/64 dev outer nodad; ip link set outer up
  ip addr add 10.2.0.1/24 dev inner; ip addr add fd02::1/64 dev inner nodad; ip link set inner up
  sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \\
    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
  nft "add table inet t; add chain inet t pass {{ type filter hook forward priority 0; }}"'
nsenter -t {target} -n sh -ec '
  ip link set lo up
  ip addr add 10.2.0.2/24 dev eth0; ip addr add fd02::2/64 dev eth0 nodad; ip link set eth0 up
  ip route add default via 10.2.0.1; ip route add default via fd02::1'
ip route add default via 10.1.0.2; ip route add default via fd01::2
"""


class Border:
    """The namespaces live as long as their processes, which end with the block."""

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        self.source, self.border = self._namespace("cat"), self._namespace("cat")
        self.target = self._namespace("/usr/bin/python3", "-I", "-c", SERVER, says="serving")
        links = LINKS.format(border=self.border, target=self.target)
        self.run("sh", "-ec", links)
        for address in TARGET.values():  # what resolves neighbours for the first time is no part of a test
            self.run("ping", "-n", "-q", "-c", "1", "-W", "10", address)
        return self

    def __exit__(self, *error):
        self._stack.close()

    def _namespace(self, *command, says=""):
        """Start a command in a network namespace of its own; return its process id once it is there."""
        ready = ["sh", "-c", 'echo there; exec "$@"', "sh", *command]
        process = subprocess.Popen(
            ["unshare", "-n", *ready], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._stack.callback(self._end, process)
        for line in ("there", says) if says else ("there",):
            assert process.stdout.readline() == f"{line}\n"
        return process.pid

    @staticmethod
    def _end(process):
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()

    def run(self, *command, where=None, text=None):
        """Run a command in the source's namespace, or that of ``where``; return what it says."""
        spaces = ["nsenter", "-t", str(where or self.source), "-n"]
        done = subprocess.run([*spaces, *command], input=text, check=True, capture_output=True, text=True)
        return done.stdout

    @contextlib.contextmanager
    def filtered(self, rule):
        """Filter what comes from the source; no rule lets all pass."""
        if not rule:
            yield
            return
        self.run("nft", f'add rule inet t pass iifname "outer" {rule}', where=self.border)
        try:
            yield
        finally:
            self.run("nft", "flush chain inet t pass", where=self.border)

    def inside(self, function, *arguments):
        """Call a function in a thread that is in the source's network."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._enter_and, function, *arguments).result()

    def _enter_and(self, function, *arguments):
        with Path(f"/proc/{self.source}/ns/net").open() as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), NET_NS):
                raise OSError(ctypes.get_errno(), "setns")
        return function(*arguments)
