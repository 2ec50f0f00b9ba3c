"""SSH and NETCONF sessions of the probes: kept open between rounds, used from worker threads."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from parkops.errors import DeviceError, Unreachable, UsageError
from parkops.model import Target
from parkops.monitor.probes.base import DownError, UnableError
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

if TYPE_CHECKING:
    from paramiko import SSHClient

T = TypeVar("T")

WORKERS = 48

for _name in ("paramiko", "ncclient"):  # what they log of lost sessions is in the samples' reasons
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(slots=True)
class _Kept:
    """One device's session; the lock keeps two workers from speaking at once."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: NetconfSession | None = None


class Sessions:
    """Opens sessions with ``login``, asked once; ``quiet`` tells which devices are to be left alone."""

    def __init__(self, login: Callable[[], Login], quiet: Callable[[str], bool] = lambda _: False) -> None:
        self._ask_login, self._quiet = login, quiet
        self._login: Login | None = None
        self._kept: dict[tuple[str, int], _Kept] = {}
        self._shared: dict[Hashable, Any] = {}
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="parkops-probe")

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what probes keep between rounds under a key; it is made at the first call."""
        if key not in self._shared:
            self._shared[key] = make()
        found: T = self._shared[key]
        return found

    async def netconf(
        self, target: Target, call: Callable[[NetconfSession], T], timeout_s: float, fresh: bool = False
    ) -> T:
        """Return what ``call`` returns on the device's session, which is opened when there is none.

        DownError when the device cannot be reached, UnableError when there is nothing to log in with, or a
        change on it waits for its confirmation: asking could keep a bad change alive.
        """
        if self._quiet(target.device):
            raise UnableError("a change on it waits for its confirmation")
        login = self._with_timeouts(timeout_s)
        new = NetconfSession(target.device, target.address, login, target.port)
        if fresh:
            return await self._in_worker(lambda: _use(new, call))
        kept = self._kept.setdefault((target.address, target.port), _Kept())
        return await self._in_worker(lambda: _use_kept(kept, new, call, timeout_s))

    async def ssh_login(self, target: Target, timeout_s: float) -> None:
        """Log in to a device over SSH and leave."""
        await self.ssh_command(target, "", timeout_s)

    async def ssh_command(self, target: Target, command: str, timeout_s: float) -> str:
        """Return what a command prints on a device; no command only logs in."""
        login = self._with_timeouts(timeout_s)
        return await self._in_worker(lambda: _run(target, command, login))

    def _with_timeouts(self, timeout_s: float) -> Login:
        if self._login is None:
            try:
                self._login = self._ask_login()
            except UsageError as error:
                raise UnableError(f"cannot log in: {error}") from error
        return replace(self._login, connect_timeout_s=timeout_s, rpc_timeout_s=timeout_s)

    async def _in_worker(self, work: Callable[[], T]) -> T:
        begun = threading.Event()

        def run() -> T:
            begun.set()
            return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, run)
        except DeviceError as error:
            raise DownError(error.what) from error
        except asyncio.CancelledError:
            if begun.is_set():
                raise
            raise UnableError("all workers of the monitor are busy") from None

    async def close(self) -> None:
        """Close every session; workers end within their own timeouts."""
        loop = asyncio.get_running_loop()
        closing = [loop.run_in_executor(self._workers, _close, kept) for kept in self._kept.values()]
        await asyncio.gather(*closing)
        self._kept.clear()
        self._workers.shutdown(wait=False, cancel_futures=True)


def _use(session: NetconfSession, call: Callable[[NetconfSession], T]) -> T:
    with session:
        return call(session)


def _use_kept(kept: _Kept, new: NetconfSession, call: Callable[[NetconfSession], T], timeout_s: float) -> T:
    """Use the kept session; where it was lost in the meantime, open another one at once."""
    if not kept.lock.acquire(timeout=timeout_s):
        raise Unreachable("the session still waits for an earlier answer", where=new.device)
    try:
        if kept.session is not None:
            try:
                return call(kept.session)
            except (Unreachable, AttributeError):  # ncclient clears the channel of a lost session
                _drop(kept)
        new.open()
        kept.session = new
        try:
            return call(new)
        except Unreachable:
            _drop(kept)
            raise
    finally:
        kept.lock.release()


def _drop(kept: _Kept) -> None:
    if kept.session is not None:
        kept.session.drop()
        kept.session = None


def _close(kept: _Kept) -> None:
    with kept.lock:
        if kept.session is not None:
            kept.session.close()
            kept.session = None


def _run(target: Target, command: str, login: Login) -> str:
    with connected(target, login) as client:
        if not command:
            return ""
        _, output, _ = client.exec_command(command, timeout=login.connect_timeout_s)
        return output.read().decode("utf-8", "replace")


@contextmanager
def connected(target: Target, login: Login) -> Iterator[SSHClient]:
    """Log in to a device over SSH; Unreachable when that, or what is done with it, fails."""
    import paramiko

    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.load_host_keys(str(login.known_hosts))
    limit_s = login.connect_timeout_s
    try:
        client.connect(
            target.address, target.port, login.user, login.password or None, allow_agent=False,
            look_for_keys=False, key_filename=str(login.key) if login.key else None,
            timeout=limit_s, banner_timeout=limit_s, auth_timeout=limit_s,
        )  # fmt: skip
        yield client
    except paramiko.AuthenticationException as error:
        raise Unreachable(f"login as {login.user} refused", where=target.device) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise Unreachable(str(error) or type(error).__name__, where=target.device) from error
    finally:
        client.close()
