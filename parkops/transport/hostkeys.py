"""A park's known host keys: an OpenSSH known_hosts file, read once, asked often, grown only on demand."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import threading
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

_log = logging.getLogger(__name__)
_writing = threading.Lock()


class HostKeyError(Exception):
    """The host's key is not the one on file."""


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The keys of a file by host name; names may be hashed (HashKnownHosts of ssh_config(5))."""

    plain: dict[str, dict[str, str]] = field(default_factory=dict)  # name -> key type -> base64
    hashed: tuple[tuple[bytes, bytes, str, str], ...] = ()  # salt, digest, key type, base64
    revoked: frozenset[str] = frozenset()

    def keys(self, name: str) -> dict[str, str]:
        """Return a host's keys by type, empty when nothing is on file."""
        found = dict(self.plain.get(name, {}))
        for salt, digest, kind, key in self.hashed:
            if hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest):
                found[kind] = key
        return found


def read(file: Path) -> KnownHosts:
    """Return a file's keys, parsed once per content; no keys where there is no file."""
    try:
        state = file.stat()
    except FileNotFoundError:
        return KnownHosts()
    return _read(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _read(file: Path, _mtime_ns: int, _size: int) -> KnownHosts:
    plain: dict[str, dict[str, str]] = {}
    hashed: list[tuple[bytes, bytes, str, str]] = []
    revoked: set[str] = set()
    for line in file.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) < 3 or words[0].startswith("#"):
            continue
        if words[0] == "@revoked" and len(words) > 3:
            revoked.add(words[3])
        elif words[0].startswith("|1|"):
            _, _, salt, digest = words[0].split("|")
            hashed.append((b64decode(salt), b64decode(digest), words[1], words[2]))
        elif not words[0].startswith("@"):
            for name in words[0].split(","):
                plain.setdefault(name, {})[words[1]] = words[2]
    return KnownHosts(plain, tuple(hashed), frozenset(revoked))


def name_of(host: str, port: int) -> str:
    """Return the name that a host's keys stand under: with its port where that is not 22."""
    return host if port == 22 else f"[{host}]:{port}"


def check(file: Path, host: str, port: int, kind: str, key: bytes, *, trust_new: bool = False) -> None:
    """Return when the key is on file; HostKeyError when it is not, differs, or was revoked.

    With ``trust_new`` the first key of a host that has none is put on file, with the day and who did it; a
    key that differs from the one on file is never taken.
    """
    name, text = name_of(host, port), b64encode(key).decode()
    with _writing:
        known = read(file)
        keys = known.keys(name)
        if text in known.revoked:
            raise HostKeyError(f"the host key of {name} ({kind} {fingerprint(key)}) was revoked")
        if keys.get(kind) == text:
            return
        state = "differs from the one on file" if keys else "is not on file"
        if keys or not trust_new:
            raise HostKeyError(f"the host key of {name} ({kind} {fingerprint(key)}) {state}")
        _append(file, f"{name} {kind} {text} {_comment()}\n")
    _log.warning("host key of %s (%s %s) trusted on first use, and recorded", name, kind, fingerprint(key))


def _append(file: Path, line: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as target:
        target.seek(0, os.SEEK_END)
        if target.tell():
            target.seek(-1, os.SEEK_END)
            if target.read(1) != b"\n":
                line = "\n" + line
        target.write(line.encode())
        target.flush()
        os.fsync(target.fileno())


def _comment() -> str:
    who = os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid{os.getuid()}"
    return f"trusted-on-first-use:{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}:{who}"


def fingerprint(key: bytes) -> str:
    """Return a key's fingerprint as ssh-keygen prints it."""
    return "SHA256:" + b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
