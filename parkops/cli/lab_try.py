"""`parkops lab try`: send the traffic that the plan allows, and what it forbids."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from parkops.cli.common import Context, json_option


@click.command("try")
@click.option("--all", "everything", is_flag=True, help="List every pair, not only what is not as planned.")
@json_option
@click.pass_obj
def try_traffic(ctx: Context, everything: bool, as_json: bool) -> None:
    """Send real traffic between endpoints: flows must pass, everything else must not.

    What was seen is kept as evidence for the report. Exit 1 if anything is not as planned; silence of a
    datagram that need not be answered is neither.

    \b
    Example:
      parkops lab try
    """
    from parkops.lab.expect import try_expectations, undecidable

    park = ctx.park()
    seen = {reach.expectation: reach for reach in try_expectations(park, ctx.workspace, park.expectations)}
    with ctx.open_store() as store:
        store.save_reach(seen.values())
    other = [item for item in park.expectations if seen[item.id].passed is not item.allowed]
    wrong = [item for item in other if not undecidable(park, item, seen[item.id])]
    if as_json:
        pairs = [{**asdict(item), **asdict(seen[item.id])} for item in park.expectations]
        ctx.print_json(
            "lab-try",
            {
                "tried": len(pairs),
                "wrong": len(wrong),
                "undecidable": len(other) - len(wrong),
                "pairs": pairs,
            },
        )
    else:
        table = ctx.table("from", "to", "service", "planned", "seen", "why")
        for item in park.expectations if everything else other:
            passed = seen[item.id].passed
            word = {True: "passes", False: "dropped", None: "unknown"}[passed]
            table.add_row(
                item.src_device,
                item.dst_device,
                f"{item.protocol}/{item.port} {item.dst_address}",
                "passes" if item.allowed else "dropped",
                word,
                seen[item.id].detail or item.reason,
            )
        if table.row_count:
            ctx.console.print(table, markup=False)
        allowed = sum(item.allowed for item in park.expectations)
        ctx.console.print(
            f"{len(park.expectations)} tried: {allowed} allowed, "
            f"{len(park.expectations) - allowed} forbidden; {len(wrong)} not as planned"
            + (f", {len(other) - len(wrong)} not decidable" if len(other) > len(wrong) else "")
        )
    if wrong:
        sys.exit(1)
