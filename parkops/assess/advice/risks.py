"""Latent risks: single points, statements that run out, capacity, error budgets, open events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from math import log

from parkops.assess.checks.records import parse_date
from parkops.assess.context import Context
from parkops.assess.graph import adjacency, cuts, reachable
from parkops.model import Assessment, Device, Risk, Role

DAY_S = 86_400.0
YEAR_S = 365 * DAY_S
SOON_S = 90 * DAY_S
HIGH, MIDDLE, LOW = 3, 2, 1
FULL_RATIO = 0.8  # of a link's rate: above, queues grow
THIN_BUDGET = 0.25  # of an error budget
MOST_POINTS = 30
ENDS = (Role.ENDPOINT, Role.EXTERNAL)
RANKS = (Role.PARK_FIREWALL, Role.CORE, Role.BOUNDARY)  # whose loss reaches furthest, first


def risks(context: Context, assessment: Assessment) -> tuple[Risk, ...]:
    """Return the risks, most severe first, then by due date."""
    found = [
        *single_points(context),
        *expiries(context),
        *capacity(context),
        *budgets(context),
        *open_events(context),
        *missing_evidence(assessment),
    ]
    return tuple(
        sorted(
            found, key=lambda r: (-r.severity, r.due_s if r.due_s is not None else float("inf"), r.subject)
        )
    )


def single_points(context: Context) -> Iterator[Risk]:
    """Devices whose loss cuts others from the cores."""
    park = context.park
    ends = {device.name for device in park.devices if device.role in ENDS}
    cores = {device.name: "cores" for device in park.devices if device.role is Role.CORE}
    edges = [
        (link.id, cores.get(link.a_device, link.a_device), cores.get(link.b_device, link.b_device))
        for link in park.links
        if not {link.a_device, link.b_device} & ends
    ]
    neighbours = adjacency(edge for edge in edges if edge[1] != edge[2])
    whole = reachable(neighbours, ["cores"])
    alone = [
        park.device(name) for name in cuts(neighbours).articulations if name in whole and name != "cores"
    ]
    behind = _endpoints(context)
    for device in sorted(alone, key=_rank)[:MOST_POINTS]:
        lost = whole - reachable(neighbours, ["cores"], {device.name}) - {device.name}
        cut = sum(behind.get(name, 0) for name in lost)
        yield Risk(
            kind="single-point",
            severity=HIGH if device.role in RANKS else MIDDLE,
            subject=device.name,
            text_zh=f"{device.name} 是单点：它故障时，{len(lost)} 台设备和 {cut} 台终端与核心断开",
            text_en=f"{device.name} stands alone; its loss cuts off: devices {len(lost)}, endpoints {cut}",
            source=str(device.source),
            tenant=device.tenant,
        )
    if len(cores) == 1:
        name = next(iter(cores))
        yield Risk(
            "single-point",
            HIGH,
            name,
            f"骨干只有一台核心 {name}：它故障时整个园区中断",
            f"{name} is the only core: its loss stops the park",
            source=str(park.device(name).source),
        )


def _rank(device: Device) -> tuple[int, str]:
    return RANKS.index(device.role) if device.role in RANKS else len(RANKS), device.name


def _endpoints(context: Context) -> dict[str, int]:
    """Return how many endpoints hang on each switch: those of its segments, once."""
    found: dict[str, int] = {}
    counts = {segment: sum(g.count for g in groups) for segment, groups in context.groups_by_segment.items()}
    for segment, devices in context.devices_by_segment.items():
        switches = [d for d in devices if d.role not in ENDS]
        if switches and segment in counts:
            last = switches[-1].name
            found[last] = found.get(last, 0) + counts[segment]
    return found


def expiries(context: Context) -> Iterator[Risk]:
    """Statements, waivers and interconnections that end within 90 days, or have ended."""
    park, now_s = context.park, context.now_s
    stated = [
        *(("attestation", "声明", i.requirement, i.expires_on, i.source) for i in park.attestations),
        *(("waiver", "豁免", i.requirement, i.expires_on, i.source) for i in park.waivers),
        *(("interconnection", "互联", i.id, i.until, i.source) for i in park.interconnects),
    ]
    for en, zh, name, until, source in stated:
        day = parse_date(until)
        if day is None or _start_s(day) - now_s > SOON_S:
            continue
        over = _start_s(day) <= now_s
        yield Risk(
            kind="expiry",
            severity=HIGH if over else MIDDLE,
            subject=name,
            text_zh=f"{name} 的{zh}{'已于' if over else '将于'} {until} 到期",
            text_en=f"the {en} of {name} {'ended' if over else 'ends'} on {until}",
            due_s=_start_s(day),
            source=str(source),
        )


def _start_s(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def capacity(context: Context) -> Iterator[Risk]:
    """Pools and links that growth fills within the horizon."""
    park = context.park
    growth = {item.system: item.percent for item in park.growth}
    default = (park.growth_percent,) * park.horizon_years
    for pool, used, size in park.pools:
        years = years_to(used, size, growth.get(pool, default))
        if years is not None:
            yield _full(context, f"pools.{pool}", f"地址池 {pool}", f"pool {pool}", used, size, years)
    figures = context.evidence.figures
    for item in figures.utilisation if figures else ():
        years = years_to(item.p95_bps, FULL_RATIO * item.rate_bps, growth.get("backbone", default))
        if years is not None:
            name = f"{item.device} {item.interface} {item.direction}"
            rate, most = item.p95_bps / 1e6, FULL_RATIO * item.rate_bps / 1e6
            yield _full(
                context,
                name,
                f"链路 {name}（Mbit/s，95 百分位）",
                f"link {name} (Mbit/s, p95)",
                rate,
                most,
                years,
            )
    for advice in park.advice:
        if advice.topic == "growth" and not advice.what.startswith("pools."):
            yield Risk(
                "capacity",
                MIDDLE,
                "cloud",
                f"规划期内容量不足：{advice.what}；应有 {advice.expected}",
                f"not enough for the horizon: {advice.what}; expected {advice.expected}",
                source=str(advice.source),
            )


def _full(context: Context, subject: str, zh: str, en: str, used: float, size: float, years: float) -> Risk:
    return Risk(
        kind="capacity",
        severity=HIGH if years < 1 else MIDDLE,
        subject=subject,
        text_zh=f"{zh}已用 {used:,.6g}，上限 {size:,.6g}；按规划的增长约 {years:.1f} 年后用尽",
        text_en=f"{en} uses {used:,.6g} of {size:,.6g}; at the plan's growth it is full in {years:.1f} years",
        due_s=context.now_s + years * YEAR_S,
    )


def years_to(stock: float, size: float, percents: tuple[float, ...]) -> float | None:
    """Return after how many years of growth ``stock`` passes ``size``; None when not within them."""
    used = float(stock)
    if used <= 0:
        return None
    if used >= size:
        return 0.0
    for year, percent in enumerate(percents):
        factor = 1 + percent / 100
        if used * factor > size:
            return year + log(size / used) / log(factor)
        used *= factor
    return None


def budgets(context: Context) -> Iterator[Risk]:
    """Objectives whose error budget is spent, nearly spent, or being spent too fast."""
    figures = context.evidence.figures
    for status in figures.objectives if figures else ():
        left = status.left_ratio
        if left is None:
            continue
        rate = max((burn.rate for burn in status.burns if burn.rate is not None), default=0.0)
        if left > THIN_BUDGET and (rate <= 1 or left * status.window_s / rate > status.window_s / 4):
            continue
        spent = left <= 0
        due_s = context.now_s if spent else None
        if not spent and rate > 0:
            due_s = context.now_s + left * status.window_s / rate
        zh = f"目标 {status.objective} 的误差预算剩余 {max(left, 0.0):.0%}"
        en = f"{max(left, 0.0):.0%} of the error budget of {status.objective} is left"
        if rate > 1:
            zh += f"，消耗速度为允许的 {rate:.1f} 倍"
            en += f"; it burns {rate:.1f} times too fast"
        yield Risk("error-budget", HIGH if spent else MIDDLE, status.objective, zh, en, due_s)


def open_events(context: Context) -> Iterator[Risk]:
    """Events that nobody closed within a day."""
    devices = {device.name: device for device in context.park.devices}
    for event in context.evidence.events:
        age_s = context.now_s - event.opened_s
        if event.closed_s is not None or age_s < DAY_S:
            continue
        device = devices.get(event.device)
        yield Risk(
            kind="event",
            severity=HIGH if event.severity == "critical" else MIDDLE,
            subject=event.target,
            text_zh=f"事件 {event.id}（{event.target}）已持续 {age_s / DAY_S:.0f} 天未关闭",
            text_en=f"event {event.id} ({event.target}) has been open for {age_s / DAY_S:.0f} days",
            tenant=device.tenant if device else "",
        )


def missing_evidence(assessment: Assessment) -> Iterator[Risk]:
    """How much is judged without evidence."""
    unknown = [item for item in assessment.indicators if item.score is None]
    if assessment.coverage < assessment.grade_floor:
        known, floor = f"{assessment.coverage:.0%}", f"{assessment.grade_floor:.0%}"
        numbers = [str(item.id) for item in unknown]
        zh = f"只有 {known} 的权重有数据，低于定级下限 {floor}；请先填报指标 {'、'.join(numbers)}"
        en = f"only {known} of the weight is known, less than the {floor} that a grade needs; "
        en += f"state the figures of indicators {', '.join(numbers)} first"
        yield Risk("evidence", LOW, "indicators", zh, en)


__all__ = ["risks", "years_to"]
