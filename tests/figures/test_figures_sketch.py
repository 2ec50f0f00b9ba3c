"""The sketch keeps its promise: percentiles within 1 %, whatever is merged, written and read."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkops.sketch import ALPHA, Sketch

VALUES = st.one_of(st.floats(1e-6, 1e9), st.floats(-1e9, -1e-6), st.just(0.0), st.floats(1e-4, 1e-1))


def sketch(values):
    told = Sketch()
    for value in values:
        told.add(value)
    return told


@given(st.lists(VALUES, min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_within_the_stated_error_of_a_value_of_that_rank(values, share):
    values.sort()
    exact = values[int(share * (len(values) - 1))]
    assert sketch(values).quantile(share) == pytest.approx(exact, rel=ALPHA * 1.0001, abs=1e-9)


@given(st.lists(VALUES, max_size=50), st.lists(VALUES, max_size=50))
def test_merging_is_the_same_as_taking_all(first, second):
    merged = sketch(first)
    merged.merge(sketch(second))
    assert merged.dump() == sketch(first + second).dump()


@given(st.lists(VALUES, max_size=100))
def test_it_is_read_back_as_it_was_written(values):
    told = sketch(values)
    back = Sketch.load(told.dump())
    assert back.positive.items() == told.positive.items()
    assert back.negative.items() == told.negative.items()
    assert back.zeros == told.zeros
    assert back.count == len(values)


def test_an_hour_of_round_trips_takes_few_bytes():
    rnd = random.Random(1)
    assert len(sketch(rnd.lognormvariate(-7, 0.3) for _ in range(3600)).dump()) < 400


def test_the_widest_spread_takes_little_memory():
    told = sketch([1e-6 * 1.02**step for step in range(700)])
    assert told.count == 700
    assert len(told.positive.counts) * told.positive.counts.itemsize < 8000


def test_bytes_that_are_no_sketch():
    for data in (b"", b"\x07", b"\x01\x00\x05"):
        with pytest.raises(ValueError, match="sketch"):
            Sketch.load(data)
    assert Sketch().quantile(0.5) is None


def test_figures_are_imported_without_heavy_libraries():
    code = (
        "import parkops.figures, sys; print([m for m in ('numpy', 'pyarrow', 'psycopg') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
