"""Gather all that an assessment may look at: what was rendered, and what the store knows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from parkops.figures import compute
from parkops.model import (
    HOUR_S,
    Artifact,
    ChangeLog,
    ChangeRecord,
    Evidence,
    EvidenceKind,
    EvidenceSet,
    FileSeen,
    Measure,
    Park,
    Result,
    Rollup,
    Signal,
    Window,
    Workspace,
)

if TYPE_CHECKING:
    from parkops.store import Store

DAY_S = 86_400.0
WINDOW_S = 365 * 86_400.0
SIGNALS_S = 2 * 86_400.0  # of what devices say: older signals prove nothing about now
ATTACK = "attack-"  # what names of concluded attacks begin with


def gather(
    park: Park,
    artifacts: Sequence[Artifact],
    store: Store | None,
    now_s: float,
    window_s: float = WINDOW_S,
    workspace: Workspace | None = None,
) -> EvidenceSet:
    """Return the evidence about ``park`` at ``now_s`` (Unix time).

    Availability is counted over the last ``window_s`` seconds. Without a store nothing was measured:
    the assessment shows what hangs on it as unknown. What the store holds of devices and targets that
    the park no longer has is left out. With a ``workspace`` the files that attestations name are looked
    at, and the push journal.
    """
    found = _stored(park, artifacts, store, now_s, window_s)
    if workspace is None:
        return found
    return replace(found, files=attested_files(park, workspace.root), changes=change_log(workspace))


def _stored(
    park: Park, artifacts: Sequence[Artifact], store: Store | None, now_s: float, window_s: float
) -> EvidenceSet:
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
        records=records(store, park),
        measures=measures(store.rollups(since_s, now_s), targets, now_s),
        signals=(*heard(store, devices, since_s, now_s), *passed(store, now_s)),
    )


def heard(store: Store, devices: Collection[str], since_s: float, now_s: float) -> tuple[Signal, ...]:
    """Return what devices said lately, and the attacks of the whole window, each added up over an hour."""
    recent = store.signals(max(since_s, now_s - SIGNALS_S))
    attacks = store.signals(since_s, prefix=ATTACK)
    found = {(item.device, item.name, item.first_s): item for item in (*attacks, *recent)}
    return tuple(
        Signal(i.last_s, i.origin, i.device, i.name, i.severity, i.text, i.clears, i.count)
        for i in found.values()
        if i.device in devices and i.last_s <= now_s
    )


def passed(store: Store, now_s: float) -> tuple[Signal, ...]:
    """Return one signal for the flow records of the last day, none where none arrived."""
    traffic = store.traffic(now_s - DAY_S, now_s)
    if not traffic:
        return ()
    text = f"{sum(item.records for item in traffic)} flow records in a day"
    return (Signal(max(item.minute_s for item in traffic), "flow", "", "traffic", "info", text),)


def planned_work(park: Park, store: Store) -> tuple[Window, ...]:
    """Return the windows of planned work, of the plan and of people."""
    return (*park.policy.maintenance, *store.maintenance())


def measures(hours: Iterable[Rollup], targets: Collection[str], now_s: float) -> tuple[Measure, ...]:
    """Fold hours of measured values into one measure of each target and value."""
    from parkops.sketch import Sketch

    found: dict[tuple[str, str], list[Rollup]] = {}
    for hour in hours:
        if hour.name and hour.ok and hour.target in targets and hour.last is not None:
            found.setdefault((hour.target, hour.name), []).append(hour)
    folded = []
    for (target, name), own in sorted(found.items()):
        sketch = Sketch()
        for hour in own:
            sketch.merge(Sketch.load(hour.sketch))
        count = sum(hour.ok for hour in own)
        newest = max(own, key=lambda hour: hour.start_s)
        high = max(hour.maximum or 0.0 for hour in own)
        folded.append(
            Measure(
                target,
                name,
                count,
                min(hour.minimum or 0.0 for hour in own),
                sum((hour.mean or 0.0) * hour.ok for hour in own) / count,
                high if (p95 := sketch.quantile(0.95)) is None else p95,
                high,
                newest.last or 0.0,
                min(newest.start_s + HOUR_S, now_s),
            )
        )
    return tuple(folded)


def records(store: Store, park: Park) -> tuple[Evidence, ...]:
    """Return what operators and tools put on record, and the park's own kept assessments as its reports."""
    kept = tuple(item for item in store.evidence() if item.kind is EvidenceKind.STATE)
    reports = tuple(
        Evidence(
            EvidenceKind.STATE,
            "report",
            f"assessment {point.id}",
            f"assessment {point.id} kept: {point.passed} passed, {point.failed} failed",
            point.time_s,
            digest=point.plan_digest,
        )
        for point in store.trend(park.name).points[-1:]
    )
    return kept + reports


def attested_files(park: Park, root: Path) -> tuple[FileSeen, ...]:
    """Return the files that attestations and figures name, with their SHA-256; "" where one is not there."""
    named = {item.evidence for item in park.attestations} | {item.evidence for item in park.figures}
    return tuple(_seen(root, name) for name in sorted(named) if is_file_name(name))


def is_file_name(text: str) -> bool:
    """Tell a file's name from the name of a record: it has a suffix, and is no address."""
    return "://" not in text and bool(Path(text).suffix) and "\n" not in text


def _seen(root: Path, name: str) -> FileSeen:
    path = (root / name).resolve()
    if not path.is_file() or not path.is_relative_to(root.resolve()):
        return FileSeen(name)
    return FileSeen(name, hash_of(path), path.stat().st_size)


def hash_of(path: Path) -> str:
    """Return a file's SHA-256 (FIPS 180-4) in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def change_log(workspace: Workspace) -> ChangeLog | None:
    """Return the push journal with the state of its chain; None when nothing was pushed yet."""
    from parkops.push.journal import Journal
    from parkops.push.lock import Locks
    from parkops.push.replay import TransactionRecord, replay

    path = Locks(workspace.state).database
    if not path.exists():
        return None
    with Journal(path) as journal:
        told, whole = replay(journal.entries()), journal.verify()

    def record(item: TransactionRecord) -> ChangeRecord:
        return ChangeRecord(
            item.id,
            item.who,
            item.kind,
            item.begun_s,
            item.ended_s,
            str(item.ending),
            len(item.devices),
            len(tuple(item.changed)),
            item.plan_digest,
            tuple(sorted({d.guarantee for d in item.devices.values() if d.guarantee})),
        )

    trouble = "" if whole.whole else "the chain of hashes is broken: see `parkops journal verify`"
    return ChangeLog(tuple(record(item) for item in told), trouble)


def keep_push(
    park: Park, artifacts: Sequence[Artifact], workspace: Workspace, store: Store, results: Sequence[Result]
) -> None:
    """Keep what a push did, and what its devices run now, as evidence."""
    from parkops.push import read_running

    store.save_results(results, time.time())
    names = [result.device for result in results]
    store.save_running(read_running(park, artifacts, workspace, devices=names))
