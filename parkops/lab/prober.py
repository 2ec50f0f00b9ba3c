"""Try traffic from a node to many places at the same time, and say which passed.

Runs inside a node on the standard library alone, as a script. Input: a JSON list of trials, each with
``id``, ``address``, ``protocol`` (tcp, udp or icmp), ``port``, ``timeout_s``, ``attempts`` and
``speak`` (the far end is a lab listener that answers with its name, given in ``name``). Output: a JSON
list of ``id``, ``result`` (answer, refused, stopped, silent, failed, unable: see parkops/model/arrival.py),
``detail``, ``rtt_s``, ``time_s`` and ``icmp``, the type, code and sender of the ICMP error that stopped it.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from parkops.transport.questions import question
from parkops.transport.stopped import StoppedError, telling

THREADS = 128
_SYSLOG = 514


@dataclass(frozen=True)
class Trial:
    """One thing to try."""

    id: str
    address: str
    protocol: str
    port: int
    timeout_s: float
    attempts: int
    speak: bool
    name: str


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    id: str
    result: str
    detail: str
    rtt_s: float | None
    time_s: float
    icmp: tuple[int, int, str] | None = None


def family(address: str) -> socket.AddressFamily:
    """Return the address family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def try_tcp(trial: Trial) -> str:
    """Connect, and with a lab listener also hear its name."""
    with socket.socket(family(trial.address), socket.SOCK_STREAM) as client:
        client.settimeout(trial.timeout_s)
        with telling(client):
            client.connect((trial.address, trial.port))
        if not trial.speak:
            return "connected"
        client.sendall(b"parkops\n")
        answer = client.recv(512).decode(errors="replace")
    return heard(trial, answer)


def try_udp(trial: Trial) -> str:
    """Send a datagram and wait for its answer."""
    request = b"parkops\n" if trial.speak else question(trial.port) or b"parkops\n"
    with socket.socket(family(trial.address), socket.SOCK_DGRAM) as client:
        client.settimeout(trial.timeout_s)
        with telling(client):
            client.connect((trial.address, trial.port))
            client.send(request)
            answer = client.recv(2048)
    if trial.speak:
        return heard(trial, answer.decode(errors="replace"))
    return f"{len(answer)} bytes came back"


def heard(trial: Trial, answer: str) -> str:
    """Return what a listener said; OSError when it is not the one that was meant."""
    if trial.name and answer.split(" ", maxsplit=1)[0] != trial.name:
        raise OSError(f"another one answered: {answer[:60].strip()!r}")
    return f"answered: {answer.strip()[:60]}"


def try_icmp(trial: Trial) -> str:
    """Send an echo request and wait for its reply (RFC 792, RFC 4443)."""
    six = ":" in trial.address
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    token = os.urandom(8)
    with socket.socket(family(trial.address), socket.SOCK_DGRAM, protocol) as client:
        client.settimeout(trial.timeout_s)
        with telling(client):
            client.connect((trial.address, 0))
            client.send(struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, 1) + token)
            while token not in client.recv(2048):
                continue
    return "echo reply"


def attempt(trial: Trial) -> Outcome:
    """Try until it passes or no attempt is left."""
    if trial.protocol == "udp" and trial.port == _SYSLOG and not trial.speak:
        return Outcome(trial.id, "unable", "syslog over UDP never answers", None, time.time())
    outcome = Outcome(trial.id, "unable", "no attempt was left", None, time.time())
    for left in reversed(range(trial.attempts)):
        started_s = time.monotonic()
        outcome = _once(trial)
        spent_s = time.monotonic() - started_s
        if outcome.result == "answer":
            return outcome
        if left and spent_s < trial.timeout_s:
            threading.Event().wait(min(0.3, trial.timeout_s - spent_s))
    return outcome


def _once(trial: Trial) -> Outcome:
    act = {"tcp": try_tcp, "udp": try_udp, "icmp": try_icmp}[trial.protocol]
    started_s, icmp, rtt_s = time.monotonic(), None, None
    try:
        result, detail = "answer", act(trial)
        rtt_s = time.monotonic() - started_s
    except StoppedError as error:
        result, detail, icmp = "stopped", str(error), error.icmp
    except (ConnectionRefusedError, ConnectionResetError):
        result, detail = "refused", "refused by the far end"
    except TimeoutError:
        result, detail = "silent", f"no answer within {trial.timeout_s:g} s"
    except PermissionError as error:  # its own filter, or no right to ping
        result, detail = "unable", str(error)
    except OSError as error:  # a node of a lab without a route sends nothing; another one than meant got it
        result, detail = "silent", str(error)
    return Outcome(trial.id, result, detail, rtt_s, time.time(), icmp)


def main() -> None:
    """Read trials, try them all at once, write outcomes."""
    trials = [Trial(**one) for one in json.load(sys.stdin)]
    with ThreadPoolExecutor(max_workers=max(1, min(THREADS, len(trials)))) as pool:
        outcomes = [asdict(outcome) for outcome in pool.map(attempt, trials)]
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
