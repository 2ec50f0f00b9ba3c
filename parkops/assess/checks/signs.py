"""Checks on signs of life: signals, telemetry, what answers and what is counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import ENFORCEMENT, STATE_MAX_AGE_S, Context, plan, state_of, tried
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Device, Evidence, EvidenceKind, Signal, State


def tenants_telemetry(
    context: Context, target_percent: float, max_age_s: float = STATE_MAX_AGE_S
) -> Iterator[Outcome]:
    """Decide whether enough tenants send telemetry: their metrics answer, or their devices speak."""
    expected = f"fresh telemetry from at least {target_percent:g} % of the tenants"
    if not context.tenants:
        yield not_applicable(expected, "the park has no tenant")
        return
    speaking: dict[str, list[Evidence]] = {}
    probed = any(context.fresh(signal.time_s, max_age_s) for signal in context.evidence.signals)
    owner = {device.name: device.tenant for device in context.park.devices}
    for signal in context.evidence.signals:
        if context.fresh(signal.time_s, max_age_s) and owner.get(signal.device):
            speaking.setdefault(owner[signal.device], []).append(_signal(signal, max_age_s))
    for tenant in context.tenants:
        for device in context.devices_by_tenant.get(tenant.id, ()):
            held, cited = state_of(
                context, device.name, ("http", "snmp", "gnmi"), max_age_s, EvidenceKind.STATE
            )
            probed = probed or held is not None
            if held:
                speaking.setdefault(tenant.id, []).extend(cited[:1])
    silent = [t.id for t in context.tenants if t.id not in speaking]
    share = 100 * (len(context.tenants) - len(silent)) / len(context.tenants)
    actual = f"{share:.0f} %" + (f"; silent: {listed(silent)}" if silent else "")
    cited_all = [item for own in speaking.values() for item in own[:2]]
    cited_all = cited_all or [plan(tenant.source, tenant.title, tenant.id) for tenant in context.tenants]
    yield decided(share >= target_percent if probed else None, expected, actual, cited_all)


def _signal(signal: Signal, max_age_s: float) -> Evidence:
    text = f"{signal.name} ({signal.severity})" + (f": {signal.text[:200]}" if signal.text else "")
    source = f"{signal.origin} of {signal.device or 'a stranger'}"
    return Evidence(EvidenceKind.STATE, signal.device or "park", source, text, signal.time_s, max_age_s)


def signals_arriving(
    context: Context,
    origins: Sequence[str],
    max_age_s: float = 86_400.0,
    every: bool = False,
    roles: Sequence[str] = (),
) -> Iterator[Outcome]:
    """Decide whether signals of some origins arrive; ``every``: from each device of some roles."""
    expected = f"{' or '.join(origins)} arriving within {max_age_s / 3600:g} h" + (
        " from each" if every else ""
    )
    fresh = [
        s for s in context.evidence.signals if s.origin in origins and context.fresh(s.time_s, max_age_s)
    ]
    if not fresh:
        actual = f"no {' or '.join(origins)} arrived lately, or nothing listens"
        yield decided(None, expected, actual, [plan(context.park.source, "monitoring")])
        return
    if not every:
        yield decided(True, expected, f"{len(fresh)} arrived", [_signal(s, max_age_s) for s in fresh[-5:]])
        return
    last = {signal.device: signal for signal in fresh}
    for device in context.devices(*roles):
        one = last.get(device.name)
        answered, by_probe = state_of(context, device.name, origins, max_age_s, EvidenceKind.STATE)
        if one is None and answered:
            yield decided(True, expected, "its log line arrived", by_probe, device.name)
            continue
        cited = [_signal(one, max_age_s)] if one else [plan(device.source, device.name, device.name)]
        actual = f"{one.name}" if one else "silent in that time"
        yield decided(True if one else None, expected, actual, cited, device.name)


def pairs_up(context: Context, kinds: Sequence[str], max_age_s: float = STATE_MAX_AGE_S) -> Iterator[Outcome]:
    """Decide whether both devices of every pair of some kinds answer: one works, one is ready."""
    expected = "both devices of the pair answer"
    names = {device.name for device in context.managed}
    pairs = [p for p in context.park.pairs if (not kinds or p.kind in kinds) and set(p.devices) & names]
    if not pairs:
        yield not_applicable(expected, f"the park has no pair of kind {' or '.join(kinds) or 'any'}")
    for pair in pairs:
        states = {n: state_of(context, n, (), max_age_s, EvidenceKind.STATE) for n in pair.devices}
        answers = [held for held, _ in states.values()]
        held = False if False in answers else None if None in answers else True
        actual = ", ".join(
            f"{n} {'up' if h else 'not seen' if h is None else 'down'}" for n, (h, _) in states.items()
        )
        cited = [item for _, found in states.values() for item in found[:2]]
        yield decided(held, expected, actual, cited or [plan(pair.source, pair.id, pair.id)], pair.id)


def zones_live(
    context: Context, least_percent: float, max_age_s: float = STATE_MAX_AGE_S
) -> Iterator[Outcome]:
    """Decide whether something of enough zones with endpoints is seen on the network."""
    expected = f"an endpoint or device seen in at least {least_percent:g} % of the zones"
    seen: dict[str, tuple[bool, Evidence]] = {}
    zones = [z for z in context.judged_zones if z.kind != "external" and context.segments_by_zone.get(z.id)]
    for zone in zones:
        for name in context.devices_by_zone.get(zone.id, ()):
            for expectation in context.allowed_by_device.get(name, ()):
                for reach in context.reach.get(expectation.id, ())[-1:]:
                    if reach.passed and context.fresh(reach.time_s, max_age_s):
                        seen[zone.id] = True, tried(expectation, reach, max_age_s)
            if zone.id not in seen:
                held, cited = state_of(context, name, (), max_age_s, EvidenceKind.STATE)
                if held and cited:
                    seen[zone.id] = True, cited[0]
    if not zones:
        yield not_applicable(expected, "no zone has a segment")
        return
    dark = [zone.id for zone in zones if zone.id not in seen]
    share = 100 * len(seen) / len(zones)
    measured = bool(context.evidence.reach or context.evidence.intervals)
    actual = f"{share:.0f} % of {len(zones)}" + (f"; nothing seen in {listed(dark)}" if dark else "")
    cited_all = [item for _, item in seen.values()] or [plan(zone.source, zone.title) for zone in zones]
    held_all = True if share >= least_percent else False if measured and seen else None
    yield decided(held_all, expected, actual, cited_all)


def programs_up(context: Context, max_age_s: float = STATE_MAX_AGE_S) -> Iterator[Outcome]:
    """Decide whether the programs that the plan places on edge nodes answer on their ports."""
    expected = "every placed program answers on its ports"
    found: list[Device] = [device for device in context.managed if device.workloads]
    if not found:
        yield not_applicable(expected, "no edge node runs a program of the plan")
    for device in found:
        held, cited = state_of(context, device.name, ("tcp", "mqtt", "http"), max_age_s, EvidenceKind.STATE)
        actual = {True: "all answer", False: "one does not answer", None: "not seen, or too long ago"}[held]
        cited = cited or (plan(device.source, device.name, device.name),)
        yield decided(held, expected, actual, cited, device.name)


def filter_counters(context: Context) -> Iterator[Outcome]:
    """Decide whether packet filters count what they refuse, as read from the devices."""
    from parkops.assess.texts import ruleset_of

    expected = "counters on what is refused, readable"
    devices = context.devices(*ENFORCEMENT)
    if not devices:
        yield not_applicable(expected, "the park has no enforcement point")
    for device in devices:
        text = ruleset_of(context, device)
        if text is None or text.stale or text.time_s is None:
            cited = [plan(device.source, device.name, device.name)]
            yield decided(None, expected, "no filter was read from it lately", cited, device.name)
            continue
        lines = [(n, line) for n, line in text.lines() if "counter" in line and "accept" not in line]
        cited = [text.cite(n, line) for n, line in lines[:3]] or [text.cite(1, "no counter")]
        yield decided(bool(lines), expected, f"{len(lines)} counters", cited, device.name)


def ports_closed(
    context: Context, ports: Sequence[int], max_age_s: float = STATE_MAX_AGE_S
) -> Iterator[Outcome]:
    """Decide whether negative probes find some ports of devices closed."""
    expected = f"ports {listed(map(str, ports), 12)} closed to the management network"
    found = [t for t in context.judged_targets if t.port in ports and t.param("expect") == "blocked"]
    if not found:
        yield decided(
            None, expected, "no negative probe of them is planned", [plan(context.park.source, "targets")]
        )
    for target in found:
        interval = context.latest.get(target.id)
        known = interval and interval.state is not State.UNKNOWN and context.fresh(interval.end_s, max_age_s)
        held = interval.state is State.UP if interval and known else None
        text = {True: "blocked", False: "it answers", None: "not seen, or too long ago"}[held]
        time_s = interval.end_s if interval else None
        cited = [Evidence(EvidenceKind.PROBE, target.device, f"probe {target.id}", text, time_s, max_age_s)]
        yield decided(held, expected, text, cited, target.id)
