"""Writes artifacts where they changed; a second run touches nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from parkops.model import Artifact

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did, as paths relative to the build folder."""

    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def write(artifacts: tuple[Artifact, ...], build: Path) -> Written:
    """Write artifacts below ``build``, and remove what an earlier run wrote and this one does not."""
    before = _manifest(build)
    texts = {artifact.path: artifact.text for artifact in artifacts}
    wanted = {artifact.path: artifact.digest for artifact in artifacts}
    manifest = json.dumps({"version": 1, "files": wanted}, indent=1, sort_keys=True) + "\n"
    changed = [path for path, text in texts.items() if _write(build / path, text)]
    removed = [path for path in sorted(set(before) - set(wanted)) if _remove(build, path)]
    _write(build / MANIFEST, manifest)
    return Written(tuple(changed), tuple(removed), len(texts) - len(changed))


def compare(artifacts: tuple[Artifact, ...], build: Path) -> Written:
    """Return what `write` would do; nothing is written."""
    changed = [item.path for item in artifacts if _read(build / item.path) != item.text.encode()]
    removed = sorted(set(_manifest(build)) - {item.path for item in artifacts})
    return Written(tuple(changed), tuple(removed), len(artifacts) - len(changed))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _manifest(build: Path) -> dict[str, str]:
    try:
        files = json.loads((build / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return files if isinstance(files, dict) else {}


def _write(path: Path, text: str) -> bool:
    data = text.encode()
    if _read(path) == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    partial.replace(path)
    return True


def _remove(build: Path, path: str) -> bool:
    target = (build / path).resolve()
    if not target.is_relative_to(build.resolve()) or not target.is_file():
        return False
    target.unlink()
    for parent in target.parents:
        if parent == build.resolve() or any(parent.iterdir()):
            break
        parent.rmdir()
    return True
