"""ICMP in batches: nobody is lost, nobody is invented, whatever the clocks and the process do."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitor_parts import process, target, wait_until

from parkops.model import State, Vitals
from parkops.monitor import Hooks, watch
from parkops.monitor.clock import RecordClock, boot_s
from parkops.monitor.probes import echo
from parkops.monitor.probes.echo import Echo
from parkops.monitor.standstill import STILL_S, Standstill
from parkops.monitor.wheel import Wheel
from parkops.store import Store

HERE = Path(__file__).parent
UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for raw sockets and namespaces")


# The wheel


@given(st.integers(1, 60), st.sampled_from([0.5, 1.0, 7.0]), st.lists(st.floats(0.001, 0.9), max_size=60))
def test_each_slot_is_due_once_a_turn_while_the_loop_keeps_up(count, interval_s, steps):
    wheel = Wheel([f"t{n}" for n in range(count)], interval_s, 1000.0)
    now_s, last = 1000.0, {}
    for step in steps:
        now_s += step * interval_s / 2
        for first, end in wheel.due(now_s):
            for place in range(first, end):
                if place in last and last[place] > 1000.0 + interval_s:  # after the first pass
                    assert now_s - last[place] > 0.4 * interval_s, "twice in a turn"
                last[place] = now_s
    if now_s > 1000.0 + 2 * interval_s:
        assert len(last) == count
        assert all(now_s - seen_s < 2 * interval_s for seen_s in last.values()), "left out"


@given(st.floats(0.0, 0.99), st.floats(1.2, 50.0))
def test_after_a_standstill_each_slot_is_due_once_and_the_order_goes_on(begin, still):
    wheel = Wheel([f"t{n}" for n in range(40)], 1.0, 0.0)
    wheel.due(2.0 + begin)
    found = [place for first, end in wheel.due(2.0 + begin + still) for place in range(first, end)]
    assert sorted(found) == list(range(40))
    next_s = wheel.next_s
    assert next_s is not None
    assert 2.0 + begin + still < next_s <= 3.1 + begin + still


def test_offsets_depend_on_names_only():
    names = [f"t{n}" for n in range(20)]
    order = [names[place] for place in Wheel(names, 1.0, 0.0).order]
    back = names[::-1]
    assert [back[place] for place in Wheel(back, 9.0, 5.0).order] == order
    assert Wheel([], 1.0, 0.0).next_s is None
    assert Wheel([], 1.0, 0.0).due(10.0) == []


# The engine


class Taken:
    def __init__(self):
        self.good, self.lost = [], []

    def take_good(self, index, time_s, rtt_s):
        self.good.append((index, time_s, rtt_s))

    def take_lost(self, index, sample):
        self.lost.append((index, sample))


@contextlib.contextmanager
def engine(*targets, steady=boot_s, wall=time.time, **options):
    taken = Taken()
    clock = RecordClock(wall, steady)
    pairs = list(enumerate(targets))
    running = Echo(pairs, clock, taken.take_good, taken.take_lost, steady=steady, **options)
    try:
        yield running, taken
    finally:
        running.close()


def turn(running, holds, timeout_s=20.0):
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s
        running.step()
        time.sleep(0.002)


@root
def test_thousands_of_targets_of_both_families_lose_nothing():
    fours = [
        target("icmp", address=f"127.2.{n // 250}.{n % 250 + 1}", device=f"d{n}", interval_s=1.0)
        for n in range(3000)
    ]
    sixes = [target("icmp", address="::1", device=f"s{n}", interval_s=2.0) for n in range(50)]
    with engine(*fours, *sixes) as (running, taken):
        turn(running, lambda: {index for index, _, _ in taken.good} == set(range(3050)))
        for _ in range(200):
            running.step()
            time.sleep(0.005)
        assert taken.lost == []
        assert all(0 < rtt_s < 0.4 for _, _, rtt_s in taken.good)


@root
def test_a_target_that_does_not_answer_is_lost_with_the_time_at_which_it_was_asked():
    in_namespace("silent")


def silent():
    subprocess.run(
        "nft add table ip t; nft 'add chain ip t c { type filter hook input priority 0; }';"
        "nft add rule ip t c ip daddr 127.0.0.7 icmp type echo-request drop",
        shell=True,
        check=True,
    )
    with engine(target("icmp", address="127.0.0.7", interval_s=0.5)) as (running, taken):
        before_s = time.time()
        turn(running, lambda: taken.lost)
        _, sample = taken.lost[0]
        if sample.state is UNKNOWN:  # this machine was too busy to look in time
            assert "stood still" in sample.reason
        else:
            assert (sample.state, sample.reason) == (DOWN, "no ICMP answer within 0.175 s")
        assert before_s <= sample.time_s <= time.time() - 0.17
        assert taken.good == []


@root
def test_the_round_trip_is_not_that_of_a_late_loop():
    with engine(target("icmp", interval_s=5.0)) as (running, taken):
        while not taken.good:
            running.step()
            time.sleep(0.25)  # the answer waits in the socket meanwhile
        assert taken.good[0][2] < 0.2, "as the kernel saw it"
        assert taken.lost == []


class Hand:
    """A clock moved by hand."""

    def __init__(self, begin_s):
        self.now_s = begin_s

    def __call__(self):
        return self.now_s


@root
def test_a_wall_clock_that_jumps_changes_no_round_trip_and_loses_nothing(monkeypatch):
    jump_s = [0.0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump_s[0])
    with engine(target("icmp", interval_s=0.5), wall=time.time) as (running, taken):
        for jump in (-3600.0, 7200.0, 0.0):
            jump_s[0] = jump
            count = len(taken.good)
            turn(running, lambda count=count: len(taken.good) >= count + 2)
        assert taken.lost == []
        assert all(0 < rtt_s < 0.2 for _, _, rtt_s in taken.good)
        times = [time_s for _, time_s, _ in taken.good]
        assert times == sorted(times), "records never run backwards"


@root
def test_a_suspended_machine_calls_nobody_down():
    """The steady clock counts the sleep: what was under way is unknown, not lost."""
    steady = Hand(1000.0)
    with engine(target("icmp", address="127.9.9.9", interval_s=5.0), steady=steady) as (running, taken):
        running._lanes[0]._receive = lambda: None  # the answers of before went missing with the sleep
        while not running._lanes[0]._chunks:
            steady.now_s += 0.1
            running.step()
        steady.now_s += 3600.0
        running.step()
        ((_, sample),) = taken.lost
        assert (sample.state, sample.reason) == (UNKNOWN, "the monitor stood still for 3599.0 s")


@root
def test_answers_to_another_process_and_to_earlier_rounds_are_not_ours():
    with (
        engine(target("icmp", interval_s=0.5)) as (one, mine),
        engine(target("icmp", interval_s=0.5)) as (
            two,
            theirs,
        ),
    ):
        turn(one, lambda: two.step() >= 0 and len(mine.good) > 2 and len(theirs.good) > 2)
        lane = one._lanes[0]
        lane._answer(0, 1, (0, 0, 0, 0, 0), boot_s())  # of the first chunk, which is long over
        lane._answer(99, 1, (0, 0, 0, 0, 0), boot_s())
        assert len({time_s for _, time_s, _ in mine.good}) == len(mine.good)


def test_only_plain_targets_are_probed_in_batches():
    assert echo.fits(target("icmp", timeout_s="0.5", severity="warning"))
    assert not echo.fits(target("icmp", expect="blocked"))
    assert not echo.fits(target("tcp", 80))
    assert echo.timeout_s(target("icmp", interval_s=5.0), 1.0) == 1.0
    assert echo.timeout_s(target("icmp", interval_s=1.0), 1.0) == 0.35, (
        "a loss is confirmed within two rounds"
    )


def in_namespace(function, *prefix):
    code = f"import test_monitor_echo; test_monitor_echo.{function}()"
    command = [
        "unshare",
        "-n",
        "sh",
        "-c",
        'ip link set lo up; exec "$0" "$@"',
        *prefix,
        sys.executable,
        "-c",
        code,
    ]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr


@root
def test_a_firewall_of_our_own_leaves_one_unknown_and_the_others_up():
    in_namespace("own_firewall")


def own_firewall():
    subprocess.run(
        "nft add table ip t; nft 'add chain ip t c { type filter hook output priority 0; }';"
        "nft add rule ip t c ip daddr 127.0.0.7 icmp type echo-request drop",
        shell=True,
        check=True,
    )
    targets = [target("icmp", address=f"127.0.0.{n}", device=f"d{n}", interval_s=0.5) for n in range(1, 12)]
    with engine(*targets) as (running, taken):
        turn(running, lambda: len({index for index, _, _ in taken.good}) == 10 and taken.lost)
        assert {index for index, _ in taken.lost} == {6}
        assert {sample.state for _, sample in taken.lost} == {UNKNOWN}


@root
def test_errors_of_routers_are_understood_behind_raw_sockets():
    in_namespace("router_says_no")


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
        addresses = ("10.8.0.1", "fd00:8::1", "10.9.0.2", "fd00:9::2")
        targets = [target("icmp", address=a, device=a, interval_s=1.0) for a in addresses]
        with engine(*targets) as (running, taken):

            def told():
                lost = {index: sample.reason for index, sample in taken.lost if " says: " in sample.reason}
                return set(lost) == {0, 1} and {index for index, _, _ in taken.good} == {2, 3}

            turn(running, told)
            reasons = {sample.reason for index, sample in taken.lost if index == 0}
            assert "10.9.0.2 says: the host cannot be reached" in reasons


@root
def test_datagram_sockets_serve_where_raw_ones_are_not_allowed():
    no_raw = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", "--")
    script = 'sysctl -qw net.ipv4.ping_group_range="0 2147483647"; exec "$0" "$@"'
    in_namespace("datagram", "sh", "-c", script, *no_raw)
    in_namespace("nothing", *no_raw)


def datagram():
    targets = [target("icmp", interval_s=0.5), target("icmp", address="::1", device="six", interval_s=0.5)]
    with engine(*targets) as (running, taken):
        assert all(lane._line.datagram for lane in running._lanes)
        turn(running, lambda: {index for index, _, _ in taken.good} == {0, 1})
        assert taken.lost == []


def nothing():
    with engine(target("icmp", interval_s=0.5)) as (running, taken):
        turn(running, lambda: taken.lost)
        assert taken.lost[0][1].state is UNKNOWN
        assert "CAP_NET_RAW" in taken.lost[0][1].reason


# The whole monitor, really stopped and really killed

WATCH = """
import asyncio, sys
from pathlib import Path
from monitor_parts import target
from parkops.monitor import Hooks, watch
from parkops.store import Store
targets = [target("icmp", address=f"127.3.0.{n}", device=f"d{n}", interval_s=0.5) for n in range(1, 41)]
with Store.open(Path(sys.argv[1])) as store:
    told = Hooks(on_round=lambda number: print(number, flush=True))
    asyncio.run(watch(targets, store, hooks=told, until=Path(sys.argv[2]).exists))
"""


@contextlib.contextmanager
def watching(tmp_path):
    command = [sys.executable, "-c", WATCH, str(tmp_path / "parkops.db"), str(tmp_path / "stop")]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def rounds(running, number):
    for line in running.stdout:
        if int(line) >= number:
            return
    raise AssertionError("it ended")


@root
def test_a_stopped_process_makes_a_gap_and_no_outage(tmp_path):
    with watching(tmp_path) as running:
        rounds(running, 4)
        running.send_signal(signal.SIGSTOP)
        stopped_s = time.time()
        time.sleep(3.0)  # what is tested: it does nothing for so long
        running.send_signal(signal.SIGCONT)
        resumed_s = time.time()
        rounds(running, 10)
        (tmp_path / "stop").touch()
        assert running.wait(timeout=30) == 0
    with Store.open(tmp_path / "parkops.db") as store:
        assert store.events() == ()
        vitals, spans = store.vitals(), store.intervals()
    assert vitals.gaps >= 1
    assert vitals.gap_s >= 2.5
    assert DOWN not in {span.state for span in spans}
    for name in {span.target for span in spans}:
        unknown_s = sum(
            min(span.end_s, resumed_s) - max(span.start_s, stopped_s)
            for span in spans
            if span.target == name and span.state is UNKNOWN
        )
        assert unknown_s > 1.5, "the gap is known to be unknown"


@root
def test_a_killed_monitor_loses_no_interval_but_the_last_round(tmp_path):
    with watching(tmp_path) as running:
        rounds(running, 5)
        running.kill()
        killed_s = time.time()
        running.wait()
    with Store.open(tmp_path / "parkops.db") as store:
        latest = store.latest()
        assert len(latest) == 40
        assert {interval.state for interval in latest} == {UP}
        # a round of half a second, and the half second between two writes
        assert all(killed_s - interval.end_s < 1.6 for interval in latest), [
            killed_s - interval.end_s for interval in latest
        ]
    wait_until(lambda: time.time() > killed_s + STILL_S, what="gap")
    with watching(tmp_path) as again:
        rounds(again, 5)
        (tmp_path / "stop").touch()
        assert again.wait(timeout=30) == 0
    with Store.open(tmp_path / "parkops.db") as store:
        assert store.events() == ()
        assert store.vitals().gaps == 1, "not running is a gap too"
        assert {State.DOWN} & {span.state for span in store.intervals()} == set()


@root
def test_a_loop_that_is_late_tears_no_outage_and_makes_nothing_unknown():
    in_namespace("held_up")


def held_up():
    """Ten of forty are dead; somebody blocks the loop each third round, longer than an answer may take."""
    subprocess.run(
        "nft add table ip t; nft 'add chain ip t c { type filter hook input priority 0; }';"
        "nft add rule ip t c ip daddr 127.0.0.1-127.0.0.10 icmp type echo-request drop",
        shell=True,
        check=True,
    )
    targets = [target("icmp", address=f"127.0.0.{n}", device=f"d{n}", interval_s=1.0) for n in range(1, 41)]
    dead, rounds = {each.id for each in targets[:10]}, []
    seen = {each.id: [] for each in targets}

    def late():
        """Targets that were asked again, and judged then; who is late twice, or for long, does not know."""
        found = {name for name, samples in seen.items() if any(sample.late_s for sample in samples)}
        return {name for name in found if not standstill(seen[name])}

    def block(number):
        rounds.append(number)
        if number % 3 == 0:
            time.sleep(0.65)

    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "parkops.db") as store:
        hooks = Hooks(on_sample=lambda sample: seen[sample.target].append(sample), on_round=block)
        asyncio.run(
            watch(targets, store, hooks=hooks, rounds=60, until=lambda: len(late()) > 3 and len(rounds) > 5)
        )
        spans = store.intervals()
    assert len(late()) > 3, "the loop was never late: this test proves nothing"
    assert late() <= dead, "what was answered is judged by the kernel's time stamps"
    for name in late():
        assert [span.state for span in spans if span.target == name] == [DOWN], "no outage is torn"
    assert all(span.state is not DOWN for span in spans if span.target not in dead)


def standstill(samples):
    pairs = list(pairwise(samples))
    twice = any(one.late_s and other.late_s for one, other in pairs)
    long = any(sample.late_s > STILL_S for sample in samples)
    return twice or long or any(other.time_s - one.time_s > 2.0 for one, other in pairs)


def test_standstills_are_counted_and_outlive_the_process():
    own = Standstill(100.0, None, 5)
    figures = {"samples": 1, "lag_s": 0.5, "skipped": 0, "unwritten": 0, "unsent": 0, "clock_ahead_s": 0.0}
    for steady_s in (10.0, 10.1, 10.9, 25.0, 25.1):
        own.beat(steady_s, 90.0 + steady_s)
    told = own.vitals(116.0, **figures)
    assert (told.gaps, told.gap_s, told.last_gap_s, told.max_lag_s) == (1, pytest.approx(14.1), 115.0, 0.5)
    again = Standstill(216.0, told, 5).vitals(217.0, **{**figures, "lag_s": 0.0})
    assert (again.gaps, again.gap_s, again.last_gap_s) == (2, pytest.approx(114.1), 216.0)
    assert isinstance(again, Vitals)
