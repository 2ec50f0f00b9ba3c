"""A command-line session with a vendor's device: its prompts, its paging, its questions, its refusals."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parkops.errors import Refused, Unreachable
from parkops.transport.login import Login
from parkops.transport.session import Session, reason

if TYPE_CHECKING:
    from netmiko import BaseConnection

PORT = 22
NAME = "NAME"  # where a prompt's expression has the device's name
_ANY_NAME = r"[^\s<>\[\]()#@:~*{}]+"
_MOVES = re.compile(r"[\x00\x07\x08\r\x1b]")
_PARTS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[^\x00\x07]")
_BACK = re.compile(r"\x1b\[(\d*)D")
_PASSWORD = re.compile(r"(?im)^ *password: ?")
_PASSWORD_NOW = re.compile(r"(?i)password: ?\Z")
TAIL_CHARS = 4000  # a prompt is looked for in the last lines only
SETTLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Talk:
    """How a command line speaks; expressions are matched at the end of what came."""

    prompt: str  # with NAME where the device's name stands
    refusal: str  # a line that says no
    pager: str = r"(?:--More--|---- More ----|<--- More --->|---\(more[^)]*\)---)"
    quiet: tuple[str, ...] = ()  # commands that switch paging off
    answers: tuple[tuple[str, str], ...] = ((r"\[Y/N\][:?]? ?", "y"), (r"\(y/n\)[:?]? ?", "y"))
    rename: str = r"(?:hostname|sysname) (\S+)"  # commands after which the prompt has another name
    noise: tuple[str, ...] = ()  # lines around an answer that are no part of it
    privileged: str = ""  # what the prompt must end with; where it does not, `enable` is entered


class CliSession(Session):
    """A context manager around one session; Unreachable when it cannot be opened, or is lost."""

    def __init__(self, device: str, host: str, login: Login, talk: Talk, port: int = 0) -> None:
        super().__init__(device, host, port or PORT, login)
        self.talk = talk
        self.prompt = ""  # as it stood last
        self._names: dict[str, None] = {}
        self._connection: BaseConnection | None = None

    def open(self) -> None:
        """Connect, log in, learn the device's name from its first prompt, and switch paging off."""
        from parkops.transport.connect import again
        from parkops.transport.ssh import connection

        with self._translated("connect"):
            self._connection = again(lambda: connection(self.host, self.port, self.login))
            try:
                self._read("connect")
                self._enable()
                for command in self.talk.quiet:
                    self._ask(command)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Cut the connection; never raise."""
        open_one, self._connection = self._connection, None
        if open_one is not None:
            open_one.disconnect()

    def ask(self, command: str) -> str:
        """Send a command and return its answer; a question is answered where the dialect has an answer.

        Unreachable when no prompt came in time: the last line, perhaps a question, is in the text.
        """
        with self._translated(command.split("\n", 1)[0].strip()):
            return self._ask(command)

    def tell(self, command: str) -> str:
        """Send a command that must be taken; Refused with the device's own words when it is not."""
        answer = self.ask(command)
        refusals = [line.strip() for line in answer.splitlines() if re.match(self.talk.refusal, line)]
        if refusals:
            asked = command.partition("\n")[0].strip()
            words = next((line for line in refusals if line != "^"), "refused")
            raise Refused(f"{asked!r}: {words}", where=self.device)
        return answer

    def _enable(self) -> None:
        """Become privileged where the login is not; Refused when the device does not let it."""
        privileged = self.talk.privileged
        if not privileged or re.search(rf"{privileged}$", self.prompt):
            return
        asked = 0

        def answer(channel: Any, text: str) -> None:
            nonlocal asked
            questions = len(_PASSWORD.findall(text))
            if questions <= asked or not _PASSWORD_NOW.search(text):
                return
            asked = questions
            if not self.login.enable or asked > 1:
                told = "does not take the password of access.enable" if asked > 1 else "asks for a password"
                hint = "state access.enable: env:NAME, or give the account the privilege"
                raise Refused(f"'enable': the device {told}", where=self.device, hint=hint)
            channel.sendall((self.login.enable + "\n").encode())

        self._send("enable")
        self._read("enable", answer)
        if not re.search(rf"{privileged}$", self.prompt):
            hint = "give the account the privilege, or compare access.enable"
            raise Refused(f"'enable' leaves the prompt {self.prompt!r}", where=self.device, hint=hint)

    def put(self, text: str, file: str) -> None:
        """Put a file on the device by SCP, over this session's connection."""
        from io import BytesIO

        from scp import SCPClient, SCPException

        with self._translated(f"scp {file}"):
            client: Any = self._live.remote_conn_pre
            try:
                with SCPClient(client.get_transport(), socket_timeout=self.login.rpc_timeout_s) as copy:
                    copy.putfo(BytesIO(text.encode()), file)
            except SCPException as error:
                raise Refused(f"scp {file}: {error}", where=self.device) from error

    def _ask(self, command: str) -> str:
        renamed = re.match(self.talk.rename, command.strip())
        if renamed:
            self._names[renamed[1].strip("\"'")] = None
        self._send(command)
        text = self._read(command)
        first, _, rest = text.partition("\n")
        echoed = (
            first.rstrip().endswith(command.split("\n", 1)[0].strip())
            if command.strip()
            else not first.strip()
        )
        lines = (rest if echoed else text).split("\n")
        kept = (line for line in lines if not any(re.match(noise, line) for noise in self.talk.noise))
        return "\n".join(kept).strip("\n")

    def _send(self, command: str) -> None:
        channel: Any = self._live.remote_conn
        channel.sendall((command + "\n").encode())

    @property
    def _live(self) -> BaseConnection:
        if self._connection is None:
            raise Unreachable("the session is closed", where=self.device)
        return self._connection

    def _pattern(self) -> re.Pattern[str]:
        prompt = self.talk.prompt
        if self._names:
            prompt = prompt.replace(NAME, "(?:" + "|".join(map(re.escape, self._names)) + ")")
        else:
            prompt = prompt.replace(NAME, f"(?P<name>{_ANY_NAME})", 1).replace(NAME, _ANY_NAME)
        return re.compile(rf"(?:^|(?<=\n))(?:{prompt})\Z")

    def _read(self, command: str, answer: Callable[[Any, str], None] | None = None) -> str:
        """Read up to the prompt; page on, answer what may be asked, and make sure that no more comes."""
        channel: Any = self._live.remote_conn
        stop_s, text, prompt = time.monotonic() + self.login.rpc_timeout_s, "", self._pattern()
        pager = re.compile(rf"{self.talk.pager} *\Z")
        while True:
            text += self._more(channel, stop_s, text)
            if found := prompt.search(_screen(text[-TAIL_CHARS:])):
                if self._settled(channel):
                    self._learn(found)
                    self.prompt = found[0].strip()
                    whole = _screen(text)
                    return self._unpaged(whole[: len(whole) - len(found[0])])
            elif pager.search(text):
                channel.sendall(b" ")
            else:
                (answer or self._answer)(channel, text)

    def _unpaged(self, text: str) -> str:
        """Return text without the pager's words, where the device did not wipe them out itself."""
        return re.sub(rf"(?m)^ *{self.talk.pager} *\n?", "", text)

    def _more(self, channel: Any, stop_s: float, text: str) -> str:
        channel.settimeout(max(0.001, stop_s - time.monotonic()))
        try:
            data = channel.recv(65536)
        except TimeoutError:
            last = _screen(text[-TAIL_CHARS:]).rstrip().rpartition("\n")[2].strip()
            raise TimeoutError(f"no prompt in time, the last line was {last!r}") from None
        if not data:
            raise EOFError("the device closed the session")
        return str(data.decode("utf-8", "replace"))

    def _answer(self, channel: Any, text: str) -> None:
        for question, reply in self.talk.answers:
            if re.search(rf"{question}\Z", text):
                channel.sendall((reply + "\n").encode())
                return

    def _settled(self, channel: Any) -> bool:
        """Tell whether a prompt is the end; while the name is unknown, text that looks like one may go on."""
        if self._names:
            return not channel.recv_ready()
        time.sleep(SETTLE_S)
        return not channel.recv_ready()

    def _learn(self, found: re.Match[str]) -> None:
        if "name" in found.re.groupindex and found["name"]:
            self._names[found["name"]] = None

    @contextmanager
    def _translated(self, operation: str) -> Iterator[None]:
        """Turn what netmiko, paramiko and the socket raise into an Unreachable."""
        import paramiko
        from netmiko.exceptions import NetmikoBaseException

        try:
            with self._refused(operation):
                yield
        except (NetmikoBaseException, paramiko.SSHException, OSError, EOFError) as error:
            if isinstance(error, TimeoutError | EOFError):
                self.close()  # whatever came next would answer an earlier question
            raise Unreachable(f"{operation}: {reason(error)}", where=self._where) from error


def _screen(text: str) -> str:
    """Return text as a terminal would show it: backspaces, returns and cursor moves overwrite."""
    return "\n".join(_row(row) for row in text.replace("\r\n", "\n").split("\n"))


def _row(row: str) -> str:
    if not _MOVES.search(row):
        return row
    cells: list[str] = []
    column = 0
    for part in _PARTS.findall(row):
        if part == "\r":
            column = 0
        elif part == "\x08":
            column = max(0, column - 1)
        elif back := _BACK.fullmatch(part):
            column = max(0, column - int(back[1] or 1))
        elif len(part) == 1:
            cells[column : column + 1] = [part]
            column += 1
    return "".join(cells).rstrip() + (" " if row.endswith(" ") else "")
