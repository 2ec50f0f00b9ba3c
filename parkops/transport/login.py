"""How parkops logs in to a park's devices: user, key, known host keys, the way there, and timeouts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

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
_HOP = re.compile(
    r"(?:(?P<user>[^@\s]+)@)?(?:\[(?P<v6>[0-9A-Fa-f:]+)\]|(?P<host>[^\s:@\[\]]+))(?::(?P<port>\d+))?"
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A jump host; ``user`` is "" for the devices' own."""

    host: str
    port: int = 22
    user: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """Login material with the timeouts of a session; the password, where there is one, is never printed."""

    user: str
    key: Path | None
    known_hosts: Path
    password: str = field(default="", repr=False)
    connect_timeout_s: float = 10.0
    rpc_timeout_s: float = 30.0
    trust_new: bool = False  # put the first key of an unknown host on file, instead of refusing it
    jump: tuple[Hop, ...] = ()
    bind_device: str = ""  # the management VRF's device on this machine
    call_home: tuple[str, int] | None = None  # listen here for devices that call (RFC 8071)
    enable: str = field(default="", repr=False)  # the password of `enable`, where a login is not privileged

    def at(self, hop: Hop) -> Self:
        """Return the login at a jump host."""
        return replace(self, user=hop.user or self.user, jump=(), call_home=None)


def login(access: Access, workspace: Workspace) -> Login:
    """Build the login of a park's devices; UsageError when a key, a password or the host keys are missing."""
    known_hosts = workspace.root / (access.known_hosts or ".parkops/known_hosts")
    if not known_hosts.is_file() and not access.trust_new:
        hint = "start the lab, collect the devices' host keys there, or use --trust-new"
        raise UsageError("there are no known host keys", where=str(known_hosts), hint=hint)
    password = secrets.resolve(access.password, workspace.root) if access.password else ""
    key = _key_file(access.key, workspace) if access.key else None
    if key is None and not password:
        raise UsageError("the plan states neither a key nor a password", hint="set access.key: file:PATH")
    return Login(
        access.user,
        key,
        known_hosts,
        password,
        trust_new=access.trust_new,
        jump=hops(access.jump),
        bind_device=access.bind_device,
        call_home=_listen(access.call_home),
        enable=secrets.one_line(access.enable, workspace.root) if access.enable else "",
    )


def hops(text: str) -> tuple[Hop, ...]:
    """Return the jump hosts of ``[user@]host[:port],…``, in the order in which they are passed.

    Raises UsageError for anything else.
    """
    return tuple(_hop(part.strip()) for part in text.split(",") if part.strip())


def _hop(text: str) -> Hop:
    found = _HOP.fullmatch(text)
    port = int(found["port"] or 22) if found else 0
    if found is None or not 0 < port < 65536:
        raise UsageError(f"{text!r} is no jump host", where="access.jump", hint="write [user@]host[:port]")
    return Hop(found["v6"] or found["host"], port, found["user"] or "")


def _listen(text: str) -> tuple[str, int] | None:
    """Return where to listen for calls; the port is 4334 (RFC 8071, 6.2)."""
    if not text:
        return None
    hop = _hop(text if re.search(r":\d+$", text) else f"{text}:4334")
    return hop.host, hop.port


def _key_file(ref: str, workspace: Workspace) -> Path:
    """Return the private key's file; a key that is no plain file is kept in .parkops, for its owner only."""
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
