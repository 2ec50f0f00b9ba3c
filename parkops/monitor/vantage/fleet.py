"""All vantage nodes of a monitor: sessions opened when they are wanted, kept, and opened again when lost."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from parkops.errors import DeviceError, UsageError
from parkops.monitor.probes.base import UnableError
from parkops.monitor.vantage.session import Agent, Answer, Ask, Node
from parkops.transport.login import Login

WORKERS = 16
AGAIN_S = 5.0  # after a session could not be opened
DEAF_S = 15.0  # a session that answers nothing for so long is opened anew
CONNECT_S = 10.0


@dataclass(slots=True)
class _Post:
    """One node, with what waits for its answers."""

    node: Node
    agent: Agent | None = None
    opening: asyncio.Task[Agent] | None = None
    failed: str = ""
    failed_s: float = 0.0
    asked_s: float = 0.0  # when the oldest question since the last answer was put, 0 for none
    waiting: dict[int, asyncio.Future[Answer]] = field(default_factory=dict)


class Vantages:
    """Asks agents on nodes; ``login`` is asked once, when the first session opens."""

    def __init__(self, nodes: Mapping[str, Node], login: Callable[[], Login]) -> None:
        self._posts = {name: _Post(node) for name, node in nodes.items()}
        self._ask_login = login
        self._login: Login | None = None
        self._numbers = itertools.count(1)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="parkops-vantage")
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(self, vantage: str, ask: Ask) -> Answer:
        """Return what a node's agent says; UnableError when the node cannot be asked.

        Waits for as long as its caller lets it: sessions go on opening behind a caller who has left.
        """
        self._loop = asyncio.get_running_loop()
        post = self._posts.get(vantage)
        if post is None:
            raise UnableError(f"{vantage} is no vantage node")
        agent = await self._agent(post)
        if agent.plain:
            return await self._plainly(post, agent, ask)
        number = next(self._numbers)
        future: asyncio.Future[Answer] = self._loop.create_future()
        post.waiting[number] = future
        post.asked_s = post.asked_s or time.monotonic()
        try:
            await self._loop.run_in_executor(self._workers, agent.ask, number, ask)
            return await future
        except OSError as error:
            self._lose(post, agent, str(error))
            raise UnableError(f"{vantage}: {error}") from error
        finally:
            post.waiting.pop(number, None)

    async def _agent(self, post: _Post) -> Agent:
        """Return the node's session, opened where there is none."""
        now_s = time.monotonic()
        agent = post.agent
        if agent is not None and post.asked_s and now_s - max(post.asked_s, agent.heard_s) > DEAF_S:
            self._lose(post, agent, f"nothing heard for {DEAF_S:g} s")
        if post.agent is not None:
            return post.agent
        if post.opening is None:
            if post.failed and now_s - post.failed_s < AGAIN_S:
                raise UnableError(f"{post.node.name}: {post.failed}")
            post.opening = asyncio.create_task(self._open(post))
            post.opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(post.opening)

    async def _open(self, post: _Post) -> Agent:
        loop = asyncio.get_running_loop()
        try:
            agent = Agent(
                post.node,
                self._with_timeouts(),
                lambda number, answer: _call(loop, self._heard, post, number, answer),
                lambda why: _call(loop, self._lose, post, agent, why),
            )
            await loop.run_in_executor(self._workers, agent.open)
        except (DeviceError, UsageError) as error:
            post.failed, post.failed_s = error.what, time.monotonic()
            raise UnableError(f"{post.node.name}: {error.what}") from error
        finally:
            post.opening = None
        post.agent, post.failed, post.asked_s = agent, "", 0.0
        return agent

    def _with_timeouts(self) -> Login:
        if self._login is None:
            self._login = replace(self._ask_login(), connect_timeout_s=CONNECT_S, rpc_timeout_s=CONNECT_S)
        return self._login

    def _heard(self, post: _Post, number: int, answer: Answer) -> None:
        post.asked_s = 0.0
        future = post.waiting.get(number)
        if future is not None and not future.done():
            future.set_result(answer)

    def _lose(self, post: _Post, agent: Agent, why: str) -> None:
        """Give a session up: who waits for it hears why, the next question opens another."""
        if post.agent is not agent:
            return
        post.agent, post.asked_s = None, 0.0
        agent.close()
        for future in post.waiting.values():
            if not future.done():
                future.set_exception(UnableError(f"{post.node.name}: {why}"))

    async def _plainly(self, post: _Post, agent: Agent, ask: Ask) -> Answer:
        assert self._loop is not None
        try:
            return await self._loop.run_in_executor(self._workers, agent.try_plainly, ask)
        except OSError as error:
            self._lose(post, agent, str(error))
            raise UnableError(f"{post.node.name}: {error}") from error

    async def close(self) -> None:
        """Cut all sessions; agents end with their input."""
        for post in self._posts.values():
            if post.opening is not None:
                post.opening.cancel()
            if post.agent is not None:
                self._lose(post, post.agent, "the monitor ends")
        self._workers.shutdown(wait=False, cancel_futures=True)


def _call(loop: asyncio.AbstractEventLoop, act: Callable[..., None], *values: object) -> None:
    """Call in the loop, from the reader's thread; the loop may be gone by then."""
    try:
        loop.call_soon_threadsafe(act, *values)
    except RuntimeError:
        return
