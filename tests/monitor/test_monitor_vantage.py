"""Vantage nodes: a real sshd with a real agent behind it, a zone with a filter, faults on the way."""

import asyncio
import time

import pytest
from monitor_parts import tcp_server
from vantage_parts import Zone, flow, wait_until

from parkops.errors import UsageError
from parkops.model import State, Target
from parkops.monitor import prepare
from parkops.monitor.vantage import agent, plain
from parkops.monitor.vantage.session import Ask, Node


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    with Zone(tmp_path_factory.mktemp("zone")) as running:
        yield running


def once(zone, *targets, bare=False):
    async def story(look):
        await look(flow("tcp", 4899))  # opens the session, however long that takes here
        return await look(*targets)

    return zone.session(story, zone.node(bare=bare))


@pytest.mark.parametrize("kind", ["http", "tls"])
def test_what_was_connected_has_arrived(kind):
    """Silence after that is the service's: what is forbidden would not be blocked."""
    with tcp_server(lambda connection: None) as port:
        ask = {"kind": kind, "address": "127.0.0.1", "port": port, "timeout_s": 0.3}
        assert agent.look(ask) == ("failed", "connected, then no answer within 0.3 s")


def test_each_kind_from_the_node_with_a_round_trip(zone):
    samples = once(
        zone,
        flow("tcp", 4840),
        flow("udp", 5000),
        flow("icmp"),
        flow("http", 8080, path="/resolve/88.136.1"),
    )
    assert [(s.state, s.reason) for s in samples] == [(State.UP, "")] * 4
    assert all(0 < s.rtt_s < 5 for s in samples)


def test_what_does_not_pass_is_down_and_says_why(zone):
    refused, broken, no_tls = once(
        zone, flow("tcp", 4841), flow("http", 8080, path="/broken"), flow("tls", 4840)
    )
    assert (refused.state, refused.reason) == (State.DOWN, "refused by the far end")
    assert (broken.state, broken.reason) == (State.DOWN, "HTTP status 503")
    assert no_tls.state is State.DOWN
    with zone.filtered("tcp dport 4840 drop"):
        silent = once(zone, flow("tcp", 4840, timeout_s=4))
    assert (silent.state, silent.reason) == (State.DOWN, "no answer within 3 s")


def test_a_datagram_that_nobody_need_answer_tells_nothing(zone):
    sample = once(zone, flow("udp", 5001, timeout_s=4))
    assert sample.state is State.UNKNOWN
    assert "need not be answered" in sample.reason


def test_what_must_be_blocked_is_good_only_when_it_is_silent(zone):
    opened, refused = once(zone, flow("tcp", 4840, expect="blocked"), flow("tcp", 4841, expect="blocked"))
    assert opened.state is State.DOWN
    assert opened.reason == "it passes, and no flow of the plan allows it: connected"
    assert refused.state is State.DOWN  # the packets arrived
    with zone.filtered("tcp dport { 4840, 4841 } drop"):
        dropped = once(zone, flow("tcp", 4840, expect="blocked", timeout_s=4))
    assert (dropped.state, dropped.rtt_s) == (State.UP, None)


def test_silence_of_the_nodes_own_line_proves_nothing(zone):
    """A cut cable drops what is forbidden as well: that must not count as a filter that works."""

    async def story(look):
        await look(flow("tcp", 4899))
        zone.there("ip", "link", "set", "eth1", "down")
        try:
            return await look(
                flow("tcp", 4840, expect="blocked", timeout_s=4), flow("tcp", 4840, timeout_s=4, detail="-2")
            )
        finally:
            zone.there("ip", "link", "set", "eth1", "up")

    blocked, wanted = zone.session(story, zone.node())
    assert (blocked.state, wanted.state) == (State.UNKNOWN, State.UNKNOWN)
    assert "next hop does not answer" in blocked.reason
    wait_until(lambda: once(zone, flow("tcp", 4840)).state is State.UP, what="return of the neighbour")


def test_no_route_from_the_node_is_unknown(zone):
    sample = once(zone, flow("tcp", 80, address="192.0.2.1", expect="blocked"))
    assert sample.state is State.UNKNOWN


def test_a_node_without_python_tries_with_its_shell(zone):
    async def story(look):
        up, icmp, refused, web = await look(
            flow("tcp", 4840), flow("icmp"), flow("tcp", 4841), flow("http", 8080)
        )
        with zone.filtered("tcp dport 4840 drop"):
            silent, blocked = await look(
                flow("tcp", 4840, timeout_s=4), flow("tcp", 4840, expect="blocked", detail="-2", timeout_s=4)
            )
        return up, icmp, refused, web, silent, blocked

    up, icmp, refused, web, silent, blocked = zone.session(story, zone.node(bare=True))
    assert (up.state, icmp.state) == (State.UP, State.UP), (up, icmp)
    assert up.rtt_s is None  # a shell's start would be measured
    assert (refused.state, refused.reason) == (State.DOWN, "refused by the far end")
    assert (web.state, web.reason) == (State.UNKNOWN, "gw: http needs python3 on gw")
    assert (silent.state, blocked.state) == (State.DOWN, State.UP), (silent, blocked)


def test_an_agent_killed_in_the_middle_is_unknown_and_comes_back(zone):
    async def story(look):
        first = await look(flow("tcp", 4840))
        with zone.filtered("tcp dport 4842 drop"):
            waiting = asyncio.create_task(look(flow("tcp", 4842, timeout_s=20)))
            await asyncio.sleep(0)
            (agent,) = zone.agents()
            await asyncio.to_thread(
                wait_until, lambda: "SYN-SENT" in zone.run("ss", "-tn", "dport", "=", "4842"), 20
            )
            zone.run("kill", "-9", agent)
            began_s = time.monotonic()
            lost = await waiting
        return first, lost, time.monotonic() - began_s, await look(flow("tcp", 4840))

    first, lost, took_s, again = zone.session(story, zone.node())
    assert (first.state, again.state) == (State.UP, State.UP)
    assert (lost.state, lost.reason) == (State.UNKNOWN, "gw: the agent ended")
    assert took_s < 15  # told at once, not by a deadline


def test_a_node_that_stands_still_is_unknown_in_time(zone):
    async def story(look):
        await look(flow("tcp", 4840))
        (agent,) = zone.agents()
        zone.run("kill", "-STOP", agent)
        began_s = time.monotonic()
        try:
            slow = await look(flow("tcp", 4840, timeout_s=1))
        finally:
            took_s = time.monotonic() - began_s
            zone.run("kill", "-CONT", agent)
        return slow, took_s, await look(flow("tcp", 4840))

    slow, took_s, again = zone.session(story, zone.node())
    assert (slow.state, slow.reason) == (State.UNKNOWN, "gw said nothing within 1 s")
    assert took_s < 5
    assert again.state is State.UP  # the late answer to the first question is nobody's


def test_a_node_that_cannot_be_reached_makes_no_outage(zone):
    dead = Node("dead", "127.0.0.1", 9)

    async def story(look):
        first, second = await look(flow("tcp", 4840, vantage="dead"), flow("tcp", 4840, detail="-2"))
        again = await look(flow("tcp", 4840, vantage="dead"))
        return first, second, again

    first, second, again = zone.session(story, zone.node(), dead)
    assert (first.state, second.state) == (State.UNKNOWN, State.UP)
    assert "refused" in first.reason
    assert again.state is State.UNKNOWN


def test_a_strange_host_key_is_not_asked_from(zone):
    def login():
        return zone.keys.strange_host_key()

    async def story(look):
        return await look(flow("tcp", 4840))

    sample = zone.session(story, zone.node(), login=login)
    assert sample.state is State.UNKNOWN
    assert "host key" in sample.reason


def test_many_questions_share_one_session_and_the_agent_ends_with_it(zone):
    async def story(look):
        samples = await look(*(flow("tcp", 4840, detail=f"-{n}", timeout_s=10) for n in range(200)))
        return samples, zone.agents()

    samples, agents = zone.session(story, zone.node())
    assert {sample.state for sample in samples} == {State.UP}
    assert len(agents) == 1
    wait_until(lambda: not zone.agents(), what="end of the agent")


def test_targets_without_a_vantage_node_and_others_with_one_are_refused():
    with pytest.raises(UsageError, match="the probe flow, and no other, needs a vantage node"):
        prepare([Target("flow/x", "flow", "d", "127.0.0.1", 80)])
    with pytest.raises(UsageError, match="the probe flow, and no other, needs a vantage node"):
        prepare([Target("d/tcp", "tcp", "d", "127.0.0.1", 80, vantage="gw")])


@pytest.mark.parametrize(
    ("status", "said", "result"),
    [
        (0, "", "answer"),
        (1, "bash: connect: Connection refused\nbash: line 1: /dev/tcp/10.0.0.1/80: refused", "refused"),
        (124, "", "silent"),
        (143, "Terminated", "silent"),
        (1, "", "silent"),
        (1, "bash: connect: Network is unreachable", "unable"),
        (99, "", "unable"),
        (1, "nc: bad port", "failed"),
    ],
)  # fmt: skip
def test_what_a_shells_command_tells(status, said, result):
    assert plain.read(status, said, Ask("tcp", "10.0.0.1", 80, 1.0)).result == result


def test_nothing_but_an_address_stands_in_a_command_line():
    with pytest.raises(ValueError, match="does not appear"):
        plain.command(Ask("tcp", "10.0.0.1; reboot", 80, 1.0))


def test_the_monitor_records_flows_and_an_unreachable_node_opens_no_event(zone, tmp_path):
    """A whole watch: one flow is up, one is dropped by a filter, one has a node that cannot be reached."""
    from dataclasses import replace as changed

    from parkops.monitor.watch import watch
    from parkops.store import Store

    lost = flow("tcp", 4840, vantage="dead", detail="-lost")
    targets = [flow("tcp", 4840), flow("tcp", 8080, detail="-cut"), lost]
    targets = [changed(target, interval_s=2.0) for target in targets]
    nodes = {"gw": zone.node(), "dead": Node("dead", "127.0.0.1", 9)}

    def story():
        with Store.open(tmp_path / "parkops.db") as store:
            asyncio.run(watch(targets, store, login=zone.login, vantages=nodes, rounds=5))
            states = {interval.target: interval.state for interval in store.latest()}
            return states, store.events()

    with zone.filtered("tcp dport 8080 drop"):
        states, events = zone.inside(story)
    assert states == {
        "flow/tcp-4840": State.UP, "flow/tcp-8080-cut": State.DOWN, "flow/tcp-4840-lost": State.UNKNOWN
    }  # fmt: skip
    assert [(event.target, event.device) for event in events] == [("flow/tcp-8080-cut", "there")]
    assert "no answer within" in events[0].cause
