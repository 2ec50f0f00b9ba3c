"""A second render leaves out what is unchanged, and nothing that changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from parkops.model import Device, Interface, Park, Role, SourceRef
from parkops.platforms import find_platforms
from parkops.render import Renderer, cache, digests
from parkops.render.cache import Rendered, cached_devices, changed_devices
from parkops.render.digests import value_digest
from parkops.render.inputs import inputs_of
from parkops.render.write import write

PLACE = SourceRef("park.yaml", 3, 5, "nodes.a")


def of(device: Device) -> str:
    return value_digest(device)


def test_a_digest_sees_every_value_but_lines_of_the_plan() -> None:
    device = Device("a", Role.CORE, "frr", PLACE, interfaces=(Interface("eth1", "routed", pvid=1),))
    moved = replace(device, source=SourceRef("park.yaml", 4, 9, "nodes.a"))
    assert of(device) == of(moved)
    others = [
        replace(device, source=SourceRef("park.yaml", 3, 5, "nodes.b")),
        replace(device, title="x"),
        replace(device, role=Role.SPINE),
        replace(device, interfaces=()),
        replace(device, interfaces=(Interface("eth1", "routed", pvid=2),)),
        replace(device, interfaces=(Interface("eth1", "routed", pvid=1, vids=(1,)),)),
        replace(device, vlans=((1, "a"),)),
        replace(device, vlans=((1, "a"), (2, "b"))),
    ]
    assert len({of(item) for item in (device, *others)}) == len(others) + 1


class Counting:
    """A renderer that counts what it renders."""

    def __init__(self, park: Park, dirs: tuple[Path, ...] = ()) -> None:
        self.real = Renderer.of(park, find_platforms(dirs))
        self.shared, self.platforms = self.real.shared, self.real.platforms
        self.done: list[str] = []

    def device(self, device: Device) -> list:
        self.done.append(device.name)
        return self.real.device(device)


@pytest.fixture
def built(base_park: Park, tmp_path: Path) -> Callable[..., list[str]]:
    """Render into one build folder, as often as is asked; return which devices were really rendered."""
    kept = [Rendered()]

    def render(park: Park = base_park, dirs: tuple[Path, ...] = ()) -> list[str]:
        renderer = Counting(park, dirs)
        artifacts, record = cached_devices(park.managed, renderer, kept[0], tmp_path / "build")
        assert artifacts == [item for device in park.managed for item in renderer.real.device(device)]
        write(tuple(artifacts), tmp_path / "build")
        kept[0] = Rendered("", park.name, record)
        kept[0].save(tmp_path / "record.json")
        assert Rendered.load(tmp_path / "record.json") == kept[0]
        return renderer.done

    return render


def edited(park: Park, name: str, **changes: object) -> Park:
    devices = (replace(device, **changes) if device.name == name else device for device in park.devices)
    return replace(park, devices=tuple(devices), _index={})


def test_the_second_render_renders_nothing(base_park: Park, built: Callable[..., list[str]]) -> None:
    assert built() == [device.name for device in base_park.managed]
    assert built() == []


def test_only_the_changed_device_is_rendered(base_park: Park, built: Callable[..., list[str]]) -> None:
    built()
    assert built(edited(base_park, "core-1", router_id="10.9.9.9")) == ["core-1"]
    assert built() == ["core-1"]


def test_a_file_that_somebody_changed_or_removed_is_rendered_again(
    built: Callable[..., list[str]], tmp_path: Path
) -> None:
    built()
    (tmp_path / "build" / "core-1" / "frr.conf").write_text("by hand")
    (tmp_path / "build" / "fw-1" / "files" / "etc" / "nftables.conf").unlink()
    assert built() == ["core-1", "fw-1"]
    assert built() == []


def test_a_setting_of_the_park_changes_every_device(base_park: Park, built: Callable[..., list[str]]) -> None:
    built()
    assert len(built(replace(base_park, management_network="172.30.0.0/24"))) == len(base_park.managed)


def test_a_new_exporter_changes_only_who_scrapes_it(base_park: Park, built: Callable[..., list[str]]) -> None:
    built()
    fewer = tuple(item for item in base_park.devices if item.name != "ac-p1-gw-1")
    assert built(replace(base_park, devices=fewer, _index={})) == ["mgmt-1"]


def test_a_template_more_or_another_changes_every_device(
    base_park: Park, built: Callable[..., list[str]], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    (own / "linux").mkdir(parents=True)
    built()
    everything = [device.name for device in base_park.managed]
    assert built(dirs=(own,)) == everything
    assert built(dirs=(own,)) == []
    (own / "linux" / "issue.net.j2").write_text("keep out\n")
    assert built(dirs=(own,)) == everything
    (own / "linux" / "issue.net.j2").write_text("keep 0ut\n")
    assert built(dirs=(own,)) == everything


def test_another_version_of_the_program_changes_every_device(
    base_park: Park, built: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    built()
    monkeypatch.setattr(digests, "version", lambda name: "99")
    digests.program_digest.cache_clear()
    try:
        assert len(built()) == len(base_park.managed)
    finally:
        monkeypatch.undo()
        digests.program_digest.cache_clear()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 0}', '{"version": 1}', "\x00"])
def test_a_damaged_record_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(text)
    assert Rendered.load(tmp_path / "record.json") == Rendered()


def test_changed_devices_are_told_without_rendering(base_park: Park) -> None:
    renderer = Renderer.of(base_park)
    slices = cache.Slices.of(renderer)
    record = {item.name: [slices.digest(item, renderer), []] for item in base_park.managed}
    last = Rendered("", base_park.name, record)
    assert changed_devices(base_park.managed, renderer, last) == []
    park = edited(base_park, "core-1", title="other")
    assert changed_devices(park.managed, Renderer.of(park), last) == ["core-1"]


def park_folder(root: Path, **files: str) -> Path:
    usual = dict.fromkeys(("park.yaml", "tenants/a.yml", "build/x.yaml", "notes.txt"), "")
    for name, text in (usual | files).items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("include", ["", "include: tenants/*.yml", "include: [tenants/a.yml, zones.yaml]"])
def test_the_inputs_are_the_plans_files_and_the_lock(include: str, tmp_path: Path) -> None:
    root = park_folder(tmp_path, **{"park.yaml": include, ".parkops/y.yaml": ""})
    names = {str(file.relative_to(root)) for file in inputs_of(root) or ()}
    assert names == {"park.yaml", "tenants/a.yml", "park.lock"}


@pytest.mark.parametrize(
    "include",
    ["../all.yaml", "[tenants/../../*.yaml]", "tenants/*", "a.plan", "{a: b}", "[1]", "[", "/a.yaml"],
)
def test_where_a_plan_may_be_read_from_elsewhere_nothing_is_left_out(include: str, tmp_path: Path) -> None:
    assert inputs_of(park_folder(tmp_path, **{"tenants/a.yml": f"include: {include}"})) is None


def test_behind_a_link_nothing_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "park").mkdir()
    root = park_folder(tmp_path / "park")
    (root / "more").symlink_to(tmp_path / "elsewhere")
    assert inputs_of(root) is None
