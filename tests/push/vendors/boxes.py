"""Small devices over SSH: they prompt, page, ask, refuse and revert as the vendors' do, over a real state."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from languages import IOS, RUIJIE, SET, VRP, ZTE, Configuration, Invalid

KINDS = {
    "cisco_iosxe": IOS, "arista_eos": IOS, "ruijie_os": RUIJIE, "zte_zxros": ZTE, "frr": IOS,
    "huawei_vrp": VRP, "hp_comware": VRP, "juniper_junos": SET, "nokia_srlinux": SET,
}  # fmt: skip
SHOWS = ("show running-config", "display current-configuration", "show configuration | display set",
         "info flat from running")  # fmt: skip
WHO = ("display configuration commit list verbose", "show archive log config all")
PAGERS = {"huawei_vrp": "  ---- More ----", "hp_comware": "---- More ----", "juniper_junos": "---(more)---"}


@dataclass
class Box:
    """One device. ``faults``: "no timer" (an old version), "drops" (hangs up in mid-edit), "lies" (takes a
    line and does not keep it), "cut" (shows half of its configuration), "empty" (shows nothing), "pages"
    (whatever it is told)."""

    kind: str
    name: str
    running: Configuration
    faults: set[str] = field(default_factory=set)
    minute_s: float = 60.0  # how long a device's minute takes here
    saved: str = ""
    pending: Configuration | None = None  # what a timer restores
    token: str = ""
    timer: asyncio.TimerHandle | None = None
    commands: list[str] = field(default_factory=list)
    flash: Path = Path()  # where SCP puts files
    reverted: threading.Event = field(default_factory=threading.Event)
    enable: str | None = None  # a login is not privileged before `enable`; "" asks for no password

    def arm(self, seconds: float, token: str = "") -> None:
        """Remember what is running now, and restore it unless this is confirmed."""
        self.pending, self.token = self.running.copy(), token
        self.timer = asyncio.get_running_loop().call_later(seconds * self.minute_s / 60, self.revert)

    def revert(self) -> None:
        """Restore."""
        if self.pending is not None:
            self.running = self.pending
        self.settle()
        self.reverted.set()

    def settle(self) -> bool:
        """Stop the timer; tell whether one ran."""
        ran, self.pending = self.pending is not None, None
        if self.timer:
            self.timer.cancel()
        return ran


class Terminal:
    """One session's command line."""

    def __init__(self, box: Box, process: asyncssh.SSHServerProcess[str]) -> None:
        self.box, self.process = box, process
        self.mode: str = ""  # "" or "config"
        self.path: tuple[str, ...] = ()
        self.candidate: Configuration | None = None
        self.session = ""
        self.paging = True
        self.height = 7
        self.privileged = box.enable is None

    @property
    def target(self) -> Configuration:
        return self.candidate if self.candidate is not None else self.box.running

    def prompt(self) -> str:
        """The prompt as the vendor writes it."""
        box = self.box
        name = box.name
        if box.kind in ("huawei_vrp", "hp_comware"):
            view = "".join(
                "-" + re.sub(r"^(interface|vlan) ?", lambda m: "vlan" if m[1] == "vlan" else "", p)
                for p in self.path
            )
            two_stage = box.kind == "huawei_vrp" and "no timer" not in box.faults
            star = (
                ("*" if self.candidate and self.candidate.tree != box.running.tree else "~")
                if two_stage
                else ""
            )
            return f"[{star}{name}{view}]" if self.mode else f"<{name}>"
        if box.kind == "juniper_junos":
            return f"[edit]\r\nparkops@{name}# " if self.mode else f"parkops@{name}> "
        if box.kind == "nokia_srlinux":
            where = "candidate exclusive default" if self.mode else "running"
            return f"--{{ + {where} }}--[  ]--\r\nA:{name}# "
        view = {0: "config", 1: "config-if"}.get(len(self.path), "config-sub")
        if self.session:
            view = f"config-s-{self.session[:6]}" + ("-if" if self.path else "")
        return f"{name}({view})#" if self.mode else f"{name}#" if self.privileged else f"{name}>"

    async def run(self) -> None:
        """Prompt and answer until the line is cut."""
        out, inp = self.process.stdout, self.process.stdin
        out.write(f"\r\nWelcome to {self.box.name}\r\nNothing to see # here > really\r\n\r\n{self.prompt()}")
        while line := await inp.readline():
            command = line.strip()
            out.write(f"{command}\r\n")  # the terminal's echo
            self.box.commands.append(command)
            if "drops" in self.box.faults and self.mode and command.startswith(("port", "switchport", "set")):
                self.process.channel.get_connection().abort()
                return
            answer = await self.answer(command)
            await self.page(answer)
            out.write(self.prompt())

    async def page(self, answer: str) -> None:
        """Show an answer screen by screen."""
        rows = answer.splitlines()
        while rows:
            part, rows = (rows[: self.height], rows[self.height :]) if self.paging else (rows, [])
            self.process.stdout.write("".join(f"{row}\r\n" for row in part))
            if rows:
                pager = PAGERS.get(self.box.kind, " --More-- ")
                self.process.stdout.write(pager)
                await self.process.stdin.read(1)
                wipe = (
                    f"\x1b[{len(pager)}D{' ' * len(pager)}\x1b[{len(pager)}D"
                    if "----" in pager
                    else "\x08" * len(pager) + " " * len(pager) + "\x08" * len(pager)
                )
                self.process.stdout.write(wipe)

    async def ask(self, question: str) -> str:
        """Ask and return the reply."""
        self.process.stdout.write(question)
        reply = (await self.process.stdin.readline()).strip()
        self.process.stdout.write(reply + "\r\n")
        return reply

    async def enable(self) -> str:
        """Ask for the password, three times at most and without an echo."""
        for _ in range(3 if self.box.enable else 0):
            self.process.stdout.write("Password: ")
            reply = (await self.process.stdin.readline()).strip()
            self.process.stdout.write("\r\n")
            if reply == self.box.enable:
                break
        else:
            if self.box.enable:
                return "% Bad secrets"
        self.privileged = True
        return ""

    async def answer(self, command: str) -> str:
        if not command:
            return ""
        if command == "enable" and not self.privileged:
            return await self.enable()
        if not self.privileged and command in SHOWS:
            return "          ^\n% Invalid input detected at '^' marker."
        if re.match(r"(terminal|screen-length|set cli|environment)", command):
            return self.stop_paging()
        if command in SHOWS:
            return self.show()
        if command in WHO:
            return "1  2026-11-23 10:00:01  li  10.0.0.9  CLI  committed"
        try:
            for kind, handler in HANDLERS:
                if self.box.kind in kind and (found := await handler(self, command)) is not None:
                    return found
            if not self.mode:
                raise Invalid(command)
            if "lies" in self.box.faults:
                self.path = self.target.copy().enter(self.path, command)
            else:
                self.path = self.target.enter(self.path, command)
                renamed = re.match(r"(?:sysname|hostname) (\S+)", command)
                if renamed and self.candidate is None:
                    self.box.name = renamed[1]
            return ""
        except Invalid as error:
            if self.box.kind == "huawei_vrp":
                return f"                ^\nError: Unrecognized command found at '^' position. ({error})"
            if self.box.kind == "hp_comware":
                return "                ^\n % Unrecognized command found at '^' position."
            if self.box.kind == "juniper_junos":
                return f"        ^\nsyntax error. ({error})"
            if self.box.kind == "nokia_srlinux":
                return f"Parsing error: Unknown token {str(error)!r}"
            if self.box.kind == "zte_zxros":
                return "        ^\n%Error 140303: Invalid command"
            return "        ^\n% Invalid input detected at '^' marker."

    def show(self) -> str:
        text = self.box.running.text()
        if "empty" in self.box.faults:
            text = ""
        last = {"huawei_vrp": "return", "hp_comware": "return"}.get(self.box.kind, "end")
        if self.box.kind in ("juniper_junos", "nokia_srlinux", "zte_zxros"):
            return text
        if "cut" in self.box.faults:
            return text[: len(text) // 2]
        head = (
            "Building configuration...\n\nCurrent configuration : 1234 bytes\n!\n"
            if last == "end"
            else "!Software Version V200R019\n#\n"
        )
        return f"{head}{text}{last}"

    def stop_paging(self) -> str:
        """Take a command that switches paging off, as far as the device knows how to."""
        self.paging = "pages" in self.box.faults
        return ""

    def leave(self) -> None:
        self.mode, self.path, self.candidate, self.session = "", (), None, ""


async def ios(self: Terminal, command: str) -> str | None:
    box = self.box
    if found := re.fullmatch(r"configure terminal(?: revert timer (\d+))?", command):
        if found[1]:
            if "archive" not in box.running.tree:
                return "%Error: Archive feature is not configured"
            box.arm(int(found[1]) * 60)
            self.process.stdout.write(
                "Rollback Confirmed Change: Backing up current running config to flash:x\r\n\r\n"
            )
        self.mode = "config"
        return "Enter configuration commands, one per line.  End with CNTL/Z."
    if command == "end":
        self.leave()
        return ""
    if command == "configure confirm":
        return "" if box.settle() else "%No Rollback Confirmed Change pending"
    if command == "configure revert now":
        if box.pending is None:
            return "%No Rollback Confirmed Change pending"
        box.revert()
        return ""
    if command in ("write memory", "write"):
        if (
            box.kind == "ruijie_os"
            and await self.ask("Overwrite the startup configuration? [yes/no]:") != "yes"
        ):
            return "cancelled"
        box.saved = box.running.text()
        return "Building configuration...\n[OK]"
    if found := re.fullmatch(r"configure replace (\S+)(?: force)?", command):
        box.running = Configuration(IOS).load((box.flash / found[1]).read_text(encoding="utf-8"))
        return ""
    return None


async def eos(self: Terminal, command: str) -> str | None:
    box = self.box
    if found := re.fullmatch(r"configure session (\S+)(?: (commit|abort))?", command):
        if found[2] == "commit":
            return "" if box.token == found[1] and box.settle() else "% Session does not exist"
        if found[2] == "abort":
            if box.token != found[1] or box.pending is None:
                return "% Session does not exist"
            box.revert()
            return ""
        self.mode, self.session, self.candidate = "config", found[1], box.running.copy()
        return ""
    if self.session and (command == "commit" or command.startswith("commit timer ")):
        if found := re.fullmatch(r"commit timer (\d+):(\d+):(\d+)", command):
            box.arm(int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]), self.session)
        box.running = self.candidate or box.running
        self.leave()
        return ""
    if command == "abort" and self.session:
        self.leave()
        return ""
    return None


async def vrp(self: Terminal, command: str) -> str | None:
    box = self.box
    two_stage = box.kind == "huawei_vrp" and "no timer" not in box.faults
    if command == "system-view":
        self.mode = "config"
        self.candidate = box.running.copy() if two_stage else None
        return "Enter system view, return user view with return command."
    if command == "return" or (command == "quit" and not self.path):
        if two_stage and self.candidate and self.candidate.tree != box.running.tree:
            reply = await self.ask(
                "Warning: Uncommitted configurations found. Are you sure to commit them before exiting? "
                "[Y(yes)/N(no)/C(cancel)]:"
            )
            if reply.lower().startswith("y"):
                box.running = self.candidate
        self.leave()
        return ""
    if two_stage and self.mode:
        if command == "commit":
            if box.pending is not None:
                box.settle()
            box.running = (self.candidate or box.running).copy()
            return ""
        if found := re.fullmatch(r"commit trial (\d+)", command):
            box.arm(int(found[1]))
            box.running = (self.candidate or box.running).copy()
            return ""
        if command == "abort trial":
            if box.pending is None:
                raise Invalid(command)
            box.revert()
            self.candidate = box.running.copy()
            return ""
        if command == "clear configuration candidate":
            self.candidate, self.path = box.running.copy(), ()
            return ""
    if command.startswith("save"):
        if (
            command == "save"
            and (
                await self.ask(
                    "Warning: The current configuration will be written to the device.\r\n"
                    "Are you sure to continue? [Y/N]:"
                )
            ).lower()
            != "y"
        ):
            return "cancelled"
        box.saved = box.running.text()
        return "Info: The current configuration was written to the device successfully."
    return None


async def junos(self: Terminal, command: str) -> str | None:
    box = self.box
    if command in ("configure exclusive", "configure"):
        self.mode, self.candidate = "config", box.running.copy()
        return "warning: uncommitted changes will be discarded on exit\nEntering configuration mode"
    if self.mode and command in ("commit check", "rollback 0"):
        if command == "rollback 0":
            self.candidate = box.running.copy()
            return "load complete"
        return "configuration check succeeds"
    if self.mode and command.startswith("commit"):
        minutes = re.fullmatch(r"commit confirmed (\d+)", command)
        confirmed = box.settle() if not minutes else False
        if minutes:
            box.arm(int(minutes[1]) * 60)
            box.before = box.running.copy()  # type: ignore[attr-defined]
        box.running = (self.candidate or box.running).copy()
        del confirmed
        return "commit complete"
    if self.mode and command == "rollback 1":
        before = box.pending or getattr(box, "before", None)
        if before is None:
            return "error: rollback: no such configuration"
        self.candidate = before.copy()
        return "load complete"
    if self.mode and command == "exit":
        self.leave()
        return "Exiting configuration mode"
    return None


async def srl(self: Terminal, command: str) -> str | None:
    box = self.box
    if command.startswith("enter candidate"):
        self.mode, self.candidate = "config", box.running.copy()
        return ""
    if command in ("discard now", "enter running"):
        self.leave()
        return ""
    if self.mode and command == "commit validate":
        return "All changes are valid."
    if self.mode and (found := re.fullmatch(r"commit (?:now|confirmed timeout (\d+))", command)):
        if found[1]:
            box.arm(int(found[1]))
        box.running = (self.candidate or box.running).copy()
        self.leave()
        return "All changes have been committed. Leaving candidate mode."
    if found := re.fullmatch(r"tools system configuration confirmed-(accept|reject)", command):
        if box.pending is None:
            return "Error: no confirmed commit is pending"
        if found[1] == "accept":
            box.settle()
        else:
            box.revert()
        return ""
    if command == "save startup":
        box.saved = box.running.text()
        return "Saved current running configuration as startup configuration."
    return None


Handler = Callable[[Terminal, str], "asyncio.Future[str | None]"]
HANDLERS: tuple[tuple[tuple[str, ...], Handler], ...] = (
    (("arista_eos",), eos),
    (("cisco_iosxe", "arista_eos", "ruijie_os", "zte_zxros", "frr"), ios),
    (("huawei_vrp", "hp_comware"), vrp),
    (("juniper_junos",), junos),
    (("nokia_srlinux",), srl),
)  # type: ignore[assignment]


class Host:
    """Serves boxes, one port each, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        client = asyncssh.generate_private_key("ssh-ed25519")
        self.key = folder / "client"
        client.write_private_key(str(self.key))
        client.write_public_key(str(self.key) + ".pub")
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text("")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncssh.SSHAcceptor] = []

    def serve(self, box: Box, *, known: bool = True) -> int:
        """Start a box; return its port."""
        return asyncio.run_coroutine_threadsafe(self._serve(box, known), self._loop).result(10)

    async def _serve(self, box: Box, known: bool) -> int:
        async def session(process: asyncssh.SSHServerProcess[str]) -> None:
            with suppress(asyncssh.BreakReceived, asyncssh.TerminalSizeChanged, ConnectionError):
                await Terminal(box, process).run()
            process.exit(0)

        server = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[self.host_key], process_factory=session, encoding="utf-8",
            authorized_client_keys=str(self.key) + ".pub", line_editor=False, allow_scp=True,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(self.folder)),
        )  # fmt: skip
        self._servers.append(server)
        box.flash = self.folder
        port = server.get_port()
        if known:
            public = self.host_key.export_public_key().decode().split()
            with self.known_hosts.open("a") as file:
                file.write(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
        return port

    def close(self) -> None:
        """Stop all."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def hosted(folder: Path) -> Iterator[Host]:
    """A fixture's body."""
    host = Host(folder)
    try:
        yield host
    finally:
        host.close()
