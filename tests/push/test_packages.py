"""Packages of a node by dpkg, opkg and apk.

opkg and apk are small stand-ins: Debian has neither. They print what OpenWrt's print, and exit as they do.
"""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import ansible.module_utils
import pytest

from parkops.model import ArtifactKind
from parkops.push import ansible_run

ROOT = Path(__file__).parents[2]
OPKG = """#!/bin/sh
cd "$(dirname "$0")"
case "$1" in
status) cat status ;;
update) touch updated ;;
install)
    [ -e updated ] || { echo "Unknown package 'lldpd'." >&2; exit 255; }  # no lists since the last restart
    shift
    for name; do
        [ "$name" != tacacs ] || { echo " * opkg_install_cmd: Cannot install package tacacs."; exit 255; }
        printf 'Package: %s\\nVersion: 1\\nStatus: install user installed\\n\\n' "$name" >>status
    done ;;
*) exit 1 ;;
esac
"""
OPKG_STATUS = """Package: dnsmasq-full
Version: 2.90-2
Depends: libc, libubus20231128
Provides: dnsmasq
Status: install user installed
Architecture: x86_64
Conffiles:
 /etc/config/dhcp f0bf2ff5e59d76ba1f3f3b5b54aaa2ae0ea4b1bcb9c5d1b8a6ad4a5b1cdda0a1
Installed-Time: 1711194417

Package: lldpd
Version: 1.0.17-1
Status: deinstall user not-installed

Package: rpcd
Version: 2023-07-01
Status: install ok installed

"""
APK = """#!/bin/sh
cd "$(dirname "$0")"
case "$1 $2" in
"info --installed") grep -qx "$3" world && echo "$3" ;;
"add --update-cache") shift 2; printf '%s\\n' "$@" >>world ;;
*) exit 1 ;;
esac
"""


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The node's program, found where Ansible would have put it."""
    paths = [*ansible.module_utils.__path__, str(ROOT / "playbooks" / "module_utils")]
    monkeypatch.setattr(ansible.module_utils, "__path__", paths)
    return importlib.import_module("ansible.module_utils.parkops_packages")


def machine(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> Path:
    """Let the path hold these programs and a shell's own, and nothing else."""
    for name in ("sh", "cat", "touch", "dirname", "grep"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    for name, text in programs.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_dpkg_tells_what_debian_has(packages: ModuleType) -> None:
    assert packages.missing(["dpkg", "no-such-package", "dpkg"]) == ["no-such-package"]


def test_opkg_fetches_its_lists_and_installs(
    packages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, monkeypatch, opkg=OPKG, status=OPKG_STATUS)
    assert packages.missing(["rpcd", "lldpd", "dnsmasq", "sudo"]) == ["lldpd", "sudo"]
    packages.install(["lldpd", "sudo"])
    assert packages.missing(["rpcd", "lldpd", "dnsmasq", "sudo"]) == []
    with pytest.raises(
        Exception, match=r"packages to install on this node: tacacs; .*Cannot install package"
    ):
        packages.install(["tacacs"])


def test_apk_of_newer_openwrt(packages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(tmp_path, monkeypatch, apk=APK, world="rpcd\n")
    assert packages.missing(["rpcd", "lldpd"]) == ["lldpd"]
    packages.install(["lldpd"])
    assert packages.missing(["rpcd", "lldpd"]) == []


def test_without_a_manager_it_is_said_what_to_install(
    packages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, monkeypatch)
    assert packages.missing(["sudo", "lldpd"]) == ["lldpd", "sudo"]
    with pytest.raises(
        Exception, match=r"packages to install on this node: lldpd sudo; .*no package manager"
    ):
        packages.install(["lldpd", "sudo"])


def test_the_program_that_outlives_a_restart_is_whole(packages: ModuleType, tmp_path: Path) -> None:
    """What a node keeps for its next start imports nothing that it does not keep."""
    boot = importlib.import_module("ansible.module_utils.parkops_boot")
    folder = tmp_path / "ansible" / "module_utils"
    folder.mkdir(parents=True)
    for name in boot.MODULES:
        text = (ROOT / "playbooks" / "module_utils" / f"{name}.py").read_text(encoding="utf-8")
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "__init__.py").touch()
    (folder.parent / "__init__.py").touch()
    argv = ["/usr/bin/python3", "-c", "import ansible.module_utils.parkops_boot"]
    done = subprocess.run(
        argv, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_openwrt_is_asked_for_its_own_packages() -> None:
    def file(reload: str) -> Any:
        return SimpleNamespace(
            kind=ArtifactKind.FILE, destination=f"/{reload}", text="", mode="0644", reload=reload
        )

    services = ("system", "network", "firewall", "dnsmasq", "sshd", "park-accounts", "syslog-ng")
    job = SimpleNamespace(snapshot=None, artifacts=[file(name) for name in services])
    site: Any = SimpleNamespace(job=job, timeout_s=1)
    run: Any = SimpleNamespace(workspace=SimpleNamespace(root=Path()), transaction="")
    assert ansible_run._job(site, run)["packages"] == [
        "base-files", "dnsmasq", "firewall4", "netifd", "openssh-server", "sudo", "syslog-ng",
    ]  # fmt: skip
