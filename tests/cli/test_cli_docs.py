"""Every command that the documentation and the help texts show is one that parkops takes."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from parkops.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "labs" / "README.md")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^ *(?:\$ )?((?:[A-Z_]+=\S* )?parkops .*)$", re.MULTILINE)
INDENTED = re.compile(r"^ {4}(?:\$ )?((?:[A-Z_]+=\S* )?parkops .*)$", re.MULTILINE)
INLINE = re.compile(r"`(parkops [^`]+)`")
ENDS = ("&&", "||", "|", ">", ";", "&")
PLACEHOLDER = re.compile(r"…|[\[\]<>]|^[A-Z]+$")  # stands for what a reader puts there


def calls(line: str) -> Iterator[list[str]]:
    """Yield the words after each `parkops` of a line of a shell."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # a quotation that goes on
        words = line.split()
    while "parkops" in words:
        words = words[words.index("parkops") + 1 :]
        stop = next((n for n, word in enumerate(words) if word in ENDS), len(words))
        yield words[:stop]
        words = words[stop:]


def shown(page: Path) -> Iterator[tuple[list[str], bool]]:
    """Yield the calls of a page, and whether each stands as a whole line that is to be typed."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    fenced = "".join(FENCE.findall(text))
    for line in TYPED.findall(fenced) + INDENTED.findall(text):
        yield from ((call, True) for call in calls(line))
    for inline in INLINE.findall(FENCE.sub("", text)):
        yield from ((call, False) for call in calls(" ".join(inline.split())))


def examples(command: click.Command) -> Iterator[str]:
    """Yield the example lines of a command's help, and of those below it."""
    for line in (command.help or "").splitlines():
        if line.strip().startswith("parkops "):
            yield line.strip()
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from examples(below)


def known(call: list[str], whole: bool) -> None:
    """Find each verb and option of a call; a whole line is parsed as when it is typed, as far as files go."""
    command: click.Command = cli
    context = click.Context(command)
    words = list(call)
    while words:
        word = words.pop(0)
        name = word.partition("=")[0]
        options = {
            name: option for option in command.params for name in (*option.opts, *option.secondary_opts)
        }
        if word == "--":
            return
        if name.startswith("-") and len(name) > 1 and not name[1].isdigit():
            assert name in {*options, "--help"}, f"{' '.join(call)}: no option {name}"
            option = options.get(name)
            if "=" not in word and isinstance(option, click.Option) and not (option.is_flag or option.count):
                words = words[1:]
        elif isinstance(command, click.Group) and not PLACEHOLDER.search(word):
            one, *others = word.split("|")  # `controls list|show` names two
            for other in others:
                known([*call[: -len(words) - 1], other], whole=False)
            below = command.get_command(context, one)
            assert below is not None, f"{' '.join(call)}: no command {one}"
            command, context = below, click.Context(below, parent=context)
            if whole and not isinstance(below, click.Group):
                parsed(below, words, call)


def parsed(command: click.Command, words: list[str], call: list[str]) -> None:
    """Parse what stands behind a command; files that are not here are no mistake of the page's."""
    if any(PLACEHOLDER.search(word) for word in words):
        return
    try:
        command.make_context(command.name, list(words))
    except click.MissingParameter as error:
        pytest.fail(f"{' '.join(call)}: {error.format_message()}")
    except click.BadParameter as error:
        assert isinstance(error.param and error.param.type, click.Path | click.File), error.format_message()
    except click.UsageError as error:
        pytest.fail(f"{' '.join(call)}: {error.format_message()}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_is_taken(page: Path) -> None:
    for call, whole in shown(page):
        known(call, whole)


def test_examples_of_the_help_are_taken() -> None:
    lines = list(examples(cli))
    assert len(lines) > 30
    for line in lines:
        for call in calls(line):
            known(call, whole=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```\nparkops validate --no-such 3\n```\n", "No such option"),
        ("Then `parkops -p park\nlab no-such` it.", "no command no-such"),
        ("```\n$ parkops push --gate half  # of it\n```\n", "'half' is not one of"),
        ("Then `parkops report --no-such=x`.", "no option --no-such"),
        ("    parkops rollback one two", "unexpected extra argument"),
    ],
)
def test_what_is_not_there_is_found(text: str, told: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises((AssertionError, pytest.fail.Exception), match=told):
        for call, whole in shown(page):
            known(call, whole)


def test_make_has_the_targets_that_pages_name() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"(?:`|^)make ([a-z]+)\b", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= named
    assert named <= targets


def test_files_that_pages_name_are_there() -> None:
    """Paths of this repository in back quotes: `docs/plan.md`, `bench/soak.py`, `inventories/demo`."""
    path = re.compile(r"`((?:docs|labs|bench|inventories|parkops|playbooks|templates|tests)/[\w./-]*\w)`")
    named = {found for page in PAGES for found in path.findall(page.read_text(encoding="utf-8"))}
    assert named
    assert not sorted(name for name in named if not (ROOT / name).exists())


def test_extras_that_are_named_are_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    files = (*PAGES, *(ROOT / "parkops").rglob("*.py"))
    named = {found for file in files for found in re.findall(r"parkops\[([a-z]+)\]", file.read_text("utf-8"))}
    assert named
    assert named <= set(extras)
