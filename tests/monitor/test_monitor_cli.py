"""The verbs monitor, status and events, as a user calls them."""

import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from monitor_parts import Service, free_port, park_of, target
from rich.console import Console

from parkops.cli.availability import availability
from parkops.cli.common import Context
from parkops.cli.events import events
from parkops.cli.monitor import monitor
from parkops.cli.status import ago, status
from parkops.cli.top import top
from parkops.errors import UsageError
from parkops.model import Access, Listening, Outcome, Result, Sample, State
from parkops.store import Store

HERE = Path(__file__).parent


class Call:
    """A park's folder and a context as the command line makes one."""

    def __init__(self, folder, park, url=""):
        self.folder, self.park, self.url = folder, park, url
        (folder / "park.yaml").write_text("")

    def __call__(self, verb, *arguments, width=80):
        context = Context(str(self.folder), quiet=False)
        context.enter_lab = lambda: False
        context.use_store(self.url)
        screen = io.StringIO()
        context.__dict__["_park"] = self.park
        context.__dict__["console"] = Console(file=screen, width=width, height=40, highlight=False)
        done = CliRunner().invoke(verb, arguments, obj=context, standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        return screen.getvalue() + done.output

    def store(self):
        return Store.open(self.url or self.folder / ".parkops" / "parkops.db")


@pytest.fixture
def service():
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def call(tmp_path, service):
    return Call(
        tmp_path, park_of(target("tcp", service.port, interval_s=0.4), target("icmp", interval_s=0.4))
    )


def test_more_netconf_devices_than_it_subscribes_to_are_told(call, monkeypatch):
    monkeypatch.setattr("parkops.monitor.passive.netconf.MOST_DEVICES", 1)
    said = call(monitor, "--rounds", "1", "--listen-netconf")
    assert "not subscribed to" not in said
    devices = (target("netconf", free_port(), device=f"sw-{n}", interval_s=0.4) for n in range(3))
    call.park = park_of(*devices)
    said = call(monitor, "--rounds", "1", "--listen-netconf")
    assert "not subscribed to 2 NETCONF devices: 1 at most, the first ones" in said


def test_monitor_tells_what_it_saw(call):
    said = call(monitor, "--rounds", "2")
    assert "watching 2 targets of test" in said
    assert "No lab of this park runs: probing 127.0.0.0/8 from here." in said
    assert re.search(r"round \d: 2 up, 0 down, 0 unknown", said)
    assert re.search(r"2 rounds, \d+ probes, 0 events opened, 0 closed", said)


def test_monitor_ends_after_a_time_and_tells_of_events(call, service):
    service.stop()
    begin_s = time.monotonic()
    said = call(monitor, "--for", "4", "--interval", "0.3")
    assert time.monotonic() - begin_s < 60
    assert "event 1 opened: dev/tcp: connection refused" in said
    assert "1 events opened" in said


def test_monitor_refuses_wrong_calls(call):
    for text in ("9469", "127.0.0.1:", "127.0.0.1:99999", ":x"):
        with pytest.raises(UsageError, match="no address to listen on"):
            call(monitor, "--listen", text, "--rounds", "1")
    call.park = park_of(target("tcp"))
    with pytest.raises(UsageError, match="needs a port"):
        call(monitor, "--rounds", "1")
    assert not (call.folder / ".parkops").exists(), "nothing was started"


def test_monitor_listens_where_the_plan_says_unless_an_option_says_otherwise(call):
    planned, other = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    call.park = replace(call.park, listening=Listening(syslog=("127.0.0.1", planned)))
    over = threading.Event()

    def talk():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not over.wait(0.02):
                for port in (planned, other):
                    sock.sendto(b"<11>1 - h app - - - to %d" % port, ("127.0.0.1", port))

    def heard(*arguments):
        call(monitor, "--rounds", "4", *arguments)
        with call.store() as store:
            return {row.text.rpartition(" ")[2] for row in store.signals()}

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        assert heard("--listen-syslog", "none") == set()
        assert heard() == {str(planned)}
        assert str(other) in heard("--listen-syslog", f"127.0.0.1:{other}")
    finally:
        over.set()
        talking.join()


@pytest.mark.parametrize(("key", "known"), [("file:.parkops/lab/ssh/id_ed25519", 2), ("env:KEY", 3)])
def test_what_a_lab_does_not_serve_is_no_target_of_its_status(call, key, known):
    """Neither while the lab runs nor after it: nobody ever probes that there."""
    snmp = target("snmp", community="env:C")
    call.park = replace(call.park, targets=(*call.park.targets, snmp), access=Access(key=key))
    told, figures = json.loads(call(status, "--json")), json.loads(call(availability, "--json"))
    assert sum(told["targets"].values()) == figures["park"][0]["targets"] == known
    assert told["left_out"] == figures["left_out"] == 3 - known
    assert f"{known} targets: 0 up, 0 down, {known} unknown" in call(top, "--once", width=120)
    for verb in ((status,), (top, "--once"), (availability,)):
        said = call(*verb, width=120)
        assert ("1 target is left out: the lab's nodes do not serve that." in said) == (known == 2), verb


LIVE = """
import sys
from pathlib import Path
from rich.console import Console
from monitor_parts import free_port, park_of, target
from parkops.cli.common import Context
from parkops.cli.monitor import monitor
context = Context(sys.argv[1])
context.enter_lab = lambda: False
context.__dict__["_park"] = park_of(target("icmp", interval_s=0.4))
context.__dict__["console"] = Console(force_terminal=True, highlight=False, width=100, height=40)
monitor.main(sys.argv[2:], obj=context)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_live_monitor_serves_metrics_and_ends_well_when_interrupted(tmp_path, number):
    import urllib.request

    (tmp_path / "park.yaml").write_text("")
    port = free_port()
    command = [sys.executable, "-c", LIVE, str(tmp_path), "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            seen = b""
            while b"1 up" not in seen:
                data = running.stdout.read1()
                assert data, running.stderr.read().decode()
                seen += data
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                assert b"parkops_monitor_rounds_total" in answer.read()
            running.send_signal(number)
            rest, errors = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 0, errors.decode()
    assert re.search(rb"\d+ rounds, \d+ probes", rest)
    assert errors == b""


def fill(call):
    now_s = time.time()
    with call.store() as store:
        for time_s in (now_s - 60, now_s - 30, now_s):
            store.save_samples([Sample("dev/icmp", time_s, State.UP)])
        store.save_samples([Sample("dev/tcp", now_s - 40, State.UP)])
        store.save_samples(Sample("dev/tcp", now_s - n, State.DOWN, reason="[refused]") for n in (30, 0))
        store.open_event("dev/tcp", "dev", "critical", "[refused]", now_s - 30)
        store.save_results(
            [Result("a", "ssh", Outcome.CHANGED), Result("b", "ssh", Outcome.FAILED)], now_s - 99
        )


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("by", ["role", "tenant", "zone"])
def test_status_fits_the_terminal(call, width, by):
    fill(call)
    said = call(status, "--by", by, width=width)
    assert max(len(line) for line in said.splitlines()) <= width
    assert len(said.splitlines()) <= 24
    for words in ("2 targets: 1 up, 1 down, 0 unknown", "1 of 1 devices in trouble", "dev/tcp", "[refused]"):
        assert words in said
    assert re.search(r"Last push 1 min \d+ s ago: 2 devices \(1 changed, 1 failed\)\.", said)
    assert ("Zones" in said) == (width == 120 and by != "zone")


def test_status_calls_old_data_old(call):
    said = call(status)
    assert "nothing was probed yet: start `parkops monitor`" in said
    with call.store() as store:
        store.save_samples([Sample("dev/icmp", time.time() - 7300, State.UP)])
    said = call(status)
    assert "STALE: no monitor runs, last sample 2 h 1 min ago" in said


def test_status_for_programs(call):
    fill(call)
    document = json.loads(call(status, "--json"))
    assert (document["kind"], document["version"]) == ("parkops.status", 1)
    assert document["targets"] == {"up": 1, "down": 1, "unknown": 0}
    assert document["monitor"]["stale"] is False
    assert document["monitor"]["pid"] is None
    assert [row["target"] for row in document["not_up"]] == ["dev/tcp"]
    assert document["events"][0]["cause"] == "[refused]"
    assert document["push"]["devices"] == {"a": "changed", "b": "failed"}
    assert document["push"]["ok"] is False


def test_events_from_opening_to_closing(call):
    assert "No events." in call(events)
    fill(call)
    said = call(events, "--open")
    assert "dev/tcp" in said
    assert "[refused]" in said
    assert max(len(line) for line in said.splitlines()) <= 80
    assert "Event 1 (dev/tcp) is with 王伟." in call(
        events, "ack", "1", "--by", "王伟", "--note", "[on] my way"
    )
    assert "is closed after" in call(events, "close", "1", "--by", "王伟", "--note", "scrapped")
    assert "No open events." in call(events, "--open")
    (event,) = json.loads(call(events, "--json"))["events"]
    assert event["note"] == "[on] my way; closed by 王伟: scrapped"
    assert event["acknowledged_by"] == "王伟"
    assert event["duration_s"] >= 30
    assert "[on] my way" in call(events, width=140)
    with pytest.raises(UsageError, match="event 1 is closed"):
        call(events, "close", "1", "--note", "again")
    with pytest.raises(UsageError, match="there is no event 7"):
        call(events, "ack", "7")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (7300, "2 h 1 min"),
        (270_000, "3 d 3 h"),
    ],
)
def test_ago(seconds, text):
    assert ago(seconds) == text
