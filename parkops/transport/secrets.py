"""Secret references: resolve them at push time, and put them back wherever text leaves the push."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from parkops.errors import MachineError, UsageError

TOKEN = re.compile(r"@secret:(?P<ref>(?:env|file|age|vault):[^@\s]+)@")
AGE_IDENTITY = "PARKOPS_AGE_IDENTITY"  # file with the identity that age files are encrypted to
VAULT_VARIABLE = "PARKOPS_VAULT_PASSWORD"  # holds the password of ansible-vault
VAULT_FILE_VARIABLE = "PARKOPS_VAULT_PASSWORD_FILE"  # names a file that holds it
PART_CHARS = 8  # a line of a secret that is shorter is no secret by itself


def resolve(ref: str, base: Path) -> str:
    """Return the secret behind a reference; relative paths start at ``base``.

    ``env:NAME``, ``file:PATH``, ``age:PATH[#key]`` (a file that age encrypted), ``vault:PATH[#key]`` (a file
    that ansible-vault encrypted); ``#key`` takes one value, ``a.b`` deep, of a YAML document. UsageError when
    the reference is malformed, or nothing is there.
    """
    scheme, _, name = ref.partition(":")
    if scheme not in SCHEMES or not name:
        hint = "write env:NAME, file:PATH, age:PATH[#key] or vault:PATH[#key]"
        raise UsageError(f"{ref!r} is not a secret reference", hint=hint)
    return SCHEMES[scheme](ref, name, base)


def one_line(ref: str, base: Path) -> str:
    """Return the secret behind a reference, as it may be typed; UsageError where it is more than a line."""
    value = resolve(ref, base)
    check_line(ref, value)
    return value


def check_line(ref: str, value: str) -> None:
    """Raise UsageError for a secret that a device would take for further commands, or for a key stroke."""
    odd = next((char for char in value if unicodedata.category(char) in ("Cc", "Zl", "Zp")), "")
    if odd:
        what = "a line break" if odd in "\r\n\u2028\u2029" else f"the control character U+{ord(odd):04X}"
        hint = "a secret that is typed into a device is one line of printable characters"
        raise UsageError(f"the secret {ref} holds {what}", hint=hint)


def _from_environment(ref: str, name: str, _base: Path) -> str:
    if name not in os.environ:
        raise UsageError(f"the secret {ref} is not set", hint=f"export {name}=…")
    return os.environ[name]


def _from_file(ref: str, name: str, base: Path) -> str:
    try:
        return _read(ref, base / name).decode().rstrip("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"the secret {ref} is no text", where=str(base / name)) from error


def _from_age(ref: str, name: str, base: Path) -> str:
    try:
        import pyrage
    except ModuleNotFoundError as error:
        raise MachineError("age secrets need pyrage", hint="pip install 'parkops[age]'") from error
    path, _, key = name.partition("#")
    identity = base / os.environ.get(AGE_IDENTITY, ".parkops/age.txt")
    try:
        lines = identity.read_text(encoding="utf-8").splitlines()
        known = [pyrage.x25519.Identity.from_str(row) for row in lines if row.startswith("AGE-SECRET-KEY-")]
        text = pyrage.decrypt(_read(ref, base / path), known)
    except OSError as error:
        hint = f"set {AGE_IDENTITY} to the file of your age identity"
        raise UsageError(f"the secret {ref} needs an age identity", where=str(identity), hint=hint) from error
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise UsageError(f"the secret {ref} cannot be decrypted", where=str(base / path)) from error
    return _part(ref, text.decode(), key)


def _from_vault(ref: str, name: str, base: Path) -> str:
    path, _, key = name.partition("#")
    password = os.environ.get(VAULT_VARIABLE, "")
    if not password and VAULT_FILE_VARIABLE in os.environ:
        password = _read(ref, base / os.environ[VAULT_FILE_VARIABLE]).decode().strip()
    if not password:
        hint = f"set {VAULT_FILE_VARIABLE} or {VAULT_VARIABLE}"
        raise UsageError(f"the secret {ref} needs the vault's password", hint=hint)
    try:
        text = unvault(_read(ref, base / path).decode(), password)
    except ValueError as error:
        what = f"the secret {ref} cannot be decrypted: {error}"
        raise UsageError(what, where=str(base / path)) from error
    return _part(ref, text, key)


SCHEMES: dict[str, Callable[[str, str, Path], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "age": _from_age,
    "vault": _from_vault,
}


def _read(ref: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the secret {ref} cannot be read", where=str(path), hint=str(error.strerror)
        ) from error


def _part(ref: str, text: str, key: str) -> str:
    """Return one value of a YAML document; the whole text where no key is asked for."""
    import yaml

    if not key:
        return text.rstrip("\n")
    try:
        value = yaml.safe_load(text)
        for step in key.split("."):
            value = value[step]
    except (yaml.YAMLError, KeyError, TypeError, IndexError):
        raise UsageError(f"the secret {ref} is not there", hint=f"the file has no {key!r}") from None
    if isinstance(value, dict | list):
        raise UsageError(f"the secret {ref} is no single value")
    return str(value)


def unvault(text: str, password: str) -> str:
    """Decrypt an ansible-vault text (1.1, 1.2, AES256); ValueError when it is none, or does not open.

    PBKDF2 with SHA-256, 10,000 rounds, gives the key of AES-256-CTR, that of HMAC-SHA256, and the counter.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, hmac, padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    head, _, body = text.partition("\n")
    if not re.fullmatch(r"\$ANSIBLE_VAULT;1\.[12];AES256(;.+)?\s*", head):
        raise ValueError("it is no ansible-vault file (AES256)")
    try:
        parts = bytes.fromhex("".join(body.split())).decode().split("\n")
        salt, digest, data = (bytes.fromhex(part) for part in parts)
    except ValueError as error:
        raise ValueError("it is damaged") from error
    keys = PBKDF2HMAC(hashes.SHA256(), 80, salt, 10_000).derive(password.encode())
    seal = hmac.HMAC(keys[32:64], hashes.SHA256())
    seal.update(data)
    try:
        seal.verify(digest)
    except InvalidSignature:
        raise ValueError("the password is wrong, or it is damaged") from None
    opened = Cipher(algorithms.AES(keys[:32]), modes.CTR(keys[64:])).decryptor()
    unpad = padding.PKCS7(128).unpadder()
    return (unpad.update(opened.update(data) + opened.finalize()) + unpad.finalize()).decode()


@dataclass(frozen=True, slots=True)
class Vault:
    """The secrets of one push: fill them into texts that go to a device, redact texts that come from it."""

    base: Path
    _values: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def fill(self, text: str, *, typed: bool = False) -> str:
        """Replace each ``@secret:REF@`` by its secret, escaped in XML; UsageError when one is missing.

        Where the text is ``typed`` into a device, or is XML, a secret of several lines or with control
        characters is refused: it would be a command of its own.
        """
        xml = text.lstrip().startswith("<")

        def secret(match: re.Match[str]) -> str:
            value = self._value(match["ref"])
            if typed or xml:
                check_line(match["ref"], value)
            return escape(value) if xml else value

        return TOKEN.sub(secret, text)

    def learn(self, texts: Iterable[str]) -> None:
        """Get to know the secrets that texts refer to, so that they are redacted; a missing one is none."""
        for ref in references(texts):
            with suppress(UsageError, MachineError):
                self._value(ref)

    def redact(self, text: str) -> str:
        """Replace each secret that was filled in by its ``@secret:REF@``, however it is written."""
        for ref, value in sorted(self._values.items(), key=lambda item: -len(item[1])):
            for form in _forms(value):
                text = text.replace(form, f"@secret:{ref}@")
        return text

    def _value(self, ref: str) -> str:
        if ref not in self._values:
            self._values[ref] = resolve(ref, self.base)
        return self._values[ref]


def _forms(value: str) -> Iterator[str]:
    """Yield how a secret may stand in a text: as it is, escaped, and (of several lines) line by line."""
    whole = dict.fromkeys((value, escape(value), json.dumps(value)[1:-1], repr(value)[1:-1]))
    lines = [line.strip() for line in value.splitlines()] if "\n" in value else []
    yield from (form for form in whole if form)
    yield from (line for line in lines if len(line) >= PART_CHARS and not line.startswith("-----"))


def references(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the secret references that texts hold, sorted."""
    return tuple(sorted({match["ref"] for text in texts for match in TOKEN.finditer(text)}))
