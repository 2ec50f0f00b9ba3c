"""Follows docs/platforms.md: its files, its plan, its commands, what it says that they print."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from parkops.cli import main
from parkops.platforms import find_platforms

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8").partition("## platform.yaml")[0]
FILE = re.compile(r"`(platforms/[^`]+)`:\n\n```\w+\n(.*?)```", re.DOTALL)
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(TEXT) if name == language]


def test_features_of_few_platforms_are_those_that_platforms_declare() -> None:
    whole = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| ([a-z0-9_, ]+) \|", whole.partition("## Features that few")[2], re.M
    )
    assert len(rows) == 8
    assert [(name, ", ".join(find_platforms().having(name)) or "none") for name, _ in rows] == rows


@pytest.fixture
def park(tmp_path: Path, base_text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A park's folder as the document leaves it after its third step."""
    for name, text in FILE.findall(TEXT):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    plan = yaml.safe_load(base_text) | yaml.safe_load(
        next(text for text in blocks("yaml") if "core:" in text)
    )
    (tmp_path / "park.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_platform_is_made_rendered_and_traced(
    park: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (commands,) = blocks("sh")
    said = []
    for command in commands.splitlines():
        assert run(command, monkeypatch) == 0, capsys.readouterr().err
        said.append(capsys.readouterr().out)
    assert "changed  core-1/acme.cfg" in said[0]
    assert "backbone.cores" in said[1]
    (config,) = park.glob("build/*/core-1/acme.cfg")
    expected = blocks("text")[0]
    assert config.read_text(encoding="utf-8").startswith(expected)


def test_a_feature_more_is_refused_as_the_document_says_unless_waived(
    park: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = park / "platforms" / "acme_os" / "platform.yaml"
    contract.write_text(contract.read_text().replace(", bfd]", "]"))
    assert run("parkops --platforms platforms render", monkeypatch) == 2
    shown = blocks("text")[1].strip()
    pattern = re.escape(shown).replace("vrf", "bfd").replace("routing\\ instances", ".*").replace("…", ".*")
    pattern = re.sub(r"park\\.yaml:\d+:\d+", r"park\\.yaml:\\d+:\\d+", pattern)
    lines = [line for line in capsys.readouterr().err.splitlines() if "core-1" in line]
    assert len(lines) == 1
    assert re.search(pattern, lines[0])
    waivers = next(text for text in blocks("yaml") if "waivers" in text).replace("vrf", "bfd")
    both = waivers + waivers.partition("\n")[2].replace("core-1", "core-2")
    with (park / "park.yaml").open("a", encoding="utf-8") as plan:
        plan.write(both)
    assert run("parkops --platforms platforms render --device core-1", monkeypatch) == 0, (
        capsys.readouterr().err
    )
