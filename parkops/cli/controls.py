"""`parkops controls`: the requirements and the checks that decide them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.assess.catalogues import MlpsRequirement, Requirement


@click.group()
def controls() -> None:
    """List and show the requirements and their checks.

    \b
    Example:
      parkops controls list --domain backbone
      parkops controls show NET-BB-REL-01
    """


@controls.command("list")
@click.option("--domain", help="Only this domain, such as backbone or security-boundary.")
@click.option("--decidable", is_flag=True, help="Only those that checks and attestations decide in full.")
@json_option
@click.pass_obj
def list_(ctx: Context, domain: str | None, decidable: bool, as_json: bool) -> None:
    """List the requirements of the guide."""
    from parkops.assess.catalogues import requirements

    domains = sorted({item.domain for item in requirements()})
    if domain is not None and domain not in domains:
        raise UsageError("no such domain", where=domain, hint=f"known: {', '.join(domains)}")
    found = [
        item
        for item in requirements()
        if domain in (None, item.domain) and (not decidable or all(map(_decided, item.checks)))
    ]
    if as_json:
        ctx.print_json("controls", {"controls": [_document(item) for item in found]})
        return
    table = ctx.table("id", "domain", "aspect", "title", "kinds of evidence")
    for item in found:
        kinds = " ".join(e.kind.value if _decided(e) else f"({e.kind.value})" for e in item.checks)
        table.add_row(item.id, item.domain, item.aspect, item.title_zh, kinds)
    ctx.console.print(table, markup=False)
    ctx.console.print(f"{len(found)} requirements; (kind): no machine decides it yet", markup=False)


@controls.command()
@click.argument("control_id")
@json_option
@click.pass_obj
def show(ctx: Context, control_id: str, as_json: bool) -> None:
    """Show one requirement of the guide or of GB/T 22239-2019, with its criteria and checks."""
    from difflib import get_close_matches

    from parkops.assess.catalogues import mlps, requirements

    known: dict[str, Requirement | MlpsRequirement] = {r.id: r for r in requirements()}
    known |= {item.id: item for item in mlps()}
    item = known.get(control_id.upper())
    if item is None:
        close = get_close_matches(control_id.upper(), known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "see `parkops controls list`"
        raise UsageError("no such requirement", where=control_id, hint=hint)
    if as_json:
        ctx.print_json("control", _document(item))
        return
    ctx.console.print(f"{item.id}  {item.title_zh}", markup=False)
    for text in filter(None, (item.requirement, getattr(item, "text_zh", ""))):
        ctx.console.print(text, markup=False)
    for entry in item.checks:
        ctx.console.print(f"\n{entry.kind.value}: {entry.criterion}", markup=False)
        if entry.kind.value == "attest":
            ctx.console.print("  decided by an attestation in the plan", markup=False)
        elif not entry.check:
            ctx.console.print("  no machine decides this yet", markup=False)
        for call in entry.check:
            params = ", ".join(f"{name}={value!r}" for name, value in call.params.items())
            ctx.console.print(f"  check {call.name}({params})", markup=False)


def _decided(entry: object) -> bool:
    from parkops.assess.catalogues import CheckEntry

    return isinstance(entry, CheckEntry) and (bool(entry.check) or entry.kind.value == "attest")


def _document(item: Requirement | MlpsRequirement) -> dict[str, object]:
    return item.model_dump(mode="json", by_alias=True)
