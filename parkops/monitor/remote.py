"""Send samples to a Prometheus-compatible store as they come: remote write 1.0, with a queue and back-off.

Protocol: https://prometheus.io/docs/specs/prw/remote_write_spec/ (protobuf in the block format of Snappy).
Snappy is written here without looking for matches, which its format allows: a frame of literals.
"""

from __future__ import annotations

import base64
import http.client
import logging
import ssl
import struct
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from parkops.errors import UsageError
from parkops.model import Sample, State, Target
from parkops.monitor.metrics import Metrics, value_name

log = logging.getLogger("parkops.monitor")

MAX_QUEUE = 500_000  # samples; some minutes of a large park
BATCH = 2_000  # samples of one request
BACK_OFF_S, MAX_BACK_OFF_S = 0.2, 30.0
TIMEOUT_S = 10.0
END_S = 5.0  # how long the end of the monitor waits for what is queued
LITERAL_BYTES = 65_536
STALE = struct.pack("<Q", 0x7FF0000000000002)  # Prometheus's marker: this series has no value now
_RETRY = (408, 425, 429)

Point = tuple[int, str, int, bytes]  # target's index, series' name and item, milliseconds, 8 bytes


class RemoteWriter:
    """Takes samples from the monitor's loop; a thread of its own sends them.

    The thread stays in the network in which it was started: start it before entering the lab's.
    """

    def __init__(self, url: str, targets: Sequence[Target], metrics: Metrics) -> None:
        """Check the URL; UsageError when it is none."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            hint = "write it as http://HOST:PORT/api/v1/write"
            raise UsageError(f"{url!r} is no URL to write to", hint=hint)
        self._host, self._port, self._secure = parts.hostname, port, parts.scheme == "https"
        self._path = (parts.path or "/api/v1/write") + (f"?{parts.query}" if parts.query else "")
        self._headers = _headers(parts.username, parts.password)
        self._index = {target.id: index for index, target in enumerate(targets)}
        self._targets = tuple(targets)
        self._labels: dict[tuple[int, str], bytes] = {}
        self._measured: dict[int, set[str]] = {}  # series that each target's last sample had
        self._metrics = metrics
        self._queue: deque[Point] = deque()
        self._more, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="parkops-remote-write", daemon=True)
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._more.set()
        self._thread.join(END_S + TIMEOUT_S)
        self._lose(len(self._queue), "the monitor ended")

    def put(self, sample: Sample) -> None:
        """Queue a sample; the oldest are lost when nobody takes them for too long."""
        index = self._index.get(sample.target)
        if index is None:
            return
        time_ms = round(sample.time_s * 1000)
        known = sample.state is not State.UNKNOWN
        up = struct.pack("<d", float(sample.state is State.UP)) if known else STALE
        rtt = STALE if sample.rtt_s is None else struct.pack("<d", sample.rtt_s)
        self._queue.append((index, "parkops_probe_up", time_ms, up))
        self._queue.append((index, "parkops_probe_rtt_seconds", time_ms, rtt))
        if sample.values or index in self._measured:
            self._put_values(index, time_ms, sample.values)
        over = len(self._queue) - MAX_QUEUE
        if over > 0:
            for _ in range(over):
                self._queue.popleft()
            self._lose(over, "the queue is full")
        self._metrics.remote_waiting = len(self._queue)
        if len(self._queue) >= BATCH:
            self._more.set()

    def _put_values(self, index: int, time_ms: int, values: Sequence[tuple[str, float]]) -> None:
        """Queue what was measured, and the end of what was measured the last time and is no more."""
        names = set()
        for name, value in values:
            kind, bracket, item = name.partition("[")
            metric, factor = value_name(kind)
            names.add(f"{metric}{bracket}{item}")
            self._queue.append(
                (index, f"{metric}{bracket}{item}", time_ms, struct.pack("<d", value * factor))
            )
        for name in sorted(self._measured.pop(index, set()) - names):
            self._queue.append((index, name, time_ms, STALE))
        if names:
            self._measured[index] = names

    def _lose(self, count: int, why: str) -> None:
        if count:
            self._metrics.remote_lost += count
            log.warning("remote write: %d samples are lost: %s", count, why)

    def _run(self) -> None:
        while not (self._end.is_set() and not self._queue):
            self._more.wait(1.0)
            self._more.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
                if not self._deliver(batch):
                    self._close()
                    return
                self._metrics.remote_waiting = len(self._queue)
        self._close()

    def _deliver(self, batch: Sequence[Point]) -> bool:
        """Send one batch until it is taken or refused; False when the monitor ends meanwhile."""
        body = snappy(self.encode(batch))
        wait_s, tries_left = BACK_OFF_S, int(END_S / BACK_OFF_S)
        while True:
            refused, again_s = self._post(body)
            if not refused:
                self._metrics.remote_sent += len(batch)
                return True
            if again_s is None:
                self._lose(len(batch), refused)
                return True
            self._end.wait(max(wait_s, again_s))
            wait_s = min(2 * wait_s, MAX_BACK_OFF_S)
            tries_left -= self._end.is_set()
            if self._end.is_set() and (tries_left <= 0 or wait_s > END_S):
                self._lose(len(batch), refused)
                return False

    def _post(self, body: bytes) -> tuple[str, float | None]:
        """Return why the store did not take it ("" when it did), and after how long to try again."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
            text = answer.read(500).decode("utf-8", "replace").strip()
        except UnicodeError as error:  # a path or a host that HTTP cannot name will not get better
            return f"{type(error).__name__}: {error}", None
        except (OSError, http.client.HTTPException) as error:
            self._close()
            return f"{type(error).__name__}: {error}", 0.0
        if answer.status < 300:
            return "", None
        self._close()
        why = f"HTTP status {answer.status}: {text}"
        if answer.status >= 500 or answer.status in _RETRY:
            wait = answer.headers.get("Retry-After", "")
            return why, min(float(wait), MAX_BACK_OFF_S) if wait.isdecimal() else 0.0
        return why, None

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def encode(self, batch: Sequence[Point]) -> bytes:
        """Return points as a WriteRequest, the samples of a series together and in their order."""
        series: dict[tuple[int, str], list[bytes]] = {}
        for index, name, time_ms, value in batch:
            sample = b"\x09" + value + b"\x10" + varint(time_ms)
            series.setdefault((index, name), []).append(_field(2, sample))
        return b"".join(
            _field(1, self._series_labels(key) + b"".join(samples)) for key, samples in series.items()
        )

    def _series_labels(self, key: tuple[int, str]) -> bytes:
        labels = self._labels.get(key)
        if labels is None:
            target = self._targets[key[0]]
            name, _, item = key[1].partition("[")
            pairs = {
                "__name__": name, "device": target.device, "item": item.removesuffix("]"),
                "job": "parkops", "probe": target.probe, "target": target.id, "tenant": target.tenant,
                "zone": target.zone,
            }  # fmt: skip
            labels = self._labels[key] = _labels(sorted(pairs.items()))
        return labels


def _headers(user: str | None, password: str | None) -> dict[str, str]:
    headers = {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "snappy",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
        "User-Agent": "parkops",
    }
    if user is not None:
        login = f"{unquote(user)}:{unquote(password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    return headers


def _labels(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return labels as protobuf; an empty label is no label."""
    return b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in pairs if value
    )


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(number: int) -> bytes:
    """Return a number of protobuf and Snappy: seven bits a byte, the least first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def snappy(data: bytes) -> bytes:
    """Return data in Snappy's block format, as literals."""
    out = bytearray(varint(len(data)))
    for at in range(0, len(data), LITERAL_BYTES):
        piece = data[at : at + LITERAL_BYTES]
        out += b"\xf4" + struct.pack("<H", len(piece) - 1) + piece  # 61 << 2: two bytes of length follow
    return bytes(out)
