"""NETCONF notifications of a real netconfd, sessions that are lost, and all of it from the command line."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor_parts import wait_until
from passive_parts import DEMO, Heard, demo_park, rows, run

from parkops.monitor.passive import Listen, Listeners, Stream, netconf
from parkops.monitor.passive.netconf import Subscriptions
from parkops.transport.netconf import NetconfSession

EDIT = """<config><interfaces xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces"><interface>
<name>{name}</name><type xmlns:i="urn:ietf:params:xml:ns:yang:iana-if-type">i:ethernetCsmacd</type>
</interface></interfaces></config>"""


def configure(login, name):
    with NetconfSession("hx-p1-sw-1", "127.0.0.1", login, 830) as session:
        session.edit_config(EDIT.format(name=name))
        session.commit()


def test_a_change_made_by_somebody_is_told_with_its_session(island, tmp_path):
    """Our subscription stands, another session changes the configuration, and both are signals."""
    login = island.keys.login()

    def story():
        heard = Heard()
        listen = Listen(netconf=(Stream("hx-p1-sw-1", "127.0.0.1", 830),))
        with Listeners(demo_park(), tmp_path / "parkops.db", listen, heard, login=lambda: login) as running:
            wait_until(lambda: running.subscriptions == 1, 30, "the subscription")
            configure(login, "ge9")
            wait_until(lambda: "config-changed" in rows(tmp_path), 30, "the change")
            wait_until(lambda: "logout:root" in rows(tmp_path), 30, "the end of the session")
        return heard

    heard = island.inside(story)
    found = rows(tmp_path)
    assert {found[name].device for name in ("config-changed", "login:root", "logout:root")} == {"hx-p1-sw-1"}
    assert found["config-changed"].origin == "netconf"
    assert "root" in found["config-changed"].text
    assert heard.signals == []  # notes, no alarms


def test_a_device_that_is_not_there_is_told_once_and_asked_again(tmp_path):
    told, enough = [], threading.Event()

    def wrong(device, why):
        told.append((device, why))
        enough.set()

    def login():
        from parkops.transport.login import Login

        (tmp_path / "known").touch()
        return Login("root", None, tmp_path / "known", "x")

    streams = (Stream("sw-1", "127.0.0.1", 9),)
    subscriptions = Subscriptions(streams, login, lambda *_: None, wrong)
    subscriptions.start()
    assert enough.wait(30)
    subscriptions.stop()
    assert len(told) == 1
    assert told[0][0] == "sw-1"
    assert "refused" in told[0][1]
    assert subscriptions.open == 0


def test_a_device_with_a_change_that_waits_is_left_alone(island, tmp_path):
    login, waits = island.keys.login(), threading.Event()

    def story():
        streams = (Stream("hx-p1-sw-1", "127.0.0.1", 830),)
        subscriptions = Subscriptions(
            streams, lambda: login, lambda *_: None, lambda *_: None, lambda _: waits.is_set()
        )
        subscriptions.start()
        wait_until(lambda: subscriptions.open == 1, 30, "the subscription")
        waits.set()
        wait_until(lambda: subscriptions.open == 0, 30, "its end")
        subscriptions.stop()

    island.inside(story)


NOTE = (
    '<notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0">'
    "<eventTime>t</eventTime>{}</notification>"
)
BODIES = [
    ('<netconf-config-change xmlns="urn:x"><changed-by><username>bob</username></changed-by>'
     "</netconf-config-change>", "config-changed", "info", False),
    ('<alarm-notification xmlns="urn:x"><resource>psu-1</resource><perceived-severity>major'
     "</perceived-severity></alarm-notification>", "alarm:psu-1", "warning", False),
    ('<alarm-notification xmlns="urn:x"><resource>psu-1</resource><perceived-severity>cleared'
     "</perceived-severity></alarm-notification>", "alarm:psu-1", "warning", True),
    ('<ifmLinkDown xmlns="urn:h"><name>GE0/0/1</name></ifmLinkDown>', "linkDown:GE0/0/1", "warning", False),
    ('<odd xmlns="urn:h"/>', "notification:odd", "info", False),
]  # fmt: skip


@pytest.mark.parametrize(("body", "name", "severity", "clears"), BODIES, ids=[body[1] for body in BODIES])
def test_what_notifications_say(body, name, severity, clears):
    said = netconf.read(NOTE.format(body).encode())
    assert (said.name, said.severity, said.clears) == (name, severity, clears)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_nothing_that_comes_stops_the_reader(data):
    for message in (data, NOTE.encode().replace(b"{}", data)):
        try:
            netconf.read(message)
        except ValueError:
            continue


INSIDE = """
set -e
ip link set lo up
ip addr add 172.31.0.1/32 dev lo
ip addr add 172.31.0.6/32 dev lo
exec "$@"
"""


def test_from_the_command_line_to_an_event_and_a_list(tmp_path):
    """`parkops monitor` listens, a device says that a link is down, `signals` and `events` list it."""
    (tmp_path / "park.yaml").write_text((DEMO / "park.yaml").read_text() + "\naccess: {key: env:NO_KEY}\n")
    parkops = (sys.executable, "-m", "parkops", "-p", tmp_path)
    words = [*parkops, "monitor", "--listen-traps", "172.31.0.1:162", "--listen-syslog", "172.31.0.1:514"]
    words += ["--listen", "172.31.0.1:9469"]
    running = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", INSIDE, "sh", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip

    def there(*command, check=True):
        return run("nsenter", "-t", running.pid, "-n", *command, check=check).stdout

    try:
        wait_until(lambda: ":514 " in there("ss", "-Hltn", check=False), 60, "the listeners")
        where = ("-v2c", "-c", "public", "--clientaddr=172.31.0.6", "172.31.0.1:162", "")
        deadline_s, found = time.monotonic() + 60, []
        while not any(event["kind"] == "signal" for event in found):
            assert time.monotonic() < deadline_s, running.poll()
            there("snmptrap", *where, "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.31.1.1.1.1.7", "s", "eth9")
            found = json.loads(run(*parkops, "events", "--json").stdout)["events"]
        there("logger", "-d", "-n", "172.31.0.1", "-P", "514", "from a stranger")
        scraped = there("curl", "-s", "http://172.31.0.1:9469/metrics")
        shown = run(*parkops, "signals").stdout
    finally:
        os.kill(running.pid, signal.SIGINT)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == 0, output
    event = next(event for event in found if event["kind"] == "signal")
    assert (event["device"], event["target"]) == ("hx-bd-1", "hx-bd-1/signal/linkDown:eth9")
    assert 'parkops_messages_total{origin="snmp-trap",outcome="signal"}' in scraped
    assert "linkDown:eth9" in shown
    listed = json.loads(run(*parkops, "signals", "--json").stdout)["signals"]
    heard = {(row["device"], row["name"]): row for row in listed}
    assert heard["hx-bd-1", "linkDown:eth9"]["severity"] == "warning"
    assert ("", "unknown-sender:172.31.0.1") in heard
    assert "No signals." in run(*parkops, "signals", "--device", "fw-1").stdout
    assert "No flow records." in run(*parkops, "signals", "--traffic").stdout
