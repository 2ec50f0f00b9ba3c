"""Host keys, jump hosts, the management VRF and calls home, each over a real SSH server."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from lxml import etree

sys.path.insert(0, str(Path(__file__).parent / "vendors"))

from boxes import Host, hosted
from netconf_boxes import NC, Server, _talk, serve

from parkops.errors import Unreachable, UsageError
from parkops.model import Access, Workspace
from parkops.transport import callhome, hostkeys
from parkops.transport.login import Hop, Login, hops
from parkops.transport.login import login as make_login
from parkops.transport.netconf import NetconfSession


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    yield from hosted(tmp_path_factory.mktemp("hosts"))


@pytest.fixture
def port(host: Host) -> int:
    return serve(host, Server(hello=(), running=etree.fromstring(f'<config xmlns="{NC}"/>')))


@pytest.fixture
def login(host: Host) -> Login:
    return Login("parkops", host.key, host.known_hosts, connect_timeout_s=5, rpc_timeout_s=5)


def answers(login: Login, port: int) -> None:
    with NetconfSession("sw1", "127.0.0.1", login, port) as session:
        assert session.session_id == "7"
        session.get_config()


def test_a_new_host_is_refused_unless_it_is_asked_for_and_is_then_on_file(
    login: Login, port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    new = replace(login, known_hosts=tmp_path / "known" / "hosts")
    with pytest.raises(Unreachable, match=r"the host key of \[127\.0\.0\.1\].* is not on file"):
        answers(new, port)
    assert not new.known_hosts.exists()
    with caplog.at_level(logging.WARNING):
        answers(replace(new, trust_new=True), port)
    assert "trusted on first use" in caplog.text
    assert "trusted-on-first-use:" in new.known_hosts.read_text()
    answers(new, port)


def test_a_key_that_differs_is_never_trusted(login: Login, port: int, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()
    file = tmp_path / "hosts"
    file.write_text(f"[127.0.0.1]:{port} {other[0]} {other[1]}\n")
    before = file.read_text()
    with pytest.raises(Unreachable, match="differs from the one on file"):
        answers(replace(login, known_hosts=file, trust_new=True), port)
    assert file.read_text() == before


def test_hashed_names_and_revoked_keys_are_understood(
    login: Login, host: Host, port: int, tmp_path: Path
) -> None:
    import subprocess

    file = tmp_path / "hosts"
    kind, key = host.host_key.export_public_key().decode().split()[:2]
    file.write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True, capture_output=True)
    assert "|1|" in file.read_text()
    answers(replace(login, known_hosts=file), port)
    with file.open("a") as more:
        more.write(f"@revoked * {kind} {key}\n")
    with pytest.raises(Unreachable, match="was revoked"):
        answers(replace(login, known_hosts=file), port)


def test_keys_of_a_file_are_looked_up_by_name(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("a,b ssh-ed25519 AAAA\n# c ssh-ed25519 BBBB\n@cert-authority * ssh-rsa CCCC\n")
    known = hostkeys.read(file)
    assert known.keys("b") == {"ssh-ed25519": "AAAA"}
    assert known.keys("c") == {}


class Jump(asyncssh.SSHServer):
    """Lets through what is asked for, and remembers it."""

    asked: list[tuple[str, int]] = []  # noqa: RUF012  # one test, one list

    def connection_requested(self, dest_host: str, dest_port: int, *_: object) -> bool:
        self.asked.append((dest_host, dest_port))
        return True


def jump(host: Host) -> int:
    async def listen() -> int:
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Jump, server_host_keys=[host.host_key],
            authorized_client_keys=str(host.key) + ".pub",
        )  # fmt: skip
        host._servers.append(server)
        return server.get_port()

    port = asyncio.run_coroutine_threadsafe(listen(), host._loop).result(10)
    kind, key = host.host_key.export_public_key().decode().split()[:2]
    with host.known_hosts.open("a") as file:
        file.write(f"[127.0.0.1]:{port} {kind} {key}\n")
    return port


def test_devices_are_reached_through_jump_hosts_one_after_the_other(
    host: Host, login: Login, port: int
) -> None:
    Jump.asked.clear()
    first, second = jump(host), jump(host)
    way = (Hop("127.0.0.1", first, "parkops"), Hop("127.0.0.1", second))
    answers(replace(login, jump=way), port)
    answers(replace(login, jump=way), port)
    assert Jump.asked == [("127.0.0.1", second), ("127.0.0.1", port), ("127.0.0.1", port)], "hops are shared"


def test_a_jump_host_that_is_off_makes_the_device_unreachable(login: Login, port: int) -> None:
    with pytest.raises(Unreachable, match="Connection refused"):
        answers(replace(login, jump=(Hop("127.0.0.9", 1),)), port)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bastion", (Hop("bastion"),)),
        ("ops@bastion:2222, 10.0.0.1", (Hop("bastion", 2222, "ops"), Hop("10.0.0.1"))),
        ("[2001:db8::1]:22", (Hop("2001:db8::1"),)),
        ("", ()),
    ],
)
def test_jump_hosts_are_read(text: str, found: tuple[Hop, ...]) -> None:
    assert hops(text) == found


@pytest.mark.parametrize("text", ["a b", "host:0", "host:99999", "@host", "a@b@c"])
def test_a_wrong_jump_host_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is no jump host"):
        hops(text)


def test_the_connection_leaves_by_the_management_vrf(login: Login, port: int) -> None:
    try:
        answers(replace(login, bind_device="lo"), port)
    except Unreachable as error:
        if "not permitted" in str(error):
            pytest.skip("this user may not bind to a device")
        raise
    with pytest.raises(Unreachable, match="No such device"):
        answers(replace(login, bind_device="no-such-vrf"), port)


def test_a_device_that_calls_home_is_talked_to_over_its_call(host: Host, login: Login) -> None:
    server = Server(hello=(), running=etree.fromstring(f'<config xmlns="{NC}"/>'))
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = ("127.0.0.1", free.getsockname()[1])
    kind, key = host.host_key.export_public_key().decode().split()[:2]
    with host.known_hosts.open("a") as file:
        file.write(f"[127.0.0.1]:830 {kind} {key}\n")

    async def session(process: asyncssh.SSHServerProcess[str]) -> None:
        await _talk(process, server)
        process.exit(0)

    async def call() -> None:
        for _ in range(100):
            try:
                await asyncssh.connect_reverse(
                    *place, server_host_keys=[host.host_key], process_factory=session, encoding="utf-8",
                    authorized_client_keys=str(host.key) + ".pub", line_editor=False,
                )  # fmt: skip
                return
            except OSError:
                await asyncio.sleep(0.02)

    future = asyncio.run_coroutine_threadsafe(call(), host._loop)
    with NetconfSession("sw1", "127.0.0.1", replace(login, call_home=place)) as opened:
        opened.get_config()
    future.result(5)
    callhome._listeners.pop(place).close()


def test_a_device_that_does_not_call_is_unreachable(login: Login) -> None:
    silent = replace(login, call_home=("127.0.0.1", 0), connect_timeout_s=0.2)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.77 did not call home within 0\.2 s"):
        NetconfSession("sw1", "127.0.0.77", silent).open()
    callhome._listeners.pop(("127.0.0.1", 0)).close()


def test_the_plan_says_how_devices_are_reached(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    (tmp_path / "hosts").write_text("")
    access = Access("u", "file:key", "", "hosts", "ops@b:2222", "mgmt-vrf", "0.0.0.0")
    made = make_login(access, Workspace(tmp_path))
    assert (made.jump, made.bind_device, made.call_home) == (
        (Hop("b", 2222, "ops"),),
        "mgmt-vrf",
        ("0.0.0.0", 4334),
    )
