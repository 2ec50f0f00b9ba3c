"""Answer on a host node's ports with its own name, as small real servers.

Runs inside a host node on the standard library alone, as a script with one argument: JSON with
``name`` and ``listeners`` (``port``, ``protocol`` tcp or udp, ``kind``).
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

READY = Path("/run/parkops/listeners.ready")
LIMIT = 512  # connections held at the same time


@dataclass(frozen=True)
class Listener:
    """One open port."""

    kind: str
    protocol: str
    port: int


def answer(name: str, kind: str, request: bytes) -> bytes:
    """Return what a client hears: an HTTP response to an HTTP request, else name, kind and echo."""
    first = request.split(b" ", 1)[0]
    if first in (b"GET", b"HEAD"):
        body = f"{name} {kind}\n".encode()
        head = (
            f"HTTP/1.1 200 OK\r\nServer: {name}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + (b"" if first == b"HEAD" else body)
    return f"{name} {kind} ".encode() + request


class Server:
    """All of a host's listeners in one loop."""

    def __init__(self, name: str, listeners: list[Listener]) -> None:
        self._name = name
        self._selector = selectors.DefaultSelector()
        self._open = 0
        for listener in listeners:
            kind = socket.SOCK_STREAM if listener.protocol == "tcp" else socket.SOCK_DGRAM
            server = socket.socket(socket.AF_INET6, kind)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            server.bind(("::", listener.port))
            if listener.protocol == "tcp":
                server.listen(128)
            server.setblocking(False)
            self._selector.register(server, selectors.EVENT_READ, listener)

    def serve(self, rounds: int | None = None) -> None:
        """Answer for ever, or for a number of rounds."""
        while rounds is None or rounds > 0:
            for key, _events in self._selector.select(1.0 if rounds is not None else None):
                self._ready(key)
            rounds = None if rounds is None else rounds - 1

    def _ready(self, key: selectors.SelectorKey) -> None:
        source = key.fileobj
        assert isinstance(source, socket.socket)
        try:
            if isinstance(key.data, str):
                self._read(source, key.data)
            elif key.data.protocol == "udp":
                request, sender = source.recvfrom(2048)
                source.sendto(answer(self._name, key.data.kind, request), sender)
            else:
                client, _peer = source.accept()
                self._take(client, key.data.kind)
        except OSError:  # the client went away: the next one counts
            if isinstance(key.data, str):
                self._drop(source)

    def _take(self, client: socket.socket, kind: str) -> None:
        if self._open >= LIMIT:
            client.close()
            return
        client.setblocking(False)
        self._open += 1
        self._selector.register(client, selectors.EVENT_READ, kind)

    def _read(self, client: socket.socket, kind: str) -> None:
        request = client.recv(4096)
        if request:
            client.sendall(answer(self._name, kind, request))
        if not request or request.startswith((b"GET ", b"HEAD ")):
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        client.close()
        self._open -= 1


def main() -> None:
    """Open the ports and serve."""
    config = json.loads(sys.argv[1])
    server = Server(config["name"], [Listener(**one) for one in config["listeners"]])
    READY.touch()
    server.serve()


if __name__ == "__main__":
    main()
