"""The health gate: what a transaction asks before it confirms a wave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Health:
    """What a gate saw: ``problems`` forbid to confirm, ``seen`` is said to people."""

    problems: tuple[str, ...] = ()
    seen: str = ""

    @property
    def ok(self) -> bool:
        """True when nothing forbids to confirm."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Question:
    """What a gate is asked: the wave in force, whether it is the last, and by when to answer."""

    devices: tuple[str, ...]
    final: bool
    deadline_s: float  # time.monotonic(): an answer that comes later is no answer
    stopped: Callable[[], bool]  # the transaction was interrupted: answer at once


class Gate(Protocol):
    """Judges whether the park works.

    It must not ask the devices themselves over NETCONF: netconfd 2.13 takes no unconfirmed commit back while
    a client keeps asking, and what tests a change must not be what keeps a bad one alive.
    """

    def looks_at(self) -> Sequence[str]:
        """Tell in words what it looks at, for the dry run."""
        ...

    def baseline(self, kept: str = "") -> str:
        """Look at the park before the first change, or take what was seen then; return it to be kept."""
        ...

    def at_stake(self) -> bool:
        """Tell whether anything worked before: where nothing does, there is no redundancy to keep."""
        ...

    def check(self, question: Question) -> Health:
        """Judge the park while a wave is in force and not confirmed."""
        ...


@dataclass(frozen=True, slots=True)
class NoGate:
    """Looks at nothing: each device's own read-back has to do."""

    def looks_at(self) -> Sequence[str]:
        """Say so."""
        return ("nothing: no health gate",)

    def baseline(self, kept: str = "") -> str:
        """See nothing."""
        return ""

    def at_stake(self) -> bool:
        """Assume so: nobody looked."""
        return True

    def check(self, question: Question) -> Health:
        """Let every wave pass."""
        return Health(seen="not asked")
