"""The user-based security model of SNMPv3: keys, authentication, privacy (RFC 3414, 3826, 7860)."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.decrepit.ciphers.modes import CFB

AUTH = {  # name -> hash, octets of the message's authentication code
    "md5": ("md5", 12),
    "sha": ("sha1", 12),
    "sha1": ("sha1", 12),
    "sha224": ("sha224", 16),
    "sha256": ("sha256", 24),
    "sha384": ("sha384", 32),
    "sha512": ("sha512", 48),
}
PRIVACY = {"des": 8, "aes": 16, "aes128": 16, "aes192": 24, "aes256": 32}  # octets of the key


class UsmError(ValueError):
    """The message is not what this user sends."""


@dataclass(frozen=True, slots=True)
class User:
    """A user with its pass phrases, which are never printed."""

    name: str
    auth: str = ""
    auth_key: bytes = field(default=b"", repr=False)
    privacy: str = ""
    privacy_key: bytes = field(default=b"", repr=False)

    def localized(self, engine: bytes) -> bytes:
        """Return the authentication key at an engine."""
        return localized(self.auth_key, AUTH[self.auth][0], engine)

    def cipher_key(self, engine: bytes) -> bytes:
        """Return the privacy key at an engine, extended where the hash is too short for it.

        The extension is that of draft-reeder-snmpv3-usm-3desede, which Cisco and net-snmp (AES-192-C,
        AES-256-C) use; for the common aes128 nothing is extended.
        """
        name = AUTH[self.auth][0]
        key = localized(self.privacy_key, name, engine)
        wanted = 16 if self.privacy == "des" else PRIVACY[self.privacy]
        while len(key) < wanted:
            key += localized(key, name, engine)
        return key[:wanted]


def localized(phrase: bytes, name: str, engine: bytes) -> bytes:
    """Return a key made of a pass phrase for one engine (RFC 3414, 2.6 and A.2)."""
    key = _of_phrase(phrase, name)
    return hashlib.new(name, key + engine + key, usedforsecurity=False).digest()


@lru_cache(maxsize=512)
def _of_phrase(phrase: bytes, name: str) -> bytes:
    """Return the hash of a megabyte: once for a phrase, since whoever sends may name ever new engines."""
    if not phrase:
        raise UsmError("an empty pass phrase")
    length = 1_048_576
    whole = (phrase * (length // len(phrase) + 1))[:length]
    return hashlib.new(name, whole, usedforsecurity=False).digest()


def code(user: User, engine: bytes, message: bytes) -> bytes:
    """Return the authentication code of a message whose code is zeros."""
    name, length = AUTH[user.auth]
    return hmac.new(user.localized(engine), message, name).digest()[:length]


def code_length(user: User) -> int:
    """Return how many octets the code has."""
    return AUTH[user.auth][1]


def check(user: User, engine: bytes, message: bytes, given: bytes, at: int) -> None:
    """Check the code that stands at ``at`` in a message; UsmError when it is another."""
    length = code_length(user)
    if len(given) != length or message[at : at + length] != given:
        raise UsmError("an authentication code of another length")
    zeroed = message[:at] + bytes(length) + message[at + length :]
    if not hmac.compare_digest(code(user, engine, zeroed), given):
        raise UsmError("wrong authentication code")


def decrypt(user: User, engine: bytes, boots: int, time_s: int, salt: bytes, data: bytes) -> bytes:
    """Return the plain scoped PDU; UsmError where it cannot be."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if len(salt) != 8:
        raise UsmError("a salt of another length")
    key = user.cipher_key(engine)
    if user.privacy == "des":
        if len(data) % 8 or not data:
            raise UsmError("encrypted data that is no whole number of blocks")
        start = bytes(a ^ b for a, b in zip(key[8:16], salt, strict=True))
        cipher: Cipher[modes.CBC | CFB] = Cipher(_des(key[:8]), modes.CBC(start))
    else:
        vector = boots.to_bytes(4, "big") + time_s.to_bytes(4, "big") + salt
        cipher = Cipher(algorithms.AES(key), _cfb(vector))
    decryptor = cipher.decryptor()
    return bytes(decryptor.update(data) + decryptor.finalize())


def encrypt(user: User, engine: bytes, boots: int, time_s: int, data: bytes) -> tuple[bytes, bytes]:
    """Return (salt, encrypted scoped PDU)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key, salt = user.cipher_key(engine), os.urandom(8)
    if user.privacy == "des":
        salt = boots.to_bytes(4, "big") + salt[:4]
        start = bytes(a ^ b for a, b in zip(key[8:16], salt, strict=True))
        cipher: Cipher[modes.CBC | CFB] = Cipher(_des(key[:8]), modes.CBC(start))
        data += bytes(-len(data) % 8)
    else:
        vector = boots.to_bytes(4, "big") + time_s.to_bytes(4, "big") + salt
        cipher = Cipher(algorithms.AES(key), _cfb(vector))
    encryptor = cipher.encryptor()
    return salt, bytes(encryptor.update(data) + encryptor.finalize())


def _cfb(vector: bytes) -> CFB:
    try:
        from cryptography.hazmat.decrepit.ciphers.modes import CFB
    except ImportError:  # before cryptography 47
        from cryptography.hazmat.primitives.ciphers.modes import CFB
    return CFB(vector)


def _des(key: bytes) -> TripleDES:
    """Return DES, which old agents speak, as triple DES with one key, which is the same."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

    return TripleDES(key * 3)
