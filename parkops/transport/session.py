"""What sessions with a device have in common: they are context managers, and tell alike who refused them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from parkops.errors import Unreachable
from parkops.transport.login import Login


class Session(ABC):
    """A context manager around one session with one device."""

    def __init__(self, device: str, host: str, port: int, login: Login) -> None:
        self.device, self.host, self.port, self.login = device, host, port, login

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def open(self) -> None:
        """Connect and log in; Unreachable where that cannot be."""

    @abstractmethod
    def close(self) -> None:
        """End the session; never raise."""

    @property
    def _where(self) -> str:
        return f"{self.device} ({self.host}:{self.port})"

    @contextmanager
    def _refused(self, operation: str) -> Iterator[None]:
        """Turn a host key that is not on file, and a login that is not taken, into an Unreachable."""
        import paramiko

        from parkops.transport.hostkeys import HostKeyError

        try:
            yield
        except HostKeyError as error:
            hint = "compare it with the device's console, then put it on file"
            raise Unreachable(str(error), where=self.device, hint=hint) from error
        except paramiko.AuthenticationException as error:
            what = f"{operation}: login as {self.login.user} refused"
            raise Unreachable(what, where=self._where) from error


def reason(error: BaseException) -> str:
    """Return the first line that says something of what an error tells."""
    text = getattr(error, "strerror", None) or str(error)
    return next((line for line in text.splitlines() if line.strip()), type(error).__name__)
