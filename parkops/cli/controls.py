"""`parkops controls`: the catalogues' controls, what decides them, and catalogues of one's own."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.assess.controls import Control
    from parkops.model import RequirementResult

VERDICTS = ("pass", "fail", "unknown", "not-applicable", "waived")


def catalogue_files(function: click.decorators.FC) -> click.decorators.FC:
    """Add `--catalogue-file`: catalogues beside those that the plan names."""
    return click.option(
        "--catalogue-file",
        "files",
        multiple=True,
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A catalogue of your own, beside those of the plan; may be repeated.",
    )(function)


@click.group()
def controls() -> None:
    """List and show what the park is judged by: the guide, MLPS, and catalogues of your own.

    \b
    Example:
      parkops controls list --domain backbone
      parkops -p inventories/demo controls list --catalogue mlps --verdict fail
      parkops controls show NET-BB-REL-01
      parkops controls new assess/ours.yaml
    """


@controls.command("list")
@click.option("--catalogue", help="Only this catalogue: guide, mlps, validity, or one of your own.")
@click.option("--domain", help="Only this domain, such as backbone or security-boundary.")
@click.option(
    "--verdict",
    type=click.Choice(VERDICTS),
    multiple=True,
    help="Assess the park, and list those with this verdict; may be repeated.",
)
@click.option("--decidable", is_flag=True, help="Only those that checks and attestations decide in full.")
@catalogue_files
@json_option
@click.pass_obj
def list_(
    ctx: Context,
    catalogue: str | None,
    domain: str | None,
    verdict: Sequence[str],
    decidable: bool,
    files: Sequence[Path],
    as_json: bool,
) -> None:
    """List the controls, with `--verdict` those of the park as it is judged now.

    \b
    Example:
      parkops -p inventories/demo controls list --catalogue mlps --verdict fail --verdict unknown
    """
    known = (*_built_in(), *ctx.own_controls(files))
    _known_word(catalogue, {item.catalogue for item in known}, "catalogue")
    of_catalogue = [item for item in known if catalogue in (None, item.catalogue)]
    _known_word(domain, {item.domain for item in of_catalogue}, "domain")
    found = [
        item
        for item in of_catalogue
        if domain in (None, item.domain) and (not decidable or all(map(_decided, item.checks)))
    ]
    results = _results(ctx, files) if verdict else {}
    if verdict:
        found = [item for item in found if results[item.catalogue, item.id].verdict in verdict]
    if as_json:
        rows = [_document(item, results.get((item.catalogue, item.id))) for item in found]
        ctx.print_json("controls", {"controls": rows})
        return
    _table(ctx, found, results)


def _table(ctx: Context, found: Sequence[Control], results: dict[tuple[str, str], RequirementResult]) -> None:
    heads = ("id", "verdict", "title", "why") if results else ("id", "domain", "aspect", "title", "evidence")
    table = ctx.table(*heads)
    for item in found:
        if results:
            result = results[item.catalogue, item.id]
            table.add_row(item.id, result.verdict.value, item.title_zh or item.text, result.message)
            continue
        kinds = " ".join(e.kind.value if _decided(e) else f"({e.kind.value})" for e in item.checks)
        table.add_row(item.id, item.domain, item.aspect, item.title_zh or item.text, kinds)
    ctx.console.print(table, markup=False)
    tail = "" if results else "; (kind): no machine decides it"
    ctx.console.print(f"{len(found)} controls{tail}", markup=False)


@controls.command()
@click.argument("control_id", metavar="ID")
@catalogue_files
@json_option
@click.pass_obj
def show(ctx: Context, control_id: str, files: Sequence[Path], as_json: bool) -> None:
    """Show a control with its clauses, criteria and checks.

    \b
    Example:
      parkops controls show MLPS-ICS-CN-01
    """
    from difflib import get_close_matches

    known = {item.id: item for item in (*_built_in(), *ctx.own_controls(files))}
    item = known.get(control_id.upper())
    if item is None:
        close = get_close_matches(control_id.upper(), known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "see `parkops controls list`"
        raise UsageError("no such control", where=control_id, hint=hint)
    if as_json:
        ctx.print_json("control", _document(item, None))
        return
    say = ctx.console.print
    say(f"{item.id}  {item.title_zh}", markup=False)
    for text in filter(None, (item.text, item.text_zh)):
        say(text, markup=False)
    for name, text in _facts(item):
        say(f"{name}: {text}", markup=False)
    for entry in item.checks:
        say(f"\n{entry.kind.value}: {entry.criterion}", markup=False)
        if not entry.check:
            attested = entry.kind.value == "attest"
            say(
                "  decided by an attestation in the plan" if attested else "  no machine decides this",
                markup=False,
            )
        for call in entry.check:
            params = ", ".join(f"{name}={value!r}" for name, value in call.params.items())
            say(f"  check {call.name}({params})", markup=False)


def _facts(item: Control) -> list[tuple[str, str]]:
    scope = item.scope.model_dump(exclude_defaults=True)
    facts = {
        "catalogue": item.catalogue,
        "clause": ", ".join(item.clauses) + (f" ({item.confidence})" if item.confidence else ""),
        "MLPS levels": ", ".join(map(str, item.levels)),
        "counts for zones": ", ".join(f"{key}: {value}" for key, value in scope.items()),
        "mapped to": ", ".join(item.mapped),
        "note": item.note,
    }
    return [(name, text) for name, text in facts.items() if text]


@controls.command()
@click.argument("name", required=False)
@json_option
@click.pass_obj
def checks(ctx: Context, name: str | None, as_json: bool) -> None:
    """List the registered checks with their parameters, or one of them.

    \b
    Example:
      parkops controls checks default-deny
    """
    from parkops.assess.checks import installed
    from parkops.assess.own import parameters

    known = installed()
    _known_word(name, set(known), "check")
    rows = [
        (key, ", ".join(map(str, parameters(known[key]).values())), _first_line(known[key].__doc__))
        for key in sorted(known)
        if name in (None, key)
    ]
    if as_json:
        body = [{"name": key, "parameters": params, "decides": text} for key, params, text in rows]
        ctx.print_json("checks", {"checks": body})
        return
    table = ctx.table("check", "parameters", "what it decides")
    for row in rows:
        table.add_row(*row)
    ctx.console.print(table, markup=False)


def _first_line(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n")[0]


@controls.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print it; write nothing.")
@click.pass_obj
def new(ctx: Context, file: Path, dry_run: bool) -> None:
    """Write a commented catalogue of your own that validates; then change it.

    \b
    Example:
      parkops controls new assess/ours.yaml
    """
    from parkops.assess.own import skeleton

    text = skeleton(file)
    if dry_run:
        click.echo(text, nl=False)
        return
    if file.exists():
        raise UsageError("there is a file already", where=str(file), hint="name another one")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    ctx.console.print(f"wrote {file}; name it in the plan: catalogues: [{file}]", markup=False)


def _built_in() -> tuple[Control, ...]:
    from parkops.assess.controls import built_in

    return built_in()


def _results(ctx: Context, files: Sequence[Path]) -> dict[tuple[str, str], RequirementResult]:
    assessment = ctx.assessed_by(files)
    return {(r.catalogue, r.id): r for r in (*assessment.requirements, *assessment.controls)}


def _known_word(word: str | None, known: set[str], what: str) -> None:
    if word is not None and word not in known:
        raise UsageError(f"no such {what}", where=word, hint=f"known: {', '.join(sorted(known))}")


def _decided(entry: object) -> bool:
    from parkops.assess.catalogues import CheckEntry

    return isinstance(entry, CheckEntry) and (bool(entry.check) or entry.kind.value == "attest")


def _document(item: Control, result: RequirementResult | None) -> dict[str, object]:
    body = asdict(item) | {
        "checks": [entry.model_dump(mode="json", by_alias=True) for entry in item.checks],
        "scope": item.scope.model_dump(mode="json"),
    }
    return body | ({"verdict": result.verdict.value, "message": result.message} if result else {})
