"""The two formulas of the guide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LOW, HIGH = 0.0, 100.0


def score(x: float, x_min: float, x_max: float, low: float = LOW, high: float = HIGH) -> float:
    """Score a quantity: Y = (X - X_min) / (X_max - X_min) * (b - a), held inside [a, b].

    Source: formula (2) of the guide. ``x_min`` may exceed ``x_max`` where less is better. The guide
    prints no "+ a"; it is harmless while a = 0, and is added here. ValueError when x_min = x_max.
    """
    if x_min == x_max:
        raise ValueError(f"X_min and X_max are both {x_min}: no score can be told")
    value = (x - x_min) / (x_max - x_min) * (high - low) + low
    return min(max(value, low), high)


def score_flag(value: bool) -> float:
    """Score a yes or no: 100 or 0 (the guide's rule for qualitative indicators)."""
    return HIGH if value else LOW


def total(terms: Iterable[tuple[float, float, float, float]]) -> float:
    """Sum up W = Σ α_i β_j γ_k X_k over (alpha, beta, gamma, X) (formula (1) of the guide)."""
    return sum(alpha * beta * gamma * x for alpha, beta, gamma, x in terms)


def compositions(parts: int, units: int) -> Iterator[tuple[int, ...]]:
    """Yield the ways to write ``units`` as an ordered sum of ``parts`` positive integers; one of no parts."""
    if parts == 0:
        yield ()
        return
    if parts == 1:
        if units > 0:
            yield (units,)
        return
    for first in range(1, units - parts + 2):
        for rest in compositions(parts - 1, units - first):
            yield (first, *rest)
