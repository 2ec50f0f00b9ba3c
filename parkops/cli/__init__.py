"""The command line: one verb, one file; a verb's module is imported when it is called."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from parkops.errors import ParkopsError

VERBS = {  # verb -> module, in the order of the main job
    "init": "init",
    "import": "import_",
    "schema": "schema",
    "validate": "validate",
    "explain": "explain",
    "show": "show",
    "design": "design",
    "lock": "lock",
    "render": "render",
    "trace": "trace",
    "verify": "verify",
    "diff": "diff",
    "drift": "drift",
    "push": "push",
    "rollback": "rollback",
    "journal": "journal",
    "monitor": "monitor",
    "probe": "probe",
    "status": "status",
    "top": "top",
    "events": "events",
    "signals": "signals",
    "availability": "availability",
    "export": "export",
    "store": "store",
    "maintenance": "maintenance",
    "report": "report",
    "notice": "notice",
    "history": "history",
    "advise": "advise",
    "weights": "weights",
    "controls": "controls",
    "audit": "audit",
    "evidence": "evidence",
    "lab": "lab",
    "demo": "demo",
}

SUMMARIES = {  # so that `--help` imports no verb
    "init": "Start a park folder: by questions, options or a shipped example.",
    "import": "Make a plan of what NetBox or a workbook knows.",
    "schema": "Print the JSON Schema of the plan, for editors.",
    "validate": "Check the plan and the design; every mistake at once.",
    "explain": "Say where a value of the plan or the design comes from.",
    "show": "Show the design as tables, a picture or a workbook.",
    "design": "Design the park and keep its allocations in park.lock.",
    "lock": "Show and prune what park.lock keeps.",
    "render": "Write configurations, monitoring, lab and inventory files.",
    "trace": "Say which plan line and requirement a configuration line comes from, and back.",
    "verify": "Prove the design and the artifacts before anything is pushed.",
    "diff": "Show what would change on each device.",
    "drift": "Find what devices run that was not rendered; accept or mend it.",
    "push": "Change the whole park in one transaction, or nothing.",
    "rollback": "Take a push back: the last, or any earlier one by its id.",
    "journal": "List, show and verify what pushes did.",
    "monitor": "Probe the park and record its state.",
    "probe": "Probe one target once, and show everything about it.",
    "status": "Show the park in one screen.",
    "top": "Watch the park live: a map by zone, the worst first, events.",
    "events": "List events, and carry them from detection to closing.",
    "signals": "List what devices said by themselves, and what passed between zones.",
    "availability": "Show availability, latency, objectives and coverage over a window.",
    "export": "Write what was measured as Parquet or CSV.",
    "store": "Show and prune what the store keeps.",
    "maintenance": "Plan work, during which nobody is told of events.",
    "report": "Assess the park against the guide and write the report.",
    "notice": "Write each tenant's monthly security notice.",
    "history": "List earlier assessments, and what changed between them.",
    "advise": "Name stage, deficiencies, risks, and the measures that pay most; try what-ifs.",
    "weights": "Weigh indicators by experts' judgements of pairs (AHP).",
    "controls": "List and show the requirements and their checks.",
    "audit": "Audit configurations against the requirements, with no plan at all.",
    "evidence": "Trace verdicts to evidence, put it on record, bundle it and prove a bundle.",
    "lab": "Run the park as nodes on network namespaces.",
    "demo": "Plan, build, break, heal and prove the demo park in one run.",
}


class Verbs(click.Group):
    """A group whose commands are imported on use: `parkops --help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the main job."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"parkops.cli.{VERBS[cmd_name]}")
        command: click.Command = getattr(module, VERBS[cmd_name])
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a verb, with a hint where it is misspelt."""
        from difflib import get_close_matches

        if args and args[0] not in VERBS and not args[0].startswith("-"):
            close = get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"No such verb {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs and their summaries without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in VERBS])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-p",
    "--park",
    "park_dir",
    metavar="DIR",
    help="Folder of the park. Default: this folder, else the nearest parent with a park.yaml.",
)
@click.option(
    "--platforms",
    multiple=True,
    metavar="DIR",
    envvar="PARKOPS_PLATFORMS",
    type=click.Path(path_type=Path),
    help="A folder of platforms that add to or override the built-in ones; may be repeated.",
)
@click.option(
    "--store",
    metavar="URL",
    envvar="PARKOPS_STORE",
    default="",
    help="Keep what is measured in this PostgreSQL database, not in a file below the park's folder.",
)
@click.option("-v", "--verbose", count=True, help="Say more; twice for debugging.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what is wrong.")
@click.option("--log-file", metavar="FILE", help="Append a log with timestamps to FILE.")
@click.version_option(package_name="parkops", message="parkops %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    park_dir: str | None,
    platforms: tuple[Path, ...],
    store: str,
    verbose: int,
    quiet: bool,
    log_file: str | None,
) -> None:
    """Provision, rehearse, run and prove an industrial-internet park from one plan file.

    \b
    Example:
      parkops -p inventories/demo validate
      parkops -p inventories/demo lab up
      parkops -p inventories/demo push
    """
    from parkops.cli.common import Context

    ctx.obj = Context(park_dir, verbose=verbose, quiet=quiet, log_file=log_file)
    ctx.obj.add_platforms(platforms)
    ctx.obj.use_store(store)


def main() -> None:
    """Run the command line; errors become one message and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.Abort:
        click.echo("Interrupted.", err=True)
        code = 130
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ParkopsError as error:
        click.echo(str(error), err=True)
        code = error.exit_code
    except BrokenPipeError:
        code = 0
    except OSError as error:
        if error.filename is None:
            raise  # no file that the user named
        click.echo(f"{error.filename}: {error.strerror}", err=True)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)
