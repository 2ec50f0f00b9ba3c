"""A histogram with logarithmic buckets: percentiles within 1 %, mergeable, in a few dozen bytes.

After DDSketch (Masson, Rim, Lee, VLDB 2019): bucket ``k`` holds the values in (g^(k-1), g^k] with
g = (1 + a) / (1 - a), and answers for all of them with 2 g^k / (g + 1), which is within ``a`` of each.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import ceil, log

ALPHA = 0.01  # relative error of a quantile
TINY = 1e-9  # what is nearer to 0 counts as 0: a nanosecond, a billionth of a bit per second
_GAMMA = (1 + ALPHA) / (1 - ALPHA)
SCALE = 1 / log(_GAMMA)
_VERSION = 1


PAD = 8  # buckets that are added beyond the one that is needed


class Side:
    """Counts of neighbouring buckets in one array: a tenth of what a dictionary takes."""

    __slots__ = ("base", "counts")

    def __init__(self) -> None:
        """Begin empty."""
        self.base = 0  # bucket of the first count
        self.counts = array("Q")

    def add(self, key: int, count: int = 1) -> None:
        """Count in a bucket, making room for it."""
        if not self.counts:
            self.base = key
        if key < self.base:
            low = key - PAD
            self.counts = array("Q", bytes(8 * (self.base - low))) + self.counts
            self.base = low
        at = key - self.base
        if at >= len(self.counts):
            self.counts.frombytes(bytes(8 * (at + 1 + PAD - len(self.counts))))
        self.counts[at] += count

    def items(self) -> list[tuple[int, int]]:
        """Return the buckets that hold something, with their counts, by bucket."""
        return [(self.base + at, count) for at, count in enumerate(self.counts) if count]


class Sketch:
    """Counts by bucket, positive and negative values apart."""

    __slots__ = ("negative", "positive", "zeros")

    def __init__(self) -> None:
        """Begin empty."""
        self.positive, self.negative = Side(), Side()
        self.zeros = 0

    @property
    def count(self) -> int:
        """How many values it has taken."""
        return self.zeros + sum(self.positive.counts) + sum(self.negative.counts)

    def add(self, value: float) -> None:
        """Take a value."""
        if value > TINY:
            self.positive.add(ceil(log(value) * SCALE))
        elif value < -TINY:
            self.negative.add(ceil(log(-value) * SCALE))
        else:
            self.zeros += 1

    def merge(self, other: Sketch) -> None:
        """Take all values of another sketch."""
        self.zeros += other.zeros
        for mine, theirs in ((self.positive, other.positive), (self.negative, other.negative)):
            for key, count in theirs.items():
                mine.add(key, count)

    def quantile(self, share: float) -> float | None:
        """Return the value that ``share`` (0 to 1) of the values do not exceed, None without values."""
        rank = share * (self.count - 1)
        seen = 0
        for value, count in self._buckets():
            seen += count
            if seen > rank:
                return value
        return None

    def _buckets(self) -> Iterator[tuple[float, int]]:
        for key, count in reversed(self.negative.items()):
            yield -_middle(key), count
        if self.zeros:
            yield 0.0, self.zeros
        for key, count in self.positive.items():
            yield _middle(key), count

    def dump(self) -> bytes:
        """Write it down: a version, the zeros, then both sides as differences of keys and counts."""
        out = bytearray([_VERSION])
        _write(out, self.zeros)
        for side in (self.positive, self.negative):
            items, last = side.items(), 0
            _write(out, len(items))
            for key, count in items:
                _write(out, _zigzag(key - last))
                _write(out, count)
                last = key
        return bytes(out)

    @classmethod
    def load(cls, data: bytes) -> Sketch:
        """Read it back; ValueError for bytes that are no sketch."""
        sketch = cls()
        if not data or data[0] != _VERSION:
            raise ValueError("no sketch of a known version")
        numbers = _numbers(memoryview(data)[1:])
        try:
            sketch.zeros = next(numbers)
            for side in (sketch.positive, sketch.negative):
                key = 0
                for _ in range(next(numbers)):
                    step = next(numbers)
                    key += (step >> 1) ^ -(step & 1)
                    side.add(key, next(numbers))
        except StopIteration:
            raise ValueError("the sketch is cut off") from None
        return sketch


def _middle(key: int) -> float:
    return float(2 * _GAMMA**key / (_GAMMA + 1))


def _zigzag(number: int) -> int:
    return (number << 1) ^ (number >> 63)


def _write(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _numbers(data: memoryview) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
