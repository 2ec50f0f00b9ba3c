"""An HTTP server for Prometheus whose socket is made before the process changes its network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from parkops.errors import UsageError
from parkops.monitor.exposition import OPENMETRICS, TEXT, accepts_openmetrics

MOST_BYTES = 4_000_000  # of what is posted
PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Pages:
    """What is served."""

    metrics: Callable[[bool], str]  # as OpenMetrics, or in the older text format
    discovery: Callable[[str], str] = lambda _: "[]"  # Prometheus's http_sd: JSON, for the host it asked
    fault: Callable[[], str] = lambda: ""  # why the monitor is not healthy, "" when it is
    alerts: Callable[[bytes], int] | None = None  # takes what an Alertmanager posts; UsageError if it is none


class Exporter:
    """Serves ``/metrics``, ``/sd`` and ``/healthz``, takes ``/alerts``. ``bind`` listens, ``serve`` answers.

    A socket stays in the network namespace in which it was made: bind before entering the lab's.
    """

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._thread: threading.Thread | None = None

    @classmethod
    def bind(cls, host: str, port: int) -> Self:
        """Listen on an address; port 0 takes a free one. UsageError when the address cannot be had."""
        try:
            server = _Server6((host, port), _Handler) if ":" in host else _Server((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "choose another address with --listen"
            raise UsageError(f"cannot listen: {reason}", where=f"{host}:{port}", hint=hint) from error
        return cls(server)

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host, port = self._server.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}/metrics"

    def serve(self, pages: Pages) -> None:
        """Answer in threads of their own."""
        self._server.pages = pages
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="parkops-exporter", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering and listening."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        self.pages = Pages(lambda _: "")
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without the base class's look-up of this host's name."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        path, pages = self.path.partition("?")[0], self.server.pages
        if path == "/metrics":
            new = accepts_openmetrics(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, OPENMETRICS if new else TEXT, pages.metrics(new))
        elif path == "/sd":
            self._answer(HTTPStatus.OK, "application/json", pages.discovery(self.headers.get("Host", "")))
        elif path == "/healthz":
            fault = pages.fault()
            status = HTTPStatus.SERVICE_UNAVAILABLE if fault else HTTPStatus.OK
            self._answer(status, PLAIN, f"{fault or 'ok'}\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, PLAIN, "See /metrics, /sd and /healthz\n")

    def do_POST(self) -> None:
        """Take alerts."""
        take, length = self.server.pages.alerts, self.headers.get("Content-Length", "")
        if self.path != "/alerts" or take is None:
            self._answer(HTTPStatus.NOT_FOUND, PLAIN, "Post to /alerts\n")
        elif not length.isdecimal() or int(length) > MOST_BYTES:
            self._answer(HTTPStatus.BAD_REQUEST, PLAIN, f"Say the length, at most {MOST_BYTES} bytes\n")
        else:
            try:
                count = take(self.rfile.read(int(length)))
            except UsageError as error:
                self._answer(HTTPStatus.BAD_REQUEST, PLAIN, f"{error}\n")
            else:
                self._answer(HTTPStatus.OK, PLAIN, f"{count} alerts\n")

    def _answer(self, status: HTTPStatus, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""
