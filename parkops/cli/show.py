"""`parkops show`: the design as tables, as a picture, and as a workbook."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError
from parkops.model import Park

NAMES = (
    *("devices", "ports", "links", "segments", "addresses", "vlans", "vrfs", "rings", "streams"),
    *("flows", "rules", "workloads", "targets", "topology"),
)


class _What(click.Choice[str]):
    """One of NAMES; a misspelt one gets a hint."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name; BadParameter says which was meant."""
        close = get_close_matches(value, NAMES, n=1)
        if value not in NAMES and close:
            self.fail(f"there is no {value!r}; did you mean {close[0]!r}?", param, ctx)
        return str(super().convert(value, param, ctx))


@click.command()
@click.argument("what", type=_What(NAMES), default="devices")
@click.option("--tenant", help="Only this tenant's devices and what concerns them.")
@click.option("--site", help="Only this site's, as in TENANT.SITE.")
@click.option("--role", help="Only devices of this role, such as boundary.")
@click.option("--device", "devices", multiple=True, help="Only this device; may be repeated.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Write all tables as XLSX.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write the topology as SVG.")
@click.option("--mermaid", is_flag=True, help="Print the topology as a Mermaid flowchart.")
@click.option("--limit", type=click.IntRange(5, 2000), help="Most boxes in a picture (150).")
@json_option
@click.pass_obj
def show(
    ctx: Context,
    what: str,
    tenant: str | None,
    site: str | None,
    role: str | None,
    devices: tuple[str, ...],
    as_csv: bool,
    xlsx: Path | None,
    svg: Path | None,
    mermaid: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """Show the design: devices, ports, links, segments, addresses, VLANs, flows, rules, or the topology.

    \b
    Example:
      parkops -p inventories/demo show ports --device hx-bd-1
      parkops -p inventories/demo show --xlsx tables.xlsx
      parkops -p inventories/demo show topology --svg park.svg
    """
    park = ctx.park()
    wanted = _wanted(park, tenant, site, role, devices)
    if xlsx:
        _write_workbook(ctx, park, wanted, xlsx)
    if svg or mermaid or what == "topology":
        _picture(ctx, park, wanted, svg, limit)
    if xlsx or svg or mermaid or what == "topology":
        return
    if as_json and what in ("devices", "links", "segments", "flows", "targets") and wanted is None:
        ctx.print_json(f"show.{what}", {what: [asdict(item) for item in getattr(park, what)]})
        return
    _table(ctx, park, what, wanted, as_csv, as_json)


def _table(
    ctx: Context, park: Park, what: str, wanted: frozenset[str] | None, as_csv: bool, as_json: bool
) -> None:
    from parkops.show import table

    found = table(park, what, wanted)
    if as_json:
        ctx.print_json(f"show.{what}", {what: found.records()})
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(column.key for column in found.columns)
        writer.writerows(found.rows)
    else:
        columns = found.fitting(ctx.console.width)
        shown = ctx.table(*(found.columns[index].en for index in columns))
        for row in found.rows:
            shown.add_row(*(row[index] or "-" for index in columns))
        ctx.console.print(shown, markup=False)
        hidden = [
            column.en
            for index, column in enumerate(found.columns)
            if index not in columns and any(row[index] for row in found.rows)
        ]
        if hidden:
            ctx.console.print(f"no room for: {', '.join(hidden)} (--csv has all)", style="dim")


def _wanted(
    park: Park, tenant: str | None, site: str | None, role: str | None, devices: tuple[str, ...]
) -> frozenset[str] | None:
    """Return the names of the devices that fit all conditions, None when there is no condition.

    Raises UsageError for a tenant, site, role or device that is not in the park.
    """
    if not (tenant or site or role or devices):
        return None
    _known("tenant", tenant, {device.tenant for device in park.devices if device.tenant})
    _known("site", site, {device.site for device in park.devices if device.site})
    _known("role", role, {device.role.value for device in park.devices})
    for name in devices:
        _known("device", name, {device.name for device in park.devices})
    return frozenset(
        device.name
        for device in park.devices
        if (not tenant or device.tenant == tenant)
        and (not site or device.site == site)
        and (not role or device.role.value == role)
        and (not devices or device.name in devices)
    )


def _known(kind: str, name: str | None, names: set[str]) -> None:
    if name is None or name in names:
        return
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(names)[:20])}"
    raise UsageError(f"there is no {kind} of this name", where=name, hint=hint)


def _write_workbook(ctx: Context, park: Park, wanted: frozenset[str] | None, path: Path) -> None:
    from parkops.show import TABLES, table, workbook

    _write(path, workbook(park.title or park.name, [table(park, name, wanted) for name in TABLES]))
    ctx.console.print(f"wrote {path}", markup=False)


def _picture(
    ctx: Context, park: Park, wanted: frozenset[str] | None, path: Path | None, limit: int | None
) -> None:
    from parkops.picture import LIMIT, lay_out, mermaid, svg, view

    chosen = None if wanted is None else [device for device in park.devices if device.name in wanted]
    seen = view(park, chosen, limit or LIMIT)
    if path is None:
        click.echo(mermaid(seen), nl=False)
        return
    _write(path, svg(lay_out(seen)).encode())
    folded = f"; drawn together: {seen.folded}" if seen.folded else ""
    ctx.console.print(f"wrote {path}: {len(seen.nodes)} boxes{folded}", markup=False)


def _write(path: Path, data: bytes) -> None:
    """Write a file that the user named; UsageError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from error
