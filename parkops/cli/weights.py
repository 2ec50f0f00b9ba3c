"""`parkops weights`: weights of indicators from experts' judgements (AHP)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.assess.weights import Method, Weighing


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--template", type=click.Choice(["yaml", "xlsx"]), help="Write a file to fill in, and stop.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option(
    "--group",
    "method",
    type=click.Choice(["aij", "aip"]),
    default="aij",
    show_default=True,
    help="Join judgements (aij) or the experts' priorities (aip), by geometric means.",
)
@click.option("--title", default="", help="Title that stands in the file.")
@click.option("--dry-run", is_flag=True, help="Compute and print, write nothing.")
@json_option
@click.pass_obj
def weights(
    ctx: Context,
    files: Sequence[Path],
    template: str | None,
    out: Path | None,
    method: Method,
    title: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Weigh indicators by the judgements of several experts, a YAML file or workbook of each.

    Judgements that contradict themselves (a consistency ratio above 0.1) are refused: the pairs that
    contradict most are named, and what would fit. The plan uses the written file where it says
    `assessment: {weights: FILE}`; groups that nobody judged keep their weights.

    \b
    Example:
      parkops weights --template xlsx --out wang.xlsx
      parkops weights wang.xlsx li.yaml zhao.xlsx --out weights.yaml
    """
    from parkops.assess.catalogues import indicators
    from parkops.assess.weights import document, read_experts, weigh

    if template:
        if files:
            raise UsageError("files beside --template", hint="one or the other")
        _template(ctx, template, out, dry_run)
        return
    if not files:
        raise UsageError("no judgements", hint="name files, or begin with --template yaml")
    weighing = weigh(read_experts(files, indicators()), indicators(), method)
    target = out or Path("weights.yaml")
    if not dry_run:
        _write(target, document(weighing, title).encode())
    if as_json:
        ctx.print_json("weights", {"file": None if dry_run else str(target), **_document(weighing)})
        return
    _print(ctx, weighing)
    ctx.console.print(f"{'would write' if dry_run else 'wrote'} {target}", markup=False, soft_wrap=True)


def _template(ctx: Context, kind: str, out: Path | None, dry_run: bool) -> None:
    from parkops.assess.catalogues import indicators
    from parkops.assess.weights import book, groups, sheet

    known = groups(indicators())
    content = sheet.template(known).encode() if kind == "yaml" else book.template(known)
    if out is None and kind == "yaml":
        click.echo(content.decode(), nl=False)
        return
    target = out or Path("judgements.xlsx")
    if not dry_run:
        if target.exists():
            raise UsageError("there is a file already", where=str(target), hint="name another with --out")
        _write(target, content)
    ctx.console.print(f"{'would write' if dry_run else 'wrote'} {target}", markup=False, soft_wrap=True)


def _write(target: Path, content: bytes) -> None:
    partial = target.with_name(target.name + ".part")
    partial.write_bytes(content)
    partial.replace(target)


def _print(ctx: Context, weighing: Weighing) -> None:
    table = ctx.table("group", "indicator", "weight", "consistency")
    for item in weighing.groups:
        ratios = f"{item.ratio:.3f} ({', '.join(f'{name} {ratio:.3f}' for name, ratio in item.experts)})"
        for place, (member, weight) in enumerate(zip(item.group.members, item.weights, strict=True)):
            first = place == 0
            group = item.group.key if first else ""
            table.add_row(group, f"{member.id} {member.name_zh}", f"{weight:.4f}", ratios if first else "")
    ctx.console.print(table, markup=False)


def _document(weighing: Weighing) -> dict[str, object]:
    return {
        "method": weighing.method,
        "experts": [{"name": name, "weight": share} for name, share in weighing.experts],
        "groups": [
            {
                "group": item.group.key,
                "weights": {
                    str(member.id): weight
                    for member, weight in zip(item.group.members, item.weights, strict=True)
                },
                "consistency_ratio": item.ratio,
                "experts": dict(item.experts),
            }
            for item in weighing.groups
        ],
    }
