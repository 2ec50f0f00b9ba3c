"""The whole monitor on real services: what is down for a known time is recorded for that time."""

import asyncio
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from monitor_parts import Service, free_port, park_of, target, tcp_server, wait_until

from parkops.errors import ParkopsError, UsageError
from parkops.model import Sample, State, Workspace
from parkops.monitor import Hooks, Metrics, MonitorThread, run, running_pid, watch
from parkops.store import Store

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
INTERVAL_S = 0.4
HERE = Path(__file__).parent


@pytest.fixture
def service():
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def read(workspace):
    return Store.open(workspace.database)


def spans(workspace, name):
    with read(workspace) as store:
        return [(i.state, i.start_s, i.end_s) for i in store.intervals(name)]


def test_an_outage_of_known_length_is_recorded_as_it_was(workspace, service):
    park = park_of(target("tcp", service.port, interval_s=INTERVAL_S), target("icmp", interval_s=INTERVAL_S))
    with MonitorThread(park, workspace) as monitor:
        assert monitor.wait_for(lambda m: m.rounds >= 2, 20)
        begun_s = service.stop()
        assert monitor.wait_for(lambda m: m.events("dev/tcp"), 20)
        seen_s = time.time()
        assert monitor.wait_for(lambda m: time.time() - begun_s > 2.0, 20)
        (event,) = monitor.events()
        ended_s = service.start()
        assert monitor.wait_for(lambda m: m.events()[0].closed_s is not None, 20)
        (event,) = monitor.events()
        rounds = monitor.rounds
        assert monitor.wait_for(lambda m: m.rounds > rounds, 20)
    slack_s = 0.25  # of a busy machine
    assert begun_s <= event.opened_s <= begun_s + INTERVAL_S + slack_s, "the first loss is the start"
    assert seen_s - begun_s <= 2 * INTERVAL_S + slack_s, "confirmed within two rounds"
    assert ended_s <= event.closed_s <= ended_s + INTERVAL_S + slack_s
    assert (event.target, event.device, event.severity) == ("dev/tcp", "dev", "warning")
    assert event.cause == "connection refused"
    states = spans(workspace, "dev/tcp")
    assert [state for state, _, _ in states] == [UP, DOWN, UP]
    assert states[1] == (DOWN, event.opened_s, event.closed_s)
    assert states[0][2] == states[1][1]
    assert [state for state, _, _ in spans(workspace, "dev/icmp")] == [UP]
    with read(workspace) as store:
        assert store.events() == (event,)
        icmp, tcp = store.availability(0, time.time())
    assert (icmp.outages, icmp.down_s) == (0, 0)
    text = monitor.metrics.text()
    (down_s,) = re.findall(r'target="dev/tcp".*state="down"} (.*)', text)
    assert float(down_s) == pytest.approx(event.duration_s), "Prometheus is told the same"
    assert (tcp.outages, tcp.down_s) == (1, event.duration_s)


def test_a_single_loss_opens_nothing(workspace):
    """A server that refuses one connection of many: losses are counted, no event opens."""
    park = park_of(target("tcp", 1, interval_s=INTERVAL_S))
    metrics, looks = Metrics(), iter([UP, DOWN, UP, DOWN, UP, UP])

    async def blinking(target, context):
        return Sample(target.id, context.tools.clock.now(), next(looks), 0.001, "blink")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("parkops.monitor.probes.probe", blinking)
        summary = run(park, workspace, rounds=6, metrics=metrics)
    assert (summary.rounds, summary.samples, summary.opened) == (6, 6, 0)
    assert [state for state, _, _ in spans(workspace, "dev/tcp")] == [UP]
    assert 'parkops_probe_lost_total{target="dev/tcp",device="dev",probe="tcp",tenant="",zone=""} 2' in (
        metrics.text()
    )


def test_a_new_monitor_goes_on_with_the_open_event(workspace, service):
    park = park_of(target("tcp", service.port, interval_s=2.0))
    service.stop()
    with MonitorThread(park, workspace) as monitor:
        assert monitor.wait_for(lambda m: m.events(), 20)
        (event,) = monitor.events()
    service.start()
    with MonitorThread(park, workspace) as monitor:
        assert monitor.wait_for(lambda m: m.events(), 20)
        (closed,) = monitor.events()
    assert closed.id == event.id
    assert closed.closed_s > event.opened_s
    assert [state for state, _, _ in spans(workspace, "dev/tcp")] == [DOWN, UP]


MONITOR = """
import sys
from pathlib import Path
from monitor_parts import park_of, target
from parkops.model import Workspace
from parkops.monitor import Hooks, run
park = park_of(target("tcp", int(sys.argv[2]), interval_s=float(sys.argv[3])))
def told(*_): print("sample", flush=True)
def event(event): print("event", "closed" if event.closed_s else "opened", flush=True)
print(run(park, Workspace(Path(sys.argv[1])), hooks=Hooks(told, event)), flush=True)
"""


class Process:
    """A monitor in a process of its own."""

    def __init__(self, workspace, port, interval_s):
        command = [sys.executable, "-c", MONITOR, str(workspace.root), str(port), str(interval_s)]
        self.popen = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.popen.kill()
        self.popen.wait()
        self.popen.stdout.close()

    def hear(self, *words):
        """Read until each word was said."""
        for word in words:
            for line in self.popen.stdout:
                if word in line:
                    break
            else:
                raise AssertionError(f"never said {word!r}")


def test_a_killed_monitor_loses_no_event_and_its_silence_is_unknown(workspace, service):
    with Process(workspace, service.port, 0.5) as monitor:
        monitor.hear("sample", "sample")
        service.stop()
        monitor.hear("opened")
        killed_s = time.time()
        monitor.popen.send_signal(signal.SIGKILL)
        monitor.popen.wait()
    with read(workspace) as store:
        (event,) = store.events(open_only=True)
        (last,) = store.latest()
    assert last.state is DOWN
    assert last.end_s > killed_s - 1.5, "at most the last round is lost"
    wait_until(lambda: time.time() > last.end_s + 1.2)
    with Process(workspace, service.port, 0.5) as monitor:
        monitor.hear("sample", "sample", "sample")
        service.start()
        monitor.hear("closed")
    assert [state for state, _, _ in spans(workspace, "dev/tcp")] == [UP, DOWN, UNKNOWN, DOWN, UP]
    with read(workspace) as store:
        (closed,) = store.events()
    assert closed.id == event.id
    assert re.fullmatch(r"not observed for \d s of it", closed.note)


def test_a_monitor_that_is_stopped_and_goes_on_reports_no_outage(workspace, service):
    with Process(workspace, service.port, 0.3) as monitor:
        monitor.hear("sample", "sample")
        monitor.popen.send_signal(signal.SIGSTOP)
        stopped_s = time.time()
        wait_until(lambda: time.time() > stopped_s + 3)
        monitor.popen.send_signal(signal.SIGCONT)
        monitor.hear("sample", "sample", "sample")
        monitor.popen.send_signal(signal.SIGINT)
        monitor.hear("Summary")
        assert monitor.popen.wait(timeout=20) == 0
    states = spans(workspace, "dev/tcp")
    assert [state for state, _, _ in states] == [UP, UNKNOWN, UP]
    assert states[1][2] - states[1][1] > 2.5
    with read(workspace) as store:
        assert store.events() == ()


def test_a_loop_that_is_held_up_reports_no_outage(workspace):
    """Somebody blocks the loop for longer than the probes' timeouts, again and again."""
    answer = b"HTTP/1.0 200 OK\r\n\r\nhello"

    def talk(connection):
        connection.recv(1000)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    seen = []

    def slow(sample):
        seen.append(sample)
        if len(seen) % 20 == 0:
            time.sleep(0.6)

    with tcp_server(talk) as port:
        options = {"interval_s": 1.0, "timeout_s": 0.25}
        pings = [target("icmp", address=f"127.0.0.{n}", detail=str(n), **options) for n in range(1, 30)]
        pages = [target("http", port, detail=str(n), **options) for n in range(30)]
        run(park_of(*pings, *pages), workspace, rounds=4, hooks=Hooks(on_sample=slow))
    assert len(seen) >= 4 * 59
    states = Counter(sample.state for sample in seen)
    assert states[DOWN] == 0, [sample for sample in seen if sample.state is DOWN][:3]
    assert states[UNKNOWN] > 0, "the loop was never late: this test proves nothing"
    reasons = {sample.reason for sample in seen if sample.state is UNKNOWN}
    assert all("the monitor stood still for" in reason for reason in reasons)
    with read(workspace) as store:
        assert store.events() == ()


def test_closed_by_hand_stays_closed_until_the_next_outage(workspace, service):
    park = park_of(target("tcp", service.port, interval_s=INTERVAL_S))
    with MonitorThread(park, workspace) as monitor:
        assert monitor.wait_for(lambda m: m.rounds >= 1, 20)
        service.stop()
        assert monitor.wait_for(lambda m: m.events(), 20)
        with read(workspace) as store:
            store.close_event(1, note="closed by hand")
        rounds = monitor.rounds
        assert monitor.wait_for(lambda m: m.rounds > rounds + 2, 20)
        service.start()
        assert monitor.wait_for(lambda m: m.state("dev/tcp") is UP, 20)
        service.stop()
        assert monitor.wait_for(lambda m: len(m.events()) == 2, 20)
        with read(workspace) as store:
            assert [event.closed_s is None for event in store.events()] == [False, True]
        service.start()
        assert monitor.wait_for(lambda m: m.events()[1].closed_s, 20)


def test_one_monitor_a_park(workspace, service):
    park = park_of(target("tcp", service.port))
    assert running_pid(workspace) is None
    with MonitorThread(park, workspace) as monitor:
        assert monitor.wait_for(lambda m: m.rounds, 20)
        assert running_pid(workspace)
        with pytest.raises(UsageError, match="runs already"):
            run(park, workspace, rounds=1)
    assert running_pid(workspace) is None


def test_targets_that_left_the_plan_are_retired_with_their_events(workspace, service):
    gone = target("tcp", free_port(), interval_s=INTERVAL_S, detail="gone")
    stays = target("tcp", service.port, interval_s=INTERVAL_S, detail="stays")
    with MonitorThread(park_of(gone, stays), workspace) as monitor:
        assert monitor.wait_for(lambda m: m.events(), 20)
    run(park_of(stays), workspace, rounds=1)
    with read(workspace) as store:
        assert [interval.target for interval in store.latest()] == ["dev/tcp/stays"]
        (event,) = store.events()
    assert event.note == "no longer watched"
    assert event.closed_s


def test_a_store_that_is_held_by_another_delays_writing_and_loses_nothing(workspace, service):
    park = park_of(target("tcp", service.port, interval_s=INTERVAL_S))
    with MonitorThread(park, workspace) as monitor:
        assert monitor.wait_for(lambda m: m.rounds >= 1, 20)
        other = sqlite3.connect(workspace.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        service.stop()
        samples = monitor.metrics.samples
        assert monitor.wait_for(lambda m: m.metrics.samples > samples + 3, 20)
        assert monitor.wait_for(lambda m: m.metrics.unwritten, 20)
        assert monitor.events() == ()
        other.execute("ROLLBACK")
        other.close()
        assert monitor.wait_for(lambda m: m.events(), 20)
        service.start()
        assert monitor.wait_for(lambda m: m.events()[0].closed_s, 20)
    states = [state for state, _, _ in spans(workspace, "dev/tcp")]
    assert states[0] is UP
    assert states[-1] is UP
    assert DOWN in states
    with read(workspace) as store:
        assert len(store.events()) == 1


def test_wait_for_gives_up_in_time_and_tells_why_the_monitor_ended(workspace):
    park = park_of(target("icmp"))
    with MonitorThread(park, workspace) as monitor:
        begin_s = time.monotonic()
        assert not monitor.wait_for(lambda m: False, 0.3)
        assert 0.2 < time.monotonic() - begin_s < 5
    broken = MonitorThread(park_of(target("tcp")), workspace)
    broken.start()
    with pytest.raises(UsageError, match="needs a port"):
        broken.wait_for(lambda m: False, 20)
    with pytest.raises(ParkopsError):
        broken.stop()


def test_a_park_without_targets_ends_at_once(workspace):
    assert run(park_of(), workspace).samples == 0


def test_watch_is_a_task_that_can_be_cancelled_and_writes_what_it_saw(store, service):
    async def go():
        seen = asyncio.Event()
        task = asyncio.create_task(
            watch([target("tcp", service.port)], store, hooks=Hooks(on_sample=lambda sample: seen.set()))
        )
        await asyncio.wait_for(seen.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert [interval.state for interval in store.latest()] == [UP]


def test_rounds_until_and_interval(store, service):
    targets = [target("tcp", service.port, detail=str(n), interval_s=60) for n in range(5)]
    numbers = []
    summary = asyncio.run(
        watch(targets, store, rounds=3, interval_s=0.3, hooks=Hooks(on_round=numbers.append))
    )
    assert summary.rounds == 3
    assert numbers == [1, 2, 3]
    begin_s = time.monotonic()
    asyncio.run(watch(targets, store, until=lambda: time.monotonic() - begin_s > 0.5))
    assert time.monotonic() - begin_s < 5


def test_a_round_is_as_long_as_the_shortest_interval(store, service):
    """What is read once in many rounds does not hold them up: its last answer stands for them."""
    fast = target("tcp", service.port, detail="fast", interval_s=0.3)
    slow = target("tcp", service.port, detail="slow", interval_s=30)
    seen: list[str] = []
    hooks = Hooks(on_sample=lambda sample: seen.append(sample.target))
    summary = asyncio.run(watch([fast, slow], store, rounds=4, hooks=hooks))
    assert summary.rounds == 4
    assert seen.count(slow.id) < 4 <= seen.count(fast.id)
