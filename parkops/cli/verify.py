"""`parkops verify`: proofs before anything is pushed."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict

import click

from parkops.cli.common import Context, json_option


@click.command()
@json_option
@click.pass_obj
def verify(ctx: Context, as_json: bool) -> None:
    """Prove redundancy, rules and syntax; exit 1 if a proof fails.

    \b
    Example:
      parkops -p inventories/demo verify
    """
    from parkops.platforms import find_platforms
    from parkops.verify import verify as run

    findings = run(ctx.park(), ctx.artifacts(), find_platforms(ctx.workspace.platform_dirs))
    counts = Counter(finding.verdict.value for finding in findings)
    if as_json:
        ctx.print_json("verify", {"counts": counts, "findings": [asdict(finding) for finding in findings]})
    else:
        table = ctx.table("verdict", "check", "subject", "message")
        for finding in findings:
            if finding.verdict.value != "pass" or ctx.verbose:
                check = f"{finding.requirement}/{finding.check}"
                table.add_row(finding.verdict.value, check, finding.subject, finding.message)
        if table.row_count:
            ctx.console.print(table, markup=False)
        summary = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        ctx.console.print(f"{len(findings)} proofs: {summary}", markup=False)
    if counts["fail"]:
        sys.exit(1)
