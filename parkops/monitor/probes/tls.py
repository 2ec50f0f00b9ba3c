"""TLS (RFC 8446, RFC 5280): the chain, the name and the days that a server's certificate has left."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, UnableError, Values, value
from parkops.monitor.probes.tcp import stream

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

DAY_S = 86_400.0
LOCAL_ISSUER, SELF_SIGNED, SELF_SIGNED_CHAIN, FIRST_MISSING = 20, 18, 19, 21  # X509_V_ERR_… of OpenSSL
NOT_YET_VALID, EXPIRED, REVOKED = 9, 10, 23
HOST_MISMATCH, ADDRESS_MISMATCH = 62, 64


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a server's certificate says of itself."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins_s: float
    ends_s: float


async def tls(target: Target, context: Context) -> Sample:
    """Shake hands and check the certificate; ``ca`` is a file of trusted CAs, else the system's are.

    ``name`` is what the certificate must stand for (default: the address); fewer than ``min_days`` days
    left are a failure.
    """
    attempt = context.start(target)
    reader, writer = await connect(target, context)
    try:
        return attempt.up(values=check_days(writer, target, context))
    finally:
        writer.close()
        del reader


async def connect(target: Target, context: Context) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a verified TLS connection; DownError says what is wrong with the server or its certificate."""
    trust = _trust(target)
    name = target.param("name") or target.address
    try:
        opened = await stream(target, trust=trust, name=name)
    except ssl.SSLCertVerificationError as error:
        leaf = await _look(target, name)
        raise DownError(_why(error, leaf, name), _days(leaf)) from error
    except ssl.SSLError as error:
        raise DownError(f"no TLS: {(error.reason or str(error)).replace('_', ' ').lower()}") from error
    except ConnectionResetError as error:
        raise DownError("closed the connection during the TLS handshake") from error
    session = opened[1].get_extra_info("ssl_object")
    context.step(f"{session.version()} with {session.cipher()[0]}; the certificate holds for {name}")
    return opened


def check_days(writer: asyncio.StreamWriter, target: Target, context: Context) -> Values:
    """Return the days that the certificate of a connection has left; DownError when they are too few."""
    leaf = _leaf(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    until = datetime.fromtimestamp(leaf.ends_s, UTC)
    context.step(f"certificate of {leaf.subject}, from {leaf.issuer}, until {until:%Y-%m-%d %H:%M} UTC")
    values = _days(leaf)
    least = float(target.param("min_days", "0"))
    if values[0][1] < least:
        what = f"the certificate expires in {values[0][1]:.1f} days, expected at least {least:g}"
        raise DownError(what, values)
    return values


def _trust(target: Target) -> ssl.SSLContext:
    ca = target.param("ca")
    try:
        return ssl.create_default_context(cafile=ca or None)
    except FileNotFoundError as error:
        raise UnableError(f"there is no file of CAs {ca}") from error
    except OSError as error:  # ssl.SSLError, too
        raise UnableError(f"cannot read CAs from {ca}: {error}") from error


async def _look(target: Target, name: str) -> Leaf:
    """Fetch a certificate that does not hold, to tell why."""
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    _, writer = await stream(target, trust=blind, name=name)
    try:
        return _leaf(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    finally:
        writer.close()


def _leaf(der: bytes) -> Leaf:
    from cryptography import x509

    try:
        found = x509.load_der_x509_certificate(der)
        return Leaf(
            found.subject.rfc4514_string() or "no name",
            found.issuer.rfc4514_string() or "no name",
            _names(found),
            found.not_valid_before_utc.timestamp(),
            found.not_valid_after_utc.timestamp(),
        )
    except ValueError as error:
        raise DownError(f"the certificate cannot be read: {error}") from error


def _names(found: Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns = names.get_values_for_type(x509.DNSName)
    return (*dns, *(str(item) for item in names.get_values_for_type(x509.IPAddress)))


def _days(leaf: Leaf) -> Values:
    return (value("days_left", (leaf.ends_s - time.time()) / DAY_S),)


def _why(error: ssl.SSLCertVerificationError, leaf: Leaf, name: str) -> str:
    now_s = time.time()
    match error.verify_code:
        case code if code == EXPIRED:
            if leaf.ends_s > now_s:
                return f"a certificate of the chain above {leaf.subject} has expired"
            return f"the certificate expired {_span(now_s - leaf.ends_s)} ago"
        case code if code == NOT_YET_VALID:
            return f"the certificate is not valid yet, for another {_span(leaf.begins_s - now_s)}"
        case code if code == SELF_SIGNED:
            return f"the certificate is self-signed ({leaf.subject})"
        case code if code in (LOCAL_ISSUER, SELF_SIGNED_CHAIN, FIRST_MISSING):
            return f"the certificate's issuer is not trusted ({leaf.issuer})"
        case code if code in (HOST_MISMATCH, ADDRESS_MISMATCH):
            return f"the certificate is for {', '.join(leaf.names) or leaf.subject}, not for {name}"
        case code if code == REVOKED:
            return "the certificate is revoked"
    return f"the certificate does not hold: {error.verify_message}"


def _span(seconds: float) -> str:
    if seconds >= 2 * DAY_S:
        return f"{seconds / DAY_S:.0f} days"
    return f"{seconds / 3600:.0f} h" if seconds >= 7200 else f"{seconds / 60:.0f} min"
