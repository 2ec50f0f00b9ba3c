"""`parkops render`: write every artifact that changed."""

from __future__ import annotations

import sys

import click

from parkops.cli.common import Context, json_option


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@click.option("--dry-run", "check", is_flag=True, help="The same as --check.")
@json_option
@click.pass_obj
def render(ctx: Context, check: bool, as_json: bool) -> None:
    """Write configurations, monitoring, lab and inventory files below build/.

    \b
    Example:
      parkops -p inventories/demo render
    """
    from parkops.render.write import compare, write

    artifacts, build = ctx.artifacts(), ctx.workspace.build
    done = compare(artifacts, build) if check else write(artifacts, build)
    if as_json:
        ctx.print_json(
            "render", {"changed": done.changed, "removed": done.removed, "unchanged": done.unchanged}
        )
    else:
        for path in done.changed:
            ctx.console.print(f"  changed  {path}", markup=False)
        for path in done.removed:
            ctx.console.print(f"  removed  {path}", markup=False)
        ctx.console.print(
            f"{len(done.changed)} changed, {len(done.removed)} removed, "
            f"{done.unchanged} unchanged in {build}",
            markup=False,
            soft_wrap=True,
        )
    if check and (done.changed or done.removed):
        sys.exit(1)
