"""Checks on records: events and their closing, pushes, stated facts, attestations, other verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from parkops.assess.context import CONFIG_MAX_AGE_S, Context, plan
from parkops.assess.outcome import Outcome, decided, listed
from parkops.model import Attestation, Event, Evidence, EvidenceKind, Verdict

POLICY = "policy"  # what closed by itself, as the plan lets it
SOON_DAYS = 30


def cite_event(event: Event) -> Evidence:
    """Cite an event."""
    closed = f"closed after {event.duration_s:.1f} s" if event.duration_s is not None else "open"
    owner = event.acknowledged_by or "nobody"
    text = f"{event.target}: {event.cause}; {closed}; taken by {owner}"
    return Evidence(
        EvidenceKind.STATE, event.device, f"event {event.id}", text, event.closed_s or event.opened_s
    )


def _events(context: Context, roles: Sequence[str]) -> list[Event]:
    names = {device.name for device in context.devices(*roles)} if roles else None
    return [e for e in counted(context.evidence.events) if names is None or e.device in names]


def counted(events: Sequence[Event]) -> list[Event]:
    """Return the events that stand for themselves: no consequences of others, and no planned work."""
    return [e for e in events if e.parent is None and not e.muted.startswith("maintenance")]


def taken(event: Event) -> str:
    """Return who took an event, "" for nobody; what the policy closed had to be taken by nobody."""
    return event.acknowledged_by or event.work_by or event.closed_by


def events_closed(
    context: Context, least_percent: float, overdue_s: float, roles: Sequence[str] = ()
) -> Iterator[Outcome]:
    """Decide whether events have an owner and are closed, and none is open for too long."""
    events = _events(context, roles)
    expected = (
        f"an owner on every event, {least_percent:g} % closed, none open for over {overdue_s / 3600:g} h"
    )
    if not events:
        yield decided(
            None, expected, "no event in the window to judge by", [plan(context.park.source, "events")]
        )
        return
    closed = [event for event in events if event.closed_s is not None]
    unowned = [event for event in events if not taken(event)]
    overdue = [e for e in events if e.closed_s is None and context.now_s - e.opened_s > overdue_s]
    share = 100 * len(closed) / len(events)
    actual = (
        f"{len(events)} events, {share:.0f} % closed, {len(unowned)} without owner, {len(overdue)} overdue"
    )
    held = share >= least_percent and not unowned and not overdue
    yield decided(held, expected, actual, [cite_event(event) for event in events[:20]])


def response_time(context: Context, limit_s: float) -> Iterator[Outcome]:
    """Decide whether events are taken up in time: mean of acknowledged (else closed) minus opened."""
    expected = f"a mean time to respond of at most {limit_s:g} s"
    events = [e for e in context.evidence.events if e.acknowledged_s is not None or e.closed_s is not None]
    if not events:
        yield decided(None, expected, "no event was answered yet", [plan(context.park.source, "events")])
        return
    delays = [min(filter(None, (e.acknowledged_s, e.closed_s))) - e.opened_s for e in events]
    mean_s = sum(delays) / len(delays)
    cited = [cite_event(event) for event in events[:20]]
    yield decided(mean_s <= limit_s, expected, f"{mean_s:.1f} s over {len(events)} events", cited)


def events_documented(context: Context) -> Iterator[Outcome]:
    """Decide whether every closed event tells its cause, who took it, and what was done."""
    expected = "cause, owner and follow-up note on every closed event"
    events = [event for event in counted(context.evidence.events) if event.closed_s is not None]
    if not events:
        yield decided(None, expected, "no closed event to judge by", [plan(context.park.source, "events")])
        return
    bad = [e for e in events if not (e.cause and taken(e) and (e.note or e.closed_by == POLICY))]
    actual = f"{len(events) - len(bad)} of {len(events)} are complete"
    yield decided(not bad, expected, actual, [cite_event(event) for event in (bad or events)[:20]])


def pushes_recorded(context: Context, max_age_s: float = CONFIG_MAX_AGE_S) -> Iterator[Outcome]:
    """Decide whether the last push left a record with its steps for every managed device."""
    expected = "a record with driver, steps and times for every managed device"
    when = context.evidence.pushed_s
    if when is None or not context.fresh(when, max_age_s):
        yield decided(
            None, expected, "no push on record, or too long ago", [plan(context.park.source, "park")]
        )
        return
    bare = [d.name for d in context.managed if d.name not in context.results]
    bare += [r.device for r in context.results.values() if not r.steps and r.outcome != "unchanged"]
    cited = [
        Evidence(
            EvidenceKind.STATE,
            r.device,
            f"push {r.device}",
            f"{r.outcome}, {len(r.steps)} steps",
            when,
            max_age_s,
        )
        for r in context.results.values()
    ]
    actual = f"{len(context.results)} records" + (f"; incomplete: {listed(bare)}" if bare else "")
    yield decided(not bare, expected, actual, cited[:40])


def indicators_computed(context: Context, ids: Sequence[int]) -> Iterator[Outcome]:
    """Decide whether some indicators were computed, or are shown as unknown with a reason."""
    for item in context.indicators:
        if item.id not in ids:
            continue
        shown = f"{item.score:.0f}" if item.score is not None else f"unknown: {item.explanation}"
        cited = item.evidence or (plan(context.park.source, f"indicator {item.id}"),)
        held = item.score is not None or bool(item.explanation)
        yield decided(held, "a score, or unknown with its reason", shown, cited, f"indicator {item.id}")


def none_failed(context: Context, requirements: Sequence[str]) -> Iterator[Outcome]:
    """Decide over other requirements: one failed fails, all passed passes, else it stays unknown."""
    verdicts = {name: (context.verdicts or {}).get(name, Verdict.UNKNOWN) for name in requirements}
    failed = [name for name, verdict in verdicts.items() if verdict is Verdict.FAIL]
    open_ones = [name for name, verdict in verdicts.items() if verdict is Verdict.UNKNOWN]
    held = False if failed else None if open_ones else True
    actual = f"failed: {listed(failed)}; not yet evidenced: {listed(open_ones)}"
    yield decided(held, f"none of {len(verdicts)} failed", actual, [plan(context.park.source, "catalogue")])


def fact_stated(
    context: Context, name: str, includes: Sequence[str] = (), what: str = ""
) -> Iterator[Outcome]:
    """Decide whether the plan states a fact, and it holds each of ``includes``."""
    value = context.park.fact(name)
    parts = value.split(",")
    missing = [part for part in includes if part not in parts]
    expected = what or f"{name} stated"
    held = bool(value) and value not in ("False", "0") and not missing
    actual = f"{name}: {value or 'nothing'}" + (f", lacking {listed(missing)}" if missing else "")
    yield decided(held, expected, actual, [plan(context.park.source, actual)])


def parse_date(text: str) -> date | None:
    """Return an ISO date, None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def today(context: Context) -> date:
    """Return the date of the assessment (UTC)."""
    return datetime.fromtimestamp(context.now_s, UTC).date()


def attested(context: Context, requirement: str, criterion: str) -> Outcome:
    """Decide by the operator's word, while it has not expired."""
    expected = criterion.rstrip(".")
    refused: list[str] = []
    for item in context.park.attestations:
        if item.requirement != requirement:
            continue
        stated, expires = parse_date(item.stated_on), parse_date(item.expires_on)
        text = f"{item.evidence} (stated by {item.stated_by} on {item.stated_on}, until {item.expires_on})"
        stamp = datetime(stated.year, stated.month, stated.day, tzinfo=UTC).timestamp() if stated else None
        if not (stated and stated <= today(context) and expires and expires >= today(context)):
            refused.append(f"not in force: {text}")
            continue
        seen, trouble = file_state(context, item)
        if trouble:
            refused.append(f"{trouble}: {text}")
            continue
        left = (expires - today(context)).days
        told = f"{text}{seen}" + (f"; soon over: {left} days are left" if left <= SOON_DAYS else "")
        digest = context.files[item.evidence].sha256 if item.evidence in context.files else ""
        cited = Evidence(EvidenceKind.ATTEST, requirement, str(item.source), told, stamp, None, digest)
        return decided(True, expected, told, [cited])
    cited_plan = [plan(context.park.source, "attestations")]
    mend = f"attestations.{requirement}: {{evidence: evidence/….pdf, date: …, by: …, expires: …}}"
    actual = "; ".join(refused[:3]) if refused else "the operator has stated nothing"
    return decided(None, expected, actual, cited_plan, "park", mend)


def file_state(context: Context, item: Attestation) -> tuple[str, str]:
    """Return what is to be told of an attestation's file, and why it does not count ("" when it does)."""
    if context.evidence.files is None:
        return "", ""
    seen = context.files.get(item.evidence)
    if seen is None:
        return "; a record, no file: not looked at", ""
    if not seen.sha256:
        return "", f"the file {item.evidence} is not in the park's folder"
    if item.sha256 and item.sha256.lower() != seen.sha256:
        return "", f"the file {item.evidence} was changed: its SHA-256 is {seen.sha256}"
    return f"; {seen.size_bytes} bytes, SHA-256 {seen.sha256[:16]}…", ""
