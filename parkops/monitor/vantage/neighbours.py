"""Tell whether this node's next hop answers: where it does not, silence tells of this node's own line.

Part of the script that runs on vantage nodes: the standard library alone.
"""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess

TIMEOUT_S = 2
SILENT_STATES = ("FAILED", "INCOMPLETE")  # of neighbour discovery, as ip-neighbour(8) names them


class UnableError(Exception):
    """The node could not try."""


def neighbour_silent(address: str) -> bool:
    """Tell whether the next hop to an address does not answer ARP, or neighbour discovery.

    UnableError without a route; OSError, ValueError and IndexError where the system's tables cannot be read.
    """
    return _silent_6(address) if ":" in address else _silent_4(address)


def next_hop(address: str) -> str:
    """Return the IPv4 neighbour that packets to an address are handed to; UnableError without a route."""
    wanted, best = struct.unpack("!I", socket.inet_aton(address))[0], (-1, 0)
    with open("/proc/thread-self/net/route", encoding="ascii") as routes:  # noqa: PTH123 - little to import here
        for line in routes.readlines()[1:]:
            fields = line.split()
            net, gateway, mask = (socket.ntohl(int(fields[n], 16)) for n in (1, 2, 7))
            if wanted & mask == net and mask > best[0]:
                best = (mask, gateway)
    if best[0] < 0:
        raise UnableError("no route to it")
    return socket.inet_ntoa(struct.pack("!I", best[1])) if best[1] else address


def _silent_4(address: str) -> bool:
    hop = next_hop(address)
    with open("/proc/thread-self/net/arp", encoding="ascii") as table:  # noqa: PTH123 - as above
        entries = [line.split() for line in table.readlines()[1:]]
    return any(entry[0] == hop and int(entry[2], 16) & 2 == 0 for entry in entries if len(entry) > 2)


def _silent_6(address: str) -> bool:
    """Ask iproute2, or BusyBox: the kernel shows IPv6 neighbours in no file."""
    words = _ip("route", "get", address).split()
    hop = words[words.index("via") + 1] if "via" in words else address
    port = words[words.index("dev") + 1]
    lines = [line.split() for line in _ip("neigh", "show").splitlines()]
    states = [line[-1] for line in lines if line[:1] == [hop] and port in line]
    return any(state in SILENT_STATES for state in states)


def _ip(*arguments: str) -> str:
    program = shutil.which("ip", path="/bin:/usr/bin:/sbin:/usr/sbin")
    if program is None:
        raise OSError("no ip program")
    done = subprocess.run(
        [program, "-6", *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise UnableError(f"ip: {done.stderr.strip()[-80:]}")
    return done.stdout
