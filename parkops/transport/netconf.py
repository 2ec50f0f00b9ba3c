"""A NETCONF session (RFC 6241) whose every operation ends in time, as an answer or as a DeviceError."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from parkops.errors import Refused, Unreachable
from parkops.transport.login import Login
from parkops.transport.messages import end, local, parsed, persist_id, rpc_errors, text, undeclared
from parkops.transport.session import Session, reason

if TYPE_CHECKING:
    from lxml.etree import _Element

    from parkops.transport.wire import Wire

PORT = 830
BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
CAPABILITY = "urn:ietf:params:netconf:capability:"
BASE_10, BASE_11 = "urn:ietf:params:netconf:base:1.0", "urn:ietf:params:netconf:base:1.1"
NOTIFICATION = "urn:ietf:params:xml:ns:netconf:notification:1.0"
MONITORING = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"
# netconfd 2.13 never answers when it reads the client's hello and the first request in one piece; a server
# does not say that it has taken the hello, so there is nothing to wait for but time.
HELLO_GAP_S = 0.02


class NetconfSession(Session):
    """A context manager around one session with one device.

    ``Unreachable`` when no session can be opened or it is lost, ``Refused`` when the server answers with
    errors: its messages and paths are in the text. ``hello``: further capabilities that the server must
    hear, as some vendors want.
    """

    def __init__(
        self, device: str, host: str, login: Login, port: int = PORT, *, hello: tuple[str, ...] = ()
    ) -> None:
        super().__init__(device, host, port, login)
        self.hello = hello
        self.session_id = ""
        self._wire: Wire | None = None
        self._capabilities: tuple[str, ...] = ()
        self._plain: frozenset[str] = frozenset()
        self._asked = 0
        self._events: deque[bytes] = deque()

    def open(self) -> None:
        """Connect and exchange hellos."""
        from parkops.transport.connect import again
        from parkops.transport.wire import Wire

        with self._translated("connect"):
            self._wire = again(lambda: Wire(self.host, self.port, self.login))
            try:
                self._greet(self._wire)
            except BaseException:
                self.drop()
                raise

    def _greet(self, wire: Wire) -> None:
        """Exchange hellos (RFC 6241, 8.1) and choose the framing (RFC 6242, 4.1)."""
        stop_s = time.monotonic() + self.login.connect_timeout_s
        ours = "".join(f"<capability>{escape(uri)}</capability>" for uri in (BASE_10, BASE_11, *self.hello))
        hello = f'<hello xmlns="{BASE}"><capabilities>{ours}</capabilities></hello>'
        wire.send(hello.encode(), self.login.connect_timeout_s)
        sent_s = time.monotonic()
        theirs = parsed(wire.receive(stop_s))
        if local(theirs) != "hello":
            raise ValueError(f"expected a hello, got <{local(theirs)}>")
        found = {(e.text or "").strip() for e in theirs.iter() if local(e) == "capability"}
        self._capabilities = tuple(sorted(found))
        self._plain = frozenset(uri.partition("?")[0] for uri in found)
        self.session_id = next(
            ((e.text or "").strip() for e in theirs.iter() if local(e) == "session-id"), ""
        )
        if BASE_11 in self._plain:
            wire.chunk()
        time.sleep(max(0.0, sent_s + HELLO_GAP_S - time.monotonic()))

    def close(self) -> None:
        """Close the session politely where it still lives; never raise."""
        if self.alive:
            with suppress(Unreachable, Refused):  # it is gone already
                self._rpc("close-session", "<close-session/>")
        self.drop()

    def drop(self) -> None:
        """Cut the connection without a close-session."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    @property
    def alive(self) -> bool:
        """Whether the session is open and its connection stands."""
        return self._wire is not None and self._wire.alive

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The capability URIs of the server's hello, sorted."""
        if self._wire is None:
            raise Unreachable("the session is closed", where=self.device)
        return self._capabilities

    def has(self, capability: str) -> bool:
        """Tell whether the server has a capability such as ``confirmed-commit:1.1`` (RFC 6241, 8)."""
        return CAPABILITY + capability in self._plain

    def url_schemes(self) -> tuple[str, ...]:
        """Return the schemes of the url capability (RFC 6241, 8.8), none where it is not announced."""
        for uri in self._capabilities:
            plain, _, query = uri.partition("?")
            if plain == CAPABILITY + "url:1.0":
                return tuple(query.removeprefix("scheme=").split(","))
        return ()

    def get_config(self, source: str = "running", filter_xml: str = "", xpath: str = "") -> bytes:
        """Return the <data> element of a datastore, optionally under a subtree filter or an XPath."""
        body = f"<get-config><source><{source}/></source>{self._filter(filter_xml, xpath)}</get-config>"
        return self._data("get-config", body)

    def get(self, filter_xml: str = "", xpath: str = "") -> bytes:
        """Return the <data> element of configuration and state."""
        return self._data("get", f"<get>{self._filter(filter_xml, xpath)}</get>")

    def _filter(self, subtree: str, xpath: str) -> str:
        if xpath:
            if not self.has("xpath:1.0"):
                raise Refused("the server takes no XPath filters", where=self.device)
            return f'<filter type="xpath" select={quoteattr(xpath)}/>'
        return f'<filter type="subtree">{subtree}</filter>' if subtree else ""

    def get_schema(self, identifier: str) -> str:
        """Return a YANG module of the server (RFC 6022, 3.1)."""
        body = f'<get-schema xmlns="{MONITORING}"><identifier>{escape(identifier)}</identifier></get-schema>'
        return text(self._rpc("get-schema", body)).strip()

    def lock(self, target: str) -> None:
        """Lock a datastore."""
        self._rpc(f"lock {target}", f"<lock><target><{target}/></target></lock>")

    def unlock(self, target: str) -> None:
        """Unlock a datastore."""
        self._rpc(f"unlock {target}", f"<unlock><target><{target}/></target></unlock>")

    def edit_config(
        self, config_xml: str, target: str = "candidate", test_option: str = "", operation: str = "merge"
    ) -> None:
        """Edit a datastore: merge by default, rolled back on error where the server can."""
        test = f"<test-option>{test_option}</test-option>" if test_option else ""
        rollback = self.has("rollback-on-error:1.0")
        error = "<error-option>rollback-on-error</error-option>" if rollback else ""
        self._rpc(
            "edit-config",
            f"<edit-config><target><{target}/></target><default-operation>{operation}</default-operation>"
            f"{test}{error}{undeclared(config_xml)}</edit-config>",
        )

    def validate(self, config_xml: str) -> None:
        """Validate a configuration that is sent along: no server loses an edit over it."""
        self._rpc("validate", f"<validate><source>{undeclared(config_xml)}</source></validate>")

    def copy_config(self, source: str, target: str) -> None:
        """Copy a datastore; an end with ``://`` is a URL (RFC 6241, 8.8)."""
        body = f"<target>{end(target)}</target><source>{end(source)}</source>"
        self._rpc("copy-config", f"<copy-config>{body}</copy-config>")

    def commit(self, confirmed: bool = False, timeout_s: int = 600, persist: str = "") -> None:
        """Commit the candidate; confirmed commits revert after ``timeout_s`` unless ``confirm`` follows."""
        if not confirmed:
            self._rpc("commit", "<commit/>")
            return
        token = f"<persist>{escape(persist)}</persist>" if persist else ""
        timeout = f"<confirm-timeout>{timeout_s}</confirm-timeout>"
        self._rpc("commit confirmed", f"<commit><confirmed/>{timeout}{token}</commit>")

    def confirm(self, persist: str = "") -> None:
        """Confirm a confirmed commit, by its token when it was made with one."""
        self._rpc("confirm", f"<commit>{persist_id(persist)}</commit>")

    def cancel_commit(self, persist: str = "") -> None:
        """Take a confirmed commit back."""
        self._rpc("cancel-commit", f"<cancel-commit>{persist_id(persist)}</cancel-commit>")

    def discard(self) -> None:
        """Drop the candidate's changes."""
        self._rpc("discard-changes", "<discard-changes/>")

    def save(self) -> None:
        """Copy running to startup, where the server has a startup datastore of its own."""
        if self.has("startup:1.0"):
            self.copy_config("running", "startup")

    def kill_session(self, session_id: str) -> None:
        """End another session, and let go of its locks."""
        self._rpc(
            "kill-session", f"<kill-session><session-id>{escape(session_id)}</session-id></kill-session>"
        )

    def subscribe(self, stream: str = "NETCONF") -> None:
        """Subscribe to a stream of notifications (RFC 5277, 2.1)."""
        body = f'<create-subscription xmlns="{NOTIFICATION}"><stream>{escape(stream)}</stream>'
        self._rpc("create-subscription", f"{body}</create-subscription>")

    def notification(self, timeout_s: float) -> bytes | None:
        """Return the next notification; None when none came in time."""
        stop_s = time.monotonic() + timeout_s
        while not self._events:
            with self._translated("notification"):
                try:
                    message = self._live.receive(stop_s)
                except TimeoutError:
                    return None
                if local(parsed(message)) == "notification":
                    self._events.append(message)
        return self._events.popleft()

    def rpc(self, operation: str, body: str) -> bytes:
        """Send any operation and return the whole <rpc-reply>; errors are told under ``operation``."""
        from lxml import etree

        return bytes(etree.tostring(self._rpc(operation, body)))

    def send_raw(self, message: str) -> bytes:
        """Send a whole <rpc> of somebody else's making and return the reply as it came."""
        with self._translated("rpc"):
            stop_s = time.monotonic() + self.login.rpc_timeout_s
            self._live.send(message.encode(), self.login.rpc_timeout_s)
            while local(parsed(reply := self._live.receive(stop_s))) != "rpc-reply":
                self._events.append(reply)
            return reply

    @property
    def _live(self) -> Wire:
        if self._wire is None:
            raise Unreachable("the session is closed", where=self.device)
        return self._wire

    def _data(self, operation: str, body: str) -> bytes:
        from lxml import etree

        reply = self._rpc(operation, body)
        data = next((child for child in reply if local(child) == "data"), None)
        if data is None:
            raise Refused(f"{operation}: an answer without data", where=self.device)
        return bytes(etree.tostring(data, with_tail=False))

    def _rpc(self, operation: str, body: str) -> _Element:
        try:
            with self._translated(operation):
                reply = self._exchange(body)
        except Unreachable:
            self.drop()  # whatever came next would wait as long again
            raise
        told = rpc_errors(reply)
        if told:
            raise Refused(f"{operation}: {told}", where=self.device)
        return reply

    def _exchange(self, body: str) -> _Element:
        self._asked += 1
        mine = str(self._asked)
        stop_s = time.monotonic() + self.login.rpc_timeout_s
        message = f'<rpc xmlns="{BASE}" message-id="{mine}">{body}</rpc>'
        self._live.send(message.encode(), self.login.rpc_timeout_s)
        while True:
            raw = self._live.receive(stop_s)
            reply: _Element = parsed(raw)
            if local(reply) == "notification":
                self._events.append(raw)
            elif local(reply) == "rpc-reply" and reply.get("message-id", mine) == mine:
                return reply
            elif local(reply) != "rpc-reply":
                raise ValueError(f"expected an rpc-reply, got <{local(reply)}>")

    @contextmanager
    def _translated(self, operation: str) -> Iterator[None]:
        """Turn what the transport, the framing and the parser raise into a DeviceError."""
        import paramiko

        from parkops.transport.framing import FramingError

        try:
            with self._refused(operation):
                yield
        except TimeoutError as error:
            what = f"{operation}: {str(error) or f'no answer within {self.login.rpc_timeout_s:g} s'}"
            raise Unreachable(what, where=self._where) from error
        except (FramingError, ValueError) as error:
            raise Unreachable(f"{operation}: {error}", where=self._where) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise Unreachable(f"{operation}: {reason(error)}", where=self._where) from error
