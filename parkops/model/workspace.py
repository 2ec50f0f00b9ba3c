"""The folders and files of one park."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths below the park's folder; nothing is read or written here."""

    root: Path
    platform_dirs: tuple[Path, ...] = ()  # folders of the user's own platforms, first choice first
    store: str = ""  # URL of the store in PostgreSQL, "" for a file below the park's folder

    @property
    def plan_file(self) -> Path:
        """The plan."""
        return self.root / "park.yaml"

    @property
    def lock_file(self) -> Path:
        """The committed allocations."""
        return self.root / "park.lock"

    @property
    def build(self) -> Path:
        """Rendered artifacts, a folder for each park."""
        return self.root / "build"

    def build_of(self, park: str) -> Path:
        """The rendered artifacts of a park."""
        return self.build / park

    @property
    def rendered(self) -> Path:
        """What the last render was made from, so that the next one can leave out what is unchanged."""
        return self.state / "rendered.json"

    @property
    def overrides(self) -> Path:
        """Accepted drift, a file for each device; committed beside the plan."""
        return self.root / "overrides"

    @property
    def state(self) -> Path:
        """What outlives a run and is not committed."""
        return self.root / ".parkops"

    @property
    def database(self) -> Path | str:
        """The store: a file, or a URL."""
        return self.store or self.state / "parkops.db"

    @property
    def has_store(self) -> bool:
        """Tell whether there is a store already; a database is asked when it is opened."""
        return bool(self.store) or (self.state / "parkops.db").is_file()

    @property
    def lab(self) -> Path:
        """The lab's state, keys and logs."""
        return self.state / "lab"

    @property
    def reports(self) -> Path:
        """Written reports."""
        return self.root / "reports"
