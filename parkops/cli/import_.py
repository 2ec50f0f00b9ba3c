"""`parkops import`: a plan from NetBox or from a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context
from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.plan.importers import Survey


@click.group()
def import_() -> None:
    """Make a plan of what NetBox or a workbook knows; what found no place is said.

    \b
    Example:
      parkops import netbox my-park --url https://netbox.example --token env:NETBOX_TOKEN
      parkops import xlsx my-park tables.xlsx
    """


@import_.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--url", required=True, help="Address of NetBox.")
@click.option("--token", default="", help="API token, as env:NAME or file:PATH.")
@click.option("--site", default="", help="Only this site (its slug).")
@click.option("--force", is_flag=True, help="Replace a plan that is there.")
@click.pass_obj
def netbox(ctx: Context, folder: Path, url: str, token: str, site: str, force: bool) -> None:
    """Import from NetBox through its REST API."""
    from parkops.plan.importers.netbox import read_netbox
    from parkops.transport.secrets import resolve

    if token and ":" not in token:
        raise UsageError("a token is given by reference", where="--token", hint="env:NETBOX_TOKEN")
    secret = resolve(token, Path.cwd()) if token else ""
    _write(ctx, read_netbox(url, secret, site), folder, url, force)


@import_.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--template", type=click.Path(path_type=Path, dir_okay=False), help="Write an empty workbook.")
@click.option("--force", is_flag=True, help="Replace a plan that is there.")
@click.pass_obj
def xlsx(ctx: Context, folder: Path | None, file: Path | None, template: Path | None, force: bool) -> None:
    """Import from a workbook: the sheets of `parkops show --xlsx`, or of --template."""
    from parkops.plan.importers.xlsx import read_xlsx
    from parkops.plan.importers.xlsx import template as empty

    if template:
        template.write_bytes(empty())
        ctx.console.print(f"wrote {template}", markup=False)
        return
    if folder is None or file is None:
        raise UsageError("say where the plan goes and which workbook to read", hint="import xlsx FOLDER FILE")
    _write(ctx, read_xlsx(file), folder, file.name, force)


def _write(ctx: Context, survey: Survey, folder: Path, source: str, force: bool) -> None:
    """Write plan and lock, after they were checked together; an existing plan stays unless forced."""
    from tempfile import TemporaryDirectory

    from parkops.design import lock_text
    from parkops.model import Workspace
    from parkops.pipeline import design_park
    from parkops.plan.importers import compose, plan_text
    from parkops.plan.importers.survey import Names

    target = folder / "park.yaml"
    if target.exists() and not force:
        raise UsageError("there is a plan already", where=str(target), hint="--force replaces it")
    imported = compose(survey, Names("park").of(folder.resolve().name))
    text = plan_text(imported, source)
    with TemporaryDirectory() as draft:
        trial = Workspace(Path(draft))
        trial.plan_file.write_text(text, encoding="utf-8")
        trial.lock_file.write_text(lock_text(imported.lock), encoding="utf-8")
        park, lock = design_park(trial)
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    (folder / "park.lock").write_text(lock_text(lock), encoding="utf-8")
    ctx.console.print(
        f"{target} written: {len(park.tenants)} tenants, {len(park.segments)} segments, "
        f"{len(park.devices)} devices.",
        markup=False,
    )
    for note in imported.notes:
        ctx.console.print(f"- {note}", markup=False)
