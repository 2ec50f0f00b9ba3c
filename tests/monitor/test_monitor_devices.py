"""Probes that ask a device: netconfd, FRR and node_exporter in a network namespace."""

import asyncio
import importlib
import os
import signal

import pytest
from monitor_parts import look, target, tools, wait_until

from parkops.model import State
from parkops.monitor import prepare, probes
from parkops.monitor.probes.base import Context

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


@pytest.fixture
def ask(island):
    def ask(*targets, login=island.keys.login):
        return island.inside(look, *targets, login=login)

    return ask


def test_netconf(ask):
    sample = ask(target("netconf", modules="ietf-interfaces"))
    assert (sample.state, sample.reason) == (UP, "")
    assert 0 < sample.rtt_s < 5
    assert ask(target("netconf", session="fresh")).state is UP


def test_netconf_says_what_is_wrong(ask, island):
    sample = ask(target("netconf", modules="ietf-interfaces,ieee802-dot1q-bridge"))
    assert (sample.state, sample.reason) == (DOWN, "the server does not announce ieee802-dot1q-bridge")
    sample = ask(target("netconf"), login=island.keys.strange_host_key)
    assert sample.state is DOWN
    assert "host key" in sample.reason
    sample = ask(target("netconf"), login=island.keys.strange_user_key)
    assert sample.state is DOWN
    assert "login as root refused" in sample.reason
    sample = ask(target("netconf", 831))
    assert sample.state is DOWN
    assert "refused" in sample.reason.lower()
    sample = ask(target("netconf"), login=None)
    assert (sample.state, sample.reason) == (UNKNOWN, "cannot log in: no login")


def test_netconf_gets_a_subtree(ask):
    sample = ask(target("netconf", get="ietf-interfaces:interfaces-state", contains="p1"))
    assert (sample.state, sample.reason) == (UP, "")
    assert dict(sample.values)["get_bytes"] > 100
    sample = ask(target("netconf", get="ietf-interfaces:interfaces-state", contains="ge-0/0/99"))
    assert sample.state is DOWN
    assert sample.reason == "ietf-interfaces:interfaces-state does not contain 'ge-0/0/99'"
    sample = ask(target("netconf", get="ietf-interfaces:interfaces"))
    assert (sample.state, sample.reason) == (DOWN, "there is nothing at ietf-interfaces:interfaces")
    sample = ask(target("netconf", get="ieee802-dot1q-bridge:bridges"))
    assert (sample.state, sample.reason) == (DOWN, "the server does not announce ieee802-dot1q-bridge")


def test_netconf_is_no_other_ssh_service(ask):
    sample = ask(target("netconf", 22, timeout_s=3))
    assert sample.state is DOWN, "vtysh as a subsystem is no NETCONF server"


@pytest.mark.parametrize("source", ["netconf", "node_exporter", "frr"])
def test_link_follows_the_interface(ask, island, source):
    own, other = (target("link", interface=name, source=source, detail=name) for name in ("p1", "p2"))

    def states():
        return [sample.state for sample in ask(own, other)]

    wait_until(lambda: states() == [UP, UP], what="links up")  # netconfd remembers states for a second
    island.run("ip link set p1 down")
    try:
        wait_until(lambda: states() == [DOWN, UP], what="p1 down")
        assert "p1 of dev is" in ask(own).reason
    finally:
        island.run("ip link set p1 up")
    wait_until(lambda: states() == [UP, UP], what="links up again")
    island.run("ip link set q2 down")  # the far end
    try:
        wait_until(lambda: states() == [UP, DOWN], what="p2 without carrier")
    finally:
        island.run("ip link set q2 up")
    wait_until(lambda: states() == [UP, UP], what="links up again")


def test_an_interface_that_is_not_there(ask):
    sample = ask(target("link", interface="p1,p9"))
    assert (sample.state, sample.reason) == (DOWN, "p9 of dev is not present")


def test_links_of_a_device_that_cannot_be_read_are_unknown(ask):
    for source, port in (("netconf", 9), ("node_exporter", 9), ("frr", 9), ("node_exporter", 22)):
        sample = ask(target("link", port, interface="p1", source=source, timeout_s=2))
        assert sample.state is UNKNOWN, sample
        assert sample.reason.startswith("cannot read the interfaces of dev: ")


def test_links_of_a_device_share_one_read_on_one_session(island, monkeypatch):
    opened, read = [], []
    from parkops.transport.netconf import NetconfSession

    original = NetconfSession.open
    monkeypatch.setattr(NetconfSession, "open", lambda self: (opened.append(self.port), original(self)))
    link = importlib.import_module("parkops.monitor.probes.link")  # the package has a function so named
    state = link._interfaces_state
    monkeypatch.setattr(link, "_interfaces_state", lambda session: (read.append(1), state(session))[1])
    names = ("p1", "p2", "q1", "q2")
    slow = {"interval_s": 60, "timeout_s": 30}  # this is about sharing, not about time
    links = [target("link", interface=name, detail=name, **slow) for name in names]
    targets = prepare([*links, target("netconf", **slow)])

    async def go():
        async with tools(island.keys.login) as shared:
            contexts = [Context(shared, probes.timeout_s(one)) for one in targets]
            for _ in range(3):
                pairs = zip(targets, contexts, strict=True)
                samples = await asyncio.gather(*(probes.probe(one, context) for one, context in pairs))
                assert {sample.state for sample in samples} == {UP}, samples
                await asyncio.sleep(shared.reads.AGE_S * 1.5)  # the next round

    island.inside(lambda: asyncio.run(go()))
    assert opened == [830]
    assert len(read) == 3


def test_a_lost_session_is_reopened(island):
    (one,) = prepare([target("netconf")])

    async def go():
        async with tools(island.keys.login) as shared:
            context = Context(shared, probes.timeout_s(one))
            assert (await probes.probe(one, context)).state is UP
            island.run("ss -K sport = :830 | grep -q :830")  # as when the device restarts
            assert (await probes.probe(one, context)).state is UP

    island.inside(lambda: asyncio.run(go()))


def test_a_server_that_hangs_is_down_and_its_links_unknown_until_it_goes_on(island):
    netconf, link = prepare([target("netconf", timeout_s=1), target("link", interface="p1", timeout_s=1)])

    async def go():
        async with tools(island.keys.login) as shared:
            first, second = (Context(shared, probes.timeout_s(one)) for one in (netconf, link))
            assert (await probes.probe(netconf, first)).state is UP
            pid = island.netconfd_pid()
            os.kill(pid, signal.SIGSTOP)
            try:
                down, unknown = await asyncio.gather(probes.probe(netconf, first), probes.probe(link, second))
            finally:
                os.kill(pid, signal.SIGCONT)
            assert down.state is DOWN, down
            assert unknown.state is UNKNOWN, unknown
            for _ in range(20):  # a worker may still wait for the answer that never came
                if (await probes.probe(netconf, first)).state is UP:
                    return
            raise AssertionError("does not come back")

    island.inside(lambda: asyncio.run(go()))
