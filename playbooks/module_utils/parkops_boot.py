"""A node that went down with an unconfirmed change comes up with its old files: systemd sees to it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from ansible.module_utils import parkops_node as node
from ansible.module_utils.parkops_watch import PENDING, REVERTING

PROGRAM = node.STATE / "program"
UNITS = Path("/etc/systemd/system")
UNIT = UNITS / "parkops-revert.service"
WANTED = UNITS / "sysinit.target.wants" / UNIT.name
PACKAGE = "ansible.module_utils"
MODULES = tuple(f"parkops_{name}" for name in ("shell", "packages", "services", "node", "watch", "boot"))
# Before whatever reads a managed file: daemons then start with the old ones, and none has to be told.
TEXT = f"""[Unit]
Description=Take back a change of parkops that was not confirmed
DefaultDependencies=no
RequiresMountsFor=/etc {node.STATE}
After=local-fs.target
Before=sysinit.target systemd-sysctl.service nftables.service network-pre.target
ConditionPathExists=|{PENDING}
ConditionPathExists=|{REVERTING}

[Service]
Type=oneshot
Environment=PYTHONPATH={PROGRAM}
ExecStart=/usr/bin/python3 -m {PACKAGE}.parkops_boot
ExecStart=-/usr/bin/systemctl daemon-reload

[Install]
WantedBy=sysinit.target
"""


def install():
    """Leave the program and its unit on the node; nothing is written that is there already."""
    if not UNITS.is_dir():
        return
    _write(PROGRAM / "ansible" / "__init__.py", "")
    _write(PROGRAM / "ansible" / "module_utils" / "__init__.py", "")
    for name in MODULES:
        loader = importlib.util.find_spec(f"{PACKAGE}.{name}").loader
        _write(PROGRAM / "ansible" / "module_utils" / f"{name}.py", loader.get_source(f"{PACKAGE}.{name}"))
    _write(UNIT, TEXT)
    if not WANTED.is_symlink():
        WANTED.parent.mkdir(exist_ok=True)
        WANTED.symlink_to(UNIT)


def _write(path, text):
    if not path.exists() or node.read(path) != text:
        node.put(path, text, 0o644, "root")


def main():
    """Put back what the change that is still marked has replaced; its backup stays for a rollback."""
    for mark in (PENDING, REVERTING):
        try:
            transaction = json.loads(node.read(mark))["transaction"]
        except (ValueError, KeyError):
            continue
        backup = node.Backup(node.STATE / "backup" / transaction)
        if backup.taken:
            backup.put_back()
        mark.unlink()


if __name__ == "__main__":
    main()
