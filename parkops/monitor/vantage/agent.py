"""Probe from this node and say what came of it: the script that parkops runs on vantage nodes.

It runs on the standard library alone, is sent over SSH and leaves nothing behind. Input: JSON lines with
``id``, ``kind`` (tcp, udp, icmp, dns, http, tls), ``address``, ``port``, ``timeout_s`` and, where the kind
wants them, ``host`` and ``path``. Output: a line ``{"ready": 1}``, then for each request one line with
``id``, ``result`` (answer, refused, stopped, silent, failed, unable: see parkops/model/arrival.py),
``detail``, ``rtt_s`` and ``icmp``, the type, code and sender of the ICMP error that stopped it. Durations
only: the node's clock is never told. It ends with its input.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from parkops.monitor.vantage.neighbours import UnableError, neighbour_silent
from parkops.transport.questions import question
from parkops.transport.stopped import StoppedError, telling

THREADS = 32
MOST_WAITING = 2000  # requests that wait for a thread; more are refused at once
UNABLE = frozenset(
    {errno.ENETUNREACH, errno.ENETDOWN, errno.EPERM, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE}
    | {errno.ENOBUFS, errno.ENOMEM, errno.EAFNOSUPPORT}
)
DNS_QUESTION = b"\x00\x00\x02\x00\x01"  # the root's name servers, class IN (RFC 1035, 4.1.2)


class FailedError(Exception):
    """Something answered, but not as it must."""


def family(address: str) -> socket.AddressFamily:
    """Return the address family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def connect(address: str, port: int, timeout_s: float) -> socket.socket:
    """Connect; the connection is reset when it is closed, so that nothing piles up here."""
    client = socket.socket(family(address), socket.SOCK_STREAM)
    try:
        client.settimeout(timeout_s)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with telling(client):
            client.connect((address, port))
    except BaseException:
        client.close()
        raise
    return client


@contextmanager
def connected(timeout_s: float) -> Iterator[None]:
    """Let silence on a connection that stands be the service's: the packets arrived."""
    try:
        yield
    except TimeoutError:
        raise FailedError(f"connected, then no answer within {timeout_s:g} s") from None


def tcp(ask: dict[str, object], address: str, port: int, timeout_s: float) -> str:
    """Open a connection."""
    with connect(address, port, timeout_s):
        return "connected"


def udp(ask: dict[str, object], address: str, port: int, timeout_s: float) -> str:
    """Send a datagram, a question of the service where one is known, and wait for any answer."""
    request = question(port) or b"parkops\n"
    return f"{len(exchange(address, port, timeout_s, request))} bytes came back"


def dns(ask: dict[str, object], address: str, port: int, timeout_s: float) -> str:
    """Ask a name server; any response to the question will do (RFC 1035, 4.1.1)."""
    token = os.urandom(2)
    answer = exchange(address, port, timeout_s, token + b"\x01\x00\x00\x01" + bytes(6) + DNS_QUESTION)
    if len(answer) < 12 or answer[:2] != token or not answer[2] & 0x80:
        raise FailedError("what came back is no DNS response")
    return f"response code {answer[3] & 15}"


def exchange(address: str, port: int, timeout_s: float, request: bytes) -> bytes:
    """Send one datagram and return the first that comes back."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as client:
        client.settimeout(timeout_s)
        with telling(client):
            client.connect((address, port))
            client.send(request)
            return client.recv(4096)


def http(ask: dict[str, object], address: str, port: int, timeout_s: float) -> str:
    """Ask for a path; a server error is none of an answer (RFC 9110, 15.6)."""
    host = str(ask.get("host") or (f"[{address}]" if ":" in address else address))
    stop_s = time.monotonic() + timeout_s
    with connect(address, port, timeout_s) as client, connected(timeout_s):
        client.sendall(f"GET {ask.get('path') or '/'} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        head = b""
        while b"\r\n" not in head and len(head) < 4096:
            client.settimeout(max(0.001, stop_s - time.monotonic()))
            part = client.recv(1024)
            if not part:
                break
            head += part
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise FailedError("what came back is no HTTP response")
    if int(words[1]) >= 500:
        raise FailedError(f"HTTP status {int(words[1])}")
    return f"HTTP status {int(words[1])}"


def tls(ask: dict[str, object], address: str, port: int, timeout_s: float) -> str:
    """Complete a handshake; whether the certificate is good is another probe's question."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(address, port, timeout_s) as client, connected(timeout_s):
        try:
            with context.wrap_socket(client, server_hostname=str(ask.get("host") or "") or None) as safe:
                return safe.version() or "handshake done"
        except ssl.SSLError as error:
            raise FailedError(f"TLS: {error.reason or error}") from error


def icmp(ask: dict[str, object], address: str, port: int, timeout_s: float) -> str:
    """Send an echo request and wait for its reply (RFC 792, RFC 4443)."""
    six = ":" in address
    token, stop_s = os.urandom(8), time.monotonic() + timeout_s
    try:
        client = socket.socket(
            family(address), socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
        )
    except PermissionError:  # net.ipv4.ping_group_range leaves this user out (icmp(7))
        return ping(address, timeout_s)
    with client:
        client.settimeout(timeout_s)
        with telling(client):
            client.connect((address, 0))
            client.send(struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, 1) + token)
            while token not in client.recv(2048):
                client.settimeout(max(0.001, stop_s - time.monotonic()))
    return "echo reply"


def ping(address: str, timeout_s: float) -> str:
    """Let the system's ping do it."""
    program = shutil.which("ping", path="/bin:/usr/bin:/sbin:/usr/sbin")
    if program is None:
        raise UnableError("no right to ping, and no ping program")
    done = subprocess.run(
        [program, "-n", "-c", "1", "-W", f"{timeout_s:.1f}", address],
        capture_output=True, text=True, timeout=timeout_s + 2, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return "echo reply"
    if done.returncode == 1:
        raise TimeoutError
    raise UnableError(f"ping: {done.stderr.strip()[-80:] or done.returncode}")


KINDS = {"tcp": tcp, "udp": udp, "dns": dns, "http": http, "tls": tls, "icmp": icmp}


def look(ask: dict[str, object]) -> tuple[str, str]:
    """Return the result of one request, and what there is to say about it; StoppedError by an ICMP error."""
    address, timeout_s = str(ask["address"]), float(str(ask["timeout_s"]))
    act = KINDS.get(str(ask["kind"]))
    if act is None:
        return "unable", f"no kind {ask['kind']}"
    try:
        return "answer", act(ask, address, int(str(ask["port"])), timeout_s)
    except StoppedError:
        raise
    except ConnectionRefusedError:
        return "refused", "refused by the far end"
    except UnableError as error:
        return "unable", str(error)
    except FailedError as error:
        return "failed", str(error)
    except TimeoutError:
        return _silent(address, f"no answer within {timeout_s:g} s")
    except OSError as error:
        text = os.strerror(error.errno).lower() if error.errno else str(error)
        if error.errno in (errno.EHOSTUNREACH, errno.EACCES):
            return _silent(address, text)
        return "unable" if error.errno in UNABLE else "failed", text


def _silent(address: str, text: str) -> tuple[str, str]:
    try:
        if neighbour_silent(address):
            return "unable", "this node's next hop does not answer"
    except UnableError as error:
        return "unable", str(error)
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        pass  # no such tables here: nothing is known against it
    return "silent", text


class Agent:
    """Reads requests, tries them at the same time, writes results as they come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._pool = ThreadPoolExecutor(THREADS)

    def say(self, line: dict[str, object]) -> None:
        """Write one line."""
        with self._lock:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()

    def serve(self) -> None:
        """Answer until the input ends."""
        self.say({"ready": 1})
        for line in iter(sys.stdin.buffer.readline, b""):
            try:
                ask = json.loads(line)
                number = int(ask["id"])
            except (ValueError, KeyError, TypeError):
                continue  # no request: nobody waits for its answer
            with self._lock:
                full = self._waiting >= MOST_WAITING
                self._waiting += not full
            if full:
                self.say({"id": number, "result": "unable", "detail": "too many requests", "rtt_s": None})
            else:
                self._pool.submit(self._answer, number, ask)
        os._exit(0)  # nobody listens any more: what is under way does not matter

    def _answer(self, number: int, ask: dict[str, object]) -> None:
        begin_s, icmp = time.perf_counter(), None
        try:
            result, detail = look(ask)
        except StoppedError as error:
            result, detail, icmp = "stopped", f"{error.icmp[2]} says: {error.strerror}", error.icmp
        except Exception as error:  # noqa: BLE001 - the probes' boundary
            result, detail = "unable", f"{type(error).__name__}: {error}"
        rtt_s = time.perf_counter() - begin_s
        with self._lock:
            self._waiting -= 1
        try:
            self.say({"id": number, "result": result, "detail": detail, "rtt_s": rtt_s, "icmp": icmp})
        except OSError:
            os._exit(0)


if __name__ == "__main__":
    Agent().serve()
