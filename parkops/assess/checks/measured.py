"""Checks on measurements: availability, reach, round trips and detection times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.checks.records import counted
from parkops.assess.context import PROBE_MAX_AGE_S, Context, observed, plan, tried
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Availability, Evidence, EvidenceKind, Expectation, Reach, State, Target, Verdict


def availability(
    context: Context,
    objective_percent: float,
    roles: Sequence[str] = (),
    probes: Sequence[str] = ("icmp",),
    kinds: Sequence[str] = (),
) -> Iterator[Outcome]:
    """Decide whether availability meets an objective, once the window can tell.

    One lost sample must not decide: the window must hold 1 / (1 - objective) samples. Before that a
    target passes nothing, and fails only when it was down for longer than that whole window allows.
    """
    names = {device.name for device in context.devices(*roles)} if roles else None
    zones = {zone.id for zone in context.zones_of_kind(*kinds)} if kinds else None
    expected = f"available {objective_percent:g} % of the window"
    found = 0
    for target in context.judged_targets:
        if target.probe not in probes or (names is not None and target.device not in names):
            continue
        if zones is not None and target.zone not in zones:
            continue
        found += 1
        yield _available(context, target, objective_percent, expected)
    if not found:
        yield decided(
            None, expected, "nothing of the kind is monitored", [plan(context.park.source, "targets")]
        )


def _available(context: Context, target: Target, objective_percent: float, expected: str) -> Outcome:
    window = context.availability.get(target.id)
    known_s = window.up_s + window.down_s if window else 0.0
    if window is None or known_s <= 0:
        return decided(None, expected, "no measurement", [_target(context, target)], target.id)
    allowed = 1 - objective_percent / 100
    needed_s = target.interval_s / allowed if allowed > 0 else float("inf")
    cited = [_window(context, target, window)]
    share = 100 * window.up_s / known_s
    actual = f"{share:.3f} % over {known_s:.0f} s, {window.outages} outages"
    if known_s >= needed_s:
        return decided(share >= objective_percent, expected, actual, cited, target.id)
    if window.down_s > allowed * needed_s:
        return decided(False, expected, actual, cited, target.id)
    return decided(
        None, expected, f"{actual}; a window of {needed_s:.0f} s is needed to tell", cited, target.id
    )


def _target(context: Context, target: Target) -> Evidence:
    return plan(context.park.device(target.device).source, f"target {target.id}", target.device)


def _window(context: Context, target: Target, window: Availability) -> Evidence:
    text = f"up {window.up_s:.0f} s, down {window.down_s:.0f} s, unknown {window.unknown_s:.0f} s"
    last = context.latest.get(target.id)
    return Evidence(
        EvidenceKind.PROBE,
        target.device,
        f"probe {target.id}",
        text,
        last.end_s if last else context.now_s,
        PROBE_MAX_AGE_S,
    )


def _last(context: Context, expectation: Expectation) -> Reach | None:
    seen = context.reach.get(expectation.id, ())
    return seen[-1] if seen else None


def _chosen(
    context: Context, allowed: bool, sources: Sequence[str], targets: Sequence[str], between_tenants: bool
) -> list[Expectation]:
    chosen = []
    for expectation in context.expectations:
        if expectation.allowed is not allowed:
            continue
        src, dst = context.park.device(expectation.src_device), context.park.device(expectation.dst_device)
        if between_tenants and not (src.tenant and dst.tenant and src.tenant != dst.tenant):
            continue
        if sources and not set(sources) & ({*context.kinds_of(src.name), src.role}):
            continue
        if targets and not set(targets) & ({*context.kinds_of(dst.name), dst.role}):
            continue
        chosen.append(expectation)
    return chosen


def reach_as_planned(
    context: Context,
    allowed: bool,
    sources: Sequence[str] = (),
    targets: Sequence[str] = (),
    between_tenants: bool = False,
    empty: str = "unknown",
    max_age_s: float = PROBE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether allowed traffic passes, or forbidden traffic is blocked, between kinds of zone or roles.

    ``empty`` is the verdict where nothing of the kind was to be tried.
    """
    verb = "passes" if allowed else "is blocked"
    expected = f"{'allowed' if allowed else 'forbidden'} traffic {verb}"
    chosen = _chosen(context, allowed, sources, targets, between_tenants)
    if not chosen:
        why, cited = "nothing of the kind is to be tried", [plan(context.park.source, "expectations")]
        yield Outcome(Verdict(empty), expected, why, tuple(cited))
        return
    good: list[Evidence] = []
    for expectation in chosen:
        seen = _last(context, expectation)
        fresh = seen is not None and context.fresh(seen.time_s, max_age_s) and seen.passed is not None
        if seen is not None and fresh and seen.passed is allowed:
            good.append(tried(expectation, seen, max_age_s))
            continue
        ends = (
            f"{expectation.src_device} → {expectation.dst_device} {expectation.protocol}/{expectation.port}"
        )
        cited = (
            [tried(expectation, seen, max_age_s)] if seen else [plan(context.park.source, expectation.reason)]
        )
        actual = f"{ends}: " + (
            ("passed" if seen.passed else "blocked") if seen and fresh else "not tried lately"
        )
        yield decided(False if fresh else None, expected, actual, cited, expectation.id)
    if good:
        yield decided(True, expected, f"{len(good)} of {len(chosen)} tries as planned", good)


def round_trip(
    context: Context,
    limit_ms: float,
    targets: Sequence[str],
    sources: Sequence[str] = (),
    percentile: float = 95.0,
    least_samples: int = 100,
    max_age_s: float = PROBE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether round trips to some kinds of zone or roles stay under a limit.

    A percentile of a handful of tries is noise: fewer than ``least_samples`` decide nothing.
    """
    expected = f"p{percentile:g} of the round trips at most {limit_ms:g} ms"
    measured: list[tuple[float, Evidence]] = []
    for expectation in _chosen(context, True, sources, targets, between_tenants=False):
        for seen in context.reach.get(expectation.id, ()):
            if seen.passed and seen.rtt_s is not None and context.fresh(seen.time_s, max_age_s):
                measured.append((seen.rtt_s * 1000, tried(expectation, seen, max_age_s)))
    if not measured:
        yield decided(
            None, expected, "no round trip was measured lately", [plan(context.park.source, "expectations")]
        )
        return
    measured.sort(key=lambda item: item[0])
    rank = min(len(measured) - 1, int(len(measured) * percentile / 100))
    actual = f"{measured[rank][0]:.2f} ms over {len(measured)} tries"
    cited = [evidence for _, evidence in measured[-5:]]
    if len(measured) < least_samples:
        yield decided(None, expected, f"{actual}; {least_samples} are needed to tell", cited)
        return
    yield decided(measured[rank][0] <= limit_ms, expected, actual, cited)


def detection_time(context: Context, limit_s: float, losses: int = 2) -> Iterator[Outcome]:
    """Decide whether outages were found in time, by an upper bound.

    An event opens at the first of ``losses`` samples that confirm it. The fault lies at most one
    interval before that sample, the last confirming sample at most an interval per further loss after it.
    """
    expected = f"an event at most {limit_s:g} s after the fault"
    intervals = {target.id: target.interval_s for target in context.judged_targets}
    outages = [event for event in counted(context.evidence.events) if event.kind == "outage"]
    if not outages:
        yield decided(None, expected, "no outage to measure by", [plan(context.park.source, "events")])
    for event in outages:
        ends = [
            i.end_s
            for i in context.intervals.get(event.target, ())
            if i.state is State.UP and i.end_s <= event.opened_s
        ]
        subject = f"event {event.id}"
        interval_s = intervals.get(event.target)
        seen = Evidence(EvidenceKind.PROBE, event.device, subject, event.cause, event.opened_s)
        if not ends or interval_s is None:
            yield decided(None, expected, "no good sample before it", [seen], subject)
            continue
        bound_s = event.opened_s - max(ends) + losses * interval_s
        actual = f"{event.target}: at most {bound_s:.1f} s (probed every {interval_s:g} s)"
        yield decided(bound_s <= limit_s, expected, actual, [seen], subject)


def service_answers(
    context: Context,
    service: str,
    probes: Sequence[str],
    role: str,
    max_age_s: float = PROBE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether a service of some role answers its probe now."""
    expected = f"{service} answers"
    found = [t for d in context.devices(role) for t in context.targets.get(d.name, ()) if t.probe in probes]
    if not context.devices(role):
        yield not_applicable(expected, f"the park has no {role}")
        return
    if not found:
        cited = [plan(d.source, d.name, d.name) for d in context.devices(role)]
        yield decided(None, expected, f"no {listed(probes)} probe is planned", cited)
    for target in found:
        interval = context.latest.get(target.id)
        known = interval and interval.state is not State.UNKNOWN and context.fresh(interval.end_s, max_age_s)
        held = interval.state is State.UP if interval and known else None
        cited = (
            [observed(interval, target.device, max_age_s, EvidenceKind.PROBE)]
            if interval
            else [_target(context, target)]
        )
        actual = str(interval.state) if interval and known else "not seen, or too long ago"
        yield decided(held, expected, actual, cited, target.device)
