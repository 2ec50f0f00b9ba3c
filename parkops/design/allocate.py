"""Stable allocation: every number derives from an explicit key, and park.lock remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parkops.errors import DesignError, Problem

Lock = dict[str, dict[str, int]]  # pool -> key -> number


@dataclass(slots=True)
class Allocator:
    """Gives out numbers by pool and key; what the lock holds is kept, and never reused for another key."""

    lock: Mapping[str, Mapping[str, int]]
    _pools: Lock = field(default_factory=dict)
    _taken: dict[str, set[int]] = field(default_factory=dict)
    _next: dict[str, int] = field(default_factory=dict)

    def take(self, pool: str, key: str, *, first: int, last: int) -> int:
        """Return the number of a key: the locked one, else the lowest free one of first..last.

        Raises DesignError when the pool is used up, or the lock disagrees with its range.
        """
        numbers = self._pools.setdefault(pool, dict(self.lock.get(pool, {})))
        taken = self._taken.setdefault(pool, set(numbers.values()))
        if key in numbers:
            return self._check(pool, key, numbers[key], first, last)
        number = self._next.get(pool, first)
        while number in taken:
            number += 1
        if number > last:
            raise DesignError(
                [
                    Problem(
                        "park.lock",
                        1,
                        1,
                        f"pool {pool} is used up at {key}",
                        f"a free number of {first} to {last}",
                        "widen the pool, or release old entries in park.lock",
                    )
                ]
            )
        numbers[key] = number
        taken.add(number)
        self._next[pool] = number + 1
        return number

    @staticmethod
    def _check(pool: str, key: str, number: int, first: int, last: int) -> int:
        if not first <= number <= last:
            raise DesignError(
                [
                    Problem(
                        "park.lock",
                        1,
                        1,
                        f"{pool}: {key} holds {number}",
                        f"{first} to {last}, as the plan now says",
                        "widen the pool again, or remove the entry from park.lock",
                    )
                ]
            )
        return number

    def locked(self) -> Lock:
        """Return all allocations, pools that were not asked for included."""
        merged: Lock = {pool: dict(keys) for pool, keys in self.lock.items()}
        merged.update(self._pools)
        return {pool: dict(sorted(merged[pool].items())) for pool in sorted(merged)}

    def used(self, pool: str) -> int:
        """Return how many numbers of a pool are given out."""
        return len(self._pools.get(pool, {}))
