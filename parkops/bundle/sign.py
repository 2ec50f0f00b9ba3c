"""Signatures of bundles by minisign or GnuPG, and their encryption by age."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from parkops.errors import MachineError, ParkopsError, UsageError

TIMEOUT_S = 120.0
PROGRAMS = {"minisign": "minisign", "gpg": "gpg"}
SUFFIXES = {"minisign": ".minisig", "gpg": ".asc"}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: minisign with a secret key's file, or gpg with a key's id."""

    kind: str
    key: str


def signer(text: str) -> Signer:
    """Read ``minisign:KEYFILE`` or ``gpg:KEYID``; UsageError for anything else."""
    kind, colon, key = text.partition(":")
    if kind == "age":
        hint = "sign with minisign:KEYFILE or gpg:KEYID, and encrypt with --encrypt age1…"
        raise UsageError("age encrypts, it cannot sign", where=text, hint=hint)
    if kind not in SUFFIXES or not colon or not key:
        raise UsageError("no way to sign", where=text, hint="minisign:KEYFILE or gpg:KEYID")
    return Signer(kind, key)


def _run(program: str, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        package = {"gpg": "gnupg"}.get(program, program)
        raise MachineError(f"{program} is not installed", hint=f"apt-get install {package}")
    command = [program, *(["--homedir", str(home)] if home else []), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ParkopsError(
            f"{program} did not end within {TIMEOUT_S:g} s", hint="is its key locked?"
        ) from error


def sign(path: Path, by: Signer) -> Path:
    """Sign a file with a signature beside it; return the signature's path."""
    beside = path.with_name(path.name + SUFFIXES[by.kind])
    if by.kind == "minisign":
        key = Path(by.key).expanduser()
        if not key.is_file():
            raise UsageError(
                "there is no such key", where=str(key), hint="`minisign -G -W -s KEYFILE` makes one"
            )
        done = _run(
            "minisign", "-S", "-s", str(key), "-m", str(path), "-x", str(beside), "-c", "parkops bundle"
        )
    else:
        options = ("--batch", "--yes", "--local-user", by.key, "--armor", "--detach-sign")
        done = _run("gpg", *options, "--output", str(beside), str(path))
    if done.returncode or not beside.is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ParkopsError(f"{by.kind} did not sign", where=by.key, hint=said[-1] if said else "")
    return beside


def signature_of(path: Path, public_key: Path | None) -> tuple[str, str]:
    """Return who signed a file, and what is wrong with its signature ("" when it fits or there is none).

    Without a public key, a signature of GnuPG is judged by the caller's own keyring.
    """
    found = {kind: path.with_name(path.name + end) for kind, end in SUFFIXES.items()}
    there = {kind: beside for kind, beside in found.items() if beside.is_file()}
    if not there:
        return "", "there is no signature beside it" if public_key else ""
    kind, beside = next(iter(there.items()))
    if kind == "minisign":
        if public_key is None:
            return "minisign", "a signature is there, and no --public-key to prove it by"
        done = _run("minisign", "-V", "-p", str(public_key), "-m", str(path), "-x", str(beside))
        return "minisign", "" if done.returncode == 0 else f"the signature does not fit: {_last(done)}"
    return _gpg(path, beside, public_key)


def _gpg(path: Path, beside: Path, public_key: Path | None) -> tuple[str, str]:
    if public_key is None:
        done = _run("gpg", "--batch", "--status-fd", "1", "--verify", str(beside), str(path))
        return _gpg_said(done)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        imported = _run("gpg", "--batch", "--import", str(public_key), home=home)
        if imported.returncode:
            return "gpg", f"no public key of GnuPG: {public_key}"
        done = _run("gpg", "--batch", "--status-fd", "1", "--verify", str(beside), str(path), home=home)
        return _gpg_said(done)


def _gpg_said(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    good = [line for line in done.stdout.splitlines() if " GOODSIG " in line]
    if done.returncode == 0 and good:
        return f"gpg, {good[0].split(' GOODSIG ', 1)[1]}", ""
    return "gpg", f"the signature does not fit: {_last(done)}"


def _last(done: subprocess.CompletedProcess[str]) -> str:
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1] if said else f"exit status {done.returncode}"


def encrypt(path: Path, recipients: tuple[str, ...]) -> Path:
    """Encrypt a file to recipients of age (age1…); return the path of what was written."""
    try:
        import pyrage
    except ImportError as error:
        raise MachineError("age is not there", hint="pip install 'parkops[age]'") from error
    try:
        keys = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError as error:
        raise UsageError(f"no recipient of age: {error}", hint="a public key: age1…") from error
    beside = path.with_name(path.name + ".age")
    beside.write_bytes(pyrage.encrypt(path.read_bytes(), keys))
    return beside
