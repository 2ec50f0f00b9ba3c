"""A block names the plan path that asked for it, and covers the lines that follow."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateRuntimeError
from sample import sample_park

from parkops.model import ArtifactKind, Park, SourceRef
from parkops.platforms import Platforms, find_platforms, load_platform, requirements_by_block
from parkops.render import Renderer, render
from parkops.render.origin import origin, origins, settle
from parkops.render.trace import at_line, below_path, for_requirement, sources, trace_device

ROOT = Path(__file__).resolve().parents[2]
SSH, NTP = SourceRef("park.yaml", 3, 1, "management.ssh"), SourceRef("park.yaml", 9, 1, "management.ntp")


def marked(*lines: str | tuple[str, SourceRef | None, str]) -> str:
    rows = (line if isinstance(line, str) else line[0] + origin(line[1], line[2]) for line in lines)
    return "".join(f"{row}\n" for row in rows)


TEXT = marked(
    "hostname a",
    ("", SSH, "ssh"),
    "ssh server",
    " ciphers aes",
    (" ", NTP, "ntp"),
    " ntp inside",
    "!",
    "exit",
    ("", NTP, ""),
    "ntp server b",
    ("", None, ""),
    "end",
)


def test_marks_become_comments_in_the_language_of_the_file() -> None:
    assert settle(TEXT, "! {}") == dedent("""\
        hostname a
        ! plan management.ssh: ssh [MLPS-CE-IA-03 MLPS-CE-DC-01 SEC-PUB-SEC-04]
        ssh server
         ciphers aes
         ! plan management.ntp: ntp [MLPS-CE-AU-02]
         ntp inside
        !
        exit
        ! plan management.ntp
        ntp server b
        end
        """)


def test_a_mark_covers_its_block_and_no_more() -> None:
    found = [(item.first, item.last, item.paths, item.block) for item in origins(TEXT, "! {}")]
    assert found == [
        (2, 6, ("management.ssh",), "ssh"),
        (5, 6, ("management.ntp",), "ntp"),
        (9, 10, ("management.ntp",), ""),
    ]


def test_without_comments_the_lines_count_without_the_marks() -> None:
    assert (
        settle(TEXT, "") == "hostname a\nssh server\n ciphers aes\n ntp inside\n!\nexit\nntp server b\nend\n"
    )
    assert [(item.first, item.last) for item in origins(TEXT, "")] == [(2, 4), (4, 4), (7, 7)]


def test_several_sources_and_what_holds_one() -> None:
    text = origin((SSH, None, NTP, SSH), "ssh") + "\nx\n"
    assert settle(text, "# {}").startswith("# plan management.ssh, management.ntp: ssh [")
    assert settle(origin(None) + "\nx\n", "# {}") == "x\n"


def test_an_xml_comment_holds_no_double_hyphen() -> None:
    text = origin(SourceRef("park.yaml", 1, 1, "tenants.a--b")) + "\n<x/>\n"
    assert settle(text, "<!-- {} -->") == "<!-- plan tenants.a- -b -->\n<x/>\n"


def test_a_key_of_a_plan_adds_no_line_and_ends_no_mark() -> None:
    place = SourceRef("park.yaml", 1, 1, "devices.a\nb\x03c\x04d")
    assert settle(origin(place, "ntp") + "\nx\n", "! {}").splitlines() == [
        "! plan devices.a b c d: ntp [MLPS-CE-AU-02]",
        "x",
    ]


def test_a_misspelt_block_is_refused() -> None:
    with pytest.raises(TemplateRuntimeError, match="'shh' is no feature"):
        origin(SSH, "shh")


@given(st.lists(st.sampled_from(["a", " b", "!", "", "  c", "\x00 ssh", "\x00", " \x00"]), max_size=12))
def test_the_lines_of_an_origin_are_those_of_the_settled_text(rows: list[str]) -> None:
    """Law: origins lie inside the text, begin with their comment, and inner ones lie inside outer ones."""
    text = "".join(
        row.replace("\x00 ssh", origin(SSH, "ssh")).replace("\x00", origin(NTP)) + "\n" for row in rows
    )
    lines = settle(text, "! {}").split("\n")[:-1]
    found = origins(text, "! {}")
    comments = [number for number, line in enumerate(lines, 1) if line.strip().startswith("! plan ")]
    assert [item.first for item in found] == comments
    assert all(item.first <= item.last <= len(lines) for item in found)
    for outer in found:
        for inner in found:
            assert not outer.first < inner.first <= outer.last < inner.last


def test_every_requirement_that_a_block_serves_is_in_a_catalogue() -> None:
    known: set[str] = set()
    for name in ("requirements", "mlps"):
        file = ROOT / "parkops" / "assess" / "catalogue" / f"{name}.yaml"
        known |= {item["id"] for item in yaml.load(file.read_text(), yaml.CSafeLoader)["requirements"]}
    assert {name for ids in requirements_by_block().values() for name in ids} <= known


def test_a_language_without_comments_gets_a_sidecar(base_park: Park, tmp_path: Path) -> None:
    folder = tmp_path / "frr"
    folder.mkdir()
    (folder / "platform.yaml").write_text(
        "{name: frr, title: t, driver: none,"
        " artifacts: [{template: a.j2, kind: cli, language: json, path: a.json}]}"
    )
    (folder / "a.j2").write_text('{\n{{ device | origin("system") }}\n"name": {{ device.name | json }}\n}\n')
    renderer = Renderer.of(base_park, Platforms((tmp_path,)))
    device = next(item for item in base_park.managed if item.platform == "frr")
    text, sidecar = renderer.device(device)
    assert yaml.safe_load(text.text) == {"name": device.name}
    assert (sidecar.path, sidecar.kind) == (f"{device.name}/a.json.origin.json", ArtifactKind.ORIGIN)
    assert yaml.safe_load(sidecar.text)["blocks"] == [
        {"lines": [2, 3], "plan": [device.source.path], "block": "system", "requirements": []}
    ]


def test_plan_lines_configuration_lines_and_requirements_join_both_ways(base_park: Park) -> None:
    renderer = Renderer.of(base_park)
    blocks = [item for device in base_park.managed for item in trace_device(device, renderer)]
    texts = {item.path: item.text.split("\n") for item in render(base_park)}
    assert all(
        list(item.lines) == texts[item.path][item.origin.first - 1 : item.origin.last] for item in blocks
    )
    places = sources(base_park)
    assert {path for item in blocks for path in item.origin.paths} <= places.keys()
    rule = next(item for item in below_path(blocks, "flows") if "nftables" in item.path)
    assert at_line([item for item in blocks if item.path == rule.path], rule.origin.last)[0] == rule
    assert rule in list(for_requirement(blocks, "MLPS-AB-AC-04"))
    assert not list(below_path(blocks, "flow"))


@pytest.mark.parametrize("name", [name for name in find_platforms().names() if load_platform(name).artifacts])
def test_most_lines_of_every_platform_name_what_asked_for_them(name: str) -> None:
    park = sample_park(name)
    renderer = Renderer.of(park)
    said = covered = 0
    for device in (device for device in park.managed if device.platform == name):
        blocks = list(trace_device(device, renderer))
        for artifact in renderer.device(device):
            if artifact.kind is ArtifactKind.ORIGIN:
                continue  # says itself where another artifact comes from
            lines = artifact.text.split("\n")
            telling = {number for number, line in enumerate(lines, 1) if line.strip() not in ("", "!", "#")}
            inside = {
                number
                for item in blocks
                if item.path == artifact.path
                for number in range(item.origin.first, item.origin.last + 1)
            }
            said += len(telling)
            covered += len(telling & inside)
    assert covered / said > 0.6
