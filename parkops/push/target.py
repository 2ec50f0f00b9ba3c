"""What a device is to run, or ran, as a text that the journal keeps: it outlives the process and the plan."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from parkops.errors import UsageError
from parkops.model import Artifact, ArtifactKind, Device, Running
from parkops.push.job import Job


def target_text(job: Job) -> str:
    """Write down a job's target; secrets stand in it as references only."""
    if job.snapshot is not None:
        return snapshot_text(job.snapshot)
    return _json({"artifacts": [asdict(artifact) for artifact in job.artifacts]})


def snapshot_text(running: Running) -> str:
    """Write down a running configuration, redacted before."""
    return _json({"running": asdict(running)})


def job_of(device: Device, text: str) -> Job:
    """Return the job that a kept text describes; UsageError when it cannot be read."""
    document = _read(device.name, text)
    if "running" in document:
        return Job(device, (), _running(document["running"]))
    artifacts = (_artifact(entry) for entry in document.get("artifacts", ()))
    return Job(device, tuple(artifacts))


def snapshot_of(device: str, text: str) -> Running:
    """Return the running configuration that a kept text describes; UsageError when it cannot be read."""
    return _running(_read(device, text)["running"])


def _read(device: str, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        hint = "`parkops journal verify` tells whether the journal is whole"
        raise UsageError("the journal's text of it cannot be read", where=device, hint=hint) from error
    return dict(document)


def _artifact(entry: dict[str, Any]) -> Artifact:
    return Artifact(**{**entry, "kind": ArtifactKind(entry["kind"])})


def _running(entry: dict[str, Any]) -> Running:
    files = tuple((path, text) for path, text in entry["files"])
    return Running(**{**entry, "files": files, "capabilities": tuple(entry["capabilities"])})


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True)
