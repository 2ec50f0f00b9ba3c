"""What the journal says of each phase: the stage that a device is in, the words for it, and what is kept."""

from __future__ import annotations

from parkops.push.contract import Phase, Site
from parkops.push.replay import Stage
from parkops.push.target import snapshot_text, target_text

DONE = {
    Phase.SURVEY: "surveyed",
    Phase.PREPARE: "prepared",
    Phase.COMMIT: "committed",
    Phase.VERIFY: "verified",
    Phase.CONFIRM: "confirmed",
    Phase.CANCEL: "cancelled",
}
BEGUN = {  # stage that a device is in as soon as the phase has been journalled
    Phase.PREPARE: Stage.PREPARED,
    Phase.COMMIT: Stage.PENDING,
    Phase.CONFIRM: Stage.CONFIRMING,
    Phase.CANCEL: Stage.CANCELLING,
}
ENDED = {Phase.CONFIRM: Stage.CONFIRMED, Phase.CANCEL: Stage.OLD}
# What must be taken back when the transaction fails; a prepared device only has to be released.
IN_FORCE = frozenset({Stage.PENDING, Stage.CONFIRMING, Stage.CONFIRMED, Stage.CANCELLING})


def begun_with(phase: Phase, site: Site) -> dict[str, object]:
    """Return what the journal must know before a phase, so that another process can go on."""
    if phase is Phase.COMMIT:
        return {"token": site.token, "timeout_s": site.timeout_s}
    return {}


def ended_with(phase: Phase, site: Site) -> dict[str, object]:
    """Return what a phase has found out, for who reads the journal."""
    if phase is Phase.SURVEY:
        return {"driver": site.driver, "guarantee": site.guarantee.text}
    return {}


def kept(phase: Phase, site: Site) -> dict[str, str]:
    """Return what the journal keeps in full: difference, snapshot and target of what will be changed."""
    if phase is Phase.SURVEY and site.diff:
        return {"diff": site.diff, "target": target_text(site.job), "snapshot": snapshot_text(site.before)}
    if phase is Phase.PREPARE:
        return {"snapshot": snapshot_text(site.before)}
    return {}
