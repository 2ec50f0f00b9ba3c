"""The gates of time-sensitive streams: what holds for every table that is given out."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkops.design.gates import (
    PROCESSING_NS,
    PROPAGATION_NS,
    Fitted,
    Hop,
    Table,
    Wanted,
    Window,
    control_list,
    wire_ns,
)

CYCLE_NS = 500_000
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def wishes(draw: st.DrawFn) -> list[Wanted]:
    """Draw streams along a line of bridges, in both directions, some with two listeners."""
    found = []
    for number in range(draw(st.integers(1, 14))):
        start, length = draw(st.integers(0, 5)), draw(st.integers(1, 5))
        side = draw(st.sampled_from(("east", "west")))
        hops = [
            Hop((f"b{start + depth}", side), depth, draw(st.sampled_from((100, 1000))))
            for depth in range(1, length + 1)
        ]
        if draw(st.booleans()):
            hops.append(Hop((f"b{start + 1}", "local"), 1, 1000))
        found.append(
            Wanted(
                f"s{number}",
                draw(st.sampled_from((62_500, 125_000, 250_000, 500_000))),
                draw(st.integers(64, 600)),
                draw(st.sampled_from((100_000, 400_000, 1_000_000))),
                draw(st.sampled_from((5, 6))),
                tuple(hops),
                draw(st.sampled_from((100, 1000))),
            )
        )
    return found


@FEW
@given(wishes())
def test_windows_are_apart_and_every_frame_finds_its_own(wishes: list[Wanted]) -> None:
    table = Table(CYCLE_NS)
    fitted = {wanted.id: table.fit(wanted) for wanted in wishes}
    for busy in table.ports.values():
        spans = [(window.start_ns, window.end_ns) for window in busy.windows]
        assert spans == sorted(spans)
        assert all(0 <= start < end <= CYCLE_NS for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    schedules = table.schedules()
    for wanted in wishes:
        found = fitted[wanted.id]
        if isinstance(found, Fitted):
            assert 0 <= found.offset_ns < wanted.period_ns
            assert found.bound_ns <= wanted.latency_ns
            for sent in range(found.offset_ns, CYCLE_NS + found.offset_ns, wanted.period_ns):
                for early in (-table.clock_ns, 0, table.clock_ns):
                    late = travel(wanted, table, schedules, sent, early)
                    assert late - sent <= found.bound_ns


def travel(wanted: Wanted, table: Table, schedules, sent_ns: int, clock_ns: int) -> int:
    """Carry a frame bridge by bridge, clocks wrong by ``clock_ns``; return when the last listener has it.

    At each port it waits until the gate of its queue has been opened for it, and leaves before it closes.
    """
    latest = 0
    arrived = {0: sent_ns + max(0, clock_ns) + wire_ns(wanted.frame_bytes, wanted.talker_rate_mbps)}
    for hop in sorted(wanted.hops, key=lambda item: item.depth):
        ready = arrived[hop.depth - 1] + PROPAGATION_NS + PROCESSING_NS
        window = sent_ns + table._start_ns(wanted, hop)
        assert ready <= window, "the window opens before the frame can be there"
        length = wire_ns(wanted.frame_bytes, hop.rate_mbps)
        for moment in (window, window + length - 1):
            assert gates_at(schedules[hop.port], moment) == 1 << wanted.queue
        gone = window + length + max(0, clock_ns)
        arrived[hop.depth] = max(gone, arrived.get(hop.depth, 0))
        latest = max(latest, gone + PROPAGATION_NS)
    return latest


def gates_at(schedule, moment_ns: int) -> int:
    """Return which gates are open at a moment."""
    rest = (moment_ns - schedule.base_ns) % schedule.cycle_ns
    for entry in schedule.entries:
        if rest < entry.duration_ns:
            return entry.gates
        rest -= entry.duration_ns
    raise AssertionError("the entries do not fill the cycle")


@FEW
@given(wishes())
def test_control_lists_fill_the_cycle_and_keep_other_traffic_off(wishes: list[Wanted]) -> None:
    table = Table(CYCLE_NS)
    for wanted in wishes:
        table.fit(wanted)
    for port, schedule in table.schedules().items():
        assert sum(entry.duration_ns for entry in schedule.entries) == CYCLE_NS
        assert all(entry.duration_ns > 0 for entry in schedule.entries)
        guard = wire_ns(1522, table.rates[port])
        for window in table.ports[port].windows:
            begun = window.start_ns - guard
            # no gate of other traffic is open from a longest frame before the window until its end
            for moment in (begun, window.start_ns - 1, window.start_ns, window.end_ns - 1):
                assert gates_at(schedule, moment) & 0b10011111 == 0


@FEW
@given(wishes())
def test_the_same_streams_get_the_same_windows(wishes: list[Wanted]) -> None:
    first, second = Table(CYCLE_NS), Table(CYCLE_NS)
    assert [first.fit(item) for item in wishes] == [second.fit(item) for item in wishes]
    assert first.schedules() == second.schedules()


def one(
    identity: str, period_ns: int = 62_500, frame_bytes: int = 100, latency_ns: int = 1_000_000
) -> Wanted:
    return Wanted(identity, period_ns, frame_bytes, latency_ns, 6, (Hop(("b1", "p1"), 1, 1000),), 1000)


def test_a_port_is_filled_to_its_last_window() -> None:
    """A window of 100 + 20 bytes and the clocks' error takes 1.96 us: 31 fit into 62.5 us, and no more."""
    table = Table(CYCLE_NS)
    answers = [table.fit(one(f"s{number}")) for number in range(33)]
    assert sum(isinstance(answer, Fitted) for answer in answers) == 62_500 // 1_960
    assert answers[-1] == "no time is left in the cycle on its way"


def test_reasons_for_a_refusal() -> None:
    table = Table(CYCLE_NS)
    assert table.fit(one("late", latency_ns=5_000)) == "its way takes 10.92 us at worst, of 5 us"
    assert table.fit(one("long", 20_000, 1522)) == "a frame of 1522 bytes fills more than half of its period"
    twice = Wanted(
        "twice", 7_460 * 2, 100, 1_000_000, 6, (Hop(("a", "p"), 1, 1000), Hop(("a", "p"), 3, 1000)), 1000
    )
    assert Table(7_460 * 2).fit(twice) == "its own two ways meet on one port at the same time"


def test_a_gap_shorter_than_a_longest_frame_stays_closed() -> None:
    windows = [Window(1_000, 2_000, 6), Window(10_000, 11_000, 6)]
    entries = control_list(windows, 40_000, 0b10111111, 12_336)
    assert [(entry.gates, entry.duration_ns) for entry in entries] == [
        (0, 1_000),
        (64, 1_000),
        (0, 8_000),
        (64, 1_000),
        (0b10111111, 29_000 - 11_336),
        (0, 11_336),
    ]
