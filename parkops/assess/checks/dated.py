"""Checks on the plan's dated statements: interconnections, waivers and attestations end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches

from parkops.assess.checks.records import file_state, parse_date, today
from parkops.assess.context import Context, plan
from parkops.assess.outcome import Outcome, decided, not_applicable
from parkops.model import Verdict


def _ends(text: str, now: date, soon_days: int) -> tuple[bool, str]:
    """Tell whether a last day has not passed, and say how long it still is."""
    last = parse_date(text)
    if last is None:
        return False, f"no date: {text!r}"
    days = (last - now).days
    if days < 0:
        return False, f"ended on {text}, {-days} days ago"
    return True, f"until {text}" + (f", soon: {days} days are left" if days <= soon_days else "")


def interconnects_in_force(context: Context, soon_days: int) -> Iterator[Outcome]:
    """Decide whether every interconnection of tenants is within its agreed time."""
    expected = "an interconnection within its agreed time"
    for item in context.park.interconnects:
        held, actual = _ends(item.until, today(context), soon_days)
        cited = [plan(item.source, f"{' and '.join(item.tenants)}: {item.reason} ({item.asked_by})", item.id)]
        mend = f"interconnects.{item.id}: remove it with its flows, or agree on a new last day (until)"
        yield decided(held, expected, actual, cited, item.id, mend)
    if not context.park.interconnects:
        yield not_applicable(expected, "the plan joins no tenants")


def _named(context: Context, requirement: str) -> str:
    """Return "" when a control of that name was judged, else what may have been meant."""
    known: Mapping[str, Verdict] = context.verdicts or {}
    if requirement in known:
        return ""
    close = get_close_matches(requirement, known, n=1)
    return f"no control is called {requirement}" + (f", did you mean {close[0]}?" if close else "")


def waivers_in_force(context: Context, soon_days: int) -> Iterator[Outcome]:
    """Decide whether every waiver has not expired, and names a control that exists."""
    expected = "a waiver in force, of a control that exists"
    for item in context.park.waivers:
        held, actual = _ends(item.expires_on, today(context), soon_days)
        unknown = _named(context, item.requirement)
        cited = [plan(item.source, f"{item.reason} ({item.owner})", item.requirement)]
        mend = f"waivers.{item.requirement}: meet the control and remove the waiver, or decide on it anew"
        yield decided(held and not unknown, expected, unknown or actual, cited, item.requirement, mend)
    if not context.park.waivers:
        yield not_applicable(expected, "the plan waives nothing")


def attestations_in_force(context: Context, soon_days: int) -> Iterator[Outcome]:
    """Decide whether every attestation has not expired, names a control, and has its evidence at hand."""
    expected = "an attestation in force, of a control that exists"
    for item in context.park.attestations:
        held, actual = _ends(item.expires_on, today(context), soon_days)
        unknown = _named(context, item.requirement) or file_state(context, item)[1]
        cited = [plan(item.source, f"{item.evidence} (stated by {item.stated_by})", item.requirement)]
        mend = f"attestations.{item.requirement}: prove it anew, with evidence, date, by and expires"
        yield decided(held and not unknown, expected, unknown or actual, cited, item.requirement, mend)
    if not context.park.attestations:
        yield not_applicable(expected, "the plan attests nothing")
