"""Take transactions up again from the journal: one that was cut off, or an earlier one to be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from parkops.errors import UsageError
from parkops.model import Device, Park
from parkops.push.contract import Site
from parkops.push.job import Job, Run, Steps
from parkops.push.journal import Journal
from parkops.push.replay import Ending, TransactionRecord
from parkops.push.target import job_of, snapshot_of


def find(records: Sequence[TransactionRecord], tx: str, *, back: bool) -> TransactionRecord:
    """Return a transaction by (the beginning of) its id, else the open one, else the last that changed."""
    if tx:
        found = [record for record in records if record.id.startswith(tx)]
        if len(found) != 1:
            what = "there is no such transaction" if not found else "more than one begins like this"
            raise UsageError(what, where=tx, hint="`parkops journal list` shows them")
        return found[0]
    opened = [record for record in records if record.ending is Ending.OPEN]
    if opened:
        return opened[-1]
    done = [record for record in records if record.ending is Ending.COMMITTED]
    if not back or not done:
        raise UsageError("no transaction was cut off", hint="`parkops journal list` shows all")
    return done[-1]


def waves_of(record: TransactionRecord) -> tuple[tuple[str, ...], ...]:
    """Return the waves of a transaction, as they were planned then."""
    waves: dict[int, list[str]] = {}
    for device in record.changed:
        waves.setdefault(device.wave, []).append(device.name)
    return tuple(tuple(waves[number]) for number in sorted(waves))


def sites_of(park: Park, journal: Journal, record: TransactionRecord, run: Run) -> dict[str, Site]:
    """Rebuild the sites of a transaction from the journal: what its plan was then is what counts."""
    sites: dict[str, Site] = {}
    for device in record.changed:
        texts = {kind: journal.text(digest) or "" for kind, digest in device.texts.items()}
        job = job_of(managed_device(park, device.name), texts.get("target", ""))
        site = Site(job, Steps(run, device.name), device.token, device.timeout_s, driver=device.driver)
        site.stage, site.wave, site.diff = device.stage, device.wave, texts.get("diff", "")
        site.snapshot = snapshot_of(device.name, texts.get("snapshot", ""))
        sites[device.name] = site
    return sites


def jobs_back(
    park: Park, journal: Journal, record: TransactionRecord, devices: Sequence[str]
) -> tuple[Job, ...]:
    """Return jobs whose targets are the snapshots of an earlier transaction."""
    changed = {device.name: device for device in record.changed}
    for name in devices:
        if name not in changed:
            raise UsageError(f"transaction {record.id} did not change it", where=name)
    names = list(dict.fromkeys(devices)) if devices else list(changed)
    if record.ending is not Ending.COMMITTED or not names:
        raise UsageError(f"there is nothing to take back: {record.ending}", where=record.id)
    return tuple(
        job_of(managed_device(park, name), journal.text(changed[name].texts["snapshot"]) or "")
        for name in names
    )


def managed_device(park: Park, name: str) -> Device:
    """Return a device that parkops configures; UsageError when there is none of this name."""
    with suppress(KeyError):
        device = park.device(name)
        if device.managed:
            return device
    raise UsageError("no such managed device", where=name)
