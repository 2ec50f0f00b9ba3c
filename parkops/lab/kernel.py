"""Call the kernel for what Python 3.11's ``os`` lacks: namespaces and mounts."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
IFF_UP = 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8913, 0x8914, 0x8946, 0x17
_PR_SET_NAME, _PR_SET_PDEATHSIG = 15, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave shared namespaces (unshare(2)); OSError when the kernel refuses."""
    _check(_libc.unshare(flags), "unshare")


def setns(path: str, kind: int = 0) -> None:
    """Enter the namespace behind a file (setns(2)); ``kind`` is a CLONE_NEW flag or 0."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.setns(descriptor, kind), f"setns {path}")
    finally:
        os.close(descriptor)


@contextmanager
def network_namespace(path: str) -> Iterator[None]:
    """Run a block in a network namespace, then return to the former one."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(path, CLONE_NEWNET)
        try:
            yield
        finally:
            _check(_libc.setns(home, CLONE_NEWNET), "setns back")
    finally:
        os.close(home)


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount (mount(2)); OSError names both ends."""
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode())
    _check(result, f"mount {source} on {target}")


def unmount(target: str, flags: int = 0) -> None:
    """Unmount (umount2(2))."""
    _check(_libc.umount2(target.encode(), flags), f"umount {target}")


def pivot_root(new_root: str) -> None:
    """Make ``new_root`` (a mount point) the root, and let the old one go (pivot_root(2))."""
    os.chdir(new_root)
    _check(_libc.pivot_root(b".", b"."), f"pivot_root {new_root}")
    unmount(".", MNT_DETACH)
    os.chdir("/")


def process_name(name: str) -> None:
    """Set the name that ``/proc/self/comm`` shows, 15 characters at most."""
    _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def control_socket() -> socket.socket:
    """Open a socket for interface requests; it stays in the namespace it was opened in."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)


def link_flags(control: socket.socket, name: str) -> int | None:
    """Return an interface's flags (netdevice(7)), None when there is no such interface."""
    request = struct.pack("16sH14x", name.encode(), 0)
    try:
        return int(struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1])
    except OSError:
        return None


def set_link(control: socket.socket, name: str, up: bool) -> bool:
    """Set an interface up or down; False when there is no such interface or nothing to do."""
    flags = link_flags(control, name)
    if flags is None or bool(flags & IFF_UP) == up:
        return False
    wanted = (flags | IFF_UP) if up else (flags & ~IFF_UP)
    fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), wanted))
    return True


def checksum_in_software(control: socket.socket, name: str) -> None:
    """Turn transmit checksum offload off: a packet socket would read unfinished checksums."""
    value = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", name.encode(), ctypes.addressof(value))
    fcntl.ioctl(control, _SIOCETHTOOL, request.ljust(40, b"\0"))
