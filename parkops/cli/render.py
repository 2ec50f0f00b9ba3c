"""`parkops render`: write every artifact that changed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option, platforms_option

if TYPE_CHECKING:
    from parkops.model import Device
    from parkops.render.write import Written


@click.command()
@click.option("--device", "names", multiple=True, metavar="NAME", help="Only this device; may be repeated.")
@click.option("--tenant", "tenants", multiple=True, metavar="ID", help="Only this tenant's devices.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Only devices of this role.")
@click.option("--changed", is_flag=True, help="Only devices whose plan or templates changed since.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@click.option("--dry-run", "check", is_flag=True, help="The same as --check.")
@platforms_option
@json_option
@click.pass_obj
def render(
    ctx: Context,
    names: tuple[str, ...],
    tenants: tuple[str, ...],
    roles: tuple[str, ...],
    changed: bool,
    check: bool,
    platforms: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write configurations, monitoring, lab and inventory files below build/<park>/.

    \b
    Example:
      parkops -p inventories/demo render
      parkops -p inventories/demo render --tenant huaxing --check
      parkops -p inventories/demo render --platforms ~/platforms --device core-1
    """
    from parkops.render.cache import unchanged_files
    from parkops.render.write import Written

    ctx.add_platforms(platforms)
    some = bool(names or tenants or roles or changed)
    unchanged = None if some else unchanged_files(ctx.workspace)
    if unchanged is not None:
        _tell(ctx, Written((), (), unchanged), as_json)
        return
    devices = _choose(ctx, names, tenants, roles, changed) if some else None
    done = _render(ctx, devices, check)
    _tell(ctx, done, as_json)
    if check and (done.changed or done.removed):
        sys.exit(1)


def _render(ctx: Context, devices: list[str] | None, check: bool) -> Written:
    from parkops.pipeline import build_park, render_park
    from parkops.render.write import compare

    park = ctx.park()
    if not check:
        return build_park(park, ctx.workspace, devices)[1]
    build = ctx.workspace.build_of(park.name)
    return compare(render_park(park, ctx.workspace, devices), build, devices)


def _choose(
    ctx: Context, names: tuple[str, ...], tenants: tuple[str, ...], roles: tuple[str, ...], changed: bool
) -> list[str]:
    """Return the names of the devices that every given selection holds."""
    from parkops.pipeline import changed_since

    park = ctx.park()
    _known("tenant", tenants, {tenant.id for tenant in park.tenants})
    _known("role", roles, {device.role.value for device in park.managed})
    devices: list[Device] = [
        device
        for device in ctx.select(names)
        if (not tenants or device.tenant in tenants) and (not roles or device.role.value in roles)
    ]
    since = set(changed_since(park, ctx.workspace)) if changed else None
    return [device.name for device in devices if since is None or device.name in since]


def _known(what: str, given: tuple[str, ...], known: set[str]) -> None:
    from difflib import get_close_matches

    from parkops.errors import UsageError

    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
            raise UsageError(f"no such {what}", where=name, hint=hint)


def _tell(ctx: Context, done: Written, as_json: bool) -> None:
    build = ctx.workspace.build
    if as_json:
        body = {"changed": done.changed, "removed": done.removed, "unchanged": done.unchanged}
        ctx.print_json("render", body)
        return
    for word, paths in (("changed", done.changed), ("removed", done.removed)):
        for path in paths:
            ctx.console.print(f"  {word}  {path}", markup=False)
    ctx.console.print(
        f"{len(done.changed)} changed, {len(done.removed)} removed, {done.unchanged} unchanged in {build}",
        markup=False,
        soft_wrap=True,
    )
