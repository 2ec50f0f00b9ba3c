"""`parkops trace`: from a configuration line to the plan and the requirement, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parkops.cli.common import Context, json_option, platforms_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkops.model import Device, SourceRef
    from parkops.render.trace import Traced

Json = dict[str, Any]


@click.command()
@click.argument("target", required=False, metavar="[DEVICE[/FILE]:LINE]")
@click.option("--plan", "plan_path", metavar="PATH", help="Every block that a plan path asked for.")
@click.option("--requirement", metavar="ID", help="Every block that serves a requirement.")
@platforms_option
@json_option
@click.pass_obj
def trace(
    ctx: Context,
    target: str | None,
    plan_path: str | None,
    requirement: str | None,
    platforms: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Say which plan line asked for a configuration line, which lines a plan path or a requirement gave.

    Lines are those of the files below build/<park>/. FILE is the end of a file's path, such as nftables.conf.

    \b
    Example:
      parkops -p inventories/demo trace core-1:12
      parkops -p inventories/demo trace fw-1/nftables.conf:40
      parkops -p inventories/demo trace --plan tenants.huaxing
      parkops -p inventories/demo trace --requirement MLPS-AB-AC-01
    """
    if sum(value is not None for value in (target, plan_path, requirement)) != 1:
        raise UsageError("name one of DEVICE:LINE, --plan PATH, --requirement ID", where="trace")
    ctx.add_platforms(platforms)
    if target is not None:
        _line(ctx, target, as_json)
    else:
        _blocks(ctx, plan_path, requirement, as_json)


def _line(ctx: Context, target: str, as_json: bool) -> None:
    """Print where one configuration line comes from, the nearest reason first."""
    from parkops.render.trace import at_line, sources

    device, file, number = _target(ctx, target)
    path, text = _artifact(ctx, device, file)
    lines = text.removesuffix("\n").split("\n")
    if not 1 <= number <= len(lines):
        raise UsageError(f"{path} has {len(lines)} lines", where=target)
    blocks = [item for item in _traced(ctx, [device]) if item.path == path]
    places = sources(ctx.park())
    found = [_document(ctx, item, places) for item in at_line(blocks, number)]
    if as_json:
        ctx.print_json("trace", {"file": path, "line": number, "text": lines[number - 1], "origins": found})
    else:
        ctx.console.print(f"{path}:{number}: {lines[number - 1]}", markup=False, soft_wrap=True)
        for item in found:
            _print_origin(ctx, item)
        if not found:
            ctx.console.print("  no plan path asked for this line: the platform says it always", markup=False)


def _target(ctx: Context, target: str) -> tuple[Device, str, int]:
    head, colon, number = target.rpartition(":")
    if not colon or not number.isdecimal():
        raise UsageError("not DEVICE:LINE or DEVICE/FILE:LINE", where=target)
    name, _, file = head.partition("/")
    return ctx.select([name])[0], file, int(number)


def _artifact(ctx: Context, device: Device, file: str) -> tuple[str, str]:
    """Return the path and text of the file that is meant; its configuration when none is named."""
    from parkops.pipeline import render_park

    artifacts = {item.path: item for item in render_park(ctx.park(), ctx.workspace, [device.name])}
    if file:
        found = [path for path in artifacts if path == f"{device.name}/{file}" or path.endswith(f"/{file}")]
    else:
        found = [path for path, item in artifacts.items() if item.kind.value in ("cli", "netconf")]
    if len(found) != 1:
        what = f"{len(found)} files end with {file!r}" if file else f"{len(found)} configurations"
        names = ", ".join(path.partition("/")[2] for path in found or artifacts)
        raise UsageError(what, where=device.name, hint=f"name one as {device.name}/FILE:LINE: {names}")
    return found[0], artifacts[found[0]].text


def _blocks(ctx: Context, plan_path: str | None, requirement: str | None, as_json: bool) -> None:
    """Print every block of a plan path or a requirement; exit 1 when there is none."""
    from parkops.render.trace import below_path, for_requirement, sources

    traced = _traced(ctx, ctx.park().managed)
    chosen = (
        below_path(traced, plan_path) if plan_path is not None else for_requirement(traced, requirement or "")
    )
    places = sources(ctx.park())
    found = [_document(ctx, item, places) for item in chosen]
    if as_json:
        ctx.print_json("trace", {"plan": plan_path, "requirement": requirement, "blocks": found})
    else:
        table = ctx.table("file", "lines", "block", "plan", "first line")
        for item in found:
            plan = "\n".join(f"{place['file']}:{place['line']} {place['path']}" for place in item["plan"])
            lines = "{}-{}".format(*item["lines"])
            table.add_row(item["file"], lines, item["block"], plan, item["text"][:2][-1].strip())
        if found:
            ctx.console.print(table, markup=False)
        ctx.console.print(f"{len(found)} blocks", markup=False)
    if not found:
        _none(plan_path, requirement, places)


def _none(plan_path: str | None, requirement: str | None, places: dict[str, SourceRef]) -> None:
    """End with 1; a name that is known nowhere is a wrong call."""
    from difflib import get_close_matches

    from parkops.platforms import requirements_by_block

    if plan_path is not None:
        known = list(places)
    else:
        known = sorted({name for ids in requirements_by_block().values() for name in ids})
    name = plan_path or requirement or ""
    close = get_close_matches(name, known, n=1)
    if name not in known and close:
        raise UsageError("nothing is rendered for it", where=name, hint=f"did you mean {close[0]!r}?")
    sys.exit(1)


def _traced(ctx: Context, devices: Any) -> Iterator[Traced]:
    from parkops.platforms import find_platforms
    from parkops.render import Renderer
    from parkops.render.trace import trace_device

    renderer = Renderer.of(ctx.park(), find_platforms(ctx.workspace.platform_dirs))
    for device in devices:
        yield from trace_device(device, renderer)


def _document(ctx: Context, item: Traced, places: dict[str, SourceRef]) -> Json:
    return {
        "file": item.path,
        "lines": [item.origin.first, item.origin.last],
        "block": item.origin.block,
        "requirements": item.origin.requirements,
        "plan": [_place(ctx, places[path]) for path in item.origin.paths if path in places],
        "text": item.lines,
    }


def _place(ctx: Context, place: SourceRef) -> Json:
    """Return a plan path with its line and what stands there."""
    try:
        text = (ctx.workspace.root / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
    except (OSError, IndexError):
        text = ""
    return {
        "path": place.path,
        "file": place.file,
        "line": place.line,
        "col": place.col,
        "value": text.strip(),
    }


def _print_origin(ctx: Context, item: Json) -> None:
    from parkops.assess.catalogues import mlps, requirements

    titles = {entry.id: entry.title_zh for entry in requirements()}
    titles.update({entry.id: entry.title_zh for entry in mlps()})
    first, last = item["lines"]
    ctx.console.print(f"  {item['block'] or 'block'}, lines {first} to {last}", markup=False)
    for place in item["plan"]:
        ctx.console.print(
            f"    {place['file']}:{place['line']}:{place['col']} {place['path']}",
            markup=False,
            soft_wrap=True,
        )
        ctx.console.print(f"      {place['value']}", markup=False, soft_wrap=True)
    for name in item["requirements"]:
        ctx.console.print(f"    {name} {titles.get(name, '')}", markup=False)
