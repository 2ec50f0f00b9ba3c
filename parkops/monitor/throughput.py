"""A throughput sample, on request: a bounded TCP transfer with a small server that is started over SSH."""

from __future__ import annotations

import shlex
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from parkops.errors import Unreachable
from parkops.model import Target
from parkops.monitor.sessions import connected
from parkops.transport.login import Login

MAX_BYTES, MAX_S = 64 << 20, 3.0  # of each direction; whatever comes first
CONNECT_S = 3.0
BLOCK_BYTES = 1 << 16

# Serves one connection: sends, then takes what comes, then ends. Needs python3 on the node.
SERVER = """
import socket, sys, time
address, amount, limit_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
listener = socket.create_server((address, 0), family=family)
listener.settimeout(limit_s * 2)
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.settimeout(limit_s * 2)
block, end_s = bytes(65536), time.monotonic() + limit_s
while amount > 0 and time.monotonic() < end_s:
    amount -= connection.send(block[:amount])
connection.shutdown(socket.SHUT_WR)
while connection.recv(65536):
    pass
"""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a transfer came to; ``over`` is tcp, or ssh where the node lets no other port be reached."""

    over: str
    down_bytes: int
    down_bps: float
    up_bytes: int = 0
    up_bps: float | None = None  # over ssh, one direction tells enough


def throughput(target: Target, login: Login) -> Throughput:
    """Transfer data from a device to here and back; Unreachable when it cannot be logged in to.

    Over SSH itself, encryption bounds what is seen.
    """
    at_ssh = replace(target, probe="ssh", port=22 if target.probe != "ssh" else target.port)
    with connected(at_ssh, login) as client:
        command = shlex.join(("python3", "-c", SERVER, target.address, str(MAX_BYTES), str(MAX_S)))
        _, output, _ = client.exec_command(command, timeout=MAX_S * 4)
        line = output.readline().strip()
        if line.isdigit():
            with suppress(OSError):
                return _transfer(target.address, int(line))
        _, output, _ = client.exec_command(f"head -c {MAX_BYTES} /dev/zero", timeout=MAX_S * 4)
        amount, bps = _receive(output.channel.recv)
        if amount < BLOCK_BYTES:
            what = "the login's shell runs neither python3 nor head: no throughput can be measured with it"
            raise Unreachable(what, where=target.device)
        return Throughput("ssh", amount, bps)


def _transfer(address: str, port: int) -> Throughput:
    with socket.create_connection((address, port), timeout=CONNECT_S) as connection:
        connection.settimeout(MAX_S * 2)
        down_bytes, down_bps = _receive(connection.recv)
        up_bytes, begin_s, block = 0, time.perf_counter(), bytes(BLOCK_BYTES)
        while up_bytes < MAX_BYTES and time.perf_counter() - begin_s < MAX_S:
            up_bytes += connection.send(block)
        connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            connection.recv(1)  # it closes when all has come
        return Throughput(
            "tcp", down_bytes, down_bps, up_bytes, up_bytes * 8 / (time.perf_counter() - begin_s)
        )


def _receive(read: Callable[[int], bytes]) -> tuple[int, float]:
    """Read to the end, or for a time; return bytes and bits a second."""
    amount, begin_s = 0, time.perf_counter()
    while time.perf_counter() - begin_s < MAX_S * 2 and (data := read(BLOCK_BYTES)):
        amount += len(data)
    return amount, amount * 8 / max(time.perf_counter() - begin_s, 1e-9)
