"""`parkops init`: start a park's folder from a shipped example."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from parkops.errors import UsageError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--example", default="demo", show_default=True, help="Name of a shipped example.")
def init(folder: Path, example: str) -> None:
    """Start a park folder from a shipped example.

    \b
    Example:
      parkops init my-park
    """
    from parkops.resources import folder as resource

    source = resource("inventories") / example / "park.yaml"
    if not source.is_file():
        known = ", ".join(sorted(path.parent.name for path in resource("inventories").glob("*/park.yaml")))
        raise UsageError(f"there is no example {example!r}", hint=f"known: {known}")
    target = folder / "park.yaml"
    if target.exists():
        raise UsageError("there is a plan already", where=str(target), hint="choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text("build/\nreports/\n.parkops/\n", encoding="utf-8")
    click.echo(f"{target} written. Next: parkops -p {folder} validate")
