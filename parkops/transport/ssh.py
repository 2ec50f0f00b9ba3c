"""A command-line session over SSH (netmiko) with a network system whose login shell is its CLI."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from parkops.errors import Unreachable
from parkops.transport.login import Login
from parkops.transport.session import Session, reason

if TYPE_CHECKING:
    from netmiko import BaseConnection

PORT = 22
PROMPT = r"(?:^|(?<=[\r\n]))[^\s()#>]+(?:\([^\s()]+\))?[#>] ?"
MODE = re.compile(r"((?:\([^\s()]+\))?)[#>] ?$")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]")


class SshSession(Session):
    """A context manager around one CLI session; ``Unreachable`` when it cannot be opened, or is lost."""

    def __init__(self, device: str, host: str, login: Login, port: int = PORT) -> None:
        super().__init__(device, host, port, login)
        self.mode = ""  # what the last prompt showed: "" or "(config-if)"
        self._asked = 0
        self._connection: BaseConnection | None = None

    def open(self) -> None:
        """Connect, check the host key, log in and wait for the first prompt."""
        from parkops.transport.connect import again

        with self._translated("connect"):
            self._connection = again(lambda: connection(self.host, self.port, self.login))
            self._read_until(re.compile(f"{PROMPT}$"))

    def close(self) -> None:
        """Cut the connection; never raise."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def ask(self, command: str) -> str:
        """Send one line and return its answer, without echo and prompt.

        A comment follows each line, and the answer ends where the CLI shows that comment behind a prompt. The
        first prompt after a line proves nothing: what is sent before readline has taken the terminal over is
        echoed by the terminal, then shown again, behind a prompt of its own.
        """
        self._asked += 1
        mark = f"! {self._asked}"
        end = re.compile(rf"{PROMPT}{re.escape(mark)} *\r?\n(?:.*\n)*?{PROMPT}$")
        with self._translated(command.strip()):
            self._live.write_channel(f"{command}\n{mark}\n")
            answer = self._read_until(end)
        lines = answer.split("\n")
        echo = max((n for n, line in enumerate(lines) if _is_echo(line, command)), default=-1)
        return "\n".join(line for line in lines[echo + 1 :] if line != mark)

    def run(self, program: str, text: str) -> tuple[int, str]:
        """Run a program beside the CLI on the same connection; return its exit code and what it printed.

        ``text`` is its standard input. A login shell that runs no programs answers with a code of its own.
        """
        with self._translated(program):
            client: Any = self._live.remote_conn_pre
            transport = client.get_transport()
            channel = transport.open_session(timeout=self.login.connect_timeout_s)
            try:
                channel.settimeout(self.login.rpc_timeout_s)
                channel.set_combine_stderr(True)
                channel.exec_command(program)
                channel.sendall(text.encode())
                channel.shutdown_write()
                output = b"".join(iter(lambda: channel.recv(65536), b""))
                return channel.recv_exit_status(), output.decode("utf-8", "replace")
            finally:
                channel.close()

    @property
    def _live(self) -> BaseConnection:
        if self._connection is None:
            raise Unreachable("the session is closed", where=self.device)
        return self._connection

    def _read_until(self, end: re.Pattern[str]) -> str:
        """Read until the output ends in ``end``, and return what stands before it.

        netmiko's own reader polls, and does not notice a closed channel.
        """
        channel: Any = self._live.remote_conn
        stop_s, text = time.monotonic() + self.login.rpc_timeout_s, ""
        while True:
            channel.settimeout(max(0.001, stop_s - time.monotonic()))
            data = channel.recv(65536)
            if not data:
                raise EOFError("the device closed the session")
            text += data.decode("utf-8", "replace")
            if found := end.search(ESCAPE.sub("", text)):
                self.mode = MODE.findall(found[0])[-1]
                return ESCAPE.sub("", text)[: found.start()].replace("\r\n", "\n").replace("\r", "")

    @contextmanager
    def _translated(self, operation: str) -> Iterator[None]:
        """Turn what netmiko, paramiko and the socket raise into an Unreachable."""
        import paramiko
        from netmiko.exceptions import NetmikoBaseException

        try:
            with self._refused(operation):
                yield
        except TimeoutError as error:
            raise Unreachable(f"{operation}: no answer in time", where=self._where) from error
        except (NetmikoBaseException, paramiko.SSHException, OSError, EOFError, ValueError) as error:
            raise Unreachable(f"{operation}: {reason(error)}", where=self._where) from error


def _is_echo(line: str, command: str) -> bool:
    """Tell whether a line is a command as the terminal or the CLI shows it."""
    return bool(command.strip()) and line.rstrip().endswith(command.strip()) and not line.startswith("%")


def connection(host: str, port: int, login: Login) -> BaseConnection:
    """Open a netmiko connection over our transport that leaves the CLI's prompt to us.

    Paging is off by the window's height where a CLI minds it.
    """
    import paramiko
    from netmiko import BaseConnection
    from netmiko.channel import SSHChannel

    from parkops.transport.connect import connect

    class Plain(BaseConnection):
        """A connection without probing of prompts, widths and modes."""

        def establish_connection(self, width: int = 511, height: int = 1000) -> None:
            """Log in with the park's own host keys, over its own jump hosts."""
            transport = connect(host, port, login)
            self.remote_conn_pre = paramiko.SSHClient()
            self.remote_conn_pre._transport = transport  # type: ignore[attr-defined]  # paramiko has no setter
            channel = transport.open_session(timeout=login.connect_timeout_s)
            channel.get_pty(term="vt100", width=width, height=height)
            channel.invoke_shell()
            self.remote_conn = channel
            self.channel = SSHChannel(conn=channel, encoding=self.encoding)

        def session_preparation(self) -> None:
            """Leave the channel as it is."""

        def disconnect(self) -> None:
            """Cut the connection: a CLI in the middle of an answer takes no exit."""
            if self.remote_conn_pre is not None:
                self.remote_conn_pre.close()

    return Plain(host=host, port=port, device_type="generic", username=login.user)
