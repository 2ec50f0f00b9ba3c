"""One vantage node: an SSH session that is kept, and the agent that runs behind it."""

from __future__ import annotations

import json
import logging
import shlex
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parkops.errors import Unreachable
from parkops.model import IcmpError
from parkops.transport import questions, stopped
from parkops.transport.login import Login
from parkops.transport.standalone import joined

if TYPE_CHECKING:
    import paramiko

log = logging.getLogger("parkops.monitor")

START_S = 10.0  # a node on which Python takes longer to start is too slow to measure from
SEND_S = 2.0
NOT_FOUND = 127  # what a shell says of a program that is not there (POSIX, 2.8.2)
LINE_BYTES = 65_536
# The script follows on the standard input, so that no command line grows; the requests come after it.
STARTER = (
    "import sys;exec(compile(sys.stdin.buffer.read({size}),'parkops-agent','exec'),{{'__name__':'__main__'}})"
)


@dataclass(frozen=True, slots=True)
class Node:
    """Where a vantage node takes SSH sessions."""

    name: str
    address: str
    port: int = 22


@dataclass(frozen=True, slots=True)
class Ask:
    """What an agent is asked to try."""

    kind: str  # tcp | udp | icmp | dns | http | tls
    address: str
    port: int
    timeout_s: float
    host: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it (see ``parkops.model.arrived``); unable where the node could not try."""

    result: str  # answer | refused | stopped | silent | failed | unable
    detail: str = ""
    rtt_s: float | None = None
    icmp: IcmpError | None = None  # what stopped it


Heard = Callable[[int, Answer], None]
Ended = Callable[[str], None]


@cache
def script() -> bytes:
    """Return the agent's text."""
    shared = (Path(stopped.__file__), Path(questions.__file__))
    own = (Path(__file__).with_name(name) for name in ("neighbours.py", "agent.py"))
    return joined(*shared, *own).encode()


class Agent:
    """A session with its agent; ``heard`` and ``ended`` are called in the reader's thread.

    Where the node has no Python, ``plain`` is true, and ``try_plainly`` runs a command for each probe.
    """

    def __init__(self, node: Node, login: Login, heard: Heard, ended: Ended) -> None:
        self.node, self._login, self._heard, self._ended = node, login, heard, ended
        self.plain = False
        self._transport: paramiko.Transport | None = None
        self._channel: paramiko.Channel | None = None
        self._send_lock = threading.Lock()
        self._closing = False
        self.heard_s = time.monotonic()

    def open(self) -> None:
        """Log in and start the agent; Unreachable with the reason when that cannot be had."""
        import paramiko

        from parkops.transport.connect import HostKeyError, again, connect

        node = self.node
        try:
            self._transport = again(lambda: connect(node.address, node.port, self._login))
            self._transport.set_keepalive(15)
            self._start(self._transport)
        except HostKeyError as error:
            self._fail(str(error), error)
        except paramiko.AuthenticationException as error:
            self._fail(f"login as {self._login.user} refused", error)
        except (paramiko.SSHException, OSError, EOFError) as error:
            self._fail(str(error) or type(error).__name__, error)

    def _fail(self, why: str, error: Exception) -> None:
        self.close()
        raise Unreachable(why, where=self.node.name) from error

    def _start(self, transport: paramiko.Transport) -> None:
        channel = self._channel = transport.open_session(timeout=self._login.connect_timeout_s)
        channel.settimeout(START_S)
        text = script()
        channel.exec_command(f"exec python3 -I -c {shlex.quote(STARTER.format(size=len(text)))}")
        with suppress(OSError):  # a shell without Python has closed its end already
            channel.sendall(text)
        first = _line(channel)
        if first != b'{"ready": 1}':
            status = channel.recv_exit_status() if channel.exit_status_ready() or not first else -1
            channel.close()
            if status == NOT_FOUND:
                self.plain = True
                return
            raise OSError(f"the agent did not start: {first[:80].decode(errors='replace') or status}")
        reader = threading.Thread(
            target=self._read, args=(channel,), name=f"parkops-{self.node.name}", daemon=True
        )
        reader.start()

    def _read(self, channel: paramiko.Channel) -> None:
        """Hand on what the agent says until it says no more."""
        rest, why = b"", "the agent ended"
        try:
            channel.settimeout(None)
            while data := channel.recv(LINE_BYTES):
                self.heard_s = time.monotonic()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._take(line)
                if len(rest) > LINE_BYTES:
                    why = "the agent says what nobody understands"
                    break
        except (OSError, EOFError) as error:
            why = str(error) or why
        if not self._closing:
            self._ended(why)

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            icmp = _icmp(said.get("icmp"))
            detail = str(icmp or said.get("detail", ""))[:200]
            answer = Answer(str(said["result"]), detail, _duration_s(said.get("rtt_s")), icmp)
            self._heard(int(said["id"]), answer)
        except (ValueError, LookupError, TypeError, AttributeError):
            log.warning("%s: the agent says what nobody understands: %r", self.node.name, line[:80])

    def ask(self, number: int, ask: Ask) -> None:
        """Send one request; OSError when the session is lost, or the node does not read."""
        line = json.dumps({"id": number, **asdict(ask)}).encode() + b"\n"
        channel = self._channel
        if channel is None:
            raise OSError("the session is closed")
        with self._send_lock:
            left, stop_s = line, time.monotonic() + SEND_S
            while left:
                if channel.closed or time.monotonic() > stop_s:
                    raise OSError("the session is lost")
                left = left[channel.send(left) :] if channel.send_ready() else _pause(left)

    def try_plainly(self, ask: Ask) -> Answer:
        """Try with what a shell has; nothing is measured but whether it passes. OSError when it is lost."""
        import paramiko

        from parkops.monitor.vantage.plain import command, read

        told = command(ask)
        if told is None:
            return Answer("unable", f"{ask.kind} needs python3 on {self.node.name}")
        if self._transport is None:
            raise OSError("the session is closed")
        try:
            channel = self._transport.open_session(timeout=ask.timeout_s + SEND_S)
        except (paramiko.SSHException, EOFError) as error:
            raise OSError(str(error) or type(error).__name__) from error
        try:
            channel.settimeout(ask.timeout_s + SEND_S)
            channel.set_combine_stderr(True)
            channel.exec_command(told)
            said = b"".join(iter(lambda: channel.recv(4096), b"")).decode(errors="replace")
            return read(channel.recv_exit_status(), said, ask)
        except (paramiko.SSHException, EOFError) as error:
            raise OSError(str(error) or type(error).__name__) from error
        finally:
            channel.close()

    def close(self) -> None:
        """Cut the session; the agent ends with its input."""
        self._closing = True
        transport, self._transport, self._channel = self._transport, None, None
        if transport is not None:
            transport.close()


def _pause(left: bytes) -> bytes:
    time.sleep(0.005)  # paramiko has no waiting for room in the window that ends in time
    return left


def _line(channel: paramiko.Channel) -> bytes:
    """Return the first line that comes, or what came before the end."""
    said = b""
    while b"\n" not in said and len(said) < LINE_BYTES and (data := channel.recv(4096)):
        said += data
    return said.partition(b"\n")[0]


def _icmp(value: Any) -> IcmpError | None:
    return IcmpError(int(value[0]), int(value[1]), str(ip_address(value[2]))) if value else None


def _duration_s(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < 3600 else None
