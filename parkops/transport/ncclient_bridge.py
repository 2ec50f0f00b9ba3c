"""ncclient's operations over a session of ours: what it knows about vendors, without its waiting loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parkops.transport.netconf import NetconfSession

if TYPE_CHECKING:
    from ncclient.manager import Manager


class Bridge:
    """What an ncclient operation asks of its session; the answer is there when ``send`` returns."""

    def __init__(self, session: NetconfSession) -> None:
        self._session = session
        self._listeners: list[Any] = []
        self.id = session.session_id

    @property
    def connected(self) -> bool:
        """Each request asks for it."""
        return True

    @property
    def server_capabilities(self) -> Any:
        """The server's capabilities, as ncclient looks them up."""
        from ncclient.capabilities import Capabilities

        return Capabilities(self._session.capabilities)

    def add_listener(self, listener: Any) -> None:
        """Keep who wants to hear of replies."""
        self._listeners.append(listener)

    def get_listener_instance(self, kind: type[Any]) -> Any:
        """Return the listener of a kind, None when there is none."""
        return next((listener for listener in self._listeners if isinstance(listener, kind)), None)

    def send(self, message: str) -> None:
        """Send a request, and hand its reply to the listeners."""
        from ncclient.xml_ import parse_root

        raw = self._session.send_raw(_undeclared(message)).decode()
        for listener in list(self._listeners):
            listener.callback(parse_root(raw), raw)


def manager(session: NetconfSession, vendor: str) -> Manager:
    """Return ncclient's manager for a vendor (``huawei``, ``huaweiyang``, ``h3c``, ``hpcomware``, ...)."""
    from ncclient.manager import Manager, make_device_handler

    handler = make_device_handler({"name": vendor})
    return Manager(Bridge(session), handler, timeout=session.login.rpc_timeout_s)


def operation(session: NetconfSession, vendor: str, name: str, *args: Any, **options: Any) -> Any:
    """Carry out a vendor's own operation, such as H3C's ``save``; KeyError where it has none of that name."""
    from ncclient.manager import make_device_handler

    handler = make_device_handler({"name": vendor})
    kind = handler.add_additional_operations()[name]
    call = kind(Bridge(session), device_handler=handler, timeout=session.login.rpc_timeout_s)
    return call.request(*args, **options)


def _undeclared(xml: str) -> str:
    return xml.partition("?>")[2] if xml.startswith("<?xml") else xml
