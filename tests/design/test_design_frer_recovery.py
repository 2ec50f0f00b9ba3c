"""Plays frames through the vector recovery algorithm with the times that the design computes.

The algorithm is written here from IEEE Std 802.1CB-2017, 7.4.3: an oracle of its own, which knows nothing of
how the design comes to its numbers. Time counts in nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from parkops.design.frer import recovery_times

SPACE = 65_536  # of sequence numbers in an R-TAG
MS_NS = 1_000_000
FEW = settings(max_examples=120, deadline=None)


@dataclass
class Recovery:
    """A base recovery function; ``at`` is the time of now, which only grows."""

    history_length: int
    reset_ns: int
    individual: bool
    take_any: bool = True
    number: int = 0
    history: list[bool] = field(default_factory=list)
    due_ns: int = 0
    resets: int = 0

    def passes(self, number: int, at: int) -> bool:
        """Return whether a frame is accepted."""
        if not self.take_any and at >= self.due_ns:
            self.take_any, self.resets = True, self.resets + 1
        delta = (number - self.number + SPACE // 2) % SPACE - SPACE // 2
        if self.take_any:
            self.take_any, self.number = False, number
            self.history = [True] + [False] * (self.history_length - 1)
        elif abs(delta) >= self.history_length or (delta <= 0 and self.history[-delta]):
            if self.individual:
                self.due_ns = at + self.reset_ns
            return False
        elif delta <= 0:
            self.history[-delta] = True
        else:
            shifted = [True] + [False] * (delta - 1) + self.history
            self.number, self.history = number, shifted[: self.history_length]
        self.due_ns = at + self.reset_ns
        return True


@dataclass
class Merge:
    """A listener's port: an individual recovery for each way, then the sequence recovery."""

    interval_ns: int
    spread_ns: int

    def __post_init__(self) -> None:
        history, reset_ms = recovery_times(self.interval_ns, 0)
        self.alone = [Recovery(history, reset_ms * MS_NS, individual=True) for _ in range(2)]
        history, reset_ms = recovery_times(self.interval_ns, self.spread_ns)
        self.whole = Recovery(history, reset_ms * MS_NS, individual=False)

    def play(self, sent: list[tuple[int, int, int]]) -> list[int]:
        """Return what arrives of (time, way, frame), in its order; numbers wrap."""
        return [
            frame
            for at, way, frame in sorted(sent)
            if self.alone[way].passes(frame % SPACE, at) and self.whole.passes(frame % SPACE, at)
        ]


@dataclass(frozen=True)
class Traffic:
    """Frames on two ways: ``delays`` of each, and frames that each way loses."""

    interval_ns: int
    delays: tuple[int, int]
    first: int
    count: int

    def copies(self, lost: tuple[range, range]) -> list[tuple[int, int, int]]:
        return [
            (number * self.interval_ns + self.delays[way], way, self.first + number)
            for number in range(self.count)
            for way in (0, 1)
            if number not in lost[way]
        ]

    def frames(self) -> range:
        return range(self.first, self.first + self.count)


@st.composite
def traffic(draw: st.DrawFn) -> Traffic:
    interval_ns = draw(st.sampled_from((31_000, 62_500, 250_000, 1_000_000, 7_000_000)))
    delays = (draw(st.integers(1_000, 400_000)), draw(st.integers(1_000, 400_000)))
    return Traffic(interval_ns, delays, draw(st.sampled_from((0, 777, SPACE - 60))), 200)


def spread(item: Traffic) -> int:
    return abs(item.delays[0] - item.delays[1])


def outages(longest: int) -> st.SearchStrategy[range]:
    return st.builds(
        lambda start, length: range(start, start + length), st.integers(5, 90), st.integers(0, longest)
    )


@FEW
@given(traffic(), outages(90), st.integers(0, 1))
def test_a_way_that_fails_and_returns_costs_no_frame_and_doubles_none(
    item: Traffic, gone: range, way: int
) -> None:
    merge = Merge(item.interval_ns, spread(item))
    lost = (gone, range(0)) if way == 0 else (range(0), gone)
    got = merge.play(item.copies(lost))
    assert sorted(got) == list(item.frames())
    assert merge.whole.resets == 0  # the other way kept it going


@FEW
@given(traffic(), outages(90))
def test_after_both_ways_were_gone_the_next_frame_arrives(item: Traffic, gone: range) -> None:
    merge = Merge(item.interval_ns, spread(item))
    got = merge.play(item.copies((gone, gone)))
    lost = {item.first + number for number in gone}
    assert sorted(got) == [frame for frame in item.frames() if frame not in lost]


@FEW
@given(traffic(), st.integers(20, 120))
def test_a_talker_that_starts_anew_is_heard_after_its_pause(item: Traffic, number: int) -> None:
    """Its switch counts from 0 again; a pause of the reset time is less than any restart takes."""
    merge = Merge(item.interval_ns, spread(item))
    before = Traffic(item.interval_ns, item.delays, item.first + 30_000, number)
    pause_ns = merge.whole.reset_ns + spread(item)
    shift = number * item.interval_ns + pause_ns
    after = [(at + shift, way, frame - item.first) for at, way, frame in item.copies((range(0), range(0)))]
    got = merge.play(before.copies((range(0), range(0))) + after)
    assert sorted(got) == [*range(item.count), *before.frames()]


@FEW
@given(traffic(), st.integers(0, 1), st.integers(20, 120))
def test_a_way_that_repeats_one_frame_for_ever_is_cut_off(item: Traffic, way: int, number: int) -> None:
    """A transmitter that is stuck; the other way has failed, so nothing else stands against it."""
    merge = Merge(item.interval_ns, spread(item))
    gone = range(number, item.count)
    stuck = [
        (at, side, item.first + number - 1 if side == way and frame >= item.first + number else frame)
        for at, side, frame in item.copies((gone, range(0)) if way == 1 else (range(0), gone))
    ]
    got = merge.play(stuck)
    assert sorted(got) == list(range(item.first, item.first + number))


def test_shorter_times_would_lose_or_double_frames() -> None:
    """What the oracle says of numbers that are too small: it can tell."""
    item = Traffic(250_000, (1_000, 600_000), 0, 200)
    short, gone = range(40, 42), range(0)
    merge = Merge(item.interval_ns, spread(item))
    merge.whole.history_length = 2
    assert len(merge.play(item.copies((short, short)))) < item.count - len(short)
    merge = Merge(item.interval_ns, spread(item))
    merge.alone[0].history_length = 2  # refused for ever, and so is no help when the other way fails
    assert max(merge.play(item.copies((short, range(80, 200))))) < 80
    merge = Merge(item.interval_ns, spread(item))
    merge.whole.reset_ns = 100_000
    assert len(merge.play(item.copies((gone, gone)))) > item.count
