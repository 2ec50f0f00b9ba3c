"""An authenticated SSH transport to a device: over jump hosts, a management VRF, or the device's own call."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import paramiko

from parkops.transport import hostkeys
from parkops.transport.hostkeys import HostKeyError
from parkops.transport.login import KEX, Hop, Login

__all__ = ["HostKeyError", "again", "connect", "dial"]

BACK_OFF_S = 0.5
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
T = TypeVar("T")
Connection = Any  # a socket, or a paramiko channel through a jump host


def connect(host: str, port: int, login: Login, *, connection: Connection = None) -> paramiko.Transport:
    """Return a transport that is logged in; every wait is bounded.

    ``connection``: one that is open already, such as a device's call (RFC 8071). Raises HostKeyError,
    paramiko.SSHException, OSError or EOFError; nothing is left open then.
    """
    owned = connection if connection is not None else dial(host, port, login)
    try:
        return _log_in(owned, host, port, login)
    except BaseException:
        owned.close()
        raise


def _log_in(connection: Connection, host: str, port: int, login: Login) -> paramiko.Transport:
    transport = paramiko.Transport(connection)
    try:
        transport.banner_timeout = transport.auth_timeout = login.connect_timeout_s
        _prefer(transport, hostkeys.read(login.known_hosts).keys(hostkeys.name_of(host, port)))
        transport.start_client(timeout=login.connect_timeout_s)
        key = transport.get_remote_server_key()
        hostkeys.check(
            login.known_hosts, host, port, key.get_name(), key.asbytes(), trust_new=login.trust_new
        )
        if login.key:
            transport.auth_publickey(login.user, private_key(login.key))
        else:
            transport.auth_password(login.user, login.password)
    except BaseException:
        transport.close()
        raise
    return transport


def _prefer(transport: paramiko.Transport, known: dict[str, str]) -> None:
    """Offer what is cheap first, and ask for a host key type that is on file."""
    options = transport.get_security_options()
    options.kex = [name for name in KEX if name in options.kex]
    cheap = [name for name in CIPHERS if name in options.ciphers]
    options.ciphers = [*cheap, *(name for name in options.ciphers if name not in cheap)]
    if known:
        options.key_types = [name for name in options.key_types if _base_type(name) in known]


def _base_type(name: str) -> str:
    return "ssh-rsa" if name.startswith("rsa-sha2-") else name


def private_key(file: Path) -> paramiko.PKey:
    """Return a private key, read once per content."""
    state = file.stat()
    return _private_key(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _private_key(file: Path, _mtime_ns: int, _size: int) -> paramiko.PKey:
    return paramiko.PKey.from_path(file)


def dial(host: str, port: int, login: Login) -> Connection:
    """Open the connection that SSH will run over: direct, or through the login's jump hosts."""
    if login.jump:
        return _through(login.jump, host, port, login)
    return direct(host, port, login)


def direct(host: str, port: int, login: Login) -> socket.socket:
    """Open a TCP connection, out of the management VRF's device where one is named (Linux vrf.rst)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not login.bind_device:
        connection = socket.create_connection((host, port), timeout=login.connect_timeout_s)
    else:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(login.connect_timeout_s)
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, login.bind_device.encode() + b"\0"
            )
            connection.connect((host, port))
        except BaseException:
            connection.close()
            raise
    # With Nagle's algorithm on, log-in waits 40 ms for a delayed ACK (RFC 896, RFC 1122 4.2.3.2).
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _through(jump: tuple[Hop, ...], host: str, port: int, login: Login) -> paramiko.Channel:
    """Open a connection from the last jump host; hops are shared by all devices."""
    return _forward(_HOPS.reach(jump, login), host, port, login)


def _forward(transport: paramiko.Transport, host: str, port: int, login: Login) -> paramiko.Channel:
    """Ask a jump host for a connection onwards (RFC 4254, 7.2)."""
    here = ("127.0.0.1", 0)
    return transport.open_channel("direct-tcpip", (host, port), here, timeout=login.connect_timeout_s)


class _Hops:
    """The transports to jump hosts: one each, however many devices are behind it."""

    def __init__(self) -> None:
        self._open: dict[tuple[tuple[Hop, ...], Login], paramiko.Transport] = {}
        self._lock = threading.Lock()

    def reach(self, jump: tuple[Hop, ...], login: Login) -> paramiko.Transport:
        """Return the transport to the last of ``jump``, opened over those before it."""
        with self._lock:
            return self._reach(jump, login)

    def _reach(self, jump: tuple[Hop, ...], login: Login) -> paramiko.Transport:
        found = self._open.get((jump, login))
        if found is not None and found.is_active():
            return found
        *before, last = jump
        if before:
            connection: Connection = _forward(self._reach(tuple(before), login), last.host, last.port, login)
        else:
            connection = direct(last.host, last.port, login)
        found = connect(last.host, last.port, login.at(last), connection=connection)
        self._open[jump, login] = found
        return found


_HOPS = _Hops()


def again(connect: Callable[[], T]) -> T:
    """Connect, and once more after a dropped handshake: servers shed load by it (MaxStartups of sshd)."""
    try:
        return connect()
    except paramiko.AuthenticationException:
        raise
    except (paramiko.SSHException, EOFError, ConnectionResetError):
        time.sleep(BACK_OFF_S)
        return connect()
