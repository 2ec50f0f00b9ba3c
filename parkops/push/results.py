"""How a push came out, or would: one result or change per device, in words for people."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model import Change, Outcome, Result
from parkops.push.contract import Site
from parkops.push.driver import diff_size, reason
from parkops.push.remedy import remedy
from parkops.push.replay import Ending, Stage
from parkops.push.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a transaction ended, with one result per device, by name."""

    tx: str
    ending: Ending
    reason: str
    results: tuple[Result, ...]
    interrupted: bool = False  # by people; everything was taken back
    settled: bool = False  # it was cut off, and to be taken back


def change_of(site: Site, error: BaseException | None) -> Change:
    """Say what a push would change on a device that was surveyed."""
    run = site.steps.run
    if error is not None:
        return Change(site.name, site.driver, site.diff, site.guarantee, run.vault.redact(reason(error)))
    found = remedy(site, run)
    return Change(
        site.name,
        site.driver,
        site.diff,
        site.guarantee,
        remediation=found.lines,
        rollback=found.rollback,
        unsafe=found.error,
        notes=found.notes,
    )


def result_of(site: Site, work: Transaction, spent_s: float) -> Result:
    """Say how a device came out of a transaction."""
    outcome, message = _outcome(site, work)
    text = work.run.vault.redact(message)
    return Result(site.name, site.driver, outcome, text, site.diff, tuple(site.steps.taken), spent_s)


def _outcome(site: Site, work: Transaction) -> tuple[Outcome, str]:
    """Say how a device came out."""
    if site.stage is Stage.CONFIRMED and work.ending is Ending.COMMITTED:
        added, removed = diff_size(site.diff)
        return Outcome.CHANGED, f"+{added} -{removed}"
    if work.ending is Ending.OPEN and site.stage in (Stage.CANCELLING, Stage.PENDING, Stage.CONFIRMING):
        hint = f"`parkops rollback {work.run.transaction}` when it answers again"
        return Outcome.FAILED, f"in doubt: {_said(site.error) or work.reason}: {hint}"
    if site.error is not None:
        back = "; taken back" if site.stage is Stage.OLD else ""
        return Outcome.FAILED, f"{reason(site.error)}{back}"
    if work.ending in (Ending.COMMITTED, Ending.UNCHANGED) or (site.snapshot and not site.diff):
        return Outcome.UNCHANGED, "runs what was rendered"
    begun = "taken back" if site.stage is Stage.OLD else "not begun"
    return Outcome.SKIPPED, f"{begun}: {work.reason}"


def foretold(change: Change) -> Result:
    """Say what a push would do, as a result."""
    if change.error:
        return Result(change.device, change.driver, Outcome.FAILED, change.error)
    if change.empty:
        return Result(change.device, change.driver, Outcome.UNCHANGED, "runs what was rendered")
    added, removed = diff_size(change.diff)
    message = f"would change +{added} -{removed}; {change.guarantee.text}"
    return Result(change.device, change.driver, Outcome.SKIPPED, message, change.diff)


def _said(error: BaseException | None) -> str:
    return reason(error) if error is not None else ""
