"""Packs an assessment with what it cites into a zip: the same inputs give the same bytes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files as package_files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parkops.assess.config.audit import redacted
from parkops.model import (
    Assessment,
    EvidenceSet,
    Finding,
    Park,
    RequirementResult,
    Workspace,
    digest,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VERSION = 1
KIND = "parkops.evidence-bundle"
MANIFEST, ASSESSMENT, CHAIN, JOURNAL = "manifest.json", "assessment.json", "chain.json", "journal.json"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can state
CATALOGUES = ("requirements.yaml", "mlps.yaml", "validity.yaml", "indicators.yaml", "thresholds.yaml")
ABOVE = "above"  # stands for ".." of a plan's included file
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a bundle; ``of`` is the digest of the text that it was made from, as findings cite it."""

    path: str
    data: bytes
    what: str
    of: str = ""
    redactions: int = 0

    @property
    def sha256(self) -> str:
        """The SHA-256 (FIPS 180-4) of its bytes."""
        return hashlib.sha256(self.data).hexdigest()


def pack(
    park: Park, assessment: Assessment, evidence: EvidenceSet, workspace: Workspace, report: Mapping[str, Any]
) -> bytes:
    """Return the bundle of an assessment; ``report`` is its JSON document.

    Secrets in configurations are hidden by the rules that reports follow; the digest of the text as it was
    read stands in the manifest beside that of the member.
    """
    members = [
        Member(ASSESSMENT, _json(report), "the assessment"),
        *_catalogues(park, workspace.root),
        *_plan(workspace),
        *_configurations(assessment, evidence),
        *_measured(evidence),
        *_journal(workspace),
        *_attested(evidence, workspace.root),
    ]
    chain = _json(_chain(assessment, members))
    members.append(Member(CHAIN, chain, "from each control to its evidence, and where that is in here"))
    members.sort(key=lambda member: member.path)
    manifest = _json(
        {
            "kind": KIND,
            "version": VERSION,
            "park": park.name,
            "title": park.title,
            "plan_digest": park.plan_digest,
            "assessed_s": assessment.time_s,
            "members": [
                {
                    "path": m.path,
                    "sha256": m.sha256,
                    "bytes": len(m.data),
                    "what": m.what,
                    **({"of": m.of, "redactions": m.redactions} if m.of else {}),
                }
                for m in members
            ],
        }
    )
    return _zip([Member(MANIFEST, manifest, ""), *members])


def _zip(members: Iterable[Member]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for member in members:
            info = zipfile.ZipInfo(member.path, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, member.data)
    return out.getvalue()


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    return (text + "\n").encode()


def _catalogues(park: Park, root: Path) -> Iterator[Member]:
    folder = package_files("parkops.assess") / "catalogue"
    for name in CATALOGUES:
        yield Member(f"catalogues/{name}", (folder / name).read_bytes(), "a catalogue of parkops")
    for name in park.catalogues:
        if (root / name).is_file():
            yield Member(
                f"catalogues/own/{name}", (root / name).read_bytes(), "a catalogue of the park's own"
            )


def _plan(workspace: Workspace) -> Iterator[Member]:
    from parkops.pipeline import load_plan

    for name in load_plan(workspace).files:
        body = (workspace.root / name).read_bytes()
        yield Member(f"plan/{stored(name)}", body, "a file of the plan")
    if workspace.lock_file.is_file():
        yield Member("plan/park.lock", workspace.lock_file.read_bytes(), "what the design gave out")


def stored(name: str) -> str:
    """Return where a file of the plan stands in a bundle: no member leaves the folder it is unpacked in."""
    return name.replace("../", f"{ABOVE}/")


def _results(assessment: Assessment) -> tuple[RequirementResult, ...]:
    return (*assessment.requirements, *assessment.controls)


def _cited(assessment: Assessment) -> frozenset[str]:
    """Return the digests that findings cite."""
    findings = (finding for result in _results(assessment) for finding in result.findings)
    return frozenset(item.digest for finding in findings for item in finding.evidence if item.digest)


def _configurations(assessment: Assessment, evidence: EvidenceSet) -> Iterator[Member]:
    """Yield the configurations that findings cite: those read from devices, and those rendered."""
    cited = _cited(assessment)
    texts: dict[str, tuple[str, str]] = {}
    for running in evidence.running:
        texts[f"running/{running.device}/running-config"] = running.text, "read from the device"
        for path, body in running.files:
            texts[f"running/{running.device}/{path.strip('/')}"] = body, "read from the device"
    for artifact in evidence.artifacts:
        texts[f"rendered/{artifact.path}"] = artifact.text, "rendered, not read back"
    for path, (body, what) in sorted(texts.items()):
        if body and (seal := digest(body)) in cited:
            text, count = hidden(body)
            yield Member(path, text.encode(), what, seal, count)


def hidden(text: str) -> tuple[str, int]:
    """Return a text with its secrets hidden, and on how many lines."""
    lines = _KEY.sub("(a private key, not shown)", text).splitlines(keepends=True)
    shown = [redacted(line) for line in lines]
    count = sum(one != two for one, two in zip(shown, lines, strict=True)) + len(_KEY.findall(text))
    return "".join(shown), count


def _table(rows: Sequence[DataclassInstance]) -> bytes:
    """Return like values as CSV."""
    out = io.StringIO(newline="")
    dicts = [asdict(row) for row in rows]
    if dicts:
        writer = csv.DictWriter(out, list(dicts[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(dicts)
    return out.getvalue().encode()


def _measured(evidence: EvidenceSet) -> Iterator[Member]:
    tables: dict[str, tuple[Sequence[DataclassInstance], str]] = {
        "measured/intervals.csv": (evidence.intervals, "states of targets over time"),
        "measured/availability.csv": (evidence.availability, "seconds in each state"),
        "measured/events.csv": (evidence.events, "events with their life"),
        "measured/reach.csv": (evidence.reach, "allowed and forbidden traffic as tried"),
        "measured/values.csv": (evidence.measures, "measured values"),
        "measured/signals.csv": (evidence.signals, "what devices said by themselves"),
        "measured/records.csv": (evidence.records, "what operators and tools put on record"),
    }
    for path, (rows, what) in tables.items():
        yield Member(path, _table(sorted(rows, key=repr)), what)
    if evidence.results:
        results = [asdict(result) for result in evidence.results]
        text, _ = hidden(_json({"pushed_s": evidence.pushed_s, "results": results}).decode())
        yield Member("measured/push.json", text.encode(), "the last push, device by device")


def _journal(workspace: Workspace) -> Iterator[Member]:
    from parkops.push.journal import Journal
    from parkops.push.lock import Locks

    path = Locks(workspace.state).database
    if path.exists():
        with Journal(path) as journal:
            entries = [asdict(entry) for entry in journal.entries()]
        yield Member(JOURNAL, _json({"entries": entries}), "the push journal with its chain of hashes")


def _attested(evidence: EvidenceSet, root: Path) -> Iterator[Member]:
    for seen in evidence.files or ():
        if seen.sha256:
            yield Member(f"files/{seen.path}", (root / seen.path).read_bytes(), "evidence of the operator")


def _chain(assessment: Assessment, members: Sequence[Member]) -> Json:
    """Return each control with its findings, and each piece of evidence with the member that holds it."""
    by_digest = {member.of: member.path for member in members if member.of}
    by_digest |= {member.sha256: member.path for member in members}
    paths = {member.path for member in members}
    return {
        "plan_digest": assessment.plan_digest,
        "assessed_s": assessment.time_s,
        "controls": [
            {
                "id": result.id,
                "catalogue": result.catalogue,
                "verdict": result.verdict.value,
                "findings": [_link(finding, by_digest, paths) for finding in result.findings],
            }
            for result in _results(assessment)
        ],
    }


def _link(finding: Finding, by_digest: Mapping[str, str], paths: set[str]) -> Json:
    return {
        "check": finding.check,
        "subject": finding.subject,
        "verdict": finding.verdict.value,
        "message": finding.message,
        "evidence": [
            {
                "kind": item.kind.value,
                "source": item.source,
                "text": item.text,
                "time_s": item.time_s,
                "max_age_s": item.max_age_s,
                "digest": item.digest,
                "member": by_digest.get(item.digest) or _member(item.kind.value, item.source, paths),
            }
            for item in finding.evidence
        ],
    }


def _member(kind: str, source: str, paths: set[str]) -> str:
    """Return the member that holds evidence which is cited by its place, not by a text's digest."""
    if kind in ("plan", "attest"):
        name = f"plan/{stored(source.partition(':')[0])}"
        return name if name in paths else ""
    for start, path in (
        ("probe ", "measured/intervals.csv"),
        ("reach ", "measured/reach.csv"),
        ("event ", "measured/events.csv"),
        ("push ", "measured/push.json"),
        ("journal ", JOURNAL),
        ("last push", "measured/push.json"),
    ):
        if source.startswith(start) and path in paths:
            return path
    return "measured/records.csv" if kind == "state" and "measured/records.csv" in paths else ""
