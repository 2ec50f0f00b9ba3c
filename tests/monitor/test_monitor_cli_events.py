"""What people do with events on the command line, and how they are shown, live and on paper."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from monitor_parts import park_of, target
from rich.console import Console, ConsoleDimensions
from test_monitor_cli import Call

from parkops.cli.common import Context
from parkops.cli.eventing import clock
from parkops.cli.events import events
from parkops.cli.maintenance import maintenance
from parkops.cli.monitor import monitor
from parkops.cli.status import status
from parkops.cli.top import _screen, top
from parkops.errors import UsageError
from parkops.mended import change_of
from parkops.model import (
    Event,
    EventPolicy,
    Listening,
    Receiver,
    Sample,
    State,
    Tenant,
    Vitals,
    Workspace,
    Zone,
)
from parkops.push.journal import Journal, Note
from parkops.push.lock import Locks

HERE = Path(__file__).parent


BOTH_STORES = True


@pytest.fixture
def call(tmp_path, place):
    targets = [target("icmp", device=name) for name in ("agg", "sw-1", "sw-2")]
    policy = EventPolicy(receivers=(Receiver("duty", "webhook", "http://127.0.0.1:9/"),))
    return Call(tmp_path, park_of(*targets, policy=policy), place if isinstance(place, str) else "")


def fill(call):
    """A failed switch with two consequences."""
    now_s = time.time()
    with call.store() as store:
        for name in ("agg", "sw-1", "sw-2"):
            store.save_samples([Sample(f"{name}/icmp", now_s, State.DOWN, reason="no reply")])
        cause = store.add_event(
            Event(0, "agg/icmp", "agg", "critical", "no reply", now_s - 60, acknowledge_by_s=now_s - 1)
        )
        for name in ("sw-1", "sw-2"):
            store.add_event(
                Event(0, f"{name}/icmp", name, "critical", "no reply", now_s - 58, parent=cause.id)
            )
    return cause


@pytest.mark.parametrize("width", [80, 120])
def test_consequences_stand_under_their_cause(call, width):
    fill(call)
    said = call(events, "--open", width=width)
    assert "+2" in said
    assert "sw-1/icmp" not in said
    said = call(events, "--all", width=width)
    assert said.index("agg/icmp") < said.index("└ sw-1/icmp") < said.index("└ sw-2/icmp")
    assert max(len(line) for line in said.splitlines()) <= width
    said = call(status, width=width)
    assert "no reply (+2 with it)" in said
    assert "sw-2/icmp" not in said.partition("Event")[2]
    assert ("LATE: acknowledge" in said) == (width == 120)
    found = json.loads(call(events, "list", "--device", "sw-1", "--json"))["events"]
    assert [(event["target"], event["parent"]) for event in found] == [("sw-1/icmp", 1)]


def test_the_life_of_an_event_by_hand_and_its_page(call):
    fill(call)
    assert "Would be so: Event 1 (agg/icmp) is with 王伟." in call(
        events, "ack", "1", "--by", "王伟", "--dry-run"
    )
    with call.store() as store:
        assert store.event(1).acknowledged_by == ""
    call(events, "ack", "1", "--by", "王伟", "--note", "[on] my way")
    assert "is being worked on by 李娜" in call(events, "work", "1", "--by", "李娜")
    assert "is resolved" in call(events, "resolve", "1", "--by", "李娜", "--note", "new power supply")
    call(events, "close", "1", "--by", "王伟", "--note", "checked")
    call(events, "note", "1", "spare ordered", "--by", "李娜")
    said = call(events, "show", "1", width=100)
    for words in ("Event 1: agg does not answer: no reply", "with it: 2 devices".capitalize(),
                  "closed, critical", "new power supply", "李娜", "spare ordered"):  # fmt: skip
        assert words in said, words
    document = json.loads(call(events, "show", "1", "--json"))
    assert (document["kind"], document["version"]) == ("parkops.event", 1)
    steps = [(step["step"], step["by"]) for step in document["history"]]
    assert steps == [("detected", ""), ("acknowledged", "王伟"), ("in-work", "李娜"), ("resolved", "李娜"),
                     ("closed", "王伟"), ("note", "李娜")]  # fmt: skip
    assert [item["what"] for item in document["deliveries"]] == ["acknowledged", "resolved", "closed"]
    assert len(document["consequences"]) == 2
    with pytest.raises(UsageError, match="there is no event 9"):
        call(events, "show", "9")


def journal(call):
    state = Workspace(call.folder).state
    with Journal(Locks(state).database) as opened:
        for tx, device, ending in (("20261128-1", "agg", "committed"), ("20261128-2", "agg", "rolled back"),
                                   ("20261129-1", "sw-1", "committed")):  # fmt: skip
            opened.write(
                Note(tx, "", "begin", data={"kind": "push", "plan": "p", "devices": [device]}),
                Note(tx, "", "waves", data={"waves": [[device]]}),
                Note(tx, "", "end", data={"ending": ending}),
            )


def test_the_push_that_mended_it_is_found_and_linked(call):
    fill(call)
    with pytest.raises(UsageError, match="there is no push 'x'"):
        call(events, "link", "1", "--change", "x")
    journal(call)
    find, now_s = change_of(Workspace(call.folder)), time.time()
    assert find("agg", now_s - 100, now_s + 1) == "20261128-1", "what was rolled back mended nothing"
    assert find("sw-1", now_s - 100, now_s + 1) == "20261129-1"
    assert find("sw-2", now_s - 100, now_s + 1) == ""
    assert find("agg", now_s - 9000, now_s - 8000) == ""
    assert find("agg", now_s + 100, now_s + 200) == ""
    with pytest.raises(UsageError, match="2 pushes begin with '20261128'"):
        call(events, "link", "1", "--change", "20261128")
    assert "was mended by push 20261129-1" in call(
        events, "link", "1", "--change", "20261129", "--by", "王伟"
    )
    with call.store() as store:
        assert store.event(1).change == "20261129-1"
        assert [step.step for step in store.event_steps(1)][-1] == "linked"


def test_planned_work_on_the_command_line(call):
    assert "No planned work." in call(maintenance, "list")
    said = call(maintenance, "add", "device:agg", "--for", "2h", "--reason", "更换风扇", "--by", "王伟")
    assert said.startswith("Planned work 1: device:agg, ")
    call(maintenance, "add", "all", "--begin", "2036-12-05T22:00", "--for", "90min", "--reason", "x")
    rows = json.loads(call(maintenance, "list", "--json"))["windows"]
    assert [(row["number"], row["for"], row["now"]) for row in rows] == [
        (1, "device:agg", True), (2, "all", False),
    ]  # fmt: skip
    assert rows[1]["end_s"] - rows[1]["begin_s"] == 5400
    assert "would end now" in call(maintenance, "end", "1", "--dry-run")
    call(maintenance, "end", "1")
    assert json.loads(call(maintenance, "list", "--json"))["windows"][0]["now"] is False
    for arguments, words in (
        (("add", "device:nobody", "--for", "2h", "--reason", "x"), "is meant: known: agg, sw-1, sw-2"),
        (("add", "device:sw-3", "--for", "2h", "--reason", "x"), "is meant: did you mean 'sw-2'"),
        (("add", "agg", "--for", "2h", "--reason", "x"), "is no part of a park"),
        (("add", "all", "--for", "soon", "--reason", "x"), "is no length of time"),
        (("add", "all", "--begin", "2020-01-01T00:00", "--for", "1h", "--reason", "x"), "would be over"),
        (("end", "7"), "no planned work 7"),
    ):
        with pytest.raises(UsageError, match=words):
            call(maintenance, *arguments)


def test_the_unit_runs_the_monitor_of_this_park(call, tmp_path):
    said = call(monitor, "--systemd-unit", "--listen", "127.0.0.1:9469")
    assert re.search(
        rf"ExecStart=\S+python\S* -m parkops -p {tmp_path}( --store .+)? monitor --listen 127.0.0.1:9469\n",
        said,
    )
    if shutil.which("systemd-analyze"):
        unit = tmp_path / "parkops-monitor.service"
        unit.write_text(said)
        command = ["systemd-analyze", "verify", unit]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert "parkops-monitor" not in done.stderr, done.stderr


def test_the_unit_tells_where_it_listens_and_has_the_rights_for_it(call):
    rights = r"^AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN{}$"
    said = call(monitor, "--systemd-unit")
    assert "\n# listens for nothing that devices say by themselves\n" in said
    assert re.search(rights.format(""), said, re.M)
    call.park = replace(
        call.park, listening=Listening(syslog=("::", 514), traps=("0.0.0.0", 1162), netconf=True)
    )
    said = call(monitor, "--systemd-unit")
    told = "syslog at [::]:514, traps at 0.0.0.0:1162, the notifications of NETCONF devices"
    assert f"\n# listens for {told}\n" in said
    assert re.search(rights.format(" CAP_NET_BIND_SERVICE"), said, re.M)
    assert re.search(r"^ExecStart=.* monitor$", said, re.M), "the plan says it, not the command line"
    said = call(monitor, "--systemd-unit", "--listen-syslog", "127.0.0.1:1514", "--no-listen-netconf")
    assert "\n# listens for syslog at 127.0.0.1:1514, traps at 0.0.0.0:1162\n" in said
    assert "monitor --listen-syslog 127.0.0.1:1514 --no-listen-netconf\n" in said
    assert re.search(rights.format(""), said, re.M)


@pytest.mark.parametrize("width", [80, 120])
def test_top_without_a_terminal_is_one_screen(call, width):
    fill(call)
    said = call(top, width=width)
    assert "✖✖✖" in said
    assert "no reply (+2 with it)" in said
    assert max(len(line) for line in said.splitlines()) <= width


def test_the_map_shows_each_device_once_and_trouble_first(tmp_path):
    from dataclasses import replace

    targets = [
        replace(target(probe, 80, device=f"{zone}-{n}"), zone=zone, tenant="acme")
        for zone in ("line", "hall") for n in range(4) for probe in ("icmp", "tcp")
    ]  # fmt: skip
    zones = tuple(
        Zone(z, t, "production", "acme", 3, True, None) for z, t in (("line", "产线"), ("hall", "厂房"))
    )
    shown = Call(tmp_path, park_of(*targets, zones=zones, tenants=(Tenant("acme", "艾", True, None),)))
    with shown.store() as store:
        for item in targets:
            bad = item.id == "hall-2/tcp"
            store.save_samples([Sample(item.id, time.time(), State.DOWN if bad else State.UP, reason="x")])
    said = shown(top, width=80)
    assert re.search(r"厂房 +✖■■■ +产线 +■■■■ ", said)


TOP = """
import sys
from monitor_parts import park_of, target
from parkops.cli.common import Context
from parkops.cli.top import top
context = Context(sys.argv[1])
context.__dict__["_park"] = park_of(target("icmp"))
top.main([], obj=context)
"""


def test_top_lives_in_a_terminal_until_q(tmp_path):
    (tmp_path / "park.yaml").write_text("")
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    running = subprocess.Popen(
        [sys.executable, "-c", TOP, str(tmp_path)], cwd=HERE, env=env,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)

    def read_until(words):
        seen, deadline_s = b"", time.monotonic() + 30
        while words not in seen:
            assert time.monotonic() < deadline_s, seen.decode("utf-8", "replace")
            if select.select([ours], [], [], 0.5)[0]:
                seen += os.read(ours, 65536)

    try:
        read_until(b"q quit")
        os.write(ours, b"e")
        read_until(b"e events")
        os.write(ours, b"q")
        assert running.wait(timeout=20) == 0
    finally:
        running.kill()
        running.wait()
        os.close(ours)


def test_the_year_is_said_where_it_is_another_one():
    def local(*parts):
        return time.mktime((*parts, 0, 0, 0, -1))

    now_s = local(2026, 1, 1, 9, 30)
    assert clock(local(2026, 1, 1, 0, 5), now_s) == "00:05:00"
    assert clock(local(2025, 12, 31, 23, 55), now_s) == "2025-12-31 23:55"
    assert clock(local(2026, 2, 3, 4, 5), local(2026, 3, 1, 0, 0)) == "02-03 04:05"


@pytest.mark.parametrize("height", [20, 24, 50])
@pytest.mark.parametrize("left_out", [0, 3])
def test_the_live_screen_fits_with_all_there_is_to_say(tmp_path, monkeypatch, height, left_out):
    """What does not fit is cut off below, where the keys stand."""
    targets = [replace(target("icmp", device=f"sw-{n}"), zone=f"z{n % 40}") for n in range(80)]
    context = Context(str(tmp_path))
    (tmp_path / "park.yaml").write_text("")
    context.__dict__["_park"] = park_of(*targets, tenants=(Tenant("t", "甲", False, None),))
    monkeypatch.setattr(Context, "left_out", left_out)
    with context.open_store() as store, store.transaction():
        for one in targets:
            store.save_samples([Sample(one.id, time.time(), State.DOWN, reason="no reply")])
            store.open_event(one.id, one.device, "critical", "no reply", time.time())
        store.save_vitals(Vitals(0.0, 0.0, gaps=2, gap_s=90.0))
    console = Console(width=80, height=height)
    for mode in ("events", "targets"):
        screen = _screen(context, context.park(), mode, ConsoleDimensions(80, height), keys=True)
        lines = ["".join(part.text for part in line) for line in console.render_lines(screen)]
        assert len(lines) <= height, mode
        assert "q quit" in lines[-1]
        assert len(lines) >= height - 2, "the room is used"
