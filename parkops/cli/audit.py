"""`parkops audit`: what configurations of devices say about the requirements, with no plan at all."""

from __future__ import annotations

import csv
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from parkops.cli.common import Context, json_option
from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.assess.audits import Audited
    from parkops.assess.config import Audits, File
    from parkops.assess.controls import Control
    from parkops.model import Finding

STYLES = {"pass": "green", "fail": "red", "unknown": "yellow", "not-applicable": "dim"}
NAMES = re.compile(
    r"^\s*(?:set )?/? ?(?:sysname|hostname|system host-name|system name host-name) (\S+?);?$", re.M
)
AGE_LIMIT_S = 86_400.0
SEVERAL = ("linux", "openwrt")  # platforms whose devices have several files


@click.command()
@click.option(
    "--config",
    "configs",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A configuration, or a folder of them; may be repeated.",
)
@click.option("--running", multiple=True, metavar="DEVICE", help="What the park's store read from a device.")
@click.option("--platform", help="The configurations' platform. Default: told from the text.")
@click.option("--level", type=click.IntRange(2, 3), help="Only items of this MLPS level.")
@click.option("--role", default="", help="Only what is asked of this role, such as boundary.")
@click.option(
    "--catalogue",
    type=click.Choice(["mlps", "guide", "all"]),
    default="mlps",
    show_default=True,
    help="Whose requirements.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "csv"]),
    default="table",
    show_default=True,
    help="How to print for people or a workbook.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="NAMES",
    help="Write reports too, by commas: html, pdf, xlsx, csv, json, junit, sarif, oscal, prometheus.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="Folder to write reports to.",
)
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="Language of reports; the page holds both and opens in this one.",
)
@click.option("--dry-run", is_flag=True, help="Say what reports would be written; write nothing.")
@click.option("--every", is_flag=True, help="Show what holds and what does not apply, too.")
@click.option("--gate", is_flag=True, help="Exit 1 when something failed.")
@json_option
@click.pass_obj
def audit(
    ctx: Context,
    configs: tuple[Path, ...],
    running: tuple[str, ...],
    platform: str | None,
    level: int | None,
    role: str,
    catalogue: Literal["mlps", "guide", "all"],
    style: Literal["table", "csv"],
    reports: tuple[str, ...],
    out: Path,
    lang: Literal["zh", "en"],
    dry_run: bool,
    every: bool,
    gate: bool,
    as_json: bool,
) -> None:
    """Audit configurations of devices against the requirements; no plan is needed.

    Each finding cites its line and says what to enter. What a configuration does not tell is unknown.

    \b
    Example:
      parkops audit --config core.cfg --platform huawei_vrp --level 3
      parkops audit --config backup/ --catalogue all --json
      parkops audit --config backup/ --report html,pdf,xlsx --out audit/
      parkops -p inventories/demo audit --running core-1
    """
    if not configs and not running:
        raise UsageError("nothing to audit", hint="name a file with --config, or a device with --running")
    from parkops.assess.config import find_audits
    from parkops.cli.auditing import chosen_writers, document, title, write

    writers = chosen_writers(reports)
    audits = find_audits(ctx.platform_dirs)
    if platform is not None and audits.get(platform) is None:
        known = ", ".join(audits.names())
        raise UsageError("no audit of this platform", where=platform, hint=f"known: {known}")
    controls = _controls(catalogue, level)
    found = [*_of_files(configs, platform, role, audits, controls)]
    found += [_of_store(ctx, name, role, audits, controls) for name in running]
    names = [*(path.resolve().name for path in configs), *running]
    paths = write(found, controls, writers, out, title=title(names), lang=lang, dry_run=dry_run)
    if as_json:
        devices = [document(item) for item, _ in found]
        written = {"files": [str(path) for path in paths]} if writers else {}
        ctx.print_json("audit", {"devices": devices, **written})
    elif style == "csv":
        _csv([item for item, _ in found], every)
    else:
        for item, note in found:
            _show(ctx, item, note, every)
        for path in paths:
            ctx.console.print(f"{'would write' if dry_run else 'wrote'} {path}", markup=False, soft_wrap=True)
    if gate and any(result.verdict == "fail" for item, _ in found for result in item.results):
        sys.exit(1)


def _controls(catalogue: str, level: int | None) -> tuple[Control, ...]:
    from parkops.assess.controls import guide, mlps

    chosen = {"mlps": mlps(), "guide": guide(), "all": (*mlps(), *guide())}[catalogue]
    return tuple(item for item in chosen if level is None or not item.levels or level in item.levels)


def _of_files(
    configs: Sequence[Path],
    platform: str | None,
    role: str,
    audits: Audits,
    controls: Sequence[Control],
) -> Iterator[tuple[Audited, str]]:
    from parkops.assess.audits import audit as judge
    from parkops.assess.config import File

    for files in _devices([File(str(path), _read(path)) for path in _paths(configs)], platform):
        name = platform or audits.guess(files)
        rules = audits.get(name) if name else None
        if rules is None:
            hint = f"name it with --platform: {', '.join(audits.names())}"
            raise UsageError("no platform writes such lines", where=files[0].path, hint=hint)
        note = "" if platform else f"its lines look like {name}"
        yield judge(_name(files), files, rules, controls, role=role), note


def _paths(configs: Sequence[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in configs:
        inside = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        found |= dict.fromkeys(inside)
    if configs and not found:
        raise UsageError("no file in it", where=str(configs[0]))
    return list(found)


def _read(path: Path) -> str:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):  # consoles in China write both
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError("neither UTF-8 nor GB 18030", where=str(path), hint="is it a configuration?")


def _devices(files: Sequence[File], platform: str | None) -> list[tuple[File, ...]]:
    """Return the files of each device: one each, but where a platform's device has several."""
    if platform in SEVERAL and files:
        return [tuple(files)]
    return [(file,) for file in files]


def _name(files: Sequence[File]) -> str:
    for file in files:
        if found := NAMES.search(file.text):
            return found[1].strip("'\"")
    return Path(files[0].path).stem


def _of_store(
    ctx: Context, name: str, role: str, audits: Audits, controls: Sequence[Control]
) -> tuple[Audited, str]:
    """Audit what the store holds of a device; what was read too long ago is told, and decides nothing."""
    from parkops.assess.audits import audit as judge
    from parkops.assess.config import File, plane_of

    (device,) = ctx.select([name])
    rules = audits.get(device.platform)
    if rules is None:
        raise UsageError("its platform has no audit", where=f"{name} ({device.platform})")
    with ctx.open_store() as store:
        read = next((item for item in store.running() if item.device == name), None)
    if read is None:
        raise UsageError(
            "its running configuration was never read", where=name, hint="`parkops push` or `parkops drift`"
        )
    age_s = time.time() - read.time_s
    several = tuple(File(path, text) for path, text in read.files if rules.reads(path))
    files = several or (File(f"{name}:running-config", read.text),)
    if age_s > AGE_LIMIT_S:
        files = (File(f"{name}:running-config", ""),)
    note = f"running, read {age_s / 3600:.1f} h ago"
    note += "; too long ago to count" if age_s > AGE_LIMIT_S else ""
    asked = role or device.role.value
    plane = plane_of(device)
    return judge(
        name, files, rules, controls, role=asked, plane=plane, complete=True, time_s=read.time_s
    ), note


def _show(ctx: Context, item: Audited, note: str, every: bool) -> None:
    """Print the controls with their verdicts, then each fact with its lines and its mend."""
    from rich.text import Text

    console = ctx.console
    console.print(Text.assemble((item.device, "bold"), f"  {item.platform}", f"  ({note})" if note else ""))
    table = ctx.table("control", "title", "verdict", "where", "because of")
    shown = [r for r in item.results if every or r.verdict in ("fail", "unknown")]
    for result in shown:
        telling = [finding for finding in result.findings if finding.verdict is result.verdict]
        places = [place for finding in telling for place in _places(finding)]
        more = f" +{len(places) - 1}" if len(places) > 1 else ""
        table.add_row(
            result.id,
            result.title_zh,
            Text(result.verdict.value, STYLES.get(result.verdict.value, "")),
            Text(f"{places[0]}{more}" if places else ""),
            Text(", ".join(dict.fromkeys(finding.check for finding in telling))),
        )
    if table.row_count:
        console.print(table)
    facts = {finding.check: finding for result in shown for finding in result.findings}
    for finding in facts.values():
        if finding.verdict == "fail" or (every and finding.verdict != "not-applicable"):
            _explain(ctx, finding)
    counts = Counter(result.verdict.value for result in item.results)
    said = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    console.print(f"\n{item.device}: {len(item.results)} controls: {said}\n", markup=False)


def _explain(ctx: Context, finding: Finding) -> None:
    """Print what was expected and seen, where, and what to enter."""
    from rich.padding import Padding
    from rich.text import Text

    console = ctx.console
    style = STYLES.get(finding.verdict.value, "")
    console.print(Text.assemble("\n", (finding.verdict.value, style), " ", (finding.check, "bold")))
    expected, _, actual = finding.message.partition(" Actual: ")
    for text in (expected, f"Actual: {actual}"):
        console.print(Padding(Text(text), (0, 0, 0, 2)))
    for evidence in finding.evidence[:6]:
        path, _, number = evidence.source.rpartition(":")
        place = f"{Path(path).name}:{number}"
        console.print(Padding(Text.assemble((place, "cyan"), "  ", evidence.text), (0, 0, 0, 2)))
    if finding.mend:
        console.print(Padding(Text("mend:"), (0, 0, 0, 2)))
        console.print(Padding(Text(finding.mend.rstrip()), (0, 0, 0, 4)), soft_wrap=True)


def _places(finding: Finding) -> list[str]:
    """Return the lines that a finding cites, as ``file:line``."""
    return [
        f"{Path(e.source.rpartition(':')[0]).name}:{e.source.rpartition(':')[2]}" for e in finding.evidence
    ]


def _csv(found: Sequence[Audited], every: bool) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(("device", "platform", "control", "title", "fact", "verdict", "where", "message", "mend"))
    for item in found:
        for result in item.results:
            for finding in result.findings:
                if every or finding.verdict in ("fail", "unknown"):
                    row = (item.device, item.platform, result.id, result.title_zh, finding.check)
                    told = (finding.verdict.value, " ".join(_places(finding)), finding.message, finding.mend)
                    writer.writerow((*row, *told))
