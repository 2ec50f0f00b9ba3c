"""What Prometheus gets: checked by promtool, scraped by a real Prometheus, in time for many series."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from monitor_parts import Service, free_port, park_of, process, target, wait_until
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from parkops.errors import UsageError
from parkops.model import Sample, State, Workspace
from parkops.monitor import Exporter, Metrics, MonitorThread, Pages, pages

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


def families(metrics):
    return {family.name: family for family in text_string_to_metric_families(metrics.text())}


def value(metrics, family, **labels):
    found = [s.value for s in families(metrics)[family].samples if labels.items() <= s.labels.items()]
    assert len(found) == 1, found
    return found[0]


def filled():
    metrics = Metrics()
    odd = replace(target("icmp", device='o"d\\d\n名'), tenant="huaxing", zone="huaxing.p1")
    metrics.watch([target("tcp", 1), odd, target("ssh")])
    first, second = (Sample("dev/tcp", time_s, DOWN, None, "x") for time_s in (1010.0, 1011.0))
    for time_s, rtt_s in ((1000.0, 0.0125), (1005.0, 0.0025)):
        good = Sample("dev/tcp", time_s, UP, rtt_s)
        metrics.take(0, good, [good])
    metrics.take(0, first, [])  # a first loss is not recorded until it is confirmed
    metrics.take(0, second, [first, second])
    good = Sample("dev/tcp", 1021.0, UP, 0.001)
    metrics.take(0, good, [good])
    lost = Sample(odd.id, 1000.0, UNKNOWN, None, "y")
    metrics.take(1, lost, [lost])
    metrics.take(1, Sample(odd.id, 1004.0, DOWN, None, "y"), [])
    metrics.take(1, Sample(odd.id, 1005.0, UNKNOWN, None, "y"), [Sample(odd.id, 1005.0, UNKNOWN)])
    metrics.take(1, Sample(odd.id, 1006.0, DOWN, None, "y"), [])
    return metrics


def test_values():
    metrics = filled()
    assert value(metrics, "parkops_probe_up", target="dev/tcp") == 1
    assert value(metrics, "parkops_probe_up", device='o"d\\d\n名') == 0
    assert value(metrics, "parkops_probe_rtt_seconds", target="dev/tcp") == 0.001
    assert value(metrics, "parkops_probe_lost", target="dev/tcp") == 2
    seconds = "parkops_target_state_seconds"
    assert value(metrics, seconds, target="dev/tcp", state="up") == 10
    assert value(metrics, seconds, target="dev/tcp", state="down") == 11
    assert value(metrics, seconds, tenant="huaxing", zone="huaxing.p1", state="unknown") == 5
    ups = families(metrics)["parkops_probe_up"].samples
    assert len(ups) == 2, "no sample for a target that was not seen yet"


def measured():
    metrics = filled()
    values = (
        ("offset_s", -0.25),
        ("rtt_ms", 12.5),
        ("in_octets_total[GE1/0/1]", 1e6),
        ("load_percent", 40.0),
    )
    metrics.take(2, Sample("dev/ssh", 1000.0, UP, 0.1, values=values), [])
    return metrics


def test_what_the_last_probe_did_not_measure_is_no_series_any_more():
    metrics = measured()
    good = Sample("dev/ssh", 1005.0, UP, 0.1, values=(("if_in_octets_total[GE1]", 9.0),))
    metrics.take(2, good, [])
    assert "parkops_probe_offset_seconds" not in metrics.text()
    assert value(metrics, "parkops_probe_if_in_octets", item="GE1") == 9
    metrics.take(2, Sample("dev/ssh", 1010.0, DOWN), [])
    assert "octets" not in metrics.text()
    assert "octets" not in generate_latest(registered(metrics)).decode()


def registered(metrics):
    registry = CollectorRegistry()
    registry.register(metrics)
    return registry


def test_measured_values_come_in_base_units_with_what_they_are_of():
    metrics = measured()
    assert value(metrics, "parkops_probe_offset_seconds", target="dev/ssh") == -0.25
    assert value(metrics, "parkops_probe_rtt_seconds", target="dev/ssh") == 0.1
    assert value(metrics, "parkops_probe_measured_rtt_seconds", target="dev/ssh") == 0.0125
    assert value(metrics, "parkops_probe_load_ratio") == 0.4
    assert value(metrics, "parkops_probe_in_octets", item="GE1/0/1", target="dev/ssh") == 1e6
    assert families(metrics)["parkops_probe_in_octets"].type == "counter"


def test_openmetrics_is_what_its_own_parser_takes():
    text = measured().text(openmetrics=True)
    assert text.endswith("# EOF\n")
    assert text.count("# EOF") == 1
    found = {family.name: family for family in openmetrics.text_string_to_metric_families(text)}
    assert found["parkops_probe_lost"].type == "counter"
    assert [s.name for s in found["parkops_probe_lost"].samples][:1] == ["parkops_probe_lost_total"]
    assert found["parkops_monitor_samples"].samples[0].value == metrics_samples()
    assert {"process_cpu_seconds", "python_info", "parkops_probe_up"} <= set(found)


def metrics_samples():
    return filled().samples + 1


def test_both_formats_and_any_registry_say_the_same():
    metrics = measured()
    registry = CollectorRegistry()
    registry.register(metrics)
    ours = {(s.name, tuple(sorted((k, v) for k, v in s.labels.items() if v))): s.value
            for family in text_string_to_metric_families(metrics.text()) for s in family.samples}  # fmt: skip
    theirs = {(s.name, tuple(sorted((k, v) for k, v in s.labels.items() if v))): s.value
              for family in text_string_to_metric_families(generate_latest(registry).decode())
              for s in family.samples}  # fmt: skip
    own = {key: told for key, told in ours.items() if key[0].startswith("parkops_")}
    assert own == {key: told for key, told in theirs.items() if not key[0].endswith("_created")}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        ("text/plain;version=0.0.4", "text/plain"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
            "application/openmetrics",
        ),
        ("application/openmetrics-text;q=0.1, text/plain;q=0.9", "text/plain"),
        ("application/openmetrics-text;q=bad", "text/plain"),
    ],
)
def test_the_format_is_negotiated(accept, kind):
    with Exporter.bind("127.0.0.1", 0) as exporter:
        exporter.serve(Pages(filled().text))
        request = urllib.request.Request(exporter.url, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith(kind)
            assert (b"# EOF" in answer.read()) == kind.startswith("application")


def test_health_and_discovery():
    metrics = filled()
    park = park_of(target("tcp", 1))
    with Exporter.bind("127.0.0.1", 0) as exporter:
        exporter.serve(pages(park, metrics, exporter.url))
        address = exporter.url.split("/")[2]
        assert get(f"http://{address}/healthz")[::2] == (200, "ok\n")
        status, kind, text = get(f"http://{address}/sd")
        assert (status, kind) == (200, "application/json")
        assert json.loads(text)[0] == {"targets": [address], "labels": {"job": "parkops"}}
        metrics.unwritten = 7
        with pytest.raises(urllib.error.HTTPError, match="503") as error:
            get(f"http://{address}/healthz")
        assert b"7 samples wait for the store" in error.value.read()


def test_who_listens_everywhere_is_found_where_it_was_asked():
    with Exporter.bind("0.0.0.0", 0) as exporter:
        exporter.serve(pages(park_of(target("tcp", 1)), filled(), exporter.url))
        port = exporter.url.rpartition(":")[2].partition("/")[0]
        for host in ("127.0.0.1", "localhost"):
            (found, *_) = json.loads(get(f"http://{host}:{port}/sd")[2])
            assert found["targets"] == [f"{host}:{port}"], "0.0.0.0 is Prometheus itself"


def test_a_length_that_is_no_number_is_refused():
    with Exporter.bind("127.0.0.1", 0) as exporter:
        exporter.serve(Pages(filled().text, alerts=len))
        port = int(exporter.url.rpartition(":")[2].partition("/")[0])
        for length in (b"\xb2", b"-1", b"", b"99999999"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as asks:
                asks.sendall(b"POST /alerts HTTP/1.0\r\nContent-Length: " + length + b"\r\n\r\n")
                assert b" 400 " in asks.recv(100), length


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool")
@pytest.mark.parametrize("metrics", [Metrics(), measured()], ids=["empty", "filled"])
def test_promtool_finds_no_fault(metrics):
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=metrics.text(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_it_answers_metrics_and_nothing_else():
    with Exporter.bind("127.0.0.1", 0) as exporter:
        exporter.serve(Pages(filled().text))
        status, kind, text = get(exporter.url)
        assert status == 200
        assert kind.startswith("text/plain; version=0.0.4")
        assert "# TYPE parkops_probe_up gauge" in text
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(exporter.url.replace("/metrics", "/secrets"))
        url = exporter.url
    with pytest.raises(urllib.error.URLError):
        get(url)


def test_an_address_that_cannot_be_had():
    with Exporter.bind("127.0.0.1", 0) as exporter:
        port = int(exporter.url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(UsageError, match="choose another address"):
            Exporter.bind("127.0.0.1", port)
    with pytest.raises(UsageError):
        Exporter.bind("192.0.2.1", 1)


def test_ipv6():
    with Exporter.bind("::1", 0) as exporter:
        exporter.serve(Pages(filled().text))
        assert get(exporter.url)[0] == 200


def test_a_socket_bound_before_entering_a_namespace_serves_outside(tmp_path):
    """As with the lab: bind, enter the lab's network, then probe there and answer here."""
    with process("unshare", "-n", "sleep", "60") as other:
        own = Path("/proc/self/ns/net").readlink()
        net = Path(f"/proc/{other.pid}/ns/net")
        wait_until(lambda: net.readlink() != own)
        with Exporter.bind("127.0.0.1", 0) as exporter:

            def inside():
                os_setns(net)
                metrics = Metrics()
                exporter.serve(Pages(metrics.text))
                with MonitorThread(park_of(target("icmp")), Workspace(tmp_path), metrics=metrics) as monitor:
                    assert monitor.wait_for(lambda m: m.rounds, 20)
                    states.append(monitor.state("dev/icmp"))

            states = []
            thread = threading.Thread(target=inside)
            thread.start()
            thread.join()
            assert get(exporter.url)[0] == 200
        assert states == [UNKNOWN], "the namespace's loopback is down: the probe was in there"


def os_setns(path):
    import ctypes

    with path.open() as file:
        assert ctypes.CDLL(None).setns(file.fileno(), 0x40000000) == 0


def test_ten_thousand_targets_are_written_out_at_once():
    metrics = Metrics()
    targets = [replace(target("icmp", device=f"d{n}"), tenant="t", zone="z") for n in range(10_000)]
    metrics.watch(targets)
    for index, one in enumerate(targets):
        metrics.take(index, Sample(one.id, 1000.0, UP, 0.001), ())
    begin_s = time.process_time()
    text = metrics.text()
    assert text.count("\n") > 60_000
    assert time.process_time() - begin_s < 0.5


@pytest.mark.skipif(not shutil.which("prometheus"), reason="needs prometheus")
def test_a_real_prometheus_sees_an_outage(tmp_path):
    service, port = Service(), free_port()
    park = park_of(target("tcp", service.port, interval_s=0.5))
    with Exporter.bind("127.0.0.1", 0) as exporter:
        address = exporter.url.split("/")[2]
        (tmp_path / "prometheus.yml").write_text(
            f"scrape_configs: [{{job_name: parkops, scrape_interval: 200ms, scrape_timeout: 200ms,"
            f" static_configs: [{{targets: ['{address}']}}]}}]\n"
        )
        command = ("prometheus", f"--config.file={tmp_path}/prometheus.yml",
                   f"--storage.tsdb.path={tmp_path}/data",
                   f"--web.listen-address=127.0.0.1:{port}")  # fmt: skip

        def ask(query):
            url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
            return [float(row["value"][1]) for row in json.loads(get(url)[2])["data"]["result"]]

        def ready():
            with contextlib.suppress(OSError):
                return get(f"http://127.0.0.1:{port}/-/ready")[0] == 200
            return False

        metrics = Metrics()
        exporter.serve(Pages(metrics.text))
        with (
            process(*command, ready=ready, env={**os.environ, "GOMAXPROCS": "1"}),
            MonitorThread(park, Workspace(tmp_path), metrics=metrics) as monitor,
        ):
            wait_until(lambda: ask('parkops_probe_up{target="dev/tcp"}') == [1])
            service.stop()
            wait_until(lambda: ask('parkops_events_open{severity="warning"}') == [1])
            wait_until(lambda: ask('parkops_probe_up{device="dev",probe="tcp"} == 0') == [0])
            service.start()
            wait_until(lambda: ask("parkops_events_closed_total") == [1])
            wait_until(lambda: ask('parkops_target_state_seconds_total{state="down"}')[0] > 0)
            assert monitor.events()[0].closed_s
    service.stop()
