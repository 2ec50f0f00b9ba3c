"""When an outage begins, when it ends, and what is recorded in between."""

from hypothesis import given
from hypothesis import strategies as st

from parkops.model import Sample, State
from parkops.monitor.outage import Outage

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


def play(points, interval_s=5.0, outage=None):
    """Take samples: time, state, and by how much the prober was late, where it was."""
    outage = outage or Outage(interval_s)
    records, opened, closed = [], [], []
    for time_s, state, *late_s in points:
        reason = "" if state is UP else state.value
        turn = outage.step(Sample("t", time_s, state, None, reason, (), *late_s))
        records += [(record.time_s, record.state) for record in turn.records]
        opened += [turn.opened.time_s] if turn.opened else []
        closed += [turn.closed_s] if turn.closed_s is not None else []
    return records, opened, closed


def test_two_losses_confirm_an_outage_from_the_first_loss():
    records, opened, closed = play([(0, UP), (5, DOWN), (6, DOWN), (10, DOWN), (15, UP)])
    assert records == [(0, UP), (5, DOWN), (6, DOWN), (10, DOWN), (15, UP)]
    assert (opened, closed) == ([5], [15])


def test_one_loss_is_no_outage():
    records, opened, closed = play([(0, UP), (5, DOWN), (6, UP), (10, DOWN), (11, UP)])
    assert records == [(0, UP), (6, UP), (11, UP)]
    assert (opened, closed) == ([], [])


def test_a_target_that_never_answered_is_down_as_well():
    assert play([(0, DOWN), (1, DOWN)]) == ([(0, DOWN), (1, DOWN)], [0], [])


def test_unknown_neither_confirms_nor_ends_an_outage():
    records, opened, closed = play([(0, UP), (5, DOWN), (6, UNKNOWN), (10, DOWN), (11, UNKNOWN)])
    assert records == [(0, UP), (6, UNKNOWN), (11, UNKNOWN)]
    assert (opened, closed) == ([], [])
    points = [(0, DOWN), (1, DOWN), (5, UNKNOWN), (10, DOWN), (11, DOWN), (15, UNKNOWN), (20, UP)]
    _, opened, closed = play(points)
    assert (opened, closed) == ([0], [20]), "one outage, not two"


def test_what_nobody_could_judge_is_asked_again_and_the_next_sample_decides():
    late = UNKNOWN, 0.3
    assert play([(0, UP), (5, *late), (6, UP)])[0] == [(0, UP), (6, UP)]
    outage = [(0, UP), (5, DOWN), (6, DOWN), (10, *late), (11, DOWN), (15, UP)]
    records, opened, closed = play(outage)
    assert [state for _, state in records] == [UP, DOWN, DOWN, DOWN, UP], "an outage is not torn in two"
    assert (opened, closed) == ([5], [15])
    records, opened, _ = play([(0, UP), (5, *late), (6, DOWN), (10, DOWN)])
    assert (records, opened) == ([(0, UP), (5, DOWN), (10, DOWN)], [5]), "it began when it was first asked"
    assert play([(0, UP), (5, *late), (6, DOWN), (10, UP)])[1] == [], "one loss is no outage"
    assert play([(0, UP), (5, DOWN), (6, *late), (7, DOWN)])[1] == [5]


def test_who_stands_still_twice_or_for_long_does_not_know():
    late, long = (UNKNOWN, 0.3), (UNKNOWN, 1.1)
    assert play([(0, UP), (5, *late), (6, *late), (7, UP)])[0] == [
        (0, UP), (5, UNKNOWN), (6, UNKNOWN), (7, UP),
    ]  # fmt: skip
    assert play([(0, UP), (5, *long), (6, UP)])[0] == [(0, UP), (5, UNKNOWN), (6, UP)]
    assert play([(0, UP), (5, *late), (16, UP)])[0] == [(0, UP), (5, UNKNOWN), (16, UP)], "a gap after it"
    outage = Outage(5.0)
    assert outage.step(Sample("t", 0, UP)).doubtful is False
    assert outage.step(Sample("t", 5, UNKNOWN, late_s=0.3)).doubtful is True
    assert outage.stays_up(6) is False, "it has to be forgotten"
    assert outage.step(Sample("t", 6, UP)).doubtful is False
    assert outage.stays_up(7) is True


def test_a_silence_of_the_prober_is_unknown_not_up():
    records, opened, closed = play([(0, UP), (5, UP), (15.1, UP)])
    assert records == [(0, UP), (5, UP), (5, UNKNOWN), (15.1, UP)]
    assert (opened, closed) == ([], [])
    assert play([(0, UP), (10, UP)])[0] == [(0, UP), (10, UP)], "two intervals are no gap"


def test_losses_on_both_sides_of_a_silence_are_not_consecutive():
    records, opened, _ = play([(0, UP), (5, DOWN), (30, DOWN)])
    assert records == [(0, UP), (5, UNKNOWN)]
    assert opened == []
    assert play([(0, UP), (5, DOWN), (30, DOWN), (31, DOWN)])[1] == [30]


def test_it_goes_on_where_the_store_left_off():
    outage = Outage(5.0, DOWN, 100.0, down=True)
    assert play([(105, DOWN), (110, UP)], outage=outage) == ([(105, DOWN), (110, UP)], [], [110])
    outage = Outage(5.0, DOWN, 100.0, down=True)
    records, opened, closed = play([(200, DOWN), (201, DOWN), (205, UP)], outage=outage)
    assert records == [(100, UNKNOWN), (200, DOWN), (201, DOWN), (205, UP)]
    assert (opened, closed) == ([], [205]), "the event that was open goes on over the gap"


@given(
    st.lists(st.tuples(st.floats(0.1, 30), st.sampled_from(State), st.sampled_from([0.0, 0.3])), max_size=60)
)
def test_openings_and_closings_alternate_and_records_never_run_back(steps):
    outage, time_s, is_open, last_s = Outage(5.0), 0.0, False, 0.0
    for step_s, state, late_s in steps:
        time_s += step_s
        turn = outage.step(Sample("t", time_s, state, late_s=late_s if state is UNKNOWN else 0.0))
        for record in turn.records:
            assert record.time_s >= last_s
            last_s = record.time_s
        if turn.opened:
            assert not is_open
            assert state is DOWN
            is_open = True
        if turn.closed_s is not None:
            assert is_open
            assert state is UP
            is_open = False
        assert outage.down == is_open
