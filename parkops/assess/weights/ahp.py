"""The analytic hierarchy process: priorities of judged pairs, their consistency, what contradicts most.

Source: Saaty, The Analytic Hierarchy Process (1980); random indices: Saaty, Theory and Applications of the
Analytic Network Process (2005), p. 31; incomplete matrices: Harker, Mathematical Modelling 9 (1987).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import mul

Matrix = tuple[tuple[float, ...], ...]  # reciprocal: m[i][j] * m[j][i] = 1
LIMIT = 0.1  # of the consistency ratio
RANDOM_INDEX = {
    3: 0.52, 4: 0.89, 5: 1.11, 6: 1.25, 7: 1.35, 8: 1.40, 9: 1.45,
    10: 1.49, 11: 1.52, 12: 1.54, 13: 1.56, 14: 1.58, 15: 1.59,
}  # fmt: skip
SCALE = tuple(sorted({*(1 / n for n in range(1, 10)), *map(float, range(1, 10))}))
TOLERANCE = 1e-13
MOST_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Priorities:
    """The principal eigenvector of a matrix (sum 1), its eigenvalue, and the consistency ratio."""

    weights: tuple[float, ...]
    eigenvalue: float
    ratio: float

    @property
    def consistent(self) -> bool:
        """True up to Saaty's limit."""
        return self.ratio <= LIMIT


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A judged pair, the value of Saaty's scale that fits the others, and the ratio that it would give."""

    row: int
    column: int
    judged: float
    fits: float
    ratio: float


def matrix_of(size: int, judged: dict[tuple[int, int], float]) -> Matrix:
    """Return the reciprocal matrix of judgements over pairs (row < column); every pair must be judged."""
    rows = [[1.0] * size for _ in range(size)]
    for row, column in pairs(size):
        rows[row][column] = judged[row, column]
        rows[column][row] = 1 / judged[row, column]
    return tuple(map(tuple, rows))


def pairs(size: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of a matrix above its diagonal."""
    return ((row, column) for row in range(size) for column in range(row + 1, size))


def priorities(matrix: Matrix) -> Priorities:
    """Return the priorities of a matrix; ValueError when it is larger than the table of random indices."""
    size = len(matrix)
    weights, eigenvalue = _principal(matrix)
    if size < 3:
        return Priorities(weights, eigenvalue, 0.0)
    if size not in RANDOM_INDEX:
        raise ValueError(f"{size} members; the table of random indices ends at {max(RANDOM_INDEX)}")
    index = max((eigenvalue - size) / (size - 1), 0.0)
    return Priorities(weights, eigenvalue, index / RANDOM_INDEX[size])


def _principal(matrix: Matrix) -> tuple[tuple[float, ...], float]:
    """Return the principal eigenvector (sum 1) and its eigenvalue, by power iteration."""
    size = len(matrix)
    weights = [1 / size] * size
    eigenvalue = float(size)
    for _ in range(MOST_STEPS):
        product = [sum(map(mul, row, weights)) for row in matrix]
        eigenvalue = sum(product)
        following = [value / eigenvalue for value in product]
        moved = max(abs(new - old) for new, old in zip(following, weights, strict=True))
        weights = following
        if moved < TOLERANCE:
            break
    return tuple(weights), eigenvalue


def contradictions(matrix: Matrix) -> tuple[Contradiction, ...]:
    """Return the judgements whose change alone would mend the matrix most, worst first.

    What fits a pair is the ratio of its weights in the matrix without its judgement, on Saaty's scale.
    """
    found = []
    for row, column in pairs(len(matrix)):
        fits = _on_scale(_without(matrix, row, column))
        ratio = priorities(_with(matrix, row, column, fits)).ratio
        found.append(Contradiction(row, column, matrix[row][column], fits, ratio))
    return tuple(sorted(found, key=lambda item: (item.ratio, item.row, item.column)))


def _without(matrix: Matrix, row: int, column: int) -> float:
    """Return how the other judgements would weigh ``row`` against ``column``."""
    if len(matrix) < 3:
        return matrix[row][column]
    rows = [list(values) for values in matrix]
    rows[row][column] = rows[column][row] = 0.0
    rows[row][row] = rows[column][column] = 2.0  # one judgement of this row is missing
    weights, _ = _principal(tuple(map(tuple, rows)))
    return weights[row] / weights[column]


def _with(matrix: Matrix, row: int, column: int, value: float) -> Matrix:
    rows = [list(values) for values in matrix]
    rows[row][column], rows[column][row] = value, 1 / value
    return tuple(map(tuple, rows))


def _on_scale(value: float) -> float:
    return min(SCALE, key=lambda step: (abs(math.log(step) - math.log(value)), step))


def joined_judgements(matrices: Sequence[Matrix], shares: Sequence[float]) -> Matrix:
    """Return the group's matrix: the weighted geometric mean of each judgement (AIJ); it stays reciprocal."""
    whole = sum(shares)
    size = range(len(matrices[0]))
    return tuple(
        tuple(
            math.exp(sum(s * math.log(m[i][j]) for m, s in zip(matrices, shares, strict=True)) / whole)
            for j in size
        )
        for i in size
    )


def joined_priorities(vectors: Sequence[Sequence[float]], shares: Sequence[float]) -> tuple[float, ...]:
    """Return the group's weights: the weighted geometric mean of each weight (AIP), sum 1."""
    whole = sum(shares)
    means = [
        math.exp(sum(s * math.log(v[i]) for v, s in zip(vectors, shares, strict=True)) / whole)
        for i in range(len(vectors[0]))
    ]
    return tuple(mean / sum(means) for mean in means)


__all__ = [
    "LIMIT",
    "Contradiction",
    "Matrix",
    "Priorities",
    "contradictions",
    "joined_judgements",
    "joined_priorities",
    "matrix_of",
    "pairs",
    "priorities",
]
