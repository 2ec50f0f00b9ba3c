"""The user's own platforms: their driver, language and rules come from the folders of --platforms."""

from __future__ import annotations

from pathlib import Path

import pytest

from parkops.errors import UsageError
from parkops.model import Artifact, ArtifactKind, Device, Role, SourceRef
from parkops.push.fleet import driver_of
from parkops.push.overrides import canonical
from parkops.push.vendors import language, rules_of
from parkops.resources import folder

DEVICE = Device("s", Role.ACCESS_SWITCH, "my_switch", SourceRef("park.yaml", 1, 1, "nodes.s"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a platform that is Huawei's under another name, and says one more word is noise."""
    text = (folder("templates") / "huawei_vrp" / "platform.yaml").read_text(encoding="utf-8")
    mine = tmp_path / "my_switch"
    mine.mkdir()
    (mine / "platform.yaml").write_text(text.replace("name: huawei_vrp", "name: my_switch", 1))
    (mine / "remediation.yaml").write_text("extends: huawei_vrp\n+noise: ['mine ']\n")
    return tmp_path


def test_a_platform_of_the_users_own_is_pushed_compared_and_overridden(own: Path) -> None:
    assert driver_of(DEVICE, dirs=(own,)) == "vendor-cli"
    assert language("my_switch", (own,)) == "huawei_vrp"
    assert "mine " in rules_of("my_switch", (own,)).noise
    artifact = Artifact("s/c", "sysname a\nmine x\n", ArtifactKind.CLI, "huawei_vrp", "s")
    assert canonical(artifact, DEVICE, (own,)) == "sysname a\n"


def test_without_its_folder_it_is_unknown() -> None:
    with pytest.raises(UsageError, match="there is no platform 'my_switch'"):
        driver_of(DEVICE)
