"""A NETCONF session (RFC 6241) whose every operation ends in time, as an answer or as a DeviceError."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from parkops.errors import Refused, Unreachable
from parkops.transport.login import Login

if TYPE_CHECKING:
    from ncclient.manager import Manager

    from parkops.transport.wire import WireSession

PORT = 830
BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
CAPABILITY = "urn:ietf:params:netconf:capability:"


class NetconfSession:
    """A context manager around one session with one device.

    ``Unreachable`` when no session can be opened or it is lost, ``Refused`` when the server answers with
    errors: its messages and paths are in the text.
    """

    def __init__(self, device: str, host: str, login: Login, port: int = PORT) -> None:
        self.device, self.host, self.port, self.login = device, host, port, login
        self._session: WireSession | None = None
        self._manager: Manager | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect and exchange hellos."""
        from parkops.transport import wire

        with self._translated("connect"):
            self._session, self._manager = wire.connect(self.host, self.port, self.login)

    def close(self) -> None:
        """Close the session politely where it still lives; never raise."""
        session, self._session = self._session, None
        manager, self._manager = self._manager, None
        if session is None:
            return
        try:
            if manager is not None and session.transport.is_active():
                with self._translated("close-session"):
                    manager.close_session()
        except (Unreachable, Refused):
            pass  # it is gone already
        finally:
            session.drop()

    def drop(self) -> None:
        """Cut the connection without a close-session."""
        session, self._session, self._manager = self._session, None, None
        if session is not None:
            session.drop()

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The capability URIs of the server's hello, sorted."""
        return tuple(sorted(self._live.server_capabilities))

    def has(self, capability: str) -> bool:
        """Tell whether the server has a capability such as ``confirmed-commit:1.1`` (RFC 6241, 8)."""
        return any(uri.partition("?")[0] == CAPABILITY + capability for uri in self.capabilities)

    def get_config(self, source: str = "running", filter_xml: str = "") -> bytes:
        """Return the <data> element of a datastore, optionally under a subtree filter."""
        return self._data("get-config", lambda m: m.get_config(source=source, **_filter(filter_xml)))

    def get(self, filter_xml: str = "") -> bytes:
        """Return the <data> element of configuration and state."""
        return self._data("get", lambda m: m.get(**_filter(filter_xml)))

    def lock(self, target: str) -> None:
        """Lock a datastore."""
        self._call(f"lock {target}", lambda m: m.lock(target))

    def unlock(self, target: str) -> None:
        """Unlock a datastore."""
        self._call(f"unlock {target}", lambda m: m.unlock(target))

    def edit_config(self, config_xml: str, target: str = "candidate", test_option: str = "") -> None:
        """Edit a datastore: merge by default, rolled back on error where the server can."""
        options: dict[str, str] = {"default_operation": "merge"}
        if self.has("rollback-on-error:1.0"):
            options["error_option"] = "rollback-on-error"
        if test_option:
            options["test_option"] = test_option
        self._call("edit-config", lambda m: m.edit_config(target=target, config=config_xml, **options))

    def commit(self, confirmed: bool = False, timeout_s: int = 600, persist: str = "") -> None:
        """Commit the candidate; confirmed commits revert after ``timeout_s`` unless ``confirm`` follows."""
        if not confirmed:
            self._call("commit", lambda m: m.commit())
            return
        token = {"persist": persist} if persist else {}
        self._call("commit confirmed", lambda m: m.commit(confirmed=True, timeout=str(timeout_s), **token))

    def confirm(self, persist: str = "") -> None:
        """Confirm a confirmed commit, by its token when it was made with one."""
        token = {"persist_id": persist} if persist else {}
        self._call("confirm", lambda m: m.commit(**token))

    def cancel_commit(self, persist: str = "") -> None:
        """Take a confirmed commit back."""
        token = {"persist_id": persist} if persist else {}
        self._call("cancel-commit", lambda m: m.cancel_commit(**token))

    def discard(self) -> None:
        """Drop the candidate's changes."""
        self._call("discard-changes", lambda m: m.discard_changes())

    def save(self) -> None:
        """Copy running to startup, where the server has a startup datastore of its own."""
        if self.has("startup:1.0"):
            self._call("copy-config", lambda m: m.copy_config(source="running", target="startup"))

    @property
    def _live(self) -> Manager:
        if self._manager is None:
            raise Unreachable("the session is closed", where=self.device)
        return self._manager

    def _data(self, operation: str, call: Callable[[Any], Any]) -> bytes:
        from lxml import etree

        return bytes(etree.tostring(self._call(operation, call).data_ele))

    def _call(self, operation: str, call: Callable[[Any], Any]) -> Any:
        try:
            with self._translated(operation):
                return call(self._live)
        except Unreachable:
            self.drop()  # whatever came next would wait as long again
            raise

    @contextmanager
    def _translated(self, operation: str) -> Iterator[None]:
        """Turn what ncclient, paramiko and the socket raise into a DeviceError."""
        import paramiko
        from ncclient import NCClientError
        from ncclient.operations import RPCError, TimeoutExpiredError

        from parkops.transport.wire import HostKeyError

        where = f"{self.device} ({self.host}:{self.port})"
        try:
            yield
        except RPCError as error:
            raise Refused(f"{operation}: {rpc_errors(error)}", where=self.device) from error
        except HostKeyError as error:
            hint = "compare it with the device's console, then put it on file"
            raise Unreachable(str(error), where=self.device, hint=hint) from error
        except paramiko.AuthenticationException as error:
            raise Unreachable(f"{operation}: login as {self.login.user} refused", where=where) from error
        except TimeoutExpiredError as error:
            what = f"{operation}: no answer within {self.login.rpc_timeout_s:g} s"
            raise Unreachable(what, where=where) from error
        except (NCClientError, paramiko.SSHException, OSError, EOFError) as error:
            raise Unreachable(f"{operation}: {_reason(error)}", where=where) from error


def rpc_errors(error: Any) -> str:
    """Say what a server's errors are: tag, message and path of each (RFC 6241, 4.3)."""
    # With several errors in a reply ncclient leaves the tag of the whole unset; the list has them all.
    errors = getattr(error, "errors", None) or [error]
    return "; ".join(_one_error(entry) for entry in errors)


def _one_error(entry: Any) -> str:
    parts = [
        entry.message or "",
        f"[{entry.tag}]" if entry.tag else "",
        f"at {entry.path}" if entry.path else "",
    ]
    return " ".join(part.strip() for part in parts if part)


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return (text or type(error).__name__).splitlines()[0]


def _filter(filter_xml: str) -> dict[str, str]:
    if not filter_xml:
        return {}
    return {"filter": f'<filter xmlns="{BASE}" type="subtree">{filter_xml}</filter>'}
