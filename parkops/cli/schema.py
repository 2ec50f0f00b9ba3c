"""`parkops schema`: the plan language for editors, programs and people."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.option("--included", is_flag=True, help="For a file that a plan includes: no section is needed.")
@click.option("--design", is_flag=True, help="The schema of what `parkops design --out` writes.")
@click.option("--markdown", is_flag=True, help="The reference of the language, as docs/plan.md has it.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a file.")
def schema(included: bool, design: bool, markdown: bool, out: Path | None) -> None:
    """Print the JSON Schema of the plan; an editor completes and checks the plan with it.

    \b
    Example:
      parkops schema --out park.schema.json
      # and as first line of park.yaml:
      # yaml-language-server: $schema=park.schema.json
    """
    if sum((included, design, markdown)) > 1:
        raise click.UsageError("--included, --design and --markdown exclude each other")
    text = _text(included=included, design=design, markdown=markdown)
    if out is None:
        click.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    click.echo(f"{out} written.")


def _text(*, included: bool, design: bool, markdown: bool) -> str:
    if markdown:
        from parkops.plan.reference import markdown as reference

        return reference()
    if design:
        from parkops.design.document import park_schema

        return _json(park_schema())
    from parkops.plan.json_schema import plan_schema

    return _json(plan_schema(included=included))


def _json(schema: dict[str, object]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
