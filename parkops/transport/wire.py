"""An ncclient session that sends at once, offers cheap key exchange first and refuses unknown host keys."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

import paramiko
from ncclient.manager import Manager, make_device_handler
from ncclient.transport import SSHSession
from ncclient.transport.errors import SessionError
from ncclient.transport.session import END_DELIM, MSG_DELIM, NetconfBase

from parkops.transport.login import KEX, Login

# netconfd 2.13 never answers when it reads the client's hello and the first request in one piece; a server
# does not say that it has taken the hello, so there is nothing to wait for but time.
HELLO_GAP_S = 0.02
BACK_OFF_S = 0.5
T = TypeVar("T")


class HostKeyError(Exception):
    """The host's key is not the one on file."""


class WireSession(SSHSession):  # type: ignore[misc]  # ncclient has no types
    """An SSH session of ncclient with its own connect and send.

    ncclient queues each message for a loop that looks at its queue every 100 ms; paramiko's channels may be
    written from any thread, so the caller's thread writes instead.
    """

    def open(self, host: str, port: int, login: Login) -> None:
        """Connect, check the host key, log in, and exchange hellos; every wait is bounded."""
        self._host = host
        self._open_transport(host, port, login)
        self._check_host_key(host, port)
        self._log_in(login)
        self._connected = True
        self._closing.clear()
        self._channel = self._transport.open_session(timeout=login.connect_timeout_s)
        self._channel.settimeout(login.rpc_timeout_s)
        self._channel_id, self._channel_name = self._channel.get_id(), "netconf"
        self._channel.invoke_subsystem("netconf")
        self._post_connect(login.connect_timeout_s)
        self.parser = self._device_handler.get_xml_parser(self)
        time.sleep(HELLO_GAP_S)

    def _open_transport(self, host: str, port: int, login: Login) -> None:
        self._host_keys.load(str(login.known_hosts))
        connection = socket.create_connection((host, port), timeout=login.connect_timeout_s)
        # With Nagle's algorithm on, log-in waits 40 ms for a delayed ACK (RFC 896, RFC 1122 4.2.3.2).
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = paramiko.Transport(connection)
        self._transport.banner_timeout = login.connect_timeout_s
        self._transport.auth_timeout = login.connect_timeout_s
        security = self._transport.get_security_options()
        security.kex = [name for name in KEX if name in security.kex]
        known = self._host_keys.lookup(_lookup_name(host, port))
        if known:  # ask for a key type that is on file
            security.key_types = [name for name in security.key_types if _base_type(name) in known]
        self._transport.start_client(timeout=login.connect_timeout_s)

    def _check_host_key(self, host: str, port: int) -> None:
        key = self._transport.get_remote_server_key()
        name = _lookup_name(host, port)
        if self._host_keys.check(name, key):
            return
        state = "differs from the one on file" if self._host_keys.lookup(name) else "is not on file"
        raise HostKeyError(f"the host key of {name} ({key.get_name()} {key.fingerprint}) {state}")

    def _log_in(self, login: Login) -> None:
        if login.key:
            self._transport.auth_publickey(login.user, paramiko.PKey.from_path(login.key))
        else:
            self._transport.auth_password(login.user, login.password)

    def send(self, message: str) -> None:
        """Frame a message (RFC 6242) and write it from the calling thread."""
        data = message.encode()
        if self._base == NetconfBase.BASE_11:
            data = b"\n#%d\n%b%b" % (len(data), data, END_DELIM)
        else:
            data += MSG_DELIM
        channel = self._channel  # the reading thread takes it away when the session is lost
        if channel is None:
            raise SessionError("the session is closed")
        channel.sendall(data)

    def drop(self) -> None:
        """Close the connection without a word to the server."""
        if self._transport is not None:
            self.close()


def _lookup_name(host: str, port: int) -> str:
    return host if port == 22 else f"[{host}]:{port}"


def _base_type(name: str) -> str:
    return "ssh-rsa" if name.startswith("rsa-sha2-") else name


def connect(host: str, port: int, login: Login) -> tuple[WireSession, Manager]:
    """Open a session and its ncclient manager; a handshake that the server dropped is tried once more."""
    return again(lambda: _connect(host, port, login))


def again(connect: Callable[[], T]) -> T:
    """Connect, and once more after a dropped handshake: servers shed load by it (MaxStartups of sshd)."""
    try:
        return connect()
    except paramiko.AuthenticationException:
        raise
    except (paramiko.SSHException, EOFError, ConnectionResetError):
        time.sleep(BACK_OFF_S)
        return connect()


def _connect(host: str, port: int, login: Login) -> tuple[WireSession, Manager]:
    """Open a session; it is closed again when a step fails."""
    handler: Any = make_device_handler({"name": "default"})
    session = WireSession(handler)
    try:
        session.open(host, port, login)
    except BaseException:
        session.drop()
        raise
    return session, Manager(session, handler, timeout=login.rpc_timeout_s)
