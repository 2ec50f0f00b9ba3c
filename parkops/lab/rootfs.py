"""Lay out a node's file system: the machine's programs, everything else of its own."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from parkops.lab import kernel
from parkops.lab.places import LAB_FOLDER, POD, POD_ETC, POD_NODES, POD_SUDO
from parkops.lab.spec import SWITCH, LabSpec, NodeSpec

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# Folder of /var, its owner (where the owner's package is installed) and mode.
_VAR = (
    ("cache", "", 0o755),
    ("lib/chrony", "_chrony", 0o750),
    ("lib/dpkg", "", 0o755),
    ("lib/misc", "", 0o755),
    ("lib/mosquitto", "mosquitto", 0o755),
    ("lib/netconfd", "", 0o755),
    ("lib/nginx", "www-data", 0o755),
    ("lib/openvswitch", "", 0o755),
    ("lib/prometheus", "prometheus", 0o755),
    ("lib/prometheus/node-exporter", "prometheus", 0o755),
    ("lib/sudo/lectured", "", 0o700),
    ("log/chrony", "_chrony", 0o755),
    ("log/frr", "frr", 0o750),
    ("log/mosquitto", "mosquitto", 0o755),
    ("log/nginx", "www-data", 0o755),
    ("log/openvswitch", "", 0o755),
    ("log/prometheus", "prometheus", 0o755),
    ("spool/rsyslog", "", 0o755),
    ("tmp", "", 0o1777),
    ("tmp/frr", "frr", 0o755),
    ("www/html", "", 0o755),
)
_RUN = (
    ("frr", "frr", 0o755),
    ("lock", "", 0o1777),
    ("mosquitto", "mosquitto", 0o755),
    ("netconfd", "", 0o755),
    ("network", "", 0o755),
    ("openvswitch", "", 0o755),
    ("parkops/hold", "", 0o755),
    ("sshd", "", 0o755),
    ("sudo", "", 0o711),
)


def prepare(node: NodeSpec) -> Path:
    """Make what outlives a node's power: the folders of its own state, in the pod; idempotent."""
    base = POD_NODES / node.name
    for name in ("etc", "work", "var", "home", "root"):
        (base / name).mkdir(parents=True, exist_ok=True)
    _folders(base / "var", _VAR)
    for name, target in (("run", "/run"), ("lock", "/run/lock")):
        link = base / "var" / name
        if not link.is_symlink():
            link.symlink_to(target)
    return base


def enter_root(lab: LabSpec, node: NodeSpec) -> None:
    """Build the node's root in the caller's own mount namespace, and move into it."""
    base = prepare(node)
    root = POD / "root"
    root.mkdir(exist_ok=True)
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", str(root), "tmpfs", 0, "mode=0755,size=1m")
    _programs(lab, root)
    _etc(lab, base, root)
    for name in ("var", "home", "root"):
        _bind(base / name, root / name)
    _read_only(Path("/var/lib/dpkg"), root / "var/lib/dpkg")  # what is installed, for package managers
    for name, options in (("run", "mode=0755"), ("tmp", "mode=1777")):
        (root / name).mkdir()
        kernel.mount("tmpfs", str(root / name), "tmpfs", 0, options)
    _folders(root / "run", _RUN)
    _kernel_files(root)
    _devices(root, tunnel=node.platform == SWITCH)
    for index, folder in enumerate(node.yang):
        _bind(Path(folder), root / yang_path(index).strip("/"))
    kernel.pivot_root(str(root))


def yang_path(index: int) -> str:
    """Return where a node sees the folder of YANG modules with this index."""
    return f"/opt/yang/{index}"


def _programs(lab: LabSpec, root: Path) -> None:
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        source = Path("/") / name
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.is_dir():
            _bind(source, root / name)
    _read_only(Path("/usr"), root / "usr")
    _read_only(LAB_FOLDER, root / "opt/parkops")
    if lab.rootless and POD_SUDO.exists():  # sudo insists on files owned by root: these copies are
        for source in POD_SUDO.iterdir():
            kernel.mount(str(source), str(root / source.name.replace("%", "/")), "", kernel.MS_BIND)


def copy_sudo() -> None:
    """Copy sudo and its plugins into the pod, owned by the pod's root, for a rootless lab."""
    POD_SUDO.mkdir(exist_ok=True)
    for source in (Path("/usr/bin/sudo"), *Path("/usr/libexec/sudo").glob("*.so*")):
        target = POD_SUDO / str(source).strip("/").replace("/", "%")
        shutil.copyfile(source.resolve(), target)
        target.chmod(0o4755 if source.name == "sudo" else 0o644)


def _etc(lab: LabSpec, base: Path, root: Path) -> None:
    (root / "etc").mkdir()
    options = f"lowerdir={POD_ETC},upperdir={base / 'etc'},workdir={base / 'work'}"
    if lab.rootless:
        options += ",userxattr"
    kernel.mount("overlay", str(root / "etc"), "overlay", 0, options)


def _kernel_files(root: Path) -> None:
    (root / "proc").mkdir()
    kernel.mount("proc", str(root / "proc"), "proc")
    (root / "sys").mkdir()
    try:
        kernel.mount("sysfs", str(root / "sys"), "sysfs", kernel.MS_RDONLY)
    except OSError:  # some containers mask parts of /sys, and then allow no fresh mount of it
        _bind(Path("/sys"), root / "sys")


def _devices(root: Path, tunnel: bool) -> None:
    dev = root / "dev"
    dev.mkdir()
    kernel.mount("tmpfs", str(dev), "tmpfs", 0, "mode=0755,size=64k")
    for name in (*_DEVICES, *(("net/tun",) if tunnel else ())):
        (dev / name).parent.mkdir(exist_ok=True)
        (dev / name).touch()
        kernel.mount(f"/dev/{name}", str(dev / name), "", kernel.MS_BIND)
    for name in ("pts", "shm"):
        (dev / name).mkdir()
    kernel.mount("devpts", str(dev / "pts"), "devpts", 0, "newinstance,ptmxmode=0666,mode=620,gid=5")
    kernel.mount("tmpfs", str(dev / "shm"), "tmpfs", 0, "mode=1777")
    (dev / "ptmx").symlink_to("pts/ptmx")
    (dev / "fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (dev / name).symlink_to(f"/proc/self/fd/{number}")


def _bind(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    kernel.mount(str(source), str(target), "", kernel.MS_BIND | kernel.MS_REC)


def _read_only(source: Path, target: Path) -> None:
    _bind(source, target)
    with contextlib.suppress(OSError):  # a user namespace may not drop flags it did not set
        kernel.mount("", str(target), "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY)


def _folders(base: Path, table: tuple[tuple[str, str, int], ...]) -> None:
    for name, owner, mode in table:
        path = base / name
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(mode)
            if owner:
                with contextlib.suppress(LookupError):
                    shutil.chown(path, owner, owner if owner not in {"mosquitto"} else None)
