"""`parkops lock`: what park.lock keeps, and freeing what the plan no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option

if TYPE_CHECKING:
    from parkops.design import Lock


@click.group()
def lock() -> None:
    """Show and prune what park.lock keeps.

    \b
    Example:
      parkops lock show vlans
      parkops lock prune --dry-run
    """


@lock.command()
@click.argument("pool", default="")
@click.option("--unneeded", is_flag=True, help="Only what the plan no longer asks for.")
@json_option
@click.pass_obj
def show(ctx: Context, pool: str, unneeded: bool, as_json: bool) -> None:
    """List the allocations, of one POOL or of all pools whose names begin so.

    \b
    Example:
      parkops lock show vlans
    """
    numbers, free = _kept_and_free(ctx)
    rows = [
        (name, key, number, key not in free.get(name, {}))
        for name, keys in (free if unneeded else numbers).items()
        if name.startswith(pool)
        for key, number in keys.items()
    ]
    if as_json:
        heads = ("pool", "key", "number", "needed")
        ctx.print_json("lock", {"allocations": [dict(zip(heads, row, strict=True)) for row in rows]})
        return
    table = ctx.table("pool", "key", "number", "")
    for name, key, number, needed in rows:
        table.add_row(name, key, str(number), "" if needed else "not in the plan")
    ctx.console.print(table, markup=False)


@lock.command()
@click.option("--dry-run", is_flag=True, help="Only list what would be freed.")
@click.pass_obj
def prune(ctx: Context, dry_run: bool) -> None:
    """Free what the plan no longer has; from then on its numbers may be given out again.

    \b
    Example:
      parkops lock prune --dry-run
    """
    from parkops.pipeline import write_lock

    numbers, free = _kept_and_free(ctx)
    for name, keys in free.items():
        for key, number in keys.items():
            ctx.console.print(f"{name}: {key} = {number}", markup=False, soft_wrap=True)
    kept = {
        name: rest
        for name, keys in numbers.items()
        if (rest := {key: number for key, number in keys.items() if key not in free.get(name, {})})
    }
    count = sum(map(len, free.values()))
    if count and not dry_run:
        write_lock(ctx.workspace.lock_file, kept)
    done = "would be freed" if dry_run else "freed"
    ctx.console.print(f"{count} allocation{'s' if count != 1 else ''} {done}.")


def _kept_and_free(ctx: Context) -> tuple[Lock, Lock]:
    """Return what park.lock holds, and what of it the plan no longer asks for."""
    from parkops.design.trace import unneeded as free_of
    from parkops.pipeline import load_plan, read_lock
    from parkops.platforms import find_platforms

    numbers = read_lock(ctx.workspace.lock_file).numbers
    return numbers, free_of(load_plan(ctx.workspace), numbers, find_platforms(ctx.workspace.platform_dirs))
