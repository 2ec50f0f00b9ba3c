"""`parkops evidence`: from a verdict to its evidence and back, records, and bundles that can be proved."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.model import Assessment, Evidence, Finding, RequirementResult


@click.group()
def evidence() -> None:
    """Trace verdicts to their evidence and back, put evidence on record, bundle it and prove a bundle.

    \b
    Example:
      parkops -p inventories/demo evidence trace NET-PROD-SEC-05
      parkops -p inventories/demo evidence bundle --out audit.zip --sign minisign:audit.key
      parkops evidence verify audit.zip --public-key audit.pub
    """


@evidence.command()
@click.argument("control_id", metavar="ID", required=False)
@click.option("--source", help="What was cited: a file, file:line, a device, a probe, an event.")
@json_option
@click.pass_obj
def trace(ctx: Context, control_id: str | None, source: str | None, as_json: bool) -> None:
    """Show what a control's verdict stands on, or with --source all verdicts that stand on something.

    \b
    Example:
      parkops -p inventories/demo evidence trace NET-PROD-SEC-05
      parkops -p inventories/demo evidence trace --source park.yaml:120
      parkops -p inventories/demo evidence trace --source hx-bd-1
    """
    if (control_id is None) == (source is None):
        raise UsageError("name a control, or a --source", hint="parkops evidence trace NET-PROD-SEC-05")
    assessment, _ = ctx.assessed()
    rows = list(_of_control(assessment, control_id) if control_id else _of_source(assessment, source or ""))
    if source is not None and not rows:
        raise UsageError(
            "no verdict stands on it", where=source, hint="file:line as findings cite it, or a device"
        )
    if as_json:
        ctx.print_json("evidence-trace", {"evidence": [_row(assessment, *row) for row in rows]})
        return
    if control_id:
        _tell_control(ctx, assessment, rows)
    else:
        _tell_source(ctx, rows)


Row = tuple["RequirementResult", "Finding", "Evidence"]


def _every(assessment: Assessment) -> Iterator[Row]:
    for result in (*assessment.requirements, *assessment.controls):
        for finding in result.findings:
            for item in finding.evidence:
                yield result, finding, item


def _of_control(assessment: Assessment, name: str) -> Iterator[Row]:
    from difflib import get_close_matches

    known = {result.id for result in (*assessment.requirements, *assessment.controls)}
    if name.upper() not in known:
        close = get_close_matches(name.upper(), known, n=1)
        hint = f"did you mean {close[0]}?" if close else "see `parkops controls list`"
        raise UsageError("no such control", where=name, hint=hint)
    return (row for row in _every(assessment) if row[0].id == name.upper())


def _of_source(assessment: Assessment, wanted: str) -> Iterator[Row]:
    return (row for row in _every(assessment) if _stands_on(row[2], wanted))


def _stands_on(item: Evidence, wanted: str) -> bool:
    """Tell whether evidence is at a place: the same, below a file, a device, or a path of the plan."""
    if wanted in (item.source, item.subject):
        return True
    return item.source.startswith((f"{wanted}:", f"{wanted} ", f"probe {wanted}/", f"reach {wanted}>"))


def _row(
    assessment: Assessment, result: RequirementResult, finding: Finding, item: Evidence
) -> dict[str, Any]:
    return {
        "control": result.id,
        "verdict": result.verdict.value,
        "check": finding.check,
        "finding": finding.verdict.value,
        "subject": finding.subject,
        "message": finding.message,
        "mend": finding.mend,
        "kind": item.kind.value,
        "source": item.source,
        "text": item.text,
        "time_s": item.time_s,
        "max_age_s": item.max_age_s,
        "age_s": None if item.time_s is None else assessment.time_s - item.time_s,
        "digest": item.digest,
    }


def _tell_control(ctx: Context, assessment: Assessment, rows: Sequence[Row]) -> None:
    say = ctx.console.print
    result = rows[0][0]
    say(f"{result.id}  {result.title_zh}: {result.verdict}", markup=False)
    say(result.message, markup=False)
    for finding in dict.fromkeys(row[1] for row in rows):
        say(f"\n{finding.verdict}  {finding.kind}  {finding.check}  {finding.subject}", markup=False)
        say(f"  {finding.message}", markup=False)
        if finding.mend:
            say(f"  mend: {finding.mend}", markup=False)
        for item in finding.evidence:
            say(f"  - {item.source}: {item.text}", markup=False, soft_wrap=True)
            say(f"    {_age(assessment, item)}, hash {item.digest}", markup=False, soft_wrap=True)


def _age(assessment: Assessment, item: Evidence) -> str:
    if item.time_s is None:
        return f"{item.kind}: as old as the plan"
    age_s = assessment.time_s - item.time_s
    limit = f", counts for {item.max_age_s:g} s" if item.max_age_s is not None else ""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(item.time_s))
    return f"{item.kind}: {when}, {age_s:.0f} s old{limit}"


def _tell_source(ctx: Context, rows: Sequence[Row]) -> None:
    table = ctx.table("control", "verdict", "check", "finding", "cited")
    seen = {(r.id, f.check, f.subject, e.source): (r, f, e) for r, f, e in rows}
    for result, finding, item in seen.values():
        cited = f"{item.source}: {item.text}"
        table.add_row(result.id, result.verdict.value, finding.check, finding.verdict.value, cited)
    ctx.console.print(table, markup=False)
    controls = {result.id for result, _, _ in rows}
    ctx.console.print(f"{len(controls)} controls stand on it", markup=False)


@evidence.command()
@click.argument("topic")
@click.option("--text", required=True, help="What was done, and what came of it.")
@click.option("--by", required=True, help="Who did it.")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The record itself; its SHA-256 is kept.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be kept; keep nothing.")
@click.pass_obj
def record(ctx: Context, topic: str, text: str, by: str, file: Path | None, dry_run: bool) -> None:
    """Put on record that something was done: a drill, a review, a backup, a test.

    TOPIC is what a check asks for, such as account-review; of one tenant: account-review/huaxing.

    \b
    Example:
      parkops evidence record account-review --by 安全部 --text "6 accounts, none unused" --file review.pdf
    """
    from parkops.assess.controls import built_in
    from parkops.evidence import hash_of
    from parkops.model import Evidence, EvidenceKind

    calls = [c for control in (*built_in(), *ctx.own_controls()) for e in control.checks for c in e.check]
    topics = {str(call.params["topic"]) for call in calls if "topic" in call.params} | {
        "drill",
        "rollback-drill",
    }
    if topic.partition("/")[0] not in topics:
        raise UsageError("no check asks for it", where=topic, hint=f"known: {', '.join(sorted(topics))}")
    seal = hash_of(file) if file else ""
    source = f"{by}, {file.name}" if file else by
    item = Evidence(EvidenceKind.STATE, topic, source, text, time.time(), None, seal)
    if not dry_run:
        with ctx.open_store() as store:
            store.save_evidence([item])
    kept = "would be on record" if dry_run else "is on record"
    ctx.console.print(f"{topic} {kept}: {text} ({source})", markup=False)


@evidence.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Zip to write.")
@click.option(
    "--sign", "sign_by", metavar="HOW", help="minisign:KEYFILE or gpg:KEYID; the signature is beside."
)
@click.option("--encrypt", "recipients", multiple=True, metavar="age1…", help="Also encrypt it by age.")
@click.option("--dry-run", is_flag=True, help="Say what it would hold; write nothing.")
@json_option
@click.pass_obj
def bundle(
    ctx: Context, out: Path, sign_by: str | None, recipients: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Pack the assessment with all that it cites, each part with its SHA-256; secrets are hidden.

    \b
    Example:
      parkops -p inventories/demo evidence bundle --out audit.zip --sign gpg:audit@park.example
    """
    from parkops.bundle import encrypt, pack, prove, sign, signer
    from parkops.report.json_ import document

    by = signer(sign_by) if sign_by else None
    assessment, found = ctx.assessed()
    park = ctx.park()
    data = pack(park, assessment, found, ctx.workspace, document(assessment, park, found))
    proof = prove(data)
    paths = []
    if not dry_run:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(out.name + ".part")
        partial.write_bytes(data)
        partial.replace(out)
        paths = [out]
        paths += [sign(out, by)] if by else []
        paths += [encrypt(out, recipients)] if recipients else []
    if as_json:
        ctx.print_json("evidence-bundle", {**_proof(proof), "files": [str(path) for path in paths]})
        return
    ctx.console.print(
        f"{proof.members} members, {len(data) / 1e6:.1f} MB: {proof.controls} controls,"
        f" {proof.evidence} pieces of evidence linked, {proof.unlinked} cited by what they say alone",
        markup=False,
    )
    for path in paths:
        ctx.console.print(f"wrote {path}", markup=False, soft_wrap=True)


def _proof(proof: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(proof), "holds": proof.holds}


@evidence.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--public-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of minisign, or of GnuPG (exported); then there must be a signature.",
)
@json_option
@click.pass_obj
def verify(ctx: Context, file: Path, public_key: Path | None, as_json: bool) -> None:
    """Prove a bundle: every hash, the signature, and the chain from verdicts to evidence.

    Exit code 1 when anything was altered, removed or added; it is named.

    \b
    Example:
      parkops evidence verify audit.zip --public-key audit.pub
    """
    from parkops.bundle import prove, signature_of

    proof = prove(file.read_bytes())
    by, trouble = signature_of(file, public_key)
    problems = [*proof.problems, *([trouble] if trouble else [])]
    if as_json:
        body = {**_proof(proof), "holds": not problems, "signed_by": by, "problems": problems}
        ctx.print_json("evidence-verify", body)
    else:
        say = ctx.console.print
        for problem in problems:
            say(problem, markup=False, soft_wrap=True)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(proof.assessed_s))
        say(
            f"{proof.park}, assessed {when}: {proof.members} members, {proof.controls} controls,"
            f" {proof.evidence} pieces of evidence linked",
            markup=False,
        )
        signed = (
            f"signed by {by}" if by and not trouble else "not signed" if not by else "signature not proved"
        )
        say(f"{'whole' if not proof.problems else 'NOT whole'}, {signed}", markup=False)
    sys.exit(1 if problems else 0)
