"""Gather a tenant's monthly notice: what happened to its own things, and what it should do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from parkops.errors import UsageError
from parkops.model import (
    Availability,
    Event,
    NoticeAttempts,
    NoticeChange,
    NoticeSignal,
    NoticeTask,
    NoticeZone,
    Park,
    Phase,
    Result,
    Risk,
    TenantNotice,
    Verdict,
)
from parkops.report.bundle import Report
from parkops.report.foreign import Foreign
from parkops.report.scope import for_tenant

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
WITHHELD = "another party is concerned"
MOST_TASKS = 20
DROPPED, PASSED = "attack-dropped", "attack-passed"


class Heard(Protocol):
    """What a device said by itself, added up over an hour or less."""

    @property
    def device(self) -> str:
        """Its name."""

    @property
    def name(self) -> str:
        """What it is about."""

    @property
    def origin(self) -> str:
        """How it came."""

    @property
    def severity(self) -> str:
        """How grave it is."""

    @property
    def count(self) -> int:
        """How often."""

    @property
    def last_s(self) -> float:
        """When the last came (Unix time)."""

    @property
    def text(self) -> str:
        """What the last one said."""

    @property
    def clears(self) -> bool:
        """Whether it only ends what an earlier one began."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month in UTC; it begins at ``since_s`` and ends before ``until_s`` (Unix times)."""

    month: str
    since_s: float
    until_s: float

    def holds(self, time_s: float) -> bool:
        """Tell whether a time lies in it."""
        return self.since_s <= time_s < self.until_s


@dataclass(frozen=True, slots=True)
class Log:
    """What the store knows of a period, of the whole park."""

    availability: tuple[Availability, ...] = ()
    events: tuple[Event, ...] = ()
    results: tuple[tuple[float, Result], ...] = ()
    heard: tuple[Heard, ...] | None = None  # None: nothing listens


def period(month: str) -> Period:
    """Return a month such as ``2026-11``; UsageError when it is none."""
    match = _MONTH.fullmatch(month)
    if match is None:
        raise UsageError("no month", where=month, hint="YEAR-MONTH, such as 2026-11")
    year, number = map(int, match.groups())
    following = (year, number + 1) if number < 12 else (year + 1, 1)
    since, until = (datetime(*at, 1, tzinfo=UTC).timestamp() for at in ((year, number), following))
    return Period(month, since, until)


def gather(report: Report, tenant: str, span: Period, log: Log) -> TenantNotice:
    """Return a tenant's notice of a period. No name, title or address of another tenant is in it.

    ``report`` is the whole park's; UsageError for an unknown tenant.
    """
    own = for_tenant(report, tenant)
    foreign = Foreign(report.park, tenant)
    names = {device.name for device in report.park.devices if device.tenant == tenant}
    events = tuple(_events(log.events, names, foreign, span))
    diagnosis = report.assessment.diagnosis
    risks = tuple(
        risk
        for risk in (diagnosis.risks if diagnosis else ())
        if risk.tenant == tenant and not foreign.in_any(risk.text_zh, risk.text_en, risk.subject)
    )
    heard = None if log.heard is None else [item for item in log.heard if item.device in names]
    return TenantNotice(
        park=report.park.name,
        park_title=report.park.title,
        operator=report.park.operator,
        tenant=tenant,
        tenant_title=next(item.title for item in report.park.tenants if item.id == tenant),
        month=span.month,
        since_s=span.since_s,
        until_s=span.until_s,
        time_s=report.assessment.time_s,
        zones=tuple(_zones(report.park, tenant, log.availability)),
        events=events,
        signals=tuple(_signals(heard or (), foreign, span)),
        attempts=tuple(_attempts(report, names, span)),
        changes=tuple(_changes(log.results, names, foreign)),
        risks=risks,
        tasks=tuple(_tasks(own, events, risks, foreign))[:MOST_TASKS],
        attacks=None if heard is None else _attacks(heard, span),
    )


def _events(events: Iterable[Event], names: set[str], foreign: Foreign, span: Period) -> Iterable[Event]:
    """Yield events that touch the period; what names others is withheld."""
    for event in events:
        ended = event.closed_s if event.closed_s is not None else span.until_s
        if event.device not in names or event.opened_s >= span.until_s or ended < span.since_s:
            continue
        hidden = foreign.in_any(event.target, event.cause)
        yield replace(
            event,
            target=event.device if foreign.in_text(event.target) else event.target,
            cause=WITHHELD if hidden else event.cause,
            note="" if foreign.in_text(event.note) else event.note,
            parent=None,
        )


def _zones(park: Park, tenant: str, availability: Iterable[Availability]) -> Iterable[NoticeZone]:
    seen = {item.target: item for item in availability}
    for zone in park.zones:
        if zone.tenant != tenant:
            continue
        targets = [t for t in park.targets if t.zone == zone.id and t.tenant == tenant]
        found = [seen[target.id] for target in targets if target.id in seen]
        yield NoticeZone(
            zone.id,
            zone.title,
            len(targets),
            sum(item.up_s for item in found),
            sum(item.down_s for item in found),
            sum(item.unknown_s for item in found),
            sum(item.outages for item in found),
        )


def _signals(heard: Iterable[Heard], foreign: Foreign, span: Period) -> Iterable[NoticeSignal]:
    """Yield signals by kind (the name up to its first colon), most frequent first."""
    kinds: dict[tuple[str, str], list[Heard]] = {}
    for item in heard:
        if span.holds(item.last_s) and not item.clears:
            kinds.setdefault((item.origin, item.name.partition(":")[0]), []).append(item)
    found = []
    for (origin, name), items in kinds.items():
        last = max(items, key=lambda item: item.last_s)
        text = WITHHELD if foreign.in_text(last.text) else last.text
        count = sum(item.count for item in items)
        found.append(NoticeSignal(origin, name, last.severity, count, last.last_s, text))
    return sorted(found, key=lambda item: (-item.count, item.origin, item.name))


def _attacks(heard: Iterable[Heard], span: Period) -> tuple[int, int]:
    """Return attacks on the tenant's devices: seen, and repelled."""
    own = [item for item in heard if span.holds(item.last_s) and not item.clears]
    dropped = sum(item.count for item in own if item.name.startswith(DROPPED))
    return dropped + sum(item.count for item in own if item.name.startswith(PASSED)), dropped


def _attempts(report: Report, names: set[str], span: Period) -> Iterable[NoticeAttempts]:
    """Yield what was tried of traffic that no flow allows, by direction; other ends are not named."""
    forbidden = {item.id: item for item in report.park.expectations if not item.allowed}
    counts: dict[str, list[bool]] = {}
    for seen in report.evidence.reach:
        item = forbidden.get(seen.expectation)
        if item is None or seen.passed is None or not span.holds(seen.time_s):
            continue
        inside = (item.src_device in names, item.dst_device in names)
        direction = {(True, True): "inside", (False, True): "in", (True, False): "out"}.get(inside)
        if direction:
            counts.setdefault(direction, []).append(seen.passed)
    for direction in ("in", "out", "inside"):
        passed = counts.get(direction, [])
        if passed:
            yield NoticeAttempts(direction, len(passed), len(passed) - sum(passed), sum(passed))


def _changes(
    results: Iterable[tuple[float, Result]], names: set[str], foreign: Foreign
) -> Iterable[NoticeChange]:
    for time_s, result in results:
        if result.device in names and result.outcome.value != "unchanged":
            message = WITHHELD if foreign.in_text(result.message) else result.message
            yield NoticeChange(time_s, result.device, result.outcome.value, message)


def _tasks(
    own: Report, events: Sequence[Event], risks: Sequence[Risk], foreign: Foreign
) -> Iterable[NoticeTask]:
    """Yield what the tenant should do: events first, then what failed, then what may go wrong."""
    for event in events:
        if event.phase is Phase.DETECTED:
            yield NoticeTask(
                f"确认并处理事件 {event.id}（{event.target}）",
                f"Acknowledge and handle event {event.id} ({event.target})",
                f"event {event.id}",
            )
        elif event.phase in (Phase.ACKNOWLEDGED, Phase.IN_WORK):
            yield NoticeTask(
                f"完成事件 {event.id}（{event.target}）的处理并关闭",
                f"Finish event {event.id} ({event.target}) and close it",
                f"event {event.id}",
            )
    for result in (*own.assessment.requirements, *own.assessment.controls):
        if result.verdict is Verdict.FAIL and not foreign.in_any(result.title_zh, result.text):
            where = ", ".join(dict.fromkeys(f.subject for f in result.findings if f.verdict is Verdict.FAIL))
            yield NoticeTask(
                f"整改：{result.title_zh}（{where}）", f"Mend: {result.text} ({where})", result.id
            )
    for risk in risks:
        if risk.kind == "single-point":
            yield NoticeTask(f"为 {risk.subject} 增加备份", f"Give {risk.subject} a standby", risk.subject)


__all__ = ["WITHHELD", "Heard", "Log", "Period", "gather", "period"]
