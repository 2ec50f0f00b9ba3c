"""`parkops demo`: the whole main job in one run, with a table of what was proven."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context

if TYPE_CHECKING:
    from rich.console import Console

    from parkops.demo import Claim
    from parkops.model import Assessment, EvidenceSet, Park, Workspace


class Screen:
    """Tells the story: one line per claim, and what goes on now below them on a terminal."""

    def __init__(self, console: Console) -> None:
        """Begin the clock."""
        self.console = console
        self.begun_s = time.monotonic()
        self.status = console.status("") if console.is_terminal else None
        self.title = ""

    def stage(self, title: str) -> None:
        """Print a stage's title."""
        self.title = title
        elapsed_s = time.monotonic() - self.begun_s
        self.console.print(f"{elapsed_s:6.1f} s  {title}", style="bold")
        if self.status:
            self.status.start()
            self.status.update(title)

    def say(self, text: str) -> None:
        """Show what goes on, on a terminal only."""
        if self.status:
            from rich.markup import escape

            self.status.update(escape(f"{self.title}: {text}"[: self.console.width - 4]))

    def claim(self, claim: Claim) -> None:
        """Print what was proven, or not."""
        from rich.text import Text

        mark = ("  ok  ", "green") if claim.held else ("failed", "red")
        self.console.print(Text.assemble("    ", mark, f"  {claim.name}: {claim.detail}"))

    def close(self) -> None:
        """Stop the live line."""
        if self.status:
            self.status.stop()


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/demo"),
    show_default=True,
    help="Folder for the demo park; an earlier demo there is replaced.",
)
@click.option(
    "--plan",
    "source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of another plan to do the same with. Default: the shipped demo park.",
)
@click.option("--keep", is_flag=True, help="Leave the lab running at the end.")
@click.pass_obj
def demo(ctx: Context, folder: Path, source: Path | None, keep: bool) -> None:
    """Plan, build, break, heal and prove the demo park in one run.

    Exit code 0 only if everything held. Interrupting it at any moment cleans up.

    \b
    Example:
      parkops demo
    """
    from parkops.demo import tell_story
    from parkops.model import Workspace
    from parkops.report import html, json_

    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    workspace = Workspace(folder.resolve())
    _prepare(workspace, source)
    screen = Screen(ctx.console)

    def write_report(assessment: Assessment, park: Park, evidence: EvidenceSet) -> Path:
        workspace.reports.mkdir(parents=True, exist_ok=True)
        json_.write(assessment, park, evidence, workspace.reports / "report.json")
        path = workspace.reports / "report.html"
        html.write(assessment, park, evidence, path)
        return path

    try:
        story = tell_story(workspace, screen, write_report, keep=keep)
    finally:
        screen.close()
    from rich.text import Text

    table = ctx.table("proven", "claim", "seen")
    for claim in story.claims:
        proven = Text("yes", style="green") if claim.held else Text("NO", style="red")
        table.add_row(proven, claim.name, claim.detail)
    ctx.console.print(table)
    ctx.console.print(f"Report: {story.report}", markup=False, soft_wrap=True)
    if keep:
        ctx.console.print(f"The lab runs on: parkops -p {folder} lab status", markup=False, soft_wrap=True)
    sys.exit(0 if story.held else 1)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _prepare(workspace: Workspace, source: Path | None) -> None:
    """Lay out the plan in the demo's folder; a lab that still runs there is stopped."""
    from parkops import lab
    from parkops.resources import folder

    lab.down(workspace)
    source = source or folder("inventories") / "demo"
    if workspace.state.exists():
        shutil.rmtree(workspace.state)
    workspace.root.mkdir(parents=True, exist_ok=True)
    (workspace.root / "park.lock").unlink(missing_ok=True)
    for name in ("park.yaml", "park.lock"):
        if (source / name).exists():
            shutil.copyfile(source / name, workspace.root / name)
    if (source / "evidence").is_dir():
        shutil.copytree(source / "evidence", workspace.root / "evidence", dirs_exist_ok=True)
