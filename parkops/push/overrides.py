"""Accepted drift: what a device may run beside what is rendered, as patches in the park's folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from parkops.errors import UsageError
from parkops.model import Artifact, ArtifactKind, Change, Device, Park
from parkops.platforms import load_platform
from parkops.push import datatree, frr, models, remediation
from parkops.push.vendors import driver_name, rules_of

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_FILE = re.compile(r"--- (\S+) running$")


class Patch(BaseModel):
    """One accepted difference, from what was rendered to what the device runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accepted_on: str
    accepted_by: str
    reason: str
    diff: str  # unified, as `parkops drift` showed it: from running to intended


class Override(BaseModel):
    """The accepted differences of one device, oldest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str
    patches: tuple[Patch, ...]


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of a unified diff in one place; ``start`` is the line in the intended text, from 1."""

    start: int
    intended: tuple[str, ...]
    running: tuple[str, ...]


def accept(change: Change, folder: Path, patch: Patch) -> Path:
    """Add a device's difference to its override file, and return the file."""
    file = folder / f"{change.device}.yaml"
    earlier = _read(file).patches if file.is_file() else ()
    document = Override(device=change.device, patches=(*earlier, patch)).model_dump(mode="json")
    folder.mkdir(exist_ok=True)
    partial = file.with_suffix(".part")
    text = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    partial.write_text(
        "# Accepted drift: parkops renders this device as if its plan said so.\n" + text, encoding="utf-8"
    )
    partial.replace(file)
    return file


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def applied(
    artifacts: Sequence[Artifact], park: Park, folder: Path, dirs: Sequence[Path] = ()
) -> tuple[Artifact, ...]:
    """Return artifacts with the accepted drift in them.

    ``dirs`` are the folders of the user's own platforms. Raises UsageError when an override is wrong, names
    no device, or no longer fits what is rendered.
    """
    files = sorted(folder.glob("*.yaml"))
    by_device = {override.device: (file, override) for file in files for override in [_read(file)]}
    managed = {device.name: device for device in park.managed}
    for name, (file, _) in by_device.items():
        if name not in managed:
            raise UsageError(f"an override for {name!r}, which is no managed device", where=str(file))
    return tuple(
        _overridden(artifact, *by_device[artifact.device], managed[artifact.device], dirs)
        if artifact.device in by_device
        else artifact
        for artifact in artifacts
    )


def _overridden(
    artifact: Artifact, file: Path, override: Override, device: Device, dirs: Sequence[Path] = ()
) -> Artifact:
    printed = canonical(artifact, device, dirs)
    if printed is None:
        return artifact
    text = printed
    for number, patch in enumerate(override.patches, 1):
        try:
            text = backwards(text, _part(patch.diff, artifact))
        except ValueError as error:
            hint = "the plan has changed there: take the patch out, and accept again what is still wanted"
            raise UsageError(f"patch {number}: {error}", where=str(file), hint=hint) from error
    return artifact if text == printed else replace(artifact, text=_wrapped(text, artifact))


def _part(diff: str, artifact: Artifact) -> str:
    """Return what a diff says of one artifact: of files, each has a part of its own."""
    if artifact.kind is not ArtifactKind.FILE:
        return diff
    parts = re.split(r"(?m)^(?=--- )", diff)
    return next(
        (p for p in parts if (f := _FILE.match(p.split("\n", 1)[0])) and f[1] == artifact.destination), ""
    )


def canonical(artifact: Artifact, device: Device, dirs: Sequence[Path] = ()) -> str | None:
    """Return an artifact's text as its driver compares it; None for what is not pushed."""
    name = driver_name(load_platform(device.platform, dirs), device)
    printer = PRINTERS.get((name, artifact.kind))
    return printer(artifact.text, device.platform, dirs) if printer else None


Printer = Callable[[str, str, Sequence[Path]], str]
PRINTERS: dict[tuple[str, ArtifactKind], Printer] = {
    ("ssh", ArtifactKind.CLI): lambda text, *_: frr.render(frr.parse(text)),
    ("vendor-cli", ArtifactKind.CLI): lambda text, name, dirs: remediation.canonical(
        text, rules_of(name, dirs)
    ),
    ("netconf", ArtifactKind.NETCONF): lambda text, *_: datatree.render(datatree.parse(text)),
    ("vendor-netconf", ArtifactKind.NETCONF): lambda text, *_: datatree.render(datatree.parse(text)),
    ("ansible", ArtifactKind.FILE): lambda text, *_: text,
}


def _wrapped(text: str, artifact: Artifact) -> str:
    if artifact.kind is ArtifactKind.NETCONF:
        return f'<config xmlns="{models.BASE}">\n{text}</config>\n'
    return text


def backwards(text: str, diff: str) -> str:
    """Apply a diff from running to intended the other way round; ValueError where it does not fit."""
    lines = text.splitlines()
    for hunk in sorted(hunks(diff), key=lambda hunk: -hunk.start):
        at = _place(lines, hunk)
        lines[at : at + len(hunk.intended)] = hunk.running
    return "".join(f"{line}\n" for line in lines)


def _place(lines: Sequence[str], hunk: Hunk) -> int:
    """Return where a hunk's lines stand: where they stood, else the only place that has them."""
    size, expected = len(hunk.intended), max(0, hunk.start - 1)
    if tuple(lines[expected : expected + size]) == hunk.intended:
        return expected
    found = [at for at in range(len(lines) - size + 1) if tuple(lines[at : at + size]) == hunk.intended]
    if size == 0 or len(found) != 1:
        told = next((line for line in hunk.intended if line not in lines), hunk.intended[0] if size else "")
        raise ValueError(f"it no longer fits at {told.strip()!r}")
    return found[0]


def hunks(diff: str) -> Iterable[Hunk]:
    """Yield the hunks of a unified diff."""
    start, intended, running = 0, list[str](), list[str]()
    begun = False
    for line in diff.splitlines():
        head = _HUNK.match(line)
        if head or line.startswith("--- "):
            if begun:
                yield Hunk(start, tuple(intended), tuple(running))
            begun, intended, running = head is not None, [], []
            start = int(head[3]) if head else 0
        elif begun:
            if line[:1] in (" ", "+", ""):
                intended.append(line[1:])
            if line[:1] in (" ", "-", ""):
                running.append(line[1:])
    if begun:
        yield Hunk(start, tuple(intended), tuple(running))


def _read(file: Path) -> Override:
    try:
        override = Override.model_validate(yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, ValidationError, yaml.YAMLError) as error:
        raise UsageError(f"the override is wrong: {error}", where=str(file)) from error
    if override.device != file.stem:
        raise UsageError(
            f"it is the override of {override.device!r}", where=str(file), hint="rename the file"
        )
    return override
