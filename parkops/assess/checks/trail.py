"""Checks on what is on record: operators' and tools' records, drills, backups, changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parkops.assess.checks.records import cite_event
from parkops.assess.context import STATE_MAX_AGE_S, Context, plan, tried
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import Event, Evidence, EvidenceKind

DAY_S = 86_400.0
BEST_EFFORT = "best effort"  # what a driver says that promises nothing
DRILL = re.compile(r"on purpose|\bdrill\b|\btest\b|演练|演习|测试", re.IGNORECASE)


def recorded(
    context: Context, topic: str, max_age_days: float, what: str = "", per_tenant: bool = False
) -> Iterator[Outcome]:
    """Decide whether a record of some topic is not older than a limit (`parkops evidence record`)."""
    expected = f"{what or topic.replace('-', ' ')} on record within {max_age_days:g} days"
    limit_s = max_age_days * DAY_S
    subjects = [tenant.id for tenant in context.tenants] if per_tenant else [""]
    for subject in subjects:
        name = f"{topic}/{subject}" if subject else topic
        found = [r for r in context.evidence.records if r.subject in (name, topic)]
        last = max(found, key=lambda record: record.time_s or 0.0, default=None)
        if last is None or last.time_s is None:
            actual = f"nothing; `parkops evidence record {name} --text … --file …` puts it there"
            yield decided(None, expected, actual, [plan(context.park.source, "records")], subject or "park")
            continue
        age_days = (context.now_s - last.time_s) / DAY_S
        cited = [
            Evidence(last.kind, subject or "park", last.source, last.text, last.time_s, limit_s, last.digest)
        ]
        held = True if context.fresh(last.time_s, limit_s) else None
        yield decided(held, expected, f"{last.text}, {age_days:.1f} days ago", cited, subject or "park")


def _drills(context: Context, roles: Sequence[str] = (), probes: Sequence[str] = ()) -> list[Event]:
    """Return the events that were brought about on purpose, as their notes say."""
    names = {device.name for device in context.devices(*roles)}
    probe_of = {target.id: target.probe for target in context.judged_targets}
    return [
        event
        for event in context.evidence.events
        if event.device in names
        and DRILL.search(event.note)
        and (not probes or probe_of.get(event.target) in probes)
    ]


def drills_held(context: Context, max_age_days: float, topic: str = "drill") -> Iterator[Outcome]:
    """Decide whether a drill was held: an event brought about on purpose, taken and ended, or a record."""
    expected = f"a drill within {max_age_days:g} days, found, taken and ended"
    done = [e for e in _drills(context) if e.acknowledged_by and e.duration_s is not None]
    last = max(done, key=lambda event: event.opened_s, default=None)
    if last is not None and context.fresh(last.opened_s, max_age_days * DAY_S):
        actual = f"event {last.id} at {last.target}, ended after {last.duration_s:.1f} s"
        yield decided(True, expected, actual, [cite_event(event) for event in done[-5:]])
        return
    yield from recorded(context, topic, max_age_days, "a drill")


def alarms_tested(context: Context, max_age_days: float) -> Iterator[Outcome]:
    """Decide whether the alarm stream works: something was found in the window, and followed to its end."""
    expected = f"an alarm within {max_age_days:g} days, with cause and end"
    done = [e for e in context.evidence.events if e.cause and e.duration_s is not None]
    fresh = [e for e in done if context.fresh(e.opened_s, max_age_days * DAY_S)]
    actual = f"{len(fresh)} of {len(context.evidence.events)} events" if done else "no event to judge by"
    cited = [cite_event(event) for event in fresh[-5:]] or [plan(context.park.source, "events")]
    yield decided(True if fresh else None, expected, actual, cited)


def drill_recovered(
    context: Context, kinds: Sequence[str], limit_s: float, max_age_days: float = 366
) -> Iterator[Outcome]:
    """Decide whether traffic went on within a limit after a link of some kind was cut on purpose.

    The first try of allowed traffic after the cut that passed bounds the recovery from above: a late try
    decides nothing, a try that was blocked after the limit fails.
    """
    expected = f"allowed traffic of the site passes within {limit_s:g} s after a link is cut"
    links = {link.id for link in context.links if link.kind in kinds}
    if not links:
        yield not_applicable(expected, f"the park has no link of kind {' or '.join(kinds)}")
        return
    ways = {target.id: target.param("link") for target in context.judged_targets}
    drills = [e for e in _drills(context, probes=("link",)) if ways.get(e.target) in links]
    drills = [e for e in drills if context.fresh(e.opened_s, max_age_days * DAY_S)]
    if not drills:
        yield decided(
            None, expected, "no such link was cut on purpose yet", [plan(context.park.source, "links")]
        )
    for event in drills:
        yield _recovered(context, event, limit_s, expected)


def _recovered(context: Context, event: Event, limit_s: float, expected: str) -> Outcome:
    site = context.park.device(event.device).site
    names = {device.name for device in context.devices_by_site.get(site, ())}
    names |= {
        device.name
        for s in context.segments_by_site.get(site, ())
        for device in context.devices_by_segment.get(s, ())
    }
    end_s = event.opened_s + event.duration_s if event.duration_s is not None else context.now_s
    tries = [
        (expectation, seen)
        for name in sorted(names)
        for expectation in context.allowed_by_device.get(name, ())
        for seen in context.reach.get(expectation.id, ())
        if event.opened_s <= seen.time_s <= end_s and seen.passed is not None
    ]
    cited = [cite_event(event), *(tried(e, seen, STATE_MAX_AGE_S) for e, seen in tries[:5])]
    subject = f"event {event.id}"
    if not tries:
        return decided(None, expected, f"{event.target}: no traffic was tried meanwhile", cited, subject)
    failed = [e.id for e, seen in tries if not seen.passed and seen.time_s - event.opened_s > limit_s]
    if failed:
        return decided(
            False, expected, f"{event.target}: blocked meanwhile: {listed(failed)}", cited, subject
        )
    first_s = min(seen.time_s for _, seen in tries if seen.passed) - event.opened_s
    actual = f"{event.target}: all {len(tries)} tries passed, the first {first_s:.1f} s after"
    return decided(True if first_s <= limit_s else None, expected, actual, cited, subject)


def quiet_after_push(context: Context, kinds: Sequence[str], window_s: float) -> Iterator[Outcome]:
    """Decide whether nothing in some kinds of zone went down in the time after the last push.

    Drills do not count. Until the window is over, and where nobody watched, it is unknown.
    """
    expected = f"nothing goes down within {window_s:g} s after a push"
    when = context.evidence.pushed_s
    if not context.zones_of_kind(*kinds):
        yield not_applicable(expected, f"the park has no zone of kind {', '.join(kinds)}")
        return
    if when is None:
        yield decided(None, expected, "nothing was pushed yet", [plan(context.park.source, "park")])
        return
    end_s = min(when + window_s, context.now_s)
    names = {
        d.name
        for z in context.zones_of_kind(*kinds)
        for d in map(context.park.device, context.devices_by_zone.get(z.id, ()))
    }
    hit = [
        e
        for e in context.evidence.events
        if e.device in names and when <= e.opened_s <= end_s and not DRILL.search(e.note)
    ]
    watched = [
        i
        for n in names
        for t in context.targets.get(n, ())
        if (i := context.latest.get(t.id)) and i.end_s > when
    ]
    seen = Evidence(
        EvidenceKind.STATE, "park", "last push", f"pushed, then watched {len(watched)} targets", when
    )
    actual = f"{len(hit)} outages of {len(watched)} watched targets in {end_s - when:.0f} s"
    late = end_s < when + window_s
    held = False if hit else None if not watched or late else True
    actual += f"; the window of {window_s:g} s is not over" if late and not hit else ""
    yield decided(held, expected, actual, [seen, *(cite_event(e) for e in hit[:5])])


def backups_fresh(context: Context, max_age_s: float, roles: Sequence[str] = ()) -> Iterator[Outcome]:
    """Decide whether the configuration of every device was read off it and is kept, with its digest."""
    expected = f"a copy of the running configuration off the device, not older than {max_age_s / 3600:g} h"
    devices = context.devices(*roles)
    if not devices:
        yield not_applicable(expected, "the park has no such device")
    for device in devices:
        running = context.running.get(device.name)
        if running is None:
            cited = [plan(device.source, device.name, device.name)]
            yield decided(None, expected, "never read off it", cited, device.name)
            continue
        age_s = context.now_s - running.time_s
        text = f"{len(running.text)} bytes and {len(running.files)} files, {age_s / 3600:.1f} h old"
        source = f"{device.name}:running-config"
        cited = [
            Evidence(EvidenceKind.STATE, device.name, source, text, running.time_s, max_age_s, running.digest)
        ]
        held = True if context.fresh(running.time_s, max_age_s) else None
        yield decided(held, expected, text, cited, device.name)


def changes_recorded(context: Context, what: str = "changes", max_age_days: float = 366) -> Iterator[Outcome]:
    """Decide whether every change is in a journal whose chain of hashes holds, with who made it."""
    expected = "every change in a sealed journal, with who made it, when, and how it ended"
    log = context.evidence.changes
    if log is None or not log.changes:
        yield decided(None, expected, "there is no push journal yet", [plan(context.park.source, "park")])
        return
    recent = [c for c in log.changes if context.fresh(c.begun_s, max_age_days * DAY_S)]
    bad = [c.id for c in recent if not c.who or c.ending == "open"]
    last = log.changes[-1]
    text = f"{len(recent)} {what}, the last by {last.who or 'nobody'}: {last.ending}"
    text += f"; {log.trouble}" if log.trouble else ", the chain of hashes holds"
    text += f"; without author or end: {listed(bad)}" if bad else ""
    seen = Evidence(
        EvidenceKind.STATE, "park", f"journal {last.id}", text, last.begun_s, max_age_days * DAY_S
    )
    mend = "`parkops push --resume` or `parkops rollback` ends what is open; `parkops journal verify`"
    held = None if not recent else not bad and not log.trouble
    yield decided(held, expected, text, [seen], "park", mend)


def changes_guarded(context: Context, max_age_days: float = 366) -> Iterator[Outcome]:
    """Decide whether the drivers of the last push could take a change back by themselves."""
    expected = "a confirmed commit, a candidate or a rollback point on every device of the last push"
    log = context.evidence.changes
    done = [change for change in (log.changes if log else ()) if change.guarantees]
    done = [change for change in done if context.fresh(change.begun_s, max_age_days * DAY_S)]
    if not done:
        yield decided(None, expected, "no push that changed anything", [plan(context.park.source, "park")])
        return
    last = done[-1]
    weak = [text for text in last.guarantees if text == BEST_EFFORT]
    text = "; ".join(last.guarantees)
    limit_s = max_age_days * DAY_S
    seen = Evidence(EvidenceKind.STATE, "park", f"journal {last.id}", text, last.begun_s, limit_s)
    yield decided(not weak, expected, text, [seen])


def changes_revert(context: Context, max_age_days: float = 366) -> Iterator[Outcome]:
    """Decide whether going back was exercised: a rollback, or a push that took itself back."""
    expected = f"a rollback exercised within {max_age_days:g} days"
    log = context.evidence.changes
    done = [c for c in (log.changes if log else ()) if c.kind == "rollback" or c.ending == "rolled back"]
    done = [c for c in done if context.fresh(c.begun_s, max_age_days * DAY_S)]
    if done:
        last = done[-1]
        text = f"{last.kind} {last.id} by {last.who}: {last.ending}"
        seen = Evidence(
            EvidenceKind.STATE, "park", f"journal {last.id}", text, last.begun_s, max_age_days * DAY_S
        )
        yield decided(True, expected, text, [seen])
        return
    yield from recorded(context, "rollback-drill", max_age_days, "a rollback drill")


SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bpassword\s+(?:simple|plain|cleartext|0)\s+\S+", re.IGNORECASE
)


def no_secrets_rendered(context: Context) -> Iterator[Outcome]:
    """Decide whether no rendered artifact holds a private key or a password in clear text."""
    expected = "references in place of secrets, in every artifact"
    found = []
    names = {device.name for device in context.managed}
    artifacts = [a for a in context.evidence.artifacts if not a.device or a.device in names]
    if not artifacts:
        yield decided(None, expected, "nothing was rendered", [plan(context.park.source, "park")])
        return
    for artifact in artifacts:
        match = SECRET.search(artifact.text)
        if match:
            line = artifact.text.count("\n", 0, match.start()) + 1
            source = f"{artifact.path}:{line}"
            text = "a secret in clear text (not shown)"
            found.append(Evidence(EvidenceKind.CONFIG, artifact.device or "park", source, text, None))
    whole = Evidence(EvidenceKind.CONFIG, "park", "artifacts", f"{len(artifacts)} artifacts", None)
    actual = f"{len(found)} of {len(artifacts)} artifacts hold one"
    yield decided(
        not found, expected, actual, found or [whole], "park", "use a reference: env:, file:, age: or vault:"
    )
