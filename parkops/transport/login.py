"""How parkops logs in to a park's devices: user, key, known host keys and timeouts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from parkops.errors import UsageError
from parkops.model import Access, Workspace
from parkops.transport import secrets

# Key exchange, first choice first: sntrup761 and mlkem cost the client tens of milliseconds of CPU a session.
KEX = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "diffie-hellman-group14-sha256",
)


@dataclass(frozen=True, slots=True)
class Login:
    """Login material with the timeouts of a session; the password, where there is one, is never printed."""

    user: str
    key: Path | None
    known_hosts: Path
    password: str = field(default="", repr=False)
    connect_timeout_s: float = 10.0
    rpc_timeout_s: float = 30.0


def login(access: Access, workspace: Workspace) -> Login:
    """Build the login of a park's devices; UsageError when a key, a password or the host keys are missing."""
    known_hosts = workspace.root / (access.known_hosts or ".parkops/known_hosts")
    if not known_hosts.is_file():
        hint = "start the lab (parkops lab up), or collect the devices' host keys there"
        raise UsageError("there are no known host keys", where=str(known_hosts), hint=hint)
    password = secrets.resolve(access.password, workspace.root) if access.password else ""
    key = _key_file(access.key, workspace) if access.key else None
    if key is None and not password:
        raise UsageError("the plan states neither a key nor a password", hint="set access.key: file:PATH")
    return Login(access.user, key, known_hosts, password)


def _key_file(ref: str, workspace: Workspace) -> Path:
    """Return the private key's file; a key from the environment is kept in .parkops, for its owner only."""
    if ref.startswith("file:"):
        path = workspace.root / ref.removeprefix("file:")
        if not path.is_file():
            raise UsageError(
                f"the key {ref} is missing", where=str(path), hint="start the lab, or put it there"
            )
        return path
    text = secrets.resolve(ref, workspace.root)
    path = workspace.state / "ssh" / "key"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    return path
