"""`parkops drift` and `parkops diff`: what they refuse before any device is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from parkops.cli import cli
from parkops.errors import UsageError

MINI = Path(__file__).parents[2] / "labs" / "mini"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ignored = shutil.ignore_patterns(".parkops", "build")
    return Path(shutil.copytree(MINI, tmp_path_factory.mktemp("drift") / "mini", ignore=ignored))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("drift --accept --watch --reason x", "--accept stands alone"),
        ("drift --accept --remediate --reason x", "--accept stands alone"),
        ("drift --accept", "accepted drift needs a reason"),
        ("drift --tenant acm", "acm: no such tenant: did you mean 'acme'?"),
        ("diff --tenant acme core-1", "acme: the tenant has none of these devices"),
        ("diff --device core-9", "core-9: no such managed device: did you mean 'core-"),
        ("drift", "no lab runs"),
    ],
)
def test_a_wrong_call_is_told_before_any_device_is_asked(folder: Path, words: str, told: str) -> None:
    found = CliRunner().invoke(cli, ["-p", str(folder), *words.split()])
    assert isinstance(found.exception, UsageError)
    assert told in str(found.exception)


def test_help_names_the_verb() -> None:
    assert "drift" in CliRunner().invoke(cli, ["--help"]).output
