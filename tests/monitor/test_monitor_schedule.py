"""The schedule is even, repeatable, and does not make up for lost time."""

from collections import Counter
from itertools import pairwise

from parkops.monitor.clock import RecordClock
from parkops.monitor.schedule import Schedule, Slot, fraction


def run(schedule, start_s, end_s, step_s=0.01):
    seen, now_s = [], start_s
    while now_s <= end_s:
        while (due := schedule.pop(now_s)) is not None:
            seen.append((now_s, due[1], due[0]))
        now_s += step_s
    return seen


def slots(count, interval_s=5.0):
    return [Slot(f"d{n}/icmp", interval_s) for n in range(count)]


def test_every_target_comes_once_an_interval_after_an_early_first_pass():
    seen = run(Schedule(slots(200), 1000.0), 1000.0, 1030.0)
    first_pass = [entry for entry in seen if entry[0] <= 1000.0 + 200 / 500 + 0.02]
    assert {index for _, index, _ in first_pass} == set(range(200))
    for target in range(200):
        times = [now_s for now_s, index, _ in seen if index == target][1:]
        assert all(abs(b - a - 5.0) < 0.03 for a, b in pairwise(times))
        assert len(times) >= 5


def test_no_two_probes_of_a_target_are_two_intervals_apart():
    seen = run(Schedule(slots(3000, 2.0), 0.0), 0.0, 12.0)
    last = {}
    for now_s, index, _ in seen:
        assert now_s - last.get(index, 0.0) < 4.0
        last[index] = now_s


def test_load_is_even():
    seen = run(Schedule(slots(1000), 0.0), 10.0, 60.0)
    per_second = Counter(int(due_s) for _, _, due_s in seen if 15 <= due_s < 55)
    assert max(per_second.values()) < 1.3 * 200
    assert min(per_second.values()) > 0.7 * 200


def test_two_runs_are_the_same_and_order_of_targets_does_not_matter():
    a = run(Schedule(slots(50), 0.0), 0.0, 20.0)
    assert a == run(Schedule(slots(50), 0.0), 0.0, 20.0)
    turned = run(Schedule(slots(50)[::-1], 0.0), 0.0, 20.0)
    assert sorted((now, 49 - index) for now, index, _ in turned) == sorted((now, i) for now, i, _ in a)
    assert fraction("sw-1/link/p1") == fraction("sw-1/link/p1") != fraction("sw-1/link/p2")


def test_equal_keys_are_due_together():
    schedule = Schedule([Slot("link/10.0.0.1", 5.0)] * 3, 0.0)
    times = {}
    for now_s, index, _ in run(schedule, 0.0, 20.0):
        times.setdefault(index, []).append(now_s)
    assert times[0] == times[1] == times[2]


def test_slots_missed_while_the_process_stood_still_are_not_made_up_for():
    schedule = Schedule(slots(10), 0.0)
    run(schedule, 0.0, 6.0)
    burst = run(schedule, 3600.0, 3600.0)
    assert sorted(index for _, index, _ in burst) == list(range(10)), "once each, not 720 times"
    later = run(schedule, 3600.01, 3605.2)
    assert Counter(index for _, index, _ in later) == dict.fromkeys(range(10), 1)


def test_an_extra_probe_leaves_the_regular_ones_alone():
    plain = run(Schedule(slots(3), 0.0), 0.0, 20.0)
    schedule = Schedule(slots(3), 0.0)
    seen = run(schedule, 0.0, 10.0)
    schedule.again(1, 10.5)
    seen += run(schedule, 10.0 + 0.01, 20.0)
    extra = [entry for entry in seen if entry[2] == 10.5]
    assert [entry[1] for entry in extra] == [1]
    assert {(i, round(d, 6)) for _, i, d in seen} - {(1, 10.5)} == {(i, round(d, 6)) for _, i, d in plain}


def test_an_empty_schedule_is_never_due():
    assert Schedule([], 0.0).next_s is None
    assert Schedule([], 0.0).pop(1.0) is None


class FakeTime:
    def __init__(self):
        self.steady_s, self.wall_s = 100.0, 1_000_000.0

    def go(self, seconds, step_s=0.0):
        self.steady_s += seconds
        self.wall_s += seconds + step_s

    def clock(self):
        return RecordClock(lambda: self.wall_s, lambda: self.steady_s)


def test_record_time_follows_the_wall_clock_forwards_and_never_runs_back():
    fake = FakeTime()
    clock = fake.clock()
    fake.go(5)
    assert clock.now() == 1_000_005.0
    fake.go(5, step_s=-3600)
    assert clock.now() == 1_000_010.0
    assert clock.ahead_s == 3600.0
    fake.go(5, step_s=3600)
    assert clock.now() == 1_000_015.0
    assert clock.ahead_s == 0.0
    fake.go(5, step_s=86400)
    assert clock.now() == 1_086_420.0
