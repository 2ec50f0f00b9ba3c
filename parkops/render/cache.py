"""What an unchanged device looks like: its artifacts are read back instead of rendered again.

A device's artifacts are taken from the build folder when the digest of its slice, of the park's settings, of
every template and of the program are those of the last render, and the files still hold what was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parkops.model import Artifact, ArtifactKind, Device, Workspace, digest
from parkops.platforms import Platforms, find_platforms
from parkops.render.devices import Renderer
from parkops.render.digests import files_digest, folders_digest, program_digest, value_digest
from parkops.render.inputs import inputs_of
from parkops.render.write import MANIFEST, replace_file

VERSION = 1
Entry = list[Any]  # [slice digest, [[path, digest, kind, language, destination, mode, reload], ...]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the last render was made from; empty when there was none, or it is not of this version."""

    stamp: str = ""  # digest of all inputs and of the manifest, "" when not everything was rendered
    park: str = ""
    devices: Mapping[str, Entry] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path) -> Rendered:
        """Read the record; a damaged one is none."""
        try:
            document = json.loads(file.read_bytes())
            if document["version"] == VERSION:
                return cls(str(document["stamp"]), str(document["park"]), dict(document["devices"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return cls()

    def save(self, file: Path) -> None:
        """Write the record."""
        document = {"version": VERSION, "stamp": self.stamp, "park": self.park, "devices": self.devices}
        replace_file(file, json.dumps(document, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True)
class Slices:
    """The digests of the devices' slices of one park."""

    base: str

    @classmethod
    def of(cls, renderer: Renderer) -> Slices:
        """Return what tells whether a device is as it was at the last render."""
        return cls(value_digest(program_digest(), folders_digest(renderer.platforms.roots)))

    def digest(self, device: Device, renderer: Renderer) -> str:
        """Return the digest of all that a device's artifacts depend on."""
        return value_digest(self.base, device, tuple(renderer.shared.of_device(device).values()))


def cached_devices(
    devices: Iterable[Device], renderer: Renderer, last: Rendered, build: Path
) -> tuple[list[Artifact], dict[str, Entry]]:
    """Return the devices' artifacts, read back where nothing changed, and the record of this render."""
    slices = Slices.of(renderer)
    artifacts: list[Artifact] = []
    record: dict[str, Entry] = {}
    for device in devices:
        now = slices.digest(device, renderer)
        then = last.devices.get(device.name)
        found = _read_back(device, then, build) if then and then[0] == now else None
        if found is None:
            found = renderer.device(device)
            then = [now, [_row(artifact) for artifact in found]]
        artifacts += found
        record[device.name] = then or [now, []]
    return artifacts, record


def changed_devices(devices: Iterable[Device], renderer: Renderer, last: Rendered) -> list[str]:
    """Return the names of the devices whose slice, settings or templates are not those of the last render."""
    slices = Slices.of(renderer)
    known = last.devices
    return [
        device.name
        for device in devices
        if device.name not in known or known[device.name][0] != slices.digest(device, renderer)
    ]


def _row(artifact: Artifact) -> list[str]:
    item = artifact
    return [
        item.path,
        item.digest,
        item.kind.value,
        item.language,
        item.destination,
        item.mode,
        item.reload,
    ]


def _read_back(device: Device, entry: Entry, build: Path) -> list[Artifact] | None:
    """Return a device's artifacts as they stand in the build folder; None when one is not as written."""
    found = []
    for path, written, kind, language, destination, mode, reload in entry[1]:
        try:
            text = (build / path).read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            return None
        if digest(text) != written:
            return None
        found.append(
            Artifact(path, text, ArtifactKind(kind), language, device.name, destination, mode, reload)
        )
    return found


def stamp_of(root: Path, platforms: Platforms, build: Path) -> str:
    """Return the digest of a whole render: its input files, templates, program and manifest.

    It is "" where the input files cannot be told without reading the plan.
    """
    inputs = inputs_of(root)
    if inputs is None:
        return ""
    manifest = files_digest([build / MANIFEST])
    return value_digest(program_digest(), folders_digest(platforms.roots), files_digest(inputs), manifest)


def unchanged_files(workspace: Workspace) -> int | None:
    """Return the number of rendered files when neither they nor any input has changed, else None."""
    last = Rendered.load(workspace.rendered)
    if not last.stamp:
        return None
    build = workspace.build_of(last.park)
    platforms = find_platforms(workspace.platform_dirs)
    if last.stamp != stamp_of(workspace.root, platforms, build):
        return None
    files: dict[str, str] = json.loads((build / MANIFEST).read_bytes())["files"]
    whole = all(_holds(build / path, written) for path, written in files.items())
    return len(files) if whole else None


def _holds(file: Path, written: str) -> bool:
    """Return whether a file still is what was written."""
    try:
        return digest(file.read_bytes()) == written
    except OSError:
        return False
