"""Writes artifacts where they changed; a second run touches nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
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


def write(artifacts: tuple[Artifact, ...], build: Path, devices: Collection[str] | None = None) -> Written:
    """Write artifacts below ``build``, and remove what an earlier run wrote and this one does not.

    Where only some ``devices`` were rendered, the files of all others stay as they are.
    """
    before = _manifest(build)
    texts = {artifact.path: artifact.text for artifact in artifacts}
    wanted = {artifact.path: artifact.digest for artifact in artifacts}
    others = {} if devices is None else _others(before, devices)
    manifest = json.dumps({"version": 1, "files": {**others, **wanted}}, indent=1, sort_keys=True) + "\n"
    root, folders = str(build), set[str]()
    changed = [
        path
        for path, text in texts.items()
        if (path not in before and _create(f"{root}/{path}", text, folders)) or _write(build / path, text)
    ]
    removed = [path for path in sorted(set(before) - set(wanted) - set(others)) if _remove(build, path)]
    _write(build / MANIFEST, manifest)
    return Written(tuple(changed), tuple(removed), len(texts) - len(changed))


def compare(artifacts: tuple[Artifact, ...], build: Path, devices: Collection[str] | None = None) -> Written:
    """Return what `write` would do; nothing is written."""
    changed = [item.path for item in artifacts if _read(build / item.path) != item.text.encode()]
    before = _manifest(build)
    others = {} if devices is None else _others(before, devices)
    removed = sorted(set(before) - {item.path for item in artifacts} - set(others))
    return Written(tuple(changed), tuple(removed), len(artifacts) - len(changed))


def _others(files: dict[str, str], devices: Collection[str]) -> dict[str, str]:
    """Return the files that belong to none of the devices."""
    return {path: text for path, text in files.items() if path.partition("/")[0] not in devices}


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
    replace_file(path, data)
    return True


def _create(path: str, text: str, folders: set[str]) -> bool:
    """Write a file that is not there yet; return False where it is. ``folders`` are known to be there.

    One that a crash leaves unfinished is in no manifest, and differs from what the next run wants.
    """
    folder = path.rpartition("/")[0]
    if folder not in folders:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103  # half of a first run's time is spent here
        folders.add(folder)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        return False
    try:
        data = text.encode()
        while data:
            data = data[os.write(handle, data) :]
    finally:
        os.close(handle)
    return True


def replace_file(path: Path, data: bytes) -> None:
    """Put a whole file in place: a crash leaves the old one or the new one."""
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
    partial.replace(path)


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
