"""`parkops design`: design the park and keep its allocations."""

from __future__ import annotations

from pathlib import Path

import click

from parkops.cli.common import Context


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the Park as YAML.")
@click.option("--dry-run", is_flag=True, help="Do not write park.lock.")
@click.pass_obj
def design(ctx: Context, out: Path | None, dry_run: bool) -> None:
    """Design the park and keep its allocations in park.lock.

    The schema of what --out writes: `parkops schema --design`.

    \b
    Example:
      parkops -p inventories/demo design --out park-design.yaml
    """
    import yaml

    from parkops.design.document import park_document
    from parkops.pipeline import design_park, write_lock

    park, lock = design_park(ctx.workspace)
    changed = False if dry_run else write_lock(ctx.workspace.lock_file, lock)
    if out is not None:
        document = park_document(park)
        text = yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=110)
        out.write_text(text, encoding="utf-8")
    state = "written" if changed else "unchanged"
    ctx.console.print(f"{len(park.devices)} devices, {len(park.links)} links. park.lock {state}.")
