"""init: by options, by questions, by example, by size; what it writes validates and suits its schema."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from parkops.cli import init as verb
from parkops.design import design
from parkops.plan import load
from parkops.plan.generate import MIXES, generated
from parkops.plan.json_schema import plan_schema

ROOT = Path(__file__).resolve().parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def suits_its_schema(folder: Path) -> None:
    text = (folder / "park.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=park.schema.json"
    schema = json.loads((folder / "park.schema.json").read_text(encoding="utf-8"))
    assert schema == plan_schema()
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))


@pytest.mark.parametrize("mix", sorted(MIXES))
def test_by_options(parkops, tmp_path: Path, mix: str) -> None:
    folder = tmp_path / "River Park"
    said = parkops(
        "init", folder, "--title", '滨江 "一期": 园区', "--tenants", "3", "--plants", "2", "--mix", mix
    )
    assert said.code == 0, said.err
    park, _ = design(load(folder / "park.yaml"), {})
    assert (park.name, park.title, len(park.tenants)) == ("river-park", '滨江 "一期": 园区', 3)
    assert len(park.rings) == 6
    assert {device.platform for device in park.devices} >= set(MIXES[mix].values()) - {
        "arista_eos",
        "huawei_vrp",
    }
    suits_its_schema(folder)
    assert parkops("-p", folder, "validate").code == 0


def test_the_mixes_are_those_of_the_generator() -> None:
    assert set(verb.MIXES) == set(MIXES)


def test_by_questions(parkops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("\n江南园区\nmany\n4\n2\n\n"))
    said = parkops("init", tmp_path / "south", "--name", "jiangnan")
    monkeypatch.setattr(sys, "stdin", Terminal("\n5\n\n\n"))
    other = parkops("init", tmp_path / "north", "--name", "north")
    assert (said.code, other.code) == (0, 0), said.err + other.err
    assert "Short name" not in said.out
    assert load(tmp_path / "south" / "park.yaml").plan.park.id == "jiangnan"
    assert len(load(tmp_path / "north" / "park.yaml").plan.tenants) == 5


@pytest.mark.parametrize("devices", [10, 17, 100, 333, 1000])
def test_by_size(parkops, tmp_path: Path, devices: int) -> None:
    folder = tmp_path / "park"
    assert parkops("init", folder, "--generate", str(devices)).code == 0
    park, _ = design(load(folder / "park.yaml"), {})
    assert len(park.managed) == devices
    suits_its_schema(folder)


def test_ten_thousand_devices_in_three_thousand_lines() -> None:
    files = generated(10_000)
    assert len(files) == 401
    assert sum(text.count("\n") for text in files.values()) < 3000


@pytest.mark.parametrize("devices", [10, 100])
def test_the_committed_parks_are_generated(devices: int) -> None:
    folder = ROOT / "inventories" / f"scaled-{devices}"
    for name, text in generated(devices).items():
        assert (folder / name).read_text(encoding="utf-8") == text


def test_an_example_of_several_files(parkops, tmp_path: Path) -> None:
    assert parkops("init", tmp_path / "park", "--example", "scaled-100").code == 0
    assert len(load(tmp_path / "park" / "park.yaml").files) == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--name", "Big Park"), "'Big Park' is no name"),
        (("--example", "demo", "--tenants", "3"), "--example is a whole plan"),
        (("--generate", "100", "--tenants", "3"), "--generate goes with --mix only"),
        (("--generate", "9"), "10<=x<=10000"),
        (("--mix", "other"), "'other' is not one of"),
    ],
)
def test_what_init_refuses(parkops, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    said = parkops("init", tmp_path / "park", *arguments)
    assert said.code == 2
    assert told in said.err
    assert not (tmp_path / "park").exists()
