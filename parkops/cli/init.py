"""`parkops init`: start a park's folder by questions, by options, or from a shipped example."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click

from parkops.errors import UsageError

SCHEMA_FILE = "park.schema.json"
SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
IGNORED = "build/\nreports/\n.parkops/\n"
NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")
MIXES = ("open", "huawei", "h3c", "mixed")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--example", help="Name of a shipped example; demo where nothing is asked or given.")
@click.option("--name", help="Short name of the park: lower-case letters, digits, hyphens.")
@click.option("--title", help="Name for people, any language.")
@click.option("--tenants", type=click.IntRange(1, 400), help="Number of enterprises.")
@click.option("--plants", type=click.IntRange(1, 8), help="Plants of each enterprise.")
@click.option("--mix", type=click.Choice(MIXES), help="Platforms of switches and routers.")
@click.option(
    "--generate", type=click.IntRange(10, 10_000), metavar="N", help="A park of N devices, for measuring."
)
def init(
    folder: Path,
    example: str | None,
    name: str | None,
    title: str | None,
    tenants: int | None,
    plants: int | None,
    mix: str | None,
    generate: int | None,
) -> None:
    """Start a park folder: a plan that validates, and its schema for your editor.

    Asks a few questions on a terminal; the options answer them.

    \b
    Example:
      parkops init my-park
      parkops init my-park --name river --title 滨江园区 --tenants 12 --plants 2 --mix huawei
      parkops init my-park --example demo
    """
    answers = {"name": name, "title": title, "tenants": tenants, "plants": plants, "mix": mix}
    told = {key: value for key, value in answers.items() if value is not None}
    if example and (told or generate):
        raise click.UsageError("--example is a whole plan: it goes with no other answer")
    if generate and told.keys() - {"mix"}:
        raise click.UsageError("--generate goes with --mix only")
    if (folder / "park.yaml").exists():
        raise UsageError(
            "there is a plan already", where=str(folder / "park.yaml"), hint="choose another folder"
        )
    if example or (not told and not generate and not sys.stdin.isatty()):
        files = _example(example or "demo")
    elif generate:
        from parkops.plan.generate import generated

        files = generated(generate, mix or "open")
    else:
        files = {"park.yaml": _plan(folder, told)}
    _write(folder, files)
    click.echo(f"{folder / 'park.yaml'} written. Next: parkops -p {folder} validate")


def _example(name: str) -> dict[str, str]:
    from parkops.resources import folder as resource

    source = resource("inventories") / name
    if not (source / "park.yaml").is_file():
        known = ", ".join(sorted(path.parent.name for path in resource("inventories").glob("*/park.yaml")))
        raise UsageError(f"there is no example {name!r}", hint=f"known: {known}")
    files = [source / "park.yaml", *sorted(source.glob("tenants/*.yaml"))]
    return {file.relative_to(source).as_posix(): file.read_text(encoding="utf-8") for file in files}


def _plan(folder: Path, told: dict[str, Any]) -> str:
    from parkops.plan.generate import Wanted, first_plan

    wanted = {"name": _name_of(folder), **(_asked(folder, told) if sys.stdin.isatty() else told)}
    if not NAME.fullmatch(wanted["name"]):
        hint = "lower-case letters, digits and hyphens, a letter first, at most 24"
        raise UsageError(f"{wanted['name']!r} is no name", where="--name", hint=hint)
    return first_plan(Wanted(**wanted))


def _asked(folder: Path, told: dict[str, Any]) -> dict[str, Any]:
    """Ask for what no option answers."""
    questions: tuple[tuple[str, str, Any, Any], ...] = (
        ("name", "Short name (lower-case letters, digits, hyphens)", _name_of(folder), str),
        ("title", "Name for people", "工业互联网园区", str),
        ("tenants", "How many enterprises", 2, click.IntRange(1, 400)),
        ("plants", "Plants of each", 1, click.IntRange(1, 8)),
        ("mix", "Platforms of switches and routers", "open", click.Choice(MIXES)),
    )
    return {
        key: told[key] if key in told else click.prompt(text, default=default, type=kind)
        for key, text, default, kind in questions
    }


def _name_of(folder: Path) -> str:
    """Return a name like the folder's."""
    found = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:24]
    return found if NAME.fullmatch(found) else "park"


def _write(folder: Path, files: dict[str, str]) -> None:
    from parkops.plan.json_schema import plan_schema

    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((SCHEMA_LINE if name == "park.yaml" else "") + text, encoding="utf-8")
    schema = json.dumps(plan_schema(), ensure_ascii=False, indent=1) + "\n"
    (folder / SCHEMA_FILE).write_text(schema, encoding="utf-8")
    ignored = folder / ".gitignore"
    if not ignored.exists():
        ignored.write_text(IGNORED, encoding="utf-8")
