"""Gather all that an assessment may look at: what was rendered, and what the store knows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from parkops.figures import compute
from parkops.model import Artifact, EvidenceSet, Park, Result, Window, Workspace

if TYPE_CHECKING:
    from parkops.store import Store

WINDOW_S = 365 * 86_400.0


def gather(
    park: Park, artifacts: Sequence[Artifact], store: Store | None, now_s: float, window_s: float = WINDOW_S
) -> EvidenceSet:
    """Return the evidence about ``park`` at ``now_s`` (Unix time).

    Availability is counted over the last ``window_s`` seconds. Without a store nothing was measured:
    the assessment shows what hangs on it as unknown. What the store holds of devices and targets that
    the park no longer has is left out.
    """
    if store is None:
        return EvidenceSet(artifacts=tuple(artifacts), now_s=now_s)
    results, pushed_s = store.last_results()
    devices = {device.name for device in park.devices}
    targets = {target.id for target in park.targets}
    expectations = {expectation.id for expectation in park.expectations}
    since_s = now_s - window_s
    return EvidenceSet(
        artifacts=tuple(artifacts),
        running=tuple(item for item in store.running() if item.device in devices),
        intervals=tuple(i for i in store.intervals(since_s=since_s) if i.target in targets),
        availability=tuple(a for a in store.availability(since_s, now_s) if a.target in targets),
        events=tuple(event for event in store.events() if event.device in devices),
        reach=tuple(item for item in store.reach() if item.expectation in expectations),
        results=tuple(result for result in results if result.device in devices),
        pushed_s=pushed_s,
        now_s=now_s,
        figures=compute(park, store, since_s, now_s, windows=planned_work(park, store)),
    )


def planned_work(park: Park, store: Store) -> tuple[Window, ...]:
    """Return the windows of planned work, of the plan and of people."""
    return (*park.policy.maintenance, *store.maintenance())


def keep_push(
    park: Park, artifacts: Sequence[Artifact], workspace: Workspace, store: Store, results: Sequence[Result]
) -> None:
    """Keep what a push did, and what its devices run now, as evidence."""
    from parkops.push import read_running

    store.save_results(results, time.time())
    names = [result.device for result in results]
    store.save_running(read_running(park, artifacts, workspace, devices=names))
