"""What every verb needs: the park's folder, its design, a console and the store."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from parkops.errors import UsageError
from parkops.model.workspace import Workspace

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from parkops.assess import Basis
    from parkops.assess.controls import Control
    from parkops.model import Artifact, Assessment, Device, EvidenceSet, Park, Trend
    from parkops.store import Store

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """Add `--json`: print a stable, versioned document for programs instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(function)


def platforms_option(function: F) -> F:
    """Add `--platforms`: folders of the user's own platforms."""
    return click.option(
        "--platforms",
        multiple=True,
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="A folder of platforms that add to or override the built-in ones; may be repeated.",
    )(function)


def find_park(start: str | None) -> Path:
    """Return the park's folder: the given one, else the nearest with a park.yaml above here.

    Raises UsageError when there is none.
    """
    if start is not None:
        root = Path(start).expanduser().resolve()
        if root.is_file():
            root = root.parent
        if not (root / "park.yaml").is_file():
            raise UsageError("there is no park.yaml here", where=str(root), hint="name the park's folder")
        return root
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "park.yaml").is_file():
            return folder
    raise UsageError(
        "no park.yaml here or in a parent folder",
        where=str(here),
        hint="use -p DIR, or start one with `parkops init DIR`",
    )


LAB_KEY = ".parkops/lab/"  # in the key of a plan that is for a lab and nothing else


class Context:
    """One call's park, read and designed at most once."""

    def __init__(
        self, park_dir: str | None, *, verbose: int = 0, quiet: bool = False, log_file: str | None = None
    ) -> None:
        """Keep the options; nothing is read until it is asked for."""
        self.park_dir = park_dir
        self.verbose = verbose
        self.quiet = quiet
        self._platform_dirs: tuple[Path, ...] = ()
        self._store = ""
        self._set_up_logging(log_file)

    def _set_up_logging(self, log_file: str | None) -> None:
        level = [logging.WARNING, logging.INFO, logging.DEBUG][min(self.verbose, 2)]
        log = logging.getLogger("parkops")
        log.setLevel(logging.DEBUG if log_file else level)
        screen = logging.StreamHandler(sys.stderr)
        screen.setLevel(logging.ERROR if self.quiet else level)
        log.addHandler(screen)
        if log_file:
            handler = logging.FileHandler(log_file, encoding="utf-8")
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
            log.addHandler(handler)

    @cached_property
    def workspace(self) -> Workspace:
        """The park's folder."""
        return Workspace(find_park(self.park_dir), self._platform_dirs, self._store)

    def add_platforms(self, folders: Sequence[Path]) -> None:
        """Add folders of platforms; before the park is asked for."""
        self._platform_dirs += tuple(folder.expanduser().resolve() for folder in folders)

    def use_store(self, url: str) -> None:
        """Keep what is measured in PostgreSQL; before the park is asked for. UsageError for another URL."""
        if url and not url.startswith(("postgresql://", "postgres://")):
            hint = "postgresql://user@host/database; without one, the store is a file below the park's folder"
            raise UsageError("the store is a URL of PostgreSQL", where=url, hint=hint)
        self._store = url

    @property
    def platform_dirs(self) -> tuple[Path, ...]:
        """Folders of the user's own platforms."""
        return self._platform_dirs

    @cached_property
    def console(self) -> Console:
        """The console for people (standard output); brackets are brackets, whoever wrote them."""
        from rich.console import Console

        return Console(highlight=False, markup=False, quiet=self.quiet)

    @cached_property
    def _park(self) -> Park:
        from parkops.pipeline import load_park

        return load_park(self.workspace)

    def park(self) -> Park:
        """Return the designed park."""
        return self._park

    def trust_new_hosts(self) -> None:
        """Let this call put the keys of hosts that have none on file."""
        self._park = replace(self._park, access=replace(self._park.access, trust_new=True))

    @cached_property
    def _artifacts(self) -> tuple[Artifact, ...]:
        from parkops.pipeline import render_park

        return render_park(self.park(), self.workspace)

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return the rendered artifacts (in memory)."""
        return self._artifacts

    def select(self, names: Sequence[str]) -> tuple[Device, ...]:
        """Return the named managed devices, all of them for no name; UsageError for an unknown one."""
        from difflib import get_close_matches

        managed = {device.name: device for device in self.park().managed}
        if not names:
            return tuple(managed.values())
        for name in names:
            if name not in managed:
                close = get_close_matches(name, managed, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(managed)}"
                raise UsageError("no such managed device", where=name, hint=hint)
        return tuple(managed[name] for name in dict.fromkeys(names))

    def enter_lab(self) -> bool:
        """Move this process into the lab's management network if the park's lab runs; return whether.

        What the lab's nodes do not serve is no target of the park then.

        Raises UsageError when the plan is for a lab and none runs: its addresses belong to somebody else.
        """
        from parkops import lab

        if not lab.is_up(self.workspace):
            if LAB_KEY in self.park().access.key:
                raise UsageError(
                    "the plan logs in with the lab's key, and no lab runs",
                    where="access.key",
                    hint="start it with `parkops lab up`, or name the park's own key in the plan",
                )
            return False
        lab.enter(self.workspace)
        self._park = self.watched_park()
        return True

    def watched_park(self) -> Park:
        """Return the park with the targets that its monitor watches: in a lab, what the lab's nodes serve."""
        from parkops import lab

        park = self.park()
        if LAB_KEY in park.access.key or lab.is_up(self.workspace):
            return replace(park, targets=lab.served(park.targets))
        return park

    @property
    def left_out(self) -> int:
        """How many targets of the plan its monitor does not watch, since no node of the lab serves them."""
        return len(self.park().targets) - len(self.watched_park().targets)

    def basis(self) -> Basis:
        """Return what the plan asks to be scored by; PlanError with every mistake in its files."""
        from parkops.assess import basis_of

        return basis_of(self.park().assessment, self.workspace.root)

    def own_controls(self, files: Sequence[Path] = ()) -> tuple[Control, ...]:
        """Return the controls of the plan's own catalogues (where there is a park) and of further files.

        Raises PlanError with every mistake in them.
        """
        from parkops.assess.checks import installed
        from parkops.assess.own import read_catalogues

        root, names = Path(), [str(file) for file in files]
        try:
            root = self.workspace.root
        except UsageError:
            if self.park_dir is not None:
                raise
        else:
            names = [*self.park().catalogues, *(str(file.resolve()) for file in files)]
        return read_catalogues(root, names, installed())

    @cached_property
    def _evidence(self) -> tuple[EvidenceSet, Trend | None]:
        import time

        from parkops.evidence import gather

        park, artifacts, now_s = self.park(), self.artifacts(), time.time()
        if not self.workspace.has_store:
            return gather(park, artifacts, None, now_s, workspace=self.workspace), None
        with self.open_store() as store:
            evidence = gather(park, artifacts, store, now_s, workspace=self.workspace)
            return evidence, store.trend(park.name)

    def assessed_by(self, files: Sequence[Path] = ()) -> Assessment:
        """Return the park's assessment by the built-in catalogues, those of the plan, and further files."""
        from parkops.assess import assess
        from parkops.assess.checks import installed

        evidence, trend = self._evidence
        found = assess(
            self.park(),
            evidence,
            installed(),
            self.own_controls(files),
            self.basis(),
            self.platform_dirs,
        )
        return found if trend is None else replace(found, trend=trend)

    @cached_property
    def _assessed(self) -> Assessment:
        return self.assessed_by()

    def assessed(self, files: Sequence[Path] = ()) -> tuple[Assessment, EvidenceSet]:
        """Return the park's assessment now, with earlier ones as its trend, and what it was told by.

        ``files`` are catalogues beside those that the plan names.
        """
        return self.assessed_by(files) if files else self._assessed, self._evidence[0]

    def keep(self, assessment: Assessment) -> None:
        """Keep an assessment in the park's history."""
        from parkops.assess.history import snapshot

        with self.open_store() as store:
            store.save_assessment(snapshot(assessment))

    def open_store(self) -> Store:
        """Open the park's store (a context manager)."""
        from parkops.store import Store

        self.workspace.state.mkdir(parents=True, exist_ok=True)
        return Store.open(self.workspace.database)

    def table(self, *heads: str) -> Table:
        """Return a plain table; long values fold, so that nothing is cut off."""
        from rich.table import Column, Table

        return Table(*(Column(head, overflow="fold") for head in heads), box=None, pad_edge=False)

    def print_json(self, kind: str, body: Mapping[str, Any]) -> None:
        """Print a versioned JSON document."""
        document = {"kind": f"parkops.{kind}", "version": 1, **body}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
