"""What the monitor finds out, of which events are made."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model import Signal, Target


@dataclass(frozen=True, slots=True)
class Lost:
    """An outage is confirmed."""

    target: Target
    cause: str
    time_s: float  # of the first loss


@dataclass(frozen=True, slots=True)
class Back:
    """An outage has ended."""

    target: Target
    time_s: float


@dataclass(frozen=True, slots=True)
class Broke:
    """Something is not as it should be, or has become worse."""

    target: Target
    kind: str
    severity: str
    cause: str
    time_s: float


@dataclass(frozen=True, slots=True)
class Mended:
    """It is as it should be again."""

    target: Target
    kind: str
    time_s: float


Fact = Lost | Back | Broke | Mended | Signal
