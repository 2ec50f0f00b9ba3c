"""Checks on live state: what answers, what was pushed, and what the devices say of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkops.assess.context import (
    CONFIG_MAX_AGE_S,
    STATE_MAX_AGE_S,
    Context,
    observed,
    plan,
    state_of,
    tried,
)
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.assess.texts import Text, file_of
from parkops.model import (
    Device,
    EndpointGroup,
    Evidence,
    EvidenceKind,
    Link,
    Role,
    State,
    Target,
)

TELLING_S = 3600.0  # what a shorter window missed at its start says nothing
AGENTS = ("snmp", "gnmi")
UP = {True: "up", False: "down", None: "not seen, or too long ago"}


def devices_up(
    context: Context,
    roles: Sequence[str] = (),
    probes: Sequence[str] = (),
    kind: str = "state",
    max_age_s: float = STATE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether the devices of some roles answer their probes now."""
    expected = "answers " + (", ".join(probes) if probes else "all its probes")
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, "the park has no such device")
    for device in devices:
        held, cited = state_of(context, device.name, probes, max_age_s, EvidenceKind(kind))
        yield decided(held, expected, UP[held], cited or [_planned(device)], device.name)


def _planned(device: Device) -> Evidence:
    return plan(device.source, f"{device.name} at {device.management_address or 'no address'}", device.name)


def monitored(
    context: Context,
    least_percent: float,
    roles: Sequence[str] = (),
    max_age_s: float = 300.0,
    kind: str = "probe",
) -> Iterator[Outcome]:
    """Decide whether every device has fresh data, and the prober itself missed little of the window."""
    expected = f"data not older than {max_age_s:g} s and at least {least_percent:g} % of the window seen"
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, "the park has no such device")
    for device in devices:
        targets = context.targets.get(device.name, ())
        seen = [context.latest[t.id] for t in targets if t.id in context.latest]
        if not seen:
            yield decided(None, expected, "never probed", [_planned(device)], device.name)
            continue
        last = max(seen, key=lambda interval: interval.end_s)
        windows = [context.availability[t.id] for t in targets if t.id in context.availability]
        known = sum(w.up_s + w.down_s for w in windows)
        whole = known + sum(w.unknown_s for w in windows)
        share = 100 * known / whole if whole else 100.0
        age_s = context.now_s - last.end_s
        cited = [observed(last, device.name, max_age_s, EvidenceKind(kind))]
        held = share >= least_percent if context.fresh(last.end_s, max_age_s) else None
        actual = f"last seen {age_s:.0f} s ago, {share:.1f} % known"
        if held is False and whole < TELLING_S * len(windows):
            held, actual = None, f"{actual}; a window of {TELLING_S:g} s is needed to tell"
        yield decided(held, expected, actual, cited, device.name)


def health_collected(context: Context, max_age_s: float = STATE_MAX_AGE_S) -> Iterator[Outcome]:
    """Decide whether every device has an agent that reads its health, and the agent answers now."""
    expected = "an agent that reads processor, memory and temperature, and answers"
    for device in context.managed:
        agents = any(service.kind == "node_exporter" for service in device.services)
        if not agents and not any(t.probe in AGENTS for t in context.targets.get(device.name, ())):
            mend = "management.snmp: users, so that its agent can be asked"
            yield decided(False, expected, "no health agent", [_planned(device)], device.name, mend)
            continue
        held, cited = state_of(context, device.name, ("http", *AGENTS), max_age_s, EvidenceKind.STATE)
        yield decided(held, expected, UP[held], cited or [_planned(device)], device.name)


def netconf_hello(
    context: Context, modules: Sequence[str], max_age_s: float = CONFIG_MAX_AGE_S
) -> Iterator[Outcome]:
    """Decide whether switches said hello with a base version and the modules needed (RFC 6241 clause 8.1)."""
    expected = f"a hello with base:1.0 or 1.1 and {', '.join(modules)}"
    devices = context.devices(Role.RING_SWITCH, Role.ACCESS_SWITCH)
    if not devices:
        yield not_applicable(expected, "the park has no NETCONF switch")
    for device in devices:
        running = context.running.get(device.name)
        if running is None or not context.fresh(running.time_s, max_age_s) or not running.capabilities:
            yield decided(
                None, expected, "no hello was recorded, or too long ago", [_planned(device)], device.name
            )
            continue
        text = " ".join(running.capabilities)
        missing = [name for name in modules if name not in text]
        based = "netconf:base:1.0" in text or "netconf:base:1.1" in text
        actual = f"{len(running.capabilities)} capabilities" + (
            f", lacking {listed(missing)}" if missing else ""
        )
        seen = Evidence(
            EvidenceKind.STATE,
            device.name,
            f"{device.name} hello",
            actual,
            running.time_s,
            max_age_s,
            running.digest,
        )
        yield decided(based and not missing, expected, actual, [seen], device.name)


def pushed(
    context: Context, roles: Sequence[str] = (), max_age_s: float = CONFIG_MAX_AGE_S
) -> Iterator[Outcome]:
    """Decide whether the last push left every device with what was rendered for it."""
    expected = "configured automatically, and read back as rendered"
    for device in context.devices(*roles):
        result, when = context.results.get(device.name), context.evidence.pushed_s
        if result is None or when is None or not context.fresh(when, max_age_s):
            yield decided(None, expected, "not pushed, or too long ago", [_planned(device)], device.name)
            continue
        text = f"{result.outcome} by {result.driver}" + (f": {result.message}" if result.message else "")
        seen = Evidence(EvidenceKind.STATE, device.name, f"push {device.name}", text, when, max_age_s)
        yield decided(result.ok, expected, text, [seen], device.name)


def no_drift(
    context: Context, roles: Sequence[str] = (), destinations: Sequence[str] = ()
) -> Iterator[Outcome]:
    """Decide whether running configurations equal the rendered ones.

    Files of Linux nodes are compared as text (all of them, or those at ``destinations``); what a router
    or switch runs was compared in its own language by the push that read it back.
    """
    expected = "the running configuration equals the rendered one"
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, "the park has no such device")
    for device in devices:
        yield _drift(context, device, destinations, expected)


def _drift(context: Context, device: Device, destinations: Sequence[str], expected: str) -> Outcome:
    running, result = context.running.get(device.name), context.results.get(device.name)
    when = context.evidence.pushed_s
    if (
        running is None
        or not context.fresh(running.time_s, CONFIG_MAX_AGE_S)
        or result is None
        or when is None
    ):
        return decided(None, expected, "not read back, or too long ago", [_planned(device)], device.name)
    held = dict(running.files)
    differing: list[Text] = []
    compared = 0
    for artifact in context.artifacts.get(device.name, ()):
        wanted = not destinations or artifact.destination in destinations
        if not (artifact.destination and artifact.destination in held and wanted):
            continue
        compared += 1
        text = file_of(context, device, artifact.destination)
        if text is not None and text.body.rstrip() != artifact.text.rstrip():
            differing.append(text)
    cited = [text.cite(1, "differs from what was rendered") for text in differing]
    source = f"{device.name}:running-config"
    cited.append(
        Evidence(
            EvidenceKind.CONFIG,
            device.name,
            source,
            f"{result.outcome} at the last push, {compared} files compared",
            running.time_s,
            CONFIG_MAX_AGE_S,
            running.digest,
        )
    )
    actual = f"differs: {listed(text.path for text in differing)}" if differing else str(result.outcome)
    return decided(result.ok and not differing, expected, actual, cited, device.name)


def _live(context: Context, group: EndpointGroup, max_age_s: float) -> tuple[bool | None, list[Evidence]]:
    """Tell whether a group's representative was seen on the network: by its probes, or by traffic."""
    held, cited = state_of(context, group.representative, (), max_age_s, EvidenceKind.STATE)
    if held is not None:
        return held, list(cited)
    seen: list[Evidence] = []
    answers: list[bool] = []
    for expectation in context.allowed_by_device.get(group.representative, ()):
        for reach in context.reach.get(expectation.id, ())[-1:]:
            if reach.passed is not None and context.fresh(reach.time_s, max_age_s):
                answers.append(reach.passed)
                seen.append(tried(expectation, reach, max_age_s))
    return (any(answers) if answers else None), seen


def endpoints_live(
    context: Context,
    kind: str,
    protocols: Sequence[str] = (),
    elements: Sequence[str] = (),
    least_percent: float = 100.0,
    max_age_s: float = STATE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether endpoint groups are seen live, each by the endpoint that stands for it."""
    groups = [
        g
        for g in context.groups_of(kind)
        if (not protocols or g.protocol in protocols) and (not elements or g.element in elements)
    ]
    expected = "the endpoint that stands for the group seen on the network"
    if not groups:
        yield not_applicable(expected, f"there is no such group in a {kind} network")
        return
    answers: dict[str, bool | None] = {}
    evidence: dict[str, list[Evidence]] = {}
    for group in groups:
        held, cited = _live(context, group, max_age_s) if group.representative else (None, [])
        answers[group.id] = held
        evidence[group.id] = cited or [plan(group.source, group.title or group.id, group.id)]
    share = 100 * sum(answer is True for answer in answers.values()) / len(answers)
    if None not in answers.values() and share >= least_percent:
        cited = [item for group in groups for item in evidence[group.id][:1]]
        yield decided(
            True, f"{least_percent:g} % of the groups seen", f"{share:.0f} % of {len(groups)}", cited
        )
        return
    for group in groups:
        actual = {True: "seen", False: "not reachable", None: "not tried, or too long ago"}[answers[group.id]]
        yield decided(answers[group.id], expected, actual, evidence[group.id], group.id)


def _link_targets(context: Context, link: Link) -> list[Target]:
    """Return the targets that watch a link, by its id or by a port at one of its ends."""
    ends = (f"{link.a_device} {link.a_interface}", f"{link.b_device} {link.b_interface}")
    found = [target for key in (link.id, *ends) for target in context.link_targets.get(key, ())]
    return list({target.id: target for target in found}.values())


def links_up(
    context: Context,
    links: Sequence[str],
    max_age_s: float = STATE_MAX_AGE_S,
) -> Iterator[Outcome]:
    """Decide whether links of some kinds ("important" stands for those so marked) are up at their probes."""
    wanted = [
        link for link in context.links if link.kind in links or (link.important and "important" in links)
    ]
    expected = "the link up at every port that is watched"
    if not wanted:
        yield not_applicable(expected, "the park has no such link")
    for link in wanted:
        targets = _link_targets(context, link)
        seen = [(t, context.latest[t.id]) for t in targets if t.id in context.latest]
        fresh = [i for _, i in seen if context.fresh(i.end_s, max_age_s) and i.state is not State.UNKNOWN]
        held = all(i.state is State.UP for i in fresh) if fresh else None
        cited = [observed(i, t.device, max_age_s, EvidenceKind.STATE) for t, i in seen]
        source = context.park.device(link.a_device).source
        ends = f"{link.a_device} {link.a_interface} – {link.b_device} {link.b_interface}"
        yield decided(held, expected, UP[held], cited or [plan(source, ends, link.id)], link.id)


def probes_answer(
    context: Context,
    probes: Sequence[str],
    what: str,
    max_age_s: float = STATE_MAX_AGE_S,
    kind: str = "state",
) -> Iterator[Outcome]:
    """Decide whether what some probes look for holds, wherever one is planned; without one it is unknown."""
    found = [target for target in context.judged_targets if target.probe in probes]
    if not found:
        actual = f"no {' or '.join(probes)} probe is planned"
        yield decided(None, what, actual, [plan(context.park.source, "targets")])
    for target in found:
        interval = context.latest.get(target.id)
        if interval is None:
            yield decided(
                None, what, "never probed", [_planned(context.park.device(target.device))], target.id
            )
            continue
        known = context.fresh(interval.end_s, max_age_s) and interval.state is not State.UNKNOWN
        held = interval.state is State.UP if known else None
        actual = UP[held] + (f": {interval.reason}" if interval.reason and not held else "")
        cited = [observed(interval, target.device, max_age_s, EvidenceKind(kind))]
        yield decided(held, what, actual, cited, target.id)
