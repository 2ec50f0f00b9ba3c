"""Make a lab's SSH keys: one for parkops, one per node, and the known hosts."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from parkops.errors import LabError
from parkops.model import Park, Workspace


def client_key(workspace: Workspace) -> str:
    """Make parkops' key pair if there is none; return the public key."""
    key = workspace.lab / "ssh" / "id_ed25519"
    if not key.exists() or not key.with_suffix(".pub").exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        key.parent.chmod(0o700)
        key.unlink(missing_ok=True)
        _keygen(key, "parkops-lab")
    return key.with_suffix(".pub").read_text().strip()


def host_keys(park: Park, workspace: Workspace) -> dict[str, str]:
    """Make a key per managed node; return private keys by node, and write the known hosts."""
    private, lines = {}, []
    with tempfile.TemporaryDirectory(dir=workspace.lab) as folder:
        for device in park.managed:
            key = Path(folder) / device.name
            _keygen(key, device.name)
            private[device.name] = key.read_text()
            kind, public = key.with_suffix(key.suffix + ".pub").read_text().split()[:2]
            address = device.management_address
            lines += [f"{address} {kind} {public}", f"[{address}]:830 {kind} {public}"]
    known_hosts(workspace).write_text("\n".join(lines) + "\n")
    return private


def known_hosts(workspace: Workspace) -> Path:
    """Return the path of the known hosts."""
    return workspace.lab / "known_hosts"


def _keygen(path: Path, comment: str) -> None:
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise LabError(f"ssh-keygen failed: {done.stderr.strip()}", where=str(path))
