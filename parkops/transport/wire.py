"""The wire of a NETCONF session: an SSH channel that carries framed messages (RFC 6242)."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import Any

import paramiko

from parkops.transport import callhome
from parkops.transport.connect import connect
from parkops.transport.framing import Chunked, EndOfMessage, Framing
from parkops.transport.login import Login

READ_BYTES = 1 << 18


class Wire:
    """Messages out and in; the caller's thread writes and reads, so that nothing waits for another thread."""

    def __init__(self, host: str, port: int, login: Login) -> None:
        """Connect, log in and start the netconf subsystem; every wait is bounded."""
        call = callhome.take(login.call_home, host, login.connect_timeout_s) if login.call_home else None
        self._transport = connect(host, port, login, connection=call)
        try:
            self._channel: Any = self._transport.open_session(timeout=login.connect_timeout_s)
            self._channel.settimeout(login.rpc_timeout_s)
            self._channel.invoke_subsystem("netconf")
        except BaseException:
            self._transport.close()
            raise
        self._framing: Framing = EndOfMessage()
        self._inbox: deque[bytes] = deque()

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return bool(self._transport.is_active()) and not self._channel.closed

    def chunk(self) -> None:
        """Go on with chunks: both hellos have announced base 1.1."""
        rest = self._framing.rest if isinstance(self._framing, EndOfMessage) else b""
        self._framing = Chunked()
        self._inbox.extend(self._framing.feed(rest))

    def send(self, message: bytes, timeout_s: float) -> None:
        """Write one message."""
        self._channel.settimeout(timeout_s)
        self._channel.sendall(self._framing.encode(message))

    def receive(self, stop_s: float) -> bytes:
        """Return the next message; TimeoutError at ``stop_s`` (monotonic), EOFError when the line is cut."""
        while not self._inbox:
            self._channel.settimeout(max(0.001, stop_s - time.monotonic()))
            data = self._channel.recv(READ_BYTES)
            if not data:
                raise EOFError("the device closed the session")
            self._inbox.extend(self._framing.feed(data))
        return self._inbox.popleft()

    def close(self) -> None:
        """Cut the connection; never raise."""
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._transport.close()
