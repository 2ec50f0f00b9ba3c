"""Read where evidence comes from: a line of the plan, a line of a configuration, a probe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from parkops.model import Evidence, EvidenceKind, EvidenceSet, Park

_LINE = re.compile(r"(?P<file>[^\s:]+(?:[^:]*?\.[A-Za-z0-9_-]+)?):(?P<line>[1-9]\d{0,8})(?:[: ]|\Z)")
_DEVICE = re.compile(r"(?P<device>[^\s:]+):(?P<file>[^:]+):(?P<line>[1-9]\d{0,8})(?:[: ]|\Z)")


@dataclass(frozen=True, slots=True)
class Place:
    """A line (from 1) of a file; ``uri`` is relative to the park's folder."""

    uri: str
    line: int


class Places:
    """Finds the file and line of evidence; what is no file has no place."""

    def __init__(self, park: Park, evidence: EvidenceSet) -> None:
        """Know where each device's configuration lies in the build folder."""
        build = PurePosixPath("build") / park.name
        self._files: Mapping[tuple[str, str], str] = {
            (artifact.device, artifact.destination or PurePosixPath(artifact.path).name): str(
                build / artifact.path
            )
            for artifact in evidence.artifacts
            if artifact.device
        }
        self._devices = frozenset(device.name for device in park.devices)

    def of(self, item: Evidence) -> Place | None:
        """Return the place of one piece of evidence."""
        found = _DEVICE.match(item.source)
        if found and item.kind is EvidenceKind.CONFIG and found["device"] in self._devices:
            device, file = found["device"], found["file"]
            known = self._files.get((device, file))
            return Place(known or f"running/{device}/{file.lstrip('/')}", int(found["line"]))
        found = _LINE.match(item.source)
        if found and item.kind in (EvidenceKind.PLAN, EvidenceKind.CONFIG, EvidenceKind.ATTEST):
            return Place(found["file"], int(found["line"]))
        return None
