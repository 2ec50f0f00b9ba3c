"""Proves a bundle: its hashes, the chain from verdicts to evidence, the journal; names what was altered."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parkops.bundle.pack import ABOVE, ASSESSMENT, CHAIN, JOURNAL, KIND, MANIFEST, VERSION
from parkops.errors import UsageError
from parkops.model import digest
from parkops.push.chain import Entry, seal

MOST_BYTES = 2_000_000_000  # of all members together, against a zip that unfolds without end


@dataclass(frozen=True, slots=True)
class Proof:
    """What a bundle is, and everything that is wrong with it."""

    park: str
    assessed_s: float
    members: int
    controls: int
    evidence: int  # pieces of evidence that are linked to a member
    unlinked: int  # cited, and not in the bundle
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True when nothing was altered, removed or added."""
        return not self.problems


def prove(data: bytes) -> Proof:
    """Return the proof of a bundle; UsageError when it is none."""
    members = _members(data)
    manifest = _document(members, MANIFEST)
    if manifest is None or manifest.get("kind") != KIND:
        raise UsageError("no evidence bundle", hint="`parkops evidence bundle` makes one")
    if manifest.get("version") != VERSION:
        raise UsageError(f"version {manifest.get('version')}, this program reads {VERSION}")
    listed = {str(item["path"]): item for item in manifest["members"]}
    problems = [*_hashes(members, listed)]
    chain, report = _document(members, CHAIN), _document(members, ASSESSMENT)
    controls = list(chain["controls"]) if chain else []
    problems += _links(members, manifest, chain, report, listed)
    problems += _journal(_document(members, JOURNAL))
    cited = [item for c in controls for f in c["findings"] for item in f["evidence"]]
    linked = sum(bool(item["member"]) for item in cited)
    return Proof(
        str(manifest.get("park", "")),
        float(manifest.get("assessed_s", 0)),
        len(listed),
        len(controls),
        linked,
        len(cited) - linked,
        tuple(dict.fromkeys(problems)),
    )


def _members(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > MOST_BYTES:
                raise UsageError("the bundle unfolds to more than 2 GB")
            names = [info.filename for info in infos]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise UsageError(f"members stand twice: {', '.join(sorted(twice))}")
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        raise UsageError(f"no zip, or a damaged one: {error}") from error


def _document(members: Mapping[str, bytes], name: str) -> dict[str, Any] | None:
    try:
        found = json.loads(members[name])
    except (KeyError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _hashes(members: Mapping[str, bytes], listed: Mapping[str, Any]) -> Iterator[str]:
    for name, item in listed.items():
        if name not in members:
            yield f"removed: {name}"
        elif hashlib.sha256(members[name]).hexdigest() != item["sha256"]:
            yield f"altered: {name}"
        elif item.get("of") and not item.get("redactions") and digest(members[name]) != item["of"]:
            yield f"not the text that was cited: {name}"
    for name in members:
        if name not in listed and name != MANIFEST:
            yield f"added: {name}"


def _plan_digest(members: Mapping[str, bytes]) -> str:
    """Return the digest of the plan's files as the plan's reader makes it, "" without them."""
    prefix = "plan/"
    files = {
        name.removeprefix(prefix).replace(f"{ABOVE}/", "../"): digest(body)
        for name, body in members.items()
        if name.startswith(prefix) and name != f"{prefix}park.lock"
    }
    if len(files) < 2:
        return next(iter(files.values()), "")
    return digest("\n".join(sorted(f"{name} {seal}" for name, seal in files.items())))


def _links(
    members: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    chain: Mapping[str, Any] | None,
    report: Mapping[str, Any] | None,
    listed: Mapping[str, Any],
) -> Iterator[str]:
    """Compare the manifest, the chain and the assessment with one another."""
    if chain is None or report is None:
        yield f"{CHAIN if chain is None else ASSESSMENT} cannot be read: no verdict can be traced"
        return
    for name, one, two in (
        ("plan_digest", manifest.get("plan_digest"), chain.get("plan_digest")),
        ("assessed_s", manifest.get("assessed_s"), chain.get("assessed_s")),
    ):
        if one != two:
            yield f"manifest and chain disagree about {name}: {one} and {two}"
    if (seen := _plan_digest(members)) and seen != manifest.get("plan_digest"):
        yield f"the plan's files have the digest {seen}, the manifest says {manifest.get('plan_digest')}"
    told = verdicts(report)
    chained = {str(control["id"]): str(control["verdict"]) for control in chain["controls"]}
    for name in sorted(told.keys() | chained.keys()):
        if told.get(name) != chained.get(name):
            one, two = told.get(name, "nothing"), chained.get(name, "nothing")
            yield f"{name}: the assessment says {one}, the chain {two}"
    for control in chain["controls"]:
        for finding in control["findings"]:
            for item in finding["evidence"]:
                if item["member"] and item["member"] not in listed:
                    yield f"{control['id']}: its evidence {item['source']} is not in the bundle"


def verdicts(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the verdicts of an assessment's document by control, wherever its lists of controls stand."""
    found: dict[str, str] = {}
    for value in report.values():
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict) and {"id", "verdict"} <= item.keys():
                found[str(item["id"])] = str(item["verdict"])
    return found


def _journal(document: Mapping[str, Any] | None) -> Iterator[str]:
    """Walk the journal's chain of hashes; its long texts are not in the bundle."""
    previous = None
    for fields in document["entries"] if document else ():
        entry = Entry(**fields)
        if previous is not None and entry.previous != previous:
            yield f"journal: entry {entry.seq} does not follow the one before it"
        if entry.hash != seal(entry.previous, entry.content):
            yield f"journal: entry {entry.seq} was changed: its hash does not fit"
        previous = entry.hash
