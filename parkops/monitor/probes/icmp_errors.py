"""Where a target must be blocked, ICMP errors count with their senders."""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager, nullcontext

from parkops.model import Target
from parkops.transport.stopped import telling


def errors_of(target: Target, sock: socket.socket) -> AbstractContextManager[None]:
    """Raise StoppedError for ICMP errors that a socket meets, where its target must be blocked.

    For one that must answer, an error that may pass (RFC 1122, 3.2.2.1) is no reason to give up.
    """
    return telling(sock) if target.params and target.param("expect") == "blocked" else nullcontext()
