"""Sessions with SNMP agents (v2c, RFC 3416; v3, RFC 3414), kept open between rounds; needs gufo-snmp."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from parkops.model import Target
from parkops.monitor.probes import parameters as take
from parkops.monitor.probes.base import Context, DownError, Parameter, UnableError

if TYPE_CHECKING:
    from gufo.snmp import User
    from gufo.snmp.aio import SnmpSession

    from parkops.monitor.probes.kept import KeptSession

T = TypeVar("T")
Cell = int | float | str | bytes | None

AUTH = {
    "sha": "Sha1Key",
    "sha224": "Sha224Key",
    "sha256": "Sha256Key",
    "sha384": "Sha384Key",
    "sha512": "Sha512Key",
}
PRIVACY = {"aes128": "Aes128Key", "aes192": "Aes192Key", "aes256": "Aes256Key"}
_NUMBER = re.compile(r"\(os error (\d+)\)$")
WAIT_SHARE = 0.8  # of the probe's time until its turn: what is left would tell of the wait, not of the agent
SHARE = 0.45  # of the probe's time for one request: what is lost is asked for once more
AT_ONCE_S = 0.01  # gufo-snmp tells a refused connection as a timeout that comes at once
REPETITIONS = 30

CREDENTIALS: Mapping[str, Parameter] = {
    "community": Parameter(take.reference),  # v2c
    "user": Parameter(take.text),  # v3
    "auth": take.one_of(*AUTH),
    "auth_key": Parameter(take.reference),
    "privacy": take.one_of(*PRIVACY),
    "privacy_key": Parameter(take.reference),
}


@dataclass(slots=True)
class Agent:
    """One device's session; the lock keeps two probes from speaking at once."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    session: KeptSession | None = None
    ready: bool = False  # v3: its engine's time is known
    heard: bool = False  # v3: it has told its engine's id, which needs no key

    def close(self) -> None:
        """Forget the session; the next request opens another one."""
        if self.session is not None:
            self.session.close()
            self.session = None
        self.ready = False


async def ask(target: Target, context: Context, call: Callable[[SnmpSession], Awaitable[T]]) -> T:
    """Return what ``call`` reads of an agent; DownError tells why it does not answer.

    A kept session of v3 does not survive a restart of the agent: it is opened anew, once.
    """
    agent = _agent(target, context)
    async with _turn(agent, context):
        for _ in range(2):
            begin_s = time.perf_counter()
            try:
                session = agent.session if agent.ready else None
                return await call(session or await _open(agent, target, context))
            except TimeoutError as error:
                agent.heard = _heard(agent, target)
                agent.close()
                if time.perf_counter() - begin_s < AT_ONCE_S:
                    raise DownError("connection refused: no agent listens") from error
                context.step("no answer; asking once more")
            except BaseException as error:
                agent.close()
                told = _told(error, target)
                if told is None:
                    raise
                raise told from error
    raise DownError(_silence(agent, target))


@asynccontextmanager
async def _turn(agent: Agent, context: Context) -> AsyncIterator[None]:
    """Wait until no other probe speaks to the agent; UnableError where that takes nearly all of the time."""
    if agent.lock.locked():
        try:
            async with asyncio.timeout(context.timeout_s * WAIT_SHARE):
                await agent.lock.acquire()
        except TimeoutError as error:
            raise UnableError("another probe of this agent was under way all the time") from error
    else:
        await agent.lock.acquire()
    try:
        yield
    finally:
        agent.lock.release()


def _agent(target: Target, context: Context) -> Agent:
    """Return the agent of a target; targets of one device that ask as the same user share it."""
    shared = context.tools.sessions.shared

    def first() -> Agent:
        return shared(
            ("snmp", target.address, target.port, target.param("user"), target.param("community")), Agent
        )

    return shared(("agent", target.address, target.port, target.params), first)


def _told(error: BaseException, target: Target) -> Exception | None:
    """Return what an error of gufo-snmp tells of the agent, or of this side; None for any other error."""
    if isinstance(error, OSError) and (
        found := _NUMBER.search(str(error))
    ):  # it keeps the number in its text
        return OSError(int(found[1]), os.strerror(int(found[1])))
    try:
        from gufo.snmp import NoSuchInstance, SnmpAuthError, SnmpError
    except ImportError:
        return None
    if isinstance(error, SnmpAuthError):
        user = target.param("user")
        return DownError(
            f"the agent refuses the user {user}: it is unknown, or its authentication key is another"
        )
    if isinstance(error, NoSuchInstance):
        return DownError("the agent does not tell that to this user")
    return DownError(f"the answer is no SNMP: {error}") if isinstance(error, SnmpError) else None


def _heard(agent: Agent, target: Target) -> bool:
    return bool(target.param("user") and agent.session is not None and agent.session.get_engine_id())


def _silence(agent: Agent, target: Target) -> str:
    if not target.param("user"):
        return "no answer: it is off or filtered, or does not know the community"
    if agent.heard:
        return "no answer to encrypted requests: its privacy key may be another"
    return "no answer: it is off or filtered"


async def _open(agent: Agent, target: Target, context: Context) -> KeptSession:
    """Return the agent's session once it may be asked: of v3, that its engine's id and time are known."""
    try:
        from parkops.monitor.probes.kept import KeptSession
    except ImportError as error:
        raise UnableError("SNMP needs gufo-snmp: pip install 'parkops[snmp]'") from error
    user = _user(target, context) if target.param("user") else None
    if user is None and not target.param("community"):
        raise UnableError("neither a community nor a user is given")
    agent.session = KeptSession(
        target.address,
        target.port,
        community=context.tools.secret(target.param("community")) if user is None else "",
        user=user,
        timeout=context.timeout_s * SHARE,
        max_repetitions=REPETITIONS,
    )
    await agent.session.refresh()
    agent.ready = True
    return agent.session


def _user(target: Target, context: Context) -> User:
    from gufo import snmp

    auth = privacy = None
    if target.param("auth_key"):
        key = context.tools.secret(target.param("auth_key")).encode()
        auth = getattr(snmp, AUTH[target.param("auth", "sha256")])(key)
    if target.param("privacy_key"):
        key = context.tools.secret(target.param("privacy_key")).encode()
        privacy = getattr(snmp, PRIVACY[target.param("privacy", "aes128")])(key)
    return snmp.User(target.param("user"), auth_key=auth, priv_key=privacy)


async def walk(session: SnmpSession, oid: str) -> dict[str, Cell]:
    """Return a column of a table: index -> value."""
    start = len(oid) + 1
    return {name[start:]: cell async for name, cell in session.getbulk(oid)}


async def get(session: SnmpSession, oid: str) -> Cell:
    """Return one object, None where the agent has none."""
    found = await session.get_many([oid])
    return found.get(oid)


def words(cell: Cell) -> str:
    """Return a value as text; what cannot be read is shown by its bytes."""
    if isinstance(cell, bytes):
        text = cell.decode("utf-8", "backslashreplace").rstrip("\0")
        return text if text.isprintable() else cell.hex(":")
    return "" if cell is None else str(cell)
