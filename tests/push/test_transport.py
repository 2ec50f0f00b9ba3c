"""Secrets, logins and sessions: what they refuse, and in what time they end."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parkops.errors import Refused, Unreachable, UsageError
from parkops.model import Access, Workspace
from parkops.transport import secrets
from parkops.transport.login import Login
from parkops.transport.login import login as make_login
from parkops.transport.netconf import NetconfSession
from parkops.transport.ssh import SshSession

Start = Callable[[str, str], Any]


def test_a_secret_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKOPS_TEST", "s3cret")
    (tmp_path / "key").write_text("hush\n")
    assert secrets.resolve("env:PARKOPS_TEST", tmp_path) == "s3cret"
    assert secrets.resolve("file:key", tmp_path) == "hush"


@pytest.mark.parametrize("ref", ["env:PARKOPS_NOT_SET", "file:missing", "plain", "env:"])
def test_a_missing_or_malformed_reference_is_a_usage_error(ref: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="secret"):
        secrets.resolve(ref, tmp_path)


def test_a_vault_fills_and_redacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKOPS_TEST", "s3cret")
    vault = secrets.Vault(tmp_path)
    text = "password @secret:env:PARKOPS_TEST@;"
    assert vault.fill(text) == "password s3cret;"
    assert vault.redact("got s3cret") == "got @secret:env:PARKOPS_TEST@"
    assert "s3cret" not in repr(vault)


def test_a_login_says_what_is_missing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(UsageError, match="known host keys"):
        make_login(Access("u", key="file:k"), workspace)
    (tmp_path / "hosts").write_text("")
    with pytest.raises(UsageError, match="file:k is missing"):
        make_login(Access("u", key="file:k", known_hosts="hosts"), workspace)
    with pytest.raises(UsageError, match="neither a key nor a password"):
        make_login(Access("u", known_hosts="hosts"), workspace)


def test_a_password_is_never_printed(tmp_path: Path) -> None:
    assert "hush" not in repr(Login("u", None, tmp_path, password="hush"))


def test_an_open_session_answers_without_a_hundred_millisecond_wait(start: Start, login: Login) -> None:
    node = start("sw", "switch")
    with NetconfSession("sw", node.address, login) as session:
        started_s = time.monotonic()
        for _ in range(20):
            session.get_config()
        assert (time.monotonic() - started_s) / 20 < 0.05


def test_a_server_that_is_off_is_unreachable(start: Start, login: Login) -> None:
    for kind in (NetconfSession, SshSession):
        with (
            pytest.raises(Unreachable, match=r"dev .*connect: Connection refused"),
            kind("dev", "127.0.0.9", login),
        ):
            pass


@pytest.mark.parametrize(("kind", "session"), [("switch", NetconfSession), ("router", SshSession)])
def test_a_host_key_that_is_not_on_file_is_refused(
    start: Start, login: Login, tmp_path: Path, kind: str, session: Any
) -> None:
    node = start("dev", kind)
    empty = tmp_path / "known_hosts"
    empty.write_text("")
    with pytest.raises(Unreachable), session("dev", node.address, replace(login, known_hosts=empty)):
        pass
    other = login.known_hosts.read_text().replace(node.address, "10.9.9.9")
    wrong_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGr5X1vZf0r3m1a0Q0cXl4x1h3m0cZb5m5t1m9k8h7Jg"
    host = node.address if kind == "router" else f"[{node.address}]:830"
    empty.write_text(f"{other}{host} {wrong_key}\n")
    with pytest.raises(Unreachable), session("dev", node.address, replace(login, known_hosts=empty)):
        pass


def test_a_key_that_the_device_does_not_know_is_said_so(start: Start, login: Login, network: Any) -> None:
    node = start("sw", "switch")
    with (
        pytest.raises(Unreachable, match="login as parkops refused"),
        NetconfSession("sw", node.address, replace(login, key=network.folder / "host")),
    ):
        pass


def test_a_server_that_never_says_hello_ends_in_time(start: Start, login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        short = replace(login, connect_timeout_s=1)
        started_s = time.monotonic()
        with pytest.raises(Unreachable), NetconfSession("sw", "127.0.0.1", short, server.getsockname()[1]):
            pass
        assert time.monotonic() - started_s < 5


def test_a_request_without_an_answer_ends_in_time(misbehaving: Callable[[str], str], login: Login) -> None:
    address = misbehaving("silent")
    with (
        NetconfSession("sw", address, replace(login, rpc_timeout_s=1)) as session,
        pytest.raises(Unreachable, match="no answer within 1 s"),
    ):
        session.edit_config("<config/>")


def test_every_error_of_a_reply_is_told(misbehaving: Callable[[str], str], login: Login) -> None:
    with NetconfSession("sw", misbehaving("errors"), login) as session, pytest.raises(Refused) as caught:
        session.edit_config("<config/>")
    assert "first [invalid-value] at /a/b; second [missing-element]" in str(caught.value)


def test_a_cli_session_sees_that_it_was_closed(start: Start, login: Login) -> None:
    node = start("r", "router")
    with SshSession("r", node.address, login) as session:
        assert "frr version" in session.ask("show running-config")
        node.drop_sessions()
        started_s = time.monotonic()
        with pytest.raises(Unreachable):
            session.ask("show version")
        assert time.monotonic() - started_s < 5
