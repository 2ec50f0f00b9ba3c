"""The periodic notice to a tenant: its own security log, availability, changes and risks."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model.advice import Risk
from parkops.model.watch import Event


@dataclass(frozen=True, slots=True)
class NoticeZone:
    """A zone of the tenant over the period; seconds in each state over all its targets."""

    id: str
    title: str
    targets: int
    up_s: float
    down_s: float
    unknown_s: float
    outages: int

    @property
    def ratio(self) -> float | None:
        """Up time over known time, None when nothing is known."""
        known_s = self.up_s + self.down_s
        return self.up_s / known_s if known_s > 0 else None


@dataclass(frozen=True, slots=True)
class NoticeSignal:
    """Signals of one kind, counted."""

    origin: str
    name: str
    severity: str
    count: int
    last_s: float
    text: str  # of the last one


@dataclass(frozen=True, slots=True)
class NoticeAttempts:
    """Forbidden traffic that was tried, by direction; other places are not named."""

    direction: str  # in | out | inside
    tried: int
    blocked: int
    passed: int


@dataclass(frozen=True, slots=True)
class NoticeChange:
    """A change of the tenant's devices."""

    time_s: float
    device: str
    outcome: str
    message: str


@dataclass(frozen=True, slots=True)
class NoticeTask:
    """What the tenant is asked to do."""

    text_zh: str
    text_en: str
    reference: str = ""  # requirement id, event id or device


@dataclass(frozen=True, slots=True)
class TenantNotice:
    """A tenant's notice of one month."""

    park: str
    park_title: str
    operator: str
    tenant: str
    tenant_title: str
    month: str  # "2026-11"
    since_s: float  # Unix times of the first and past the last second of the period
    until_s: float
    time_s: float  # when it was made
    zones: tuple[NoticeZone, ...]
    events: tuple[Event, ...]
    signals: tuple[NoticeSignal, ...]
    attempts: tuple[NoticeAttempts, ...]
    changes: tuple[NoticeChange, ...]
    risks: tuple[Risk, ...]
    tasks: tuple[NoticeTask, ...]
    attacks: tuple[int, int] | None = None  # (seen, blocked); None when no sensor told


__all__ = [
    "NoticeAttempts",
    "NoticeChange",
    "NoticeSignal",
    "NoticeTask",
    "NoticeZone",
    "TenantNotice",
]
