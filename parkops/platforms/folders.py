"""Finds platforms: folders with a ``platform.yaml``, a user's own before the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

import yaml
from pydantic import ValidationError

from parkops.errors import UsageError
from parkops.model.features import FEATURES
from parkops.platforms.schema import Platform
from parkops.resources import folder

GROUP = "parkops.platforms"  # entry points: a path, or a package whose folder holds platform folders
CONTRACT = "platform.yaml"


@dataclass(frozen=True, slots=True)
class Platforms:
    """Platforms by name; what stands in an earlier root hides the same in a later one."""

    roots: tuple[Path, ...]
    _loaded: dict[str, Platform] = field(default_factory=dict, repr=False, compare=False)

    def names(self) -> tuple[str, ...]:
        """Return the names of all platforms, sorted."""
        return tuple(sorted({file.parent.name for root in self.roots for file in root.glob(f"*/{CONTRACT}")}))

    def get(self, name: str) -> Platform:
        """Return a platform; UsageError when there is none, or its platform.yaml is wrong."""
        if name not in self._loaded:
            self._loaded[name] = _read(self._file(name))
        return self._loaded[name]

    def folders(self, name: str) -> tuple[Path, ...]:
        """Return the folders that a platform's templates come from, first choice first."""
        return tuple(root / name for root in self.roots if (root / name).is_dir())

    def having(self, feature: str) -> tuple[str, ...]:
        """Return the names of the platforms that declare a feature."""
        return tuple(name for name in self.names() if feature in self.get(name).features)

    def _file(self, name: str) -> Path:
        for root in self.roots:
            file = root / name / CONTRACT
            if file.is_file():
                return file
        names = self.names()
        close = get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"
        raise UsageError(f"there is no platform {name!r}", where=str(self.roots[-1]), hint=hint)


def find_platforms(dirs: Sequence[Path] = ()) -> Platforms:
    """Return the platforms of the given folders, of installed packages and the built-in ones, in that order.

    Raises UsageError for a folder that is missing or holds no platform.
    """
    for path in dirs:
        if not path.is_dir():
            raise UsageError("no such folder of platforms", where=str(path))
        if not any(entry.is_dir() for entry in path.iterdir()):
            hint = f"it holds a folder for each platform, with a {CONTRACT} in it"
            raise UsageError("there is no platform in this folder", where=str(path), hint=hint)
    return Platforms((*dirs, *_packaged(), folder("templates")))


def load_platform(name: str, dirs: Sequence[Path] = ()) -> Platform:
    """Return one platform; see `find_platforms` and `Platforms.get`."""
    return find_platforms(dirs).get(name)


@cache
def _packaged() -> tuple[Path, ...]:
    found = entry_points(group=GROUP)
    return tuple(_folder_of(entry) for entry in sorted(found, key=lambda entry: entry.name))


def _folder_of(entry: EntryPoint) -> Path:
    """Return the folder that an entry point names: a path-like attribute, or the folder of a package."""
    if entry.attr:
        path = Path(entry.load())
    else:
        spec = find_spec(entry.module)
        if spec is None or not spec.submodule_search_locations:
            raise UsageError(f"{entry.value!r} is no package", where=f"entry point {GROUP}: {entry.name}")
        path = Path(spec.submodule_search_locations[0])
    if not path.is_dir():
        raise UsageError("no such folder of platforms", where=f"entry point {GROUP}: {entry.name}: {path}")
    return path


def _read(file: Path) -> Platform:
    stat = file.stat()
    return _parse(file, stat.st_mtime_ns, stat.st_size)


@cache
def _parse(file: Path, _mtime_ns: int, _size: int) -> Platform:
    """Return a platform.yaml's content; the time and size of the file make a changed one a new question."""
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        platform = Platform.model_validate(document)
    except ValidationError as error:
        raise UsageError(_told(error), where=str(file)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"not YAML: {error}", where=str(file)) from error
    if platform.name != file.parent.name:
        raise UsageError(
            f"name is {platform.name!r}", where=str(file), hint=f"name it like its folder: {file.parent.name}"
        )
    _check_features(platform, file)
    return platform


def _told(error: ValidationError) -> str:
    lines = (f"{'.'.join(map(str, item['loc'])) or 'all of it'}: {item['msg']}" for item in error.errors())
    return "; ".join(lines)


def _check_features(platform: Platform, file: Path) -> None:
    of_host = platform.host.features if platform.host else ()
    for name in (*platform.features, *of_host):
        if name not in FEATURES:
            close = get_close_matches(name, FEATURES, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(FEATURES)}"
            raise UsageError(f"features: {name!r} is not known", where=str(file), hint=hint)
