"""Stable allocation: every number derives from an explicit key, and park.lock remembers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from parkops.errors import Problem
from parkops.plan.marks import Marks

Lock = dict[str, dict[str, int]]  # pool -> key -> number
LOCK_FILE = "park.lock"


@dataclass(slots=True)
class Pool:
    """The numbers of one pool, and which keys the plan asked for."""

    numbers: dict[str, int]
    taken: set[int]
    asked: set[str] = field(default_factory=set)
    candidate: int = -1  # every number below it is taken


@dataclass(slots=True)
class Allocator:
    """Gives out numbers by pool and key; what the lock holds is kept, and never reused for another key.

    Mistakes accumulate: a key that gets no number of its own gets the first one, and `problems` tells.
    """

    lock: Mapping[str, Mapping[str, int]]
    marks: Callable[[], Marks] | None = None  # where the lock's entries stand
    _pools: dict[str, Pool] = field(default_factory=dict)
    _wrong: list[Problem] = field(default_factory=list)
    _refused: list[tuple[str, str, int, int]] = field(default_factory=list)

    def hold(self, pool: str, key: str, number: int) -> int:
        """Give a key the number that the plan states; it was reserved before."""
        numbers = self._pools.get(pool) or self._open(pool)
        numbers.numbers[key] = number
        numbers.asked.add(key)
        return number

    def reserve(self, pool: str, reserved: Iterable[int]) -> None:
        """Keep numbers that the plan states for those that it states them for; who holds one loses it."""
        numbers, stated = self._pools.get(pool) or self._open(pool), set(reserved)
        for key in [key for key, number in numbers.numbers.items() if number in stated]:
            del numbers.numbers[key]
        numbers.taken |= stated

    def take(self, pool: str, key: str, *, first: int, last: int) -> int:
        """Return the number of a key: the locked one, else the lowest free one of first..last."""
        numbers = self._pools.get(pool) or self._open(pool)
        numbers.asked.add(key)
        number = numbers.numbers.get(key)
        if number is None:
            return self._new(pool, numbers, key, first, last)
        if not first <= number <= last:
            self._wrong.append(
                self._problem(
                    (pool, key),
                    f"{pool}: {key} holds {number}",
                    f"{first} to {last}, as the plan now says",
                    "widen the pool again, or remove the entry from park.lock",
                )
            )
            return first
        return number

    def _open(self, name: str) -> Pool:
        numbers = dict(self.lock.get(name, {}))
        self._pools[name] = pool = Pool(numbers, set(numbers.values()))
        if len(pool.taken) < len(numbers):
            self._shared(name, numbers)
        return pool

    def _shared(self, pool: str, numbers: Mapping[str, int]) -> None:
        """Tell two keys that hold one number, as a merge of two branches may leave them."""
        owners: dict[int, str] = {}
        for key, number in numbers.items():
            owner = owners.setdefault(number, key)
            if owner != key:
                self._wrong.append(
                    self._problem(
                        (pool, key),
                        f"{pool}: {key} and {owner} both hold {number}",
                        "a number of its own for each",
                        "remove the newer entry from park.lock; it gets another number",
                    )
                )

    def _new(self, name: str, pool: Pool, key: str, first: int, last: int) -> int:
        number = max(pool.candidate, first)
        while number in pool.taken:
            number += 1
        if number > last:
            self._refused.append((name, key, first, last))
            return first
        pool.numbers[key] = number
        pool.taken.add(number)
        pool.candidate = number + 1
        return number

    def problems(self) -> list[Problem]:
        """Return what the lock or the size of a pool made impossible."""
        return self._wrong + [self._used_up(*refused) for refused in self._refused]

    def _used_up(self, name: str, key: str, first: int, last: int) -> Problem:
        pool = self._pools[name]
        unused = sorted(set(pool.numbers) - pool.asked)
        hint = "widen the pool"
        if unused:
            some = ", ".join(unused[:5]) + (" …" if len(unused) > 5 else "")
            hint += f", or remove from park.lock what the plan no longer has: {some}"
        return self._problem(
            (name,), f"{name} has no number left for {key}", f"a free one of {first} to {last}", hint
        )

    def _problem(self, path: tuple[str, ...], what: str, expected: str, hint: str) -> Problem:
        if self.marks is None:
            return Problem(LOCK_FILE, 1, 1, what, expected, hint)
        return self.marks().key_problem(path, what, expected, hint)

    def locked(self) -> Lock:
        """Return all allocations, pools that were not asked for included."""
        merged: Lock = {pool: dict(keys) for pool, keys in self.lock.items()}
        merged.update({name: pool.numbers for name, pool in self._pools.items()})
        return {pool: dict(sorted(merged[pool].items())) for pool in sorted(merged)}

    def used(self, pool: str) -> int:
        """Return how many numbers of a pool are given out."""
        return len(self._pools[pool].numbers) if pool in self._pools else 0
