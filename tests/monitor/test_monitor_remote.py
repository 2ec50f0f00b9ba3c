"""Samples reach a real Prometheus by remote write, wait while it is away, and what is lost is told."""

import contextlib
import json
import os
import shutil
import struct
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from monitor_parts import free_port, process, target, wait_until

from parkops.errors import UsageError
from parkops.model import Sample, State
from parkops.monitor import Metrics, RemoteWriter
from parkops.monitor import remote as room
from parkops.monitor.remote import snappy, varint

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
TARGETS = (target("tcp", 80), target("icmp", device='o"d\\d名'))


def writer(url):
    metrics = Metrics()
    metrics.watch(TARGETS)
    return metrics, RemoteWriter(url, TARGETS, metrics)


@contextlib.contextmanager
def prometheus(folder, port):
    (folder / "prometheus.yml").write_text("{}")
    command = ("prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
               f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver")  # fmt: skip

    def ready():
        with contextlib.suppress(OSError):
            return get(port, "/-/ready") is not None
        return False

    with process(*command, ready=ready, env={**os.environ, "GOMAXPROCS": "1"}):
        yield


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read()


def series(port, query, time_s):
    text = get(port, f"/api/v1/query?query={urllib.parse.quote(query)}&time={time_s}")
    return [(row["metric"], row["value"]) for row in json.loads(text)["data"]["result"]]


@pytest.mark.skipif(not shutil.which("prometheus"), reason="needs prometheus")
def test_a_real_prometheus_takes_them_even_when_it_was_away_meanwhile(tmp_path):
    import time

    port, now_s = free_port(), round(time.time()) - 100
    metrics, remote = writer(f"http://127.0.0.1:{port}/api/v1/write")
    with remote:
        with prometheus(tmp_path, port):
            remote.put(
                Sample(
                    "dev/tcp", now_s, UP, 0.0125, values=(("offset_s", -0.5), ("in_octets_total[g1]", 7.0))
                )
            )
            remote.put(Sample(TARGETS[1].id, now_s, UNKNOWN, None, "x"))
            remote.put(Sample("nobody", now_s, UP))
            wait_until(lambda: metrics.remote_sent == 6)
        for step in range(1, 4):  # nobody takes these now
            remote.put(Sample("dev/tcp", now_s + step, DOWN if step == 2 else UP, 0.001 * step))
        assert metrics.remote_lost == 0
        with prometheus(tmp_path, port):
            wait_until(lambda: metrics.remote_sent == 14, timeout_s=60)
            ((labels, (_, value)),) = series(port, 'parkops_probe_rtt_seconds{target="dev/tcp"}', now_s)
            assert labels == {
                "__name__": "parkops_probe_rtt_seconds", "job": "parkops", "target": "dev/tcp",
                "device": "dev", "probe": "tcp",
            }  # fmt: skip
            assert value == "0.0125"
            assert series(port, "parkops_probe_offset_seconds", now_s)[0][1][1] == "-0.5"
            assert series(port, 'parkops_probe_in_octets_total{item="g1"}', now_s)[0][1][1] == "7"
            assert series(port, "parkops_probe_offset_seconds", now_s + 2) == [], "measured no more"
            assert series(port, 'parkops_probe_up{probe="icmp"}', now_s + 1) == [], "unknown is no value"
            told = json.loads(
                get(
                    port,
                    f"/api/v1/query?query={urllib.parse.quote('parkops_probe_up[60s]')}&time={now_s + 9}",
                )
            )["data"]["result"][0]["values"]
            assert [value for _, value in told] == ["1", "1", "0", "1"], "late, in order, each once"
            assert (metrics.remote_lost, metrics.remote_waiting) == (0, 0)


@contextlib.contextmanager
def receiver(*statuses):
    """Serve answers one after the other, the last for good; yields the bodies that came."""
    bodies, left = [], list(statuses)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            bodies.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://me:pa%20ss@127.0.0.1:{server.server_port}/write?x=1", bodies
        finally:
            server.shutdown()
            thread.join()


def test_what_is_refused_for_good_is_lost_and_told_and_the_rest_goes_on():
    with receiver(503, 429, 400, 204) as (url, bodies):
        metrics, remote = writer(url)
        with remote:
            remote.put(Sample("dev/tcp", 1.0, UP, 0.1))
            wait_until(lambda: metrics.remote_lost == 2)
            remote.put(Sample("dev/tcp", 2.0, UP, 0.1))
            wait_until(lambda: metrics.remote_sent == 2)
    assert len(bodies) == 4
    assert bodies[0][1] == bodies[1][1] == bodies[2][1], "the same again after 503 and 429"
    headers = bodies[0][0]
    assert headers["Content-Encoding"] == "snappy"
    assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    assert headers["Authorization"] == "Basic bWU6cGEgc3M="


def test_a_full_queue_loses_the_oldest_and_says_so(monkeypatch):
    monkeypatch.setattr(room, "MAX_QUEUE", 10)
    metrics, remote = writer(f"http://127.0.0.1:{free_port()}/write")
    for number in range(8):  # not started: nobody takes any
        remote.put(Sample("dev/tcp", float(number), UP, 0.1))
    assert (metrics.remote_lost, metrics.remote_waiting) == (6, 10)
    assert "parkops_remote_write_lost_total 6.0" in metrics.text()


def test_the_end_of_the_monitor_does_not_wait_for_a_store_that_is_away(monkeypatch):
    monkeypatch.setattr(room, "END_S", 0.5)
    metrics, remote = writer(f"http://127.0.0.1:{free_port()}/write")
    with remote:
        remote.put(Sample("dev/tcp", 1.0, UP, 0.1))
    assert metrics.remote_lost == 2


@pytest.mark.parametrize("url", ["", "prometheus:9090", "ftp://x/", "http://", "http://x:bad/"])
def test_what_is_no_url(url):
    with pytest.raises(UsageError, match="is no URL to write to"):
        writer(url)


def test_snappy_and_varint_by_their_formats():
    assert [varint(n) for n in (0, 1, 127, 128, 300)] == [b"\0", b"\1", b"\x7f", b"\x80\1", b"\xac\2"]
    data = bytes(range(256)) * 600
    packed, at, out = snappy(data), 3, b""
    assert packed[:3] == varint(len(data))
    while at < len(packed):
        assert packed[at] == 61 << 2
        size = struct.unpack_from("<H", packed, at + 1)[0] + 1
        out += packed[at + 3 : at + 3 + size]
        at += 3 + size
    assert out == data


def test_an_address_that_http_cannot_name_loses_samples_and_says_so():
    for url in ("http://127.0.0.1:9/写", "http://a..b:9/"):
        metrics, remote = writer(url)
        with remote:
            remote.put(Sample("dev/tcp", 1000.0, UP, 0.001))
            wait_until(lambda metrics=metrics: metrics.remote_lost == 2)
