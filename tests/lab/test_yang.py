"""The lab's YANG subset and the IEEE's own modules take the same documents."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import lab_parks as parks
import pytest
from conftest import Lab, needs_root
from switching import NETCONF, Access, Trunk, connect, payload, replace
from waiting import eventually

from parkops import lab
from parkops.lab.blueprint import yang_folders
from parkops.lab.places import LAB_FOLDER
from parkops.model import Workspace

OFFICIAL = Path(os.environ.get("PARKOPS_YANG", Path(__file__).parents[2] / "../shared/yang"))
NETCONFD_MODULES = Path("/usr/share/yuma/modules/ietf")
PORTS = {"p1": Trunk((101, 102)), "p2": Access(101), "p3": None}
DOCUMENT = payload(PORTS, priority=4, disabled=["p3"])
MODULES = ("ietf-interfaces", "iana-if-type", "ieee802-dot1q-bridge", "ieee802-dot1q-rstp-bridge")


def folders(official: bool) -> list[Path]:
    """Return the search path that a switch's netconfd gets, for yanglint."""
    if official and not OFFICIAL.is_dir():
        pytest.skip(f"no official YANG modules at {OFFICIAL} (PARKOPS_YANG)")
    return [Path(name) for name in yang_folders(OFFICIAL if official else None)]


def find(name: str, where: list[Path]) -> Path:
    """Return a module's file; netconfd's own come first, as in a switch."""
    for folder in (NETCONFD_MODULES, *where):
        for path in sorted(folder.glob(f"{name}.yang")) + sorted(folder.glob(f"{name}@*.yang")):
            return path
    raise AssertionError(f"{name} is nowhere")


def yanglint(document: str, where: list[Path], folder: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("yanglint") is None:
        pytest.skip("no yanglint (Debian: libyang2-tools)")
    file = folder / "config.xml"
    file.write_text(document)
    paths = [word for path in (NETCONFD_MODULES, *where) for word in ("-p", str(path))]
    modules = [str(find(name, where)) for name in MODULES]
    argv = ["yanglint", *paths, "-t", "config", *modules, str(file)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("official", [False, True], ids=["subset", "official"])
def test_both_take_the_document(official: bool, tmp_path: Path) -> None:
    done = yanglint(DOCUMENT, folders(official), tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("official", [False, True], ids=["subset", "official"])
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("02-00-00-00-00-01", "02:00:00:00:00:01"),
        ("<vids>101</vids>", "<vids>0</vids>"),
        ("<vid>101</vid>", "<vid>4095</vid>"),
        ("<component-name>c0<", "<component-name>c1<"),
        (">tagged<", ">both<"),
        ("<bridge-priority>4<", "<bridge-priority>16<"),
        ("<bridge-type>customer-vlan-bridge</bridge-type>", ""),
    ],
)
def test_both_refuse_the_same_mistakes(official: bool, right: str, wrong: str, tmp_path: Path) -> None:
    assert right in DOCUMENT
    done = yanglint(DOCUMENT.replace(right, wrong), folders(official), tmp_path)
    assert done.returncode != 0


def test_the_subset_says_that_it_is_one() -> None:
    for path in LAB_FOLDER.glob("yang/*/*.yang"):
        assert "A SUBSET, written by the parkops project" in path.read_text()


@pytest.fixture
def official_ring(tmp_path: Path) -> object:
    needs_root()
    folders(True)
    workspace = Workspace(tmp_path)
    park = parks.ring_of_three()
    lab.up(park, workspace, official={"sw-1": OFFICIAL})
    yield Lab(park, workspace)
    lab.down(workspace)


def test_a_switch_on_the_official_modules_acts_the_same(official_ring: Lab) -> None:
    running = {}
    with official_ring.network():
        sessions = [connect(official_ring.workspace.root, f"172.31.9.{n}") for n in (11, 12)]
    features = "features=ingress-filtering"  # the IEEE's module has features, the subset has none
    for session, expected in zip(sessions, (True, False), strict=True):
        bridge = [one for one in session.server_capabilities if "module=ieee802-dot1q-bridge&" in one]
        assert (features in bridge[0]) is expected
        replace(session, payload({"p3": Access(101), "p4": Access(101)}, priority=1))
        reply = session.get_config("running").data_ele
        running[expected] = sorted(
            (e.tag, (e.text or "").strip()) for e in reply.iter() if NETCONF not in e.tag
        )
        session.close_session()
    assert running[True] == running[False]
    eventually(lambda: official_ring.pings("h-1", "10.9.1.4"))
