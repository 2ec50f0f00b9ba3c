"""NETCONF servers with the quirks of vendors, over a real tree: what H3C, Huawei and Ruijie do to an edit."""

from __future__ import annotations

import asyncio
import copy
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncssh
from boxes import Host
from lxml import etree

NC = "urn:ietf:params:xml:ns:netconf:base:1.0"
CAP = "urn:ietf:params:netconf:capability:"
H3C = "http://www.h3c.com/netconf/"
KEYS = ("name", "id", "vlanId", "ifName", "IfIndex", "ID")


@dataclass
class Server:
    """One device. ``merges``: `replace` acts as `merge`; ``one_session``: a second is refused; ``sticky``:
    an edit stops at its first error, and what came before stays; ``index``: ports by number, names taken."""

    hello: tuple[str, ...]
    running: Any
    base11: bool = True
    merges: bool = False
    one_session: bool = False
    sticky: bool = False
    index: dict[str, str] = field(default_factory=dict)
    lies: bool = False
    open_sessions: int = 0
    seen: list[str] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)
    candidate: Any = None
    pending: Any = None
    timer: asyncio.TimerHandle | None = None

    def edit(self, target: Any, config: Any) -> None:
        """Apply an edit; ValueError at the first node that is refused."""
        tree = target if self.sticky else copy.deepcopy(target)
        self._merge(tree, config)
        if not self.sticky:
            target[:] = tree[:]

    def _merge(self, target: Any, config: Any) -> None:
        for node in config:
            if not isinstance(node.tag, str):
                continue
            operation = node.get(f"{{{NC}}}operation", "merge")
            if (node.text or "").strip() == "bogus":
                raise ValueError("bad value 'bogus'")
            found = self._find(target, node)
            if operation in ("remove", "delete"):
                if found is None and operation == "delete":
                    raise ValueError("data-missing")
                if found is not None:
                    target.remove(found)
                continue
            if operation == "replace" and found is not None and not self.merges:
                target.remove(found)
                found = None
            if found is None:
                found = etree.SubElement(target, node.tag)
            if len(node):
                self._merge(found, node)
            else:
                found.text = self._port(node)

    def _port(self, node: Any) -> str:
        text = (node.text or "").strip()
        if etree.QName(node).localname != "IfIndex" or text.isdigit():
            return text
        if node.get(f"{{{H3C}base:1.0}}valuetype") != "name" or text not in self.index:
            raise ValueError(f"no such IfIndex {text!r}")
        return self.index[text]

    def _find(self, target: Any, node: Any) -> Any:
        alike = [child for child in target if child.tag == node.tag]
        namespace = etree.QName(node).namespace
        for key in KEYS:
            wanted = node.find(f"{{{namespace}}}{key}")
            if wanted is not None and len(node) and len(wanted) == 0:
                value = self._port(wanted)
                return next((c for c in alike if (c.findtext(wanted.tag) or "").strip() == value), None)
        return alike[0] if alike else None

    def commit(self, confirmed_s: float | None) -> None:
        """Put the candidate in force."""
        if self.timer:
            self.timer.cancel()
        if confirmed_s is not None:
            self.pending = copy.deepcopy(self.running)
            self.timer = asyncio.get_running_loop().call_later(confirmed_s, self.revert)
        else:
            self.pending = None
        if self.candidate is not None and not self.lies:
            self.running, self.candidate = self.candidate, None

    def revert(self) -> None:
        """Take an unconfirmed commit back."""
        if self.timer:
            self.timer.cancel()
        if self.pending is not None:
            self.running, self.pending = self.pending, None


def local(node: Any) -> str:
    return str(etree.QName(node).localname)


class Session:
    """One session's requests."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def answer(self, request: Any) -> str:
        server, operation = self.server, request[0]
        name = local(operation)
        server.seen.append(name)
        handler = getattr(self, f"_{name.replace('-', '_')}", None)
        if handler is None:
            return self._error("operation-not-supported", name)
        try:
            return handler(operation) or "<ok/>"
        except ValueError as error:
            return self._error("operation-failed", str(error))

    def _error(self, tag: str, message: str) -> str:
        fields = {"type": "application", "tag": tag, "severity": "error", "message": message}
        body = "".join(f"<error-{name}>{text}</error-{name}>" for name, text in fields.items())
        return f"<rpc-error>{body}</rpc-error>"

    def _get_config(self, operation: Any) -> str:
        wanted = {f.tag for e in operation.iter() if local(e) == "filter" for f in e}
        shown = [child for child in self.server.running if not wanted or child.tag in wanted]
        parts = [etree.tostring(child, encoding="unicode") for child in shown]
        return f"<data>{''.join(parts)}</data>"

    def _get(self, operation: Any) -> str:
        ports = "".join(
            f"<Interface><IfIndex>{number}</IfIndex><Name>{name}</Name></Interface>"
            for name, number in self.server.index.items()
        )
        top = f'<top xmlns="{H3C}data:1.0"><Ifmgr><Interfaces>{ports}</Interfaces></Ifmgr></top>'
        return f"<data>{top if ports else ''}</data>"

    def _lock(self, operation: Any) -> str:
        return ""

    _unlock = _lock

    def _discard_changes(self, operation: Any) -> str:
        self.server.candidate = None
        return ""

    def _edit_config(self, operation: Any) -> str:
        server = self.server
        config = next(e for e in operation if local(e) == "config")
        target = local(next(e for e in operation if local(e) == "target")[0])
        if target == "candidate":
            if server.candidate is None:
                server.candidate = copy.deepcopy(server.running)
            server.edit(server.candidate, config)
        elif not server.lies:
            server.edit(server.running, config)
        return ""

    def _commit(self, operation: Any) -> str:
        names = {local(e): (e.text or "") for e in operation}
        self.server.commit(float(names.get("confirm-timeout", 600)) if "confirmed" in names else None)
        return ""

    def _cancel_commit(self, operation: Any) -> str:
        self.server.revert()
        return ""

    def _save(self, operation: Any) -> str:
        file = next((e.text or "" for e in operation if local(e) == "file"), "startup.cfg")
        self.server.files[file] = copy.deepcopy(self.server.running)
        return ""

    def _rollback(self, operation: Any) -> str:
        file = next((e.text or "" for e in operation if local(e) == "file"), "")
        if file not in self.server.files:
            raise ValueError(f"no file {file}")
        self.server.running = copy.deepcopy(self.server.files[file])
        return ""

    def _close_session(self, operation: Any) -> str:
        return ""


async def _serve(host: Host, server: Server) -> int:
    async def session(process: asyncssh.SSHServerProcess[str]) -> None:
        if server.one_session and server.open_sessions:
            process.exit(1)
            return
        server.open_sessions += 1
        try:
            with suppress(asyncssh.Error, ConnectionError):
                await _talk(process, server)
        finally:
            server.open_sessions -= 1
        process.exit(0)

    acceptor = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[host.host_key], process_factory=session, encoding="utf-8",
        authorized_client_keys=str(host.key) + ".pub", line_editor=False,
    )  # fmt: skip
    host._servers.append(acceptor)
    port = acceptor.get_port()
    public = host.host_key.export_public_key().decode().split()
    with host.known_hosts.open("a") as file:
        file.write(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    return port


async def _talk(process: asyncssh.SSHServerProcess[str], server: Server) -> None:
    uris = [
        "urn:ietf:params:netconf:base:1.0",
        *(["urn:ietf:params:netconf:base:1.1"] if server.base11 else []),
    ]
    listed = "".join(f"<capability>{uri}</capability>" for uri in (*uris, *server.hello))
    process.stdout.write(
        f'<hello xmlns="{NC}"><capabilities>{listed}</capabilities><session-id>7</session-id></hello>]]>]]>'
    )
    buffer, chunked, session = "", False, Session(server)
    while data := await process.stdin.read(65536):
        buffer += data
        while True:
            message, buffer = _message(buffer, chunked)
            if message is None:
                break
            root = etree.fromstring(message.strip().encode())
            if local(root) == "hello":
                chunked = server.base11
                continue
            head = f'<rpc-reply xmlns="{NC}" message-id="{root.get("message-id")}">'
            reply = f"{head}{session.answer(root)}</rpc-reply>"
            framed = f"\n#{len(reply.encode())}\n{reply}\n##\n" if chunked else f"{reply}]]>]]>"
            process.stdout.write(framed)
            if local(root[0]) == "close-session":
                return


def _message(buffer: str, chunked: bool) -> tuple[str | None, str]:
    if not chunked:
        message, mark, rest = buffer.partition("]]>]]>")
        return (message, rest) if mark else (None, buffer)
    message, mark, rest = buffer.partition("\n##\n")
    return (re.sub(r"^\n#\d+\n", "", message), rest) if mark else (None, buffer)


def serve(host: Host, server: Server) -> int:
    """Start a server on the host's loop; return its port."""
    return asyncio.run_coroutine_threadsafe(_serve(host, server), host._loop).result(10)
