"""ICMP over real sockets: loopback, namespaces, no permission, no loss under load."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from monitor_parts import look, process, target, tools, wait_until

from parkops.model import State
from parkops.monitor.probes.base import DownError
from parkops.monitor.probes.icmp import Pinger

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
HERE = Path(__file__).parent


def ping(*addresses, timeout_s=1.0, **options):
    async def go():
        pinger = Pinger(**options)
        try:
            pings = (pinger.ping(address, timeout_s) for address in addresses)
            return await asyncio.gather(*pings, return_exceptions=True)
        finally:
            pinger.close()

    return asyncio.run(go())


def test_both_families():
    four, six = look(target("icmp"), target("icmp", address="::1"))
    assert (four.state, six.state) == (UP, UP)
    assert 0 < four.rtt_s < 1
    assert 0 < six.rtt_s < 1


def test_a_thousand_targets_lose_nothing_and_are_paced():
    addresses = [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(1000)]
    begin_s = time.monotonic()
    answers = ping(*addresses, timeout_s=5.0, rate_per_s=5000)
    assert [answer for answer in answers if not isinstance(answer, float)] == []
    assert time.monotonic() - begin_s > 0.9 * 1000 / 5000, "sends are not paced"


def test_two_pingers_at_once_do_not_take_each_others_answers():
    async def go():
        pingers = [Pinger(), Pinger()]
        try:
            pings = [pinger.ping("127.0.0.1", 1.0) for _ in range(50) for pinger in pingers]
            return await asyncio.gather(*pings)
        finally:
            for pinger in pingers:
                pinger.close()

    assert len(asyncio.run(go())) == 100


def in_namespace(function, *prefix):
    code = f"import test_monitor_icmp; test_monitor_icmp.{function}()"
    command = ["unshare", "-n", *prefix, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_loss_and_errors_in_a_namespace():
    in_namespace("loss_and_errors", "sh", "-c", 'ip link set lo up; exec "$0" "$@"')


def loss_and_errors():
    """In a namespace: a host that is not there, a router that says no, and one that forgets."""
    subprocess.run(
        """set -e
        ip link add va type veth peer name vb; ip link set va up; ip link set vb up
        ip addr add 10.9.0.1/24 dev va; ip addr add fd00:9::1/64 dev va nodad
        ip route add prohibit 10.8.0.0/24
        nft 'add table ip t; add chain ip t c { type filter hook output priority 0; }'
        nft 'add rule ip t c ip daddr 127.0.0.2 icmp type echo-request drop'
        """,
        shell=True,
        check=True,
    )
    gone, gone6 = target("icmp", address="10.9.0.2", timeout_s=0.3), target("icmp", address="fd00:9::2")
    for sample in look(gone, gone6):
        assert sample.state is DOWN, sample
        # on a busy machine our own kernel may give up looking for a neighbour first
        assert re.search("^no ICMP answer within|says: (the host|beyond|no route)", sample.reason), sample
    assert look(target("icmp", address="10.8.0.1")).state is UNKNOWN, "not permitted here"
    assert look(target("icmp", address="127.0.0.2")).state is UNKNOWN, "our own firewall says no"


def test_a_router_that_says_no():
    """Two namespaces: this one routes through a router that rejects."""
    in_namespace("router_says_no", "sh", "-c", 'ip link set lo up; exec "$0" "$@"')


def router_says_no():
    with process("unshare", "-n", "sleep", "60") as router:
        net = f"/proc/{router.pid}/ns/net"
        wait_until(lambda: Path(net).readlink() != Path("/proc/self/ns/net").readlink())
        subprocess.run(
            f"""set -e
            ip link add va type veth peer name vb netns {router.pid}
            ip addr add 10.9.0.1/24 dev va; ip link set va up; ip addr add fd00:9::1/64 dev va nodad
            ip route add default via 10.9.0.2; ip -6 route add default via fd00:9::2
            r() {{ nsenter --net={net} "$@"; }}
            r ip addr add 10.9.0.2/24 dev vb; r ip link set vb up; r ip addr add fd00:9::2/64 dev vb nodad
            r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            r ip route add unreachable 10.8.0.0/24; r ip -6 route add unreachable fd00:8::/64
            """,
            shell=True,
            check=True,
        )
        wait_until(lambda: look(target("icmp", address="10.9.0.2")).state is UP)
        four, six, through = look(
            target("icmp", address="10.8.0.1"),
            target("icmp", address="fd00:8::1"),
            target("icmp", address="fd00:9::2"),
        )
        assert (four.state, four.reason) == (DOWN, "10.9.0.2 says: the host cannot be reached")
        assert (six.state, six.reason) == (DOWN, "a router says: no route to the network")
        assert through.state is UP


NO_RAW = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", "--")


def test_without_raw_sockets_datagram_sockets_serve():
    script = 'ip link set lo up; sysctl -qw net.ipv4.ping_group_range="0 2147483647"; exec "$0" "$@"'
    in_namespace("datagram", "sh", "-c", script, *NO_RAW)


def datagram():
    async def go():
        async with tools() as shared:
            assert await shared.pinger.ping("127.0.0.1", 1.0) > 0
            assert await shared.pinger.ping("::1", 1.0) > 0
            assert [line.datagram for line in shared.pinger._lines.values()] == [True, True]

    asyncio.run(go())


def test_without_permission_the_state_is_unknown():
    in_namespace("no_permission", *NO_RAW)


def no_permission():
    sample = look(target("icmp"))
    assert sample.state is UNKNOWN
    assert "CAP_NET_RAW" in sample.reason


def test_an_answer_that_waits_in_the_socket_is_no_loss():
    """The loop stands still for longer than the timeout while the answer is already there."""

    async def go():
        pinger = Pinger()
        try:
            ping = asyncio.ensure_future(pinger.ping("127.0.0.1", 0.2))
            await asyncio.sleep(0)  # the request is out
            time.sleep(0.5)
            return await ping
        finally:
            pinger.close()

    assert asyncio.run(go()) > 0


def test_closing_ends_what_is_under_way():
    async def go():
        pinger = Pinger()
        ping = asyncio.ensure_future(pinger.ping("192.0.2.1", 30.0))
        await asyncio.sleep(0)
        pinger.close()
        return await asyncio.gather(ping, return_exceptions=True)

    (ended,) = asyncio.run(go())
    assert isinstance(ended, asyncio.CancelledError | OSError | DownError)


def test_the_kernel_keeps_foreign_traffic_away():
    """Another process's echo requests reach the raw socket only if the filter is not set."""

    async def go():
        pinger = Pinger()
        try:
            await pinger.ping("127.0.0.1", 1.0)
            (line,) = pinger._lines.values()
            asyncio.get_running_loop().remove_reader(line.socket.fileno())
            other = Pinger()
            await other.ping("127.0.0.1", 1.0)
            other.close()
            kinds = set()
            while True:
                try:
                    data = line.socket.recv(2048)
                except BlockingIOError:
                    return kinds
                kinds.add(data[20])
        finally:
            pinger.close()

    assert asyncio.run(go()) == {0}, "echo replies only, not the requests that loopback shows as well"


if os.geteuid() != 0:
    pytestmark = pytest.mark.skip(reason="needs root for raw sockets and namespaces")
