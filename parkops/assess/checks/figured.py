"""Checks on measurements over a window: values, objectives, link use and loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import PROBE_MAX_AGE_S, STATE_MAX_AGE_S, Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Device, Evidence, EvidenceKind, GroupFigures, Measure, ObjectiveStatus


def _is(measure: Measure, names: Sequence[str]) -> bool:
    """Tell whether a measure has one of some names; an index in brackets does not count."""
    return measure.name.partition("[")[0] in names


def values_within(
    context: Context,
    values: Sequence[str],
    what: str,
    most: float | None = None,
    least: float | None = None,
    roles: Sequence[str] = (),
    unit: str = "",
    percentile: bool = True,
    kind: str = "state",
    max_age_s: float = STATE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether measured values of devices stay within bounds over the window.

    ``most`` is held against the 95th percentile (or the maximum), ``least`` against the minimum. A device
    of which no probe reads such a value is unknown.
    """
    bounds = [
        f"at most {most:g}{unit}" if most is not None else "",
        f"at least {least:g}{unit}" if least is not None else "",
    ]
    expected = f"{what} {' and '.join(filter(None, bounds)) or 'measured'}"
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, f"the park has no {' or '.join(roles) or 'managed device'}")
    unread: list[Device] = []
    for device in devices:
        found = [m for m in context.measures.get(device.name, ()) if _is(m, values)]
        if not found:
            unread.append(device)
            continue
        worst = [_worst(m, most, least, percentile) for m in found]
        fresh = all(context.fresh(m.last_s, max_age_s) for m in found)
        held = None if not fresh else all(good for good, _ in worst)
        actual = listed((text for good, text in worst if not good or held), 4) or listed(t for _, t in worst)
        cited = [_measure(m, device.name, kind, max_age_s) for m in found[:6]]
        yield decided(held, expected, actual if fresh else f"{actual}, too long ago", cited, device.name)
    if unread:
        actual = f"no probe of this park reads {' or '.join(values)} of {listed(d.name for d in unread)}"
        cited = [plan(d.source, f"{d.name}: {d.role}", d.name) for d in unread[:10]]
        yield decided(None, expected, actual, cited)


def _worst(measure: Measure, most: float | None, least: float | None, percentile: bool) -> tuple[bool, str]:
    high = measure.p95 if percentile else measure.maximum
    good = (most is None or high <= most) and (least is None or measure.minimum >= least)
    shown = (
        f"p95 {measure.p95:g}"
        if percentile and least is None
        else f"{measure.minimum:g} to {measure.maximum:g}"
    )
    return good, f"{measure.name} {shown} over {measure.count} samples"


def _measure(measure: Measure, device: str, kind: str, max_age_s: float) -> Evidence:
    text = (
        f"{measure.name}: {measure.minimum:g} / {measure.mean:g} / {measure.maximum:g}, p95 {measure.p95:g}"
    )
    source = f"probe {measure.target}"
    return Evidence(EvidenceKind(kind), device, source, text, measure.last_s, max_age_s)


def series_kept(context: Context, roles: Sequence[str] = (), least_values: int = 1) -> Iterator[Outcome]:
    """Decide whether a series of measured values is kept of every device, from which a trend can be told."""
    expected = f"at least {least_values} measured value of each device kept over time"
    for device in context.devices(*roles):
        found = context.measures.get(device.name, ())
        fresh = any(context.fresh(m.last_s, STATE_MAX_AGE_S) for m in context.evidence.measures)
        held = len(found) >= least_values if fresh else None
        actual = listed(m.name for m in found) if found else "no value of it was kept"
        cited = [_measure(m, device.name, "state", STATE_MAX_AGE_S) for m in found[:3]]
        cited = cited or [plan(device.source, device.name, device.name)]
        yield decided(held, expected, actual, cited, device.name)


def clocks_close(context: Context, limit_s: float, max_age_s: float = STATE_MAX_AGE_S) -> Iterator[Outcome]:
    """Decide whether the park's time servers are close to the clock that measures them (RFC 5905)."""
    expected = f"clock offset of at most {limit_s:g} s"
    found = [m for m in context.evidence.measures if _is(m, ("offset_s",))]
    if not found:
        yield decided(None, expected, "no clock offset was measured", [plan(context.park.source, "targets")])
    for measure in found:
        off = max(abs(measure.minimum), abs(measure.maximum))
        device = measure.target.partition("/")[0]
        held = off <= limit_s if context.fresh(measure.last_s, max_age_s) else None
        cited = [_measure(measure, device, "state", max_age_s)]
        yield decided(held, expected, f"{off:.4f} s at most in {measure.count} samples", cited, device)


def objectives_held(
    context: Context, subjects: Sequence[str], max_age_s: float = PROBE_MAX_AGE_S
) -> Iterator[Outcome]:
    """Decide whether objectives of some subjects ("all", "zone", "flow", "class", …) are met."""
    expected = f"objectives of {' and '.join(subjects)} met in their windows"
    wanted = [item for item in context.park.objectives if item.subject.partition(":")[0] in subjects]
    if not wanted:
        yield not_applicable(expected, "the plan states no such objective")
        return
    figures = context.evidence.figures
    known = {status.objective: status for status in figures.objectives} if figures else {}
    for item in wanted:
        status = known.get(item.id)
        if status is None or figures is None:
            cited = [plan(item.source, f"{item.subject}: {item.availability_percent:g} %", item.id)]
            yield decided(None, expected, "nothing was measured of it", cited, item.id)
            continue
        cited = [
            Evidence(
                EvidenceKind.PROBE,
                item.id,
                f"objective {item.id}",
                _status(status),
                figures.until_s,
                max_age_s,
            ),
            plan(item.source, f"{item.subject}: {item.availability_percent:g} %", item.id),
        ]
        held = status.held if context.fresh(figures.until_s, max_age_s) else None
        yield decided(held, expected, _status(status), cited, item.id)


def _status(status: ObjectiveStatus) -> str:
    measured = "nothing" if status.measured is None else f"{100 * status.measured:.3f} %"
    text = f"{measured} of {100 * status.wanted:g} % over {status.known_s:.0f} known target-seconds"
    if status.latency_wanted_s:
        seen = f"{1000 * status.latency_p95_s:.2f}" if status.latency_p95_s is not None else "no"
        text += f", p95 {seen} of {1000 * status.latency_wanted_s:g} ms"
    if status.loss_wanted and status.loss_measured is not None:
        text += f", loss {100 * status.loss_measured:.2f} of {100 * status.loss_wanted:g} %"
    return text + (f": {status.why}" if status.why else "")


def link_use(
    context: Context,
    most_percent: float,
    kinds: Sequence[str],
    least_percent: float = 0,
    max_age_s: float = PROBE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether the p95 of the use of links of some kinds lies between two marks."""
    expected = f"p95 use between {least_percent:g} and {most_percent:g} % of the rate"
    figures = context.evidence.figures
    wanted = [link for link in context.links if link.kind in kinds]
    if not wanted:
        yield not_applicable(expected, f"the park has no link of kind {' or '.join(kinds)}")
        return
    used = {(u.device, u.interface, u.direction): u for u in (figures.utilisation if figures else ())}
    unread = []
    for link in wanted:
        ends = ((link.a_device, link.a_interface), (link.b_device, link.b_interface))
        found = [u for end in ends for way in ("in", "out") if (u := used.get((*end, way)))]
        if not found or figures is None:
            unread.append(link.id)
            continue
        worst = max(found, key=lambda u: u.p95_ratio)
        share = 100 * worst.p95_ratio
        held = least_percent <= share <= most_percent if context.fresh(figures.until_s, max_age_s) else None
        end = f"{worst.device} {worst.interface}"
        text = f"{end} {worst.direction}: p95 {share:.1f} % of {worst.rate_bps / 1e6:g} Mbit/s"
        cited = [
            Evidence(
                EvidenceKind.PROBE,
                link.id,
                f"use of {end}",
                text,
                figures.until_s,
                max_age_s,
            )
        ]
        yield decided(held, expected, text, cited, link.id)
    if unread:
        actual = f"no probe counts the octets of {listed(unread)}"
        yield decided(None, expected, actual, [plan(context.park.source, "links")])


def loss_within(
    context: Context, most_percent: float, kinds: Sequence[str], least_probes: int = 100
) -> Iterator[Outcome]:
    """Decide whether few probes into some kinds of zone are lost; a handful of probes decides nothing."""
    expected = f"at most {most_percent:g} % of the probes lost"
    zones = context.zones_of_kind(*kinds)
    figures = context.evidence.figures
    if not zones:
        yield not_applicable(expected, f"the park has no zone of kind {', '.join(kinds)}")
    for zone in zones:
        group: GroupFigures | None = next(iter(figures.of("zone", zone.id)), None) if figures else None
        if group is None or figures is None or group.loss_ratio is None:
            cited = [plan(zone.source, zone.title, zone.id)]
            yield decided(None, expected, "no probe leads into it", cited, zone.id)
            continue
        share = 100 * group.loss_ratio
        text = f"{group.lost} of {group.probes} probes lost: {share:.2f} %"
        cited = [
            Evidence(EvidenceKind.PROBE, zone.id, f"zone {zone.id}", text, figures.until_s, PROBE_MAX_AGE_S)
        ]
        fresh = context.fresh(figures.until_s, PROBE_MAX_AGE_S)
        needed = max(least_probes, round(100 / most_percent))  # one lost probe must not decide
        held = share <= most_percent if fresh and group.probes >= needed else None
        more = "" if group.probes >= needed else f"; {needed} are needed to tell"
        yield decided(held, expected, text + more, cited, zone.id)
