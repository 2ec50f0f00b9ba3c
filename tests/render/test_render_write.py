"""A second render writes nothing; what is no longer rendered goes; templates fail with a place."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from parkops.errors import RenderError
from parkops.model import Artifact
from parkops.platforms import find_platforms
from parkops.render.environment import environment, fill
from parkops.render.write import compare, write
from parkops.resources import folder


def _state(build: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(file.relative_to(build)): (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_ino)
        for file in build.rglob("*")
        if file.is_file()
    }


def test_second_write_touches_nothing(demo_artifacts: tuple[Artifact, ...], tmp_path: Path) -> None:
    first = write(demo_artifacts, tmp_path)
    assert len(first.changed) == len(demo_artifacts)
    before = _state(tmp_path)
    second = write(demo_artifacts, tmp_path)
    assert (second.changed, second.removed, second.unchanged) == ((), (), len(demo_artifacts))
    assert _state(tmp_path) == before


def test_one_changed_file_is_the_only_one_written(
    demo_artifacts: tuple[Artifact, ...], tmp_path: Path
) -> None:
    write(demo_artifacts, tmp_path)
    before = _state(tmp_path)
    spoilt = demo_artifacts[5].path
    (tmp_path / spoilt).write_text("by hand")
    assert compare(demo_artifacts, tmp_path).changed == (spoilt,)
    assert write(demo_artifacts, tmp_path).changed == (spoilt,)
    after = _state(tmp_path)
    assert {path for path in after if after[path] != before[path]} == {spoilt}
    assert after[spoilt][0] == before[spoilt][0]


def test_what_is_no_longer_rendered_is_removed(demo_artifacts: tuple[Artifact, ...], tmp_path: Path) -> None:
    write(demo_artifacts, tmp_path)
    (tmp_path / "core-1" / "notes.txt").write_text("mine")
    kept = tuple(item for item in demo_artifacts if item.device not in ("core-1", "fw-1"))
    done = write(kept, tmp_path)
    assert set(done.removed) == {item.path for item in demo_artifacts} - {item.path for item in kept}
    assert not (tmp_path / "fw-1").exists()
    assert (tmp_path / "core-1" / "notes.txt").read_text() == "mine"


def test_a_manifest_never_removes_outside_the_build_folder(tmp_path: Path) -> None:
    build, victim = tmp_path / "build", tmp_path / "victim"
    build.mkdir()
    victim.write_text("precious")
    (build / "manifest.json").write_text('{"version": 1, "files": {"../victim": "0", "/etc/hostname": "0"}}')
    assert write((), build).removed == ()
    assert victim.read_text() == "precious"
    assert Path("/etc/hostname").exists()


@pytest.mark.parametrize("manifest", ["", "[]", "{", '{"files": []}', '{"files": {"a": 1}}', "\x00"])
def test_a_damaged_manifest_is_replaced(
    manifest: str, demo_artifacts: tuple[Artifact, ...], tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    write(demo_artifacts, tmp_path)
    assert write(demo_artifacts, tmp_path).changed == ()


def test_no_artifact_path_leaves_the_build_folder(demo_artifacts: tuple[Artifact, ...]) -> None:
    for artifact in demo_artifacts:
        assert not artifact.path.startswith("/")
        assert ".." not in Path(artifact.path).parts
    assert len({artifact.path for artifact in demo_artifacts}) == len(demo_artifacts)


def _built_in() -> jinja2.Environment:
    return environment(find_platforms().roots)


def _line(template: str, text: str) -> int:
    lines = (folder("templates") / template).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_undefined_variable_names_template_line_variable_platform_and_device() -> None:
    with pytest.raises(RenderError) as caught:
        fill(_built_in(), "frr/frr.conf.j2", {}, where="core-1 (frr)")
    line = _line("frr/frr.conf.j2", "device.routing")
    assert str(caught.value) == (
        f"core-1 (frr): frr/frr.conf.j2:{line}: 'device' is undefined: add it to the design or plan"
    )


def test_undefined_variable_in_an_included_template_names_that_template(demo_park) -> None:
    with pytest.raises(RenderError) as caught:
        fill(_built_in(), "linux/frr.conf.j2", {"device": demo_park.device("fw-1")}, where="fw-1")
    line = _line("frr/policy.j2", "addresses_by_frr")
    assert str(caught.value).startswith(f"fw-1: frr/policy.j2:{line}: 'addresses_by_frr' is undefined")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("one\n{% if %}\n", "x/y.j2:2: Expected an expression"),
        ("one\n{{ 1 // 0 }}\n", "x/y.j2:2: ZeroDivisionError: "),
        ("{% include 'x/z.j2' %}\n", "x/y.j2: there is no template 'x/z.j2'"),
        ("{{ name | origin('ssx') }}\n", "origin: 'ssx' is no feature and not in requirements.yaml"),
    ],
)
def test_a_wrong_template_is_told_with_its_line(template: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "y.j2").write_text(template)
    with pytest.raises(RenderError) as caught:
        fill(environment((tmp_path,)), "x/y.j2", {"name": "n"}, where="sw-1 (x)")
    assert str(caught.value).startswith("sw-1 (x): x/y.j2")
    assert said in str(caught.value)


def test_no_template_calculates_addresses_or_reads_the_clock(demo_artifacts: tuple[Artifact, ...]) -> None:
    """Same plan, same bytes: nothing of this machine stands in an artifact."""
    import socket

    texts = "".join(artifact.text for artifact in demo_artifacts)
    assert str(Path.home()) not in texts or str(Path.home()) == "/"
    assert str(Path(__file__).resolve().parents[2]) not in texts
    host = socket.gethostname()
    assert len(host) < 6 or host not in texts
