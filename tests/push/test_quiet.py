"""The monitor leaves a device alone whose change waits for its confirmation, so that its timer can fire."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from park import device, park, switch, workspace

from parkops.model import State, Target
from parkops.monitor import MonitorThread
from parkops.push import datatree
from parkops.push.scope import Scope
from parkops.store import pending
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

Start = Callable[[str, str], Any]


def test_a_mark_ends_by_itself(tmp_path: Path) -> None:
    pending.mark(tmp_path, "sw", time.time() + 60)
    assert pending.waits(tmp_path, "sw")
    assert not pending.waits(tmp_path, "other")
    pending.clear(tmp_path, "sw")
    pending.clear(tmp_path, "sw")
    assert not pending.waits(tmp_path, "sw")
    pending.mark(tmp_path, "sw", time.time() - 1)
    assert not pending.waits(tmp_path, "sw")


def test_the_monitor_does_not_keep_a_bad_change_alive(start: Start, login: Login, tmp_path: Path) -> None:
    node, place = start("sw", "switch"), workspace(tmp_path / "park")
    site = park(device("sw", "ietf", node.address), key=login.key or Path(), known_hosts=login.known_hosts)
    site = replace(site, targets=(Target("sw/netconf", "netconf", "sw", node.address, interval_s=0.3),))

    def running() -> tuple[datatree.Node, ...]:
        with NetconfSession("sw", node.address, login) as session:
            return datatree.parse(session.get_config("running", Scope().filter_xml))

    with MonitorThread(site, place) as monitor:
        assert monitor.wait_for(lambda seen: seen.state("sw/netconf") is State.UP, 10)
        pending.mark(place.state, "sw", time.time() + 60)  # as a push does, before it commits and dies
        with NetconfSession("sw", node.address, login) as session:
            session.edit_config(switch("sw").text)
            session.commit(confirmed=True, timeout_s=2, persist="dead")
        assert monitor.wait_for(lambda seen: seen.state("sw/netconf") is State.UNKNOWN, 10)
        rounds = monitor.rounds
        assert monitor.wait_for(lambda seen: seen.rounds >= rounds + 12, 20)  # four seconds of rounds
        assert running() == ()
