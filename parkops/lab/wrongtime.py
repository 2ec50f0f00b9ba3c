"""Serve a wrong time over NTP (RFC 5905), to whoever asks; or stop doing so.

Runs inside a node on the standard library alone, as a script: ``wrongtime.py OFFSET_S|stop NAME``.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

EPOCH_S = 2_208_988_800  # from 1900 to 1970
STRATUM = 2


def stamp(time_s: float) -> bytes:
    """Return a time as NTP writes it: seconds since 1900, and 2**-32 of them."""
    return struct.pack("!II", int(time_s) + EPOCH_S, int(time_s % 1 * 2**32))


def answer(request: bytes, offset_s: float) -> bytes:
    """Return the reply of a server whose clock is off."""
    received = stamp(time.time() + offset_s)
    head = struct.pack("!BBbb", 4 << 3 | 4, STRATUM, 6, -20) + struct.pack("!II", 0, 0) + b"LOCL"
    return head + received + request[40:48] + received + stamp(time.time() + offset_s)


def serve(sock: socket.socket, offset_s: float) -> None:
    """Answer until killed."""
    while True:
        request, sender = sock.recvfrom(1024)
        if len(request) >= 48:
            sock.sendto(answer(request, offset_s), sender)


def start(offset_s: float, pid_file: Path) -> None:
    """Listen, then go on in the background."""
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    deadline_s = time.monotonic() + 10
    while True:
        try:
            sock.bind(("::", 123))
            break
        except OSError as error:  # who served before still ends
            if time.monotonic() > deadline_s:
                sys.exit(f"cannot listen: {error}")
            time.sleep(0.05)
    child = os.fork()
    if child:
        pid_file.write_text(str(child), encoding="ascii")
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    serve(sock, offset_s)


def main() -> None:
    """Do what the arguments say."""
    what, name = sys.argv[1:]
    pid_file = Path(f"/run/wrongtime-{name}.pid")
    if what != "stop":
        start(float(what), pid_file)
    elif pid_file.exists():
        with suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text(encoding="ascii")), signal.SIGKILL)
        pid_file.unlink()


if __name__ == "__main__":
    main()
