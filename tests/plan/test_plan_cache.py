"""What a plan's cache gives is what its files give, whatever happens to the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from parkops.model import Park, Workspace
from parkops.pipeline import design_park
from parkops.plan import LoadedPlan, cache, load
from parkops.plan.cache import TreeCache
from parkops.plan.reader import read
from parkops.render import render

PLANS = Path(__file__).parent / "good"
CASE = PLANS / "profiles-patterns-includes"


@pytest.fixture(autouse=True)
def every_plan_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(CASE, tmp_path / "park")


def loaded(folder: Path) -> tuple[LoadedPlan, list[str]]:
    """Load a plan through its cache; return it and which files were read as YAML."""
    parsed: list[str] = []
    trees = TreeCache.open(folder / "cache" / "plan")

    def reader(text: str, name: str):
        before = set(trees._known)
        document = trees.read(text, name)
        if not set(trees._used) <= before:
            parsed.append(name)
        return document

    plan = load(folder / "park.yaml", reader)
    trees.save()
    return plan, parsed


def same(one: LoadedPlan, other: LoadedPlan) -> bool:
    """Return whether two plans are equal, and every value stands at the same place."""
    places = [
        [(node.place, node.origins, node.text) for node in plan.marks.root.walk()] for plan in (one, other)
    ]
    return (one.plan, one.digest, one.files, places[0]) == (other.plan, other.digest, other.files, places[1])


def test_with_and_without(folder: Path) -> None:
    plain = load(folder / "park.yaml")
    first, parsed = loaded(folder)
    assert parsed == ["park.yaml", "tenants/bolt.yaml"]
    second, parsed = loaded(folder)
    assert parsed == []
    assert same(plain, first)
    assert same(plain, second)


def test_a_change_is_read_and_only_it(folder: Path) -> None:
    loaded(folder)
    file = folder / "tenants" / "bolt.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("东厂", "东区"), encoding="utf-8")
    _, parsed = loaded(folder)
    assert "tenants/bolt.yaml" in parsed
    plan, parsed = loaded(folder)
    assert parsed == []
    assert plan.plan.tenants["bolt"].sites["east"].title == "东区"
    assert same(plan, load(folder / "park.yaml"))


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "binary", "other-code", "a-folder"])
def test_a_damaged_cache_is_as_good_as_none(
    folder: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(folder)
    file = folder / "cache" / "plan"
    raw = file.read_bytes()
    if damage == "a-folder":
        file.unlink()
        file.mkdir()
    elif damage == "other-code":
        monkeypatch.setattr(cache, "stamp", lambda: "0")
    else:
        middle = len(raw) // 2
        flipped = raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]
        file.write_bytes({"empty": b"", "cut": raw[:-9], "flipped": flipped, "binary": b"\xff\x00"}[damage])
    plan, parsed = loaded(folder)
    assert parsed == ["park.yaml", "tenants/bolt.yaml"]
    assert same(plan, load(folder / "park.yaml"))


@pytest.mark.parametrize("name", sorted(path.name for path in PLANS.iterdir() if path.is_dir()))
def test_every_tree_comes_back(name: str, tmp_path: Path) -> None:
    text = (PLANS / name / "park.yaml").read_text(encoding="utf-8")
    values = "more: [1, 0x1f, 1e3, .inf, ~, yes, 2026-01-01, '1', \"\\u0085\", [], {}, &b {x: 1}, *b]\n"
    text += values
    for _ in range(2):
        trees = TreeCache.open(tmp_path / "plan")
        document = trees.read(text, "park.yaml")
        trees.save()
        found = [
            (node.place, node.text, node.quoted, node.active, repr(node.data))
            for node in document.root.walk()
        ]
        expected = read(text, "park.yaml").root.walk()
        assert found == [
            (node.place, node.text, node.quoted, node.active, repr(node.data)) for node in expected
        ]


def test_what_json_cannot_hold_is_read_again(tmp_path: Path) -> None:
    for _ in range(2):
        trees = TreeCache.open(tmp_path / "plan")
        assert trees.read("a: !!binary aGk=\nb: !!set {x, y}", "p").root.data == {"a": b"hi", "b": {"x", "y"}}
        trees.save()


def test_the_same_bytes_with_and_without(folder: Path) -> None:
    def built() -> tuple[Park, list[tuple[str, str]]]:
        park, _ = design_park(Workspace(folder))
        return park, [(artifact.path, artifact.text) for artifact in render(park)]

    park, artifacts = built()
    assert (folder / ".parkops" / "cache" / "plan").is_file()
    again, kept = built()
    assert (again, kept) == (park, artifacts)
    shutil.rmtree(folder / ".parkops")
    assert built() == (park, artifacts)
