"""Devices that call home (RFC 8071): parkops listens, the device connects, and is then the SSH server."""

from __future__ import annotations

import socket
import threading
import time


class Listener:
    """Accepts calls, and keeps each until somebody asks for the device that it came from."""

    def __init__(self, address: str, port: int) -> None:
        self._server = socket.create_server(
            (address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=512
        )
        self._calls: dict[str, socket.socket] = {}
        self._came = threading.Condition()
        threading.Thread(target=self._accept, name="call-home", daemon=True).start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.getsockname()[1])

    def take(self, host: str, timeout_s: float) -> socket.socket:
        """Return the call of a device; TimeoutError when none came in time."""
        stop_s = time.monotonic() + timeout_s
        with self._came:
            while host not in self._calls:
                left_s = stop_s - time.monotonic()
                if left_s <= 0 or not self._came.wait(left_s):
                    raise TimeoutError(f"{host} did not call home within {timeout_s:g} s")
            return self._calls.pop(host)

    def close(self) -> None:
        """Stop listening, and hang up on those whom nobody asked for."""
        self._server.close()
        with self._came:
            for call in self._calls.values():
                call.close()
            self._calls.clear()

    def _accept(self) -> None:
        while True:
            try:
                call, address = self._server.accept()
            except OSError:
                return  # closed
            call.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._came:
                old = self._calls.pop(address[0], None)
                if old is not None:
                    old.close()  # it called again: the earlier line is dead
                self._calls[address[0]] = call
                self._came.notify_all()


_listeners: dict[tuple[str, int], Listener] = {}
_opening = threading.Lock()


def take(place: tuple[str, int], host: str, timeout_s: float) -> socket.socket:
    """Return the call of a device at ``place``; one listener serves all of them."""
    with _opening:
        if place not in _listeners:
            _listeners[place] = Listener(*place)
    return _listeners[place].take(host, timeout_s)
