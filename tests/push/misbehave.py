"""A NETCONF server that misbehaves on purpose: what no real part can be made to do on demand."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path

import asyncssh

END = "]]>]]>"
BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
HELLO = """<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>
<capability>urn:ietf:params:netconf:base:1.0</capability>
<capability>urn:ietf:params:netconf:capability:candidate:1.0</capability>
<capability>urn:ietf:params:netconf:capability:confirmed-commit:1.1</capability>
</capabilities><session-id>1</session-id></hello>"""
OK = "<ok/>"
TWO_ERRORS = """<rpc-error><error-type>application</error-type><error-tag>invalid-value</error-tag>
<error-severity>error</error-severity><error-path>/a/b</error-path><error-message>first</error-message></rpc-error>
<rpc-error><error-type>application</error-type><error-tag>missing-element</error-tag>
<error-severity>error</error-severity><error-message>second</error-message></rpc-error>"""


class Server:
    """``fault`` is "lies" (ok, and nothing changed), "drops" (the line goes dead in mid-edit), "errors"
    (two errors in one reply) or "silent" (takes the request, never answers)."""

    def __init__(self, address: str, host_key: Path, client_key: Path, fault: str) -> None:
        self.fault, self.seen = fault, list[str]()
        self._address, self._host_key, self._client_key = address, host_key, client_key
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncssh.listen(
            self._address, 830, server_host_keys=[str(self._host_key)],
            authorized_client_keys=str(self._client_key), process_factory=self._session, encoding="utf-8",
        )  # fmt: skip
        self._ready.set()
        await self._stop.wait()
        server.close()
        await server.wait_closed()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write(HELLO + END)
        buffer = ""
        try:
            while data := await process.stdin.read(4096):
                buffer += data
                while END in buffer:
                    message, _, buffer = buffer.partition(END)
                    self._answer(process, message)
        except (asyncssh.BreakReceived, ConnectionError, BrokenPipeError):
            pass
        process.exit(0)

    def _answer(self, process: asyncssh.SSHServerProcess[str], message: str) -> None:
        found = re.search(r'message-id="([^"]+)"', message)
        if found is None:
            return  # the client's hello
        operation = re.search(r"<(?:\w+:)?rpc[^>]*>\s*<(?:\w+:)?([\w-]+)", message)[1]  # type: ignore[index]
        self.seen.append(operation)
        body = "<data/>" if operation in ("get-config", "get") else OK
        if self.fault == "silent" and operation == "edit-config":
            return
        if self.fault == "drops" and operation == "edit-config":
            process.channel.get_connection().abort()
            return
        if self.fault == "errors" and operation == "edit-config":
            body = TWO_ERRORS
        process.stdout.write(f'<rpc-reply xmlns="{BASE}" message-id="{found[1]}">{body}</rpc-reply>{END}')
