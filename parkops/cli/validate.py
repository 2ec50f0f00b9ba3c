"""`parkops validate`: every mistake of the plan and the design, at once."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date

import click

from parkops.cli.common import Context, json_option
from parkops.errors import ProblemsError


@click.command()
@click.option("--advice", is_flag=True, help="Also list what is allowed, but falls short of a rule.")
@json_option
@click.pass_obj
def validate(ctx: Context, advice: bool, as_json: bool) -> None:
    """Check the plan and the design; print every mistake as file:line:col.

    \b
    Example:
      parkops -p inventories/demo validate --advice
    """
    from parkops.pipeline import design_park
    from parkops.platforms import find_platforms
    from parkops.verify.advice import advice_on

    try:
        park, _ = design_park(ctx.workspace)
    except ProblemsError as error:
        if as_json:
            ctx.print_json("validate", {"ok": False, "problems": [asdict(item) for item in error.problems]})
        else:
            click.echo(str(error), err=True)
            count = len(error.problems)
            click.echo(f"{count} problem{'s' if count != 1 else ''} in {ctx.workspace.plan_file}", err=True)
        sys.exit(error.exit_code)
    told = advice_on(park, date.today(), find_platforms(ctx.workspace.platform_dirs))
    if as_json:
        found = [asdict(item) for item in told]
        ctx.print_json("validate", {"ok": True, "problems": [], "advice": found})
        return
    for item in told if advice else ():
        source = item.source
        click.echo(f"{source.file}:{source.line}:{source.col}: {item.what}: {item.expected}")
    ctx.console.print(
        f"{park.title}: valid. {len(park.devices)} devices ({len(park.managed)} managed), "
        f"{len(park.links)} links, {len(park.segments)} segments, {len(park.flows)} flows."
        + (f" Advice: {len(told)} (--advice)." if told and not advice else ""),
        markup=False,
    )
