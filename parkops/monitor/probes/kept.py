"""A session with an SNMP agent whose socket stays with the event loop between requests; needs gufo-snmp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from gufo.snmp.aio import SnmpSession

T = TypeVar("T")


class KeptSession(SnmpSession):
    """One agent's session, used by one probe at a time.

    gufo-snmp gives the socket to the event loop for each answer and takes it back after it, and waits by
    asyncio.wait_for: four fifths of what a GET costs. Here the loop keeps the socket until ``close``, and
    an answer is read where the loop sees it. Which answers count (source address, request id, and what v3
    proves) stays gufo-snmp's decision.
    """

    _loop: asyncio.AbstractEventLoop | None = None
    _answer: asyncio.Future[Any] | None = None
    _receiver: Callable[[], object]

    async def _recv(self, receiver: Callable[[], T]) -> T:
        """Return what ``receiver`` reads once it is there; TimeoutError when that takes too long."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            loop.add_reader(self._fd, self._readable)
            self._loop = loop
        answer: asyncio.Future[T] = loop.create_future()
        self._answer, self._receiver = answer, receiver
        timer = loop.call_later(self._timeout, _expire, answer)
        try:
            return await answer
        finally:
            timer.cancel()
            self._answer = None

    def _readable(self) -> None:
        answer = self._answer
        if answer is None or answer.done():  # late or twice: the next request reads over it
            self.close()
            return
        try:
            answer.set_result(self._receiver())
        except BlockingIOError:  # what came answers another request
            return
        except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
            answer.set_exception(error)

    def close(self) -> None:
        """Take the socket back from the event loop; it must have been done when the session is dropped."""
        if self._loop is not None:
            self._loop.remove_reader(self._fd)
            self._loop = None


def _expire(answer: asyncio.Future[T]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())
