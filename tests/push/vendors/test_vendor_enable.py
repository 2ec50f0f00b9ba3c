"""A login that is not privileged: `enable` with the password by reference, or a clear refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from texts import COMWARE, TEXTS

from parkops.errors import Refused, UsageError
from parkops.push.contract import Phase
from parkops.push.remediation import Unsafe
from parkops.push.remedy import remedy

Make = Callable[..., Any]
IOS_LIKE = ("cisco_iosxe", "arista_eos", "ruijie_os", "zte_zxros")
PASSWORD = "Enable-me-7"


def bench_of(bench: Make, kind: str, asked: str, given: str) -> Any:
    site = bench(kind, *TEXTS[kind])
    site.box.enable = asked
    site.run = replace(site.run, login=replace(site.run.login, enable=given))
    return site


@pytest.mark.parametrize("kind", IOS_LIKE)
def test_a_login_becomes_privileged(bench: Make, kind: str) -> None:
    site = bench_of(bench, kind, PASSWORD, PASSWORD)
    assert site.act(Phase.SURVEY, Phase.PREPARE, Phase.COMMIT, Phase.VERIFY, Phase.CONFIRM) is None
    assert next(filter(None, site.box.commands)) == "enable"
    assert PASSWORD not in repr(site.run.login)


def test_where_no_password_is_asked_none_is_needed(bench: Make) -> None:
    assert bench_of(bench, "arista_eos", "", "").act(Phase.SURVEY) is None


@pytest.mark.parametrize("kind", IOS_LIKE)
def test_a_password_that_is_not_stated_is_asked_for_by_name(bench: Make, kind: str) -> None:
    error = bench_of(bench, kind, PASSWORD, "").act(Phase.SURVEY)
    assert isinstance(error, Refused)
    assert "asks for a password" in str(error)
    assert "access.enable" in str(error)


def test_a_wrong_password_is_refused_and_not_repeated(bench: Make) -> None:
    site = bench_of(bench, "cisco_iosxe", PASSWORD, "wrong-one")
    error = site.act(Phase.SURVEY)
    assert isinstance(error, Refused)
    assert "does not take the password" in str(error)
    assert "wrong-one" not in str(error)


@pytest.mark.parametrize(
    ("value", "what"), [("a\nreload", "a line break"), ("a\x03b", "the control character U+0003")]
)
def test_a_secret_that_would_be_a_command_is_not_sent(
    bench: Make, monkeypatch: pytest.MonkeyPatch, value: str, what: str
) -> None:
    monkeypatch.setenv("KEY", value)
    old = TEXTS["cisco_iosxe"][0]
    site = bench("cisco_iosxe", old, old + "snmp-server community @secret:env:KEY@ ro\n")
    error = site.act(Phase.SURVEY, Phase.PREPARE, Phase.COMMIT)
    assert isinstance(error, UsageError)
    assert f"the secret env:KEY holds {what}" in str(error)
    assert value not in str(error)
    assert site.box.running.text().count("snmp-server") == 0


def managed(text: str) -> str:
    return text + "interface M-GigabitEthernet0/0/0\n ip address 127.0.0.1 255.0.0.0\n#\n"


def test_without_a_timer_a_change_that_cuts_the_session_off_is_refused(bench: Make) -> None:
    old = managed(COMWARE)
    site = bench("hp_comware", old, old.replace("127.0.0.1", "127.0.0.2"))
    error = site.act(Phase.SURVEY, Phase.PREPARE)
    assert isinstance(error, Unsafe)
    assert "off the management port" in str(error)
    assert "127.0.0.1" in site.box.running.text()
    assert "cut off the management itself" in remedy(site.site, site.run).error


def test_with_a_timer_it_is_said_before_and_taken_back_after(bench: Make) -> None:
    old = TEXTS["huawei_vrp"][0] + "interface MEth0/0/1\n ip address 127.0.0.1 255.0.0.0\n#\n"
    site = bench("huawei_vrp", old, old.replace("127.0.0.1", "127.0.0.2"))
    assert site.act(Phase.SURVEY, Phase.PREPARE) is None
    (note,) = remedy(site.site, site.run).notes
    assert "may cut off the management itself" in note
    assert "would take it back" in note


@pytest.mark.parametrize("kind", ["huawei_vrp", "cisco_iosxe"])
def test_the_account_of_the_login_is_kept_on_the_device(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    own = {
        "huawei_vrp": "aaa\n local-user parkops privilege level 15\n#\n",
        "cisco_iosxe": "username parkops privilege 15\n",
    }[kind]
    site = bench(kind, old + own, new)
    assert site.act(Phase.SURVEY, Phase.PREPARE, Phase.COMMIT, Phase.VERIFY, Phase.CONFIRM) is None
    assert "parkops privilege" in site.box.running.text()
    assert not [line for line in site.site.diff.splitlines() if line[:1] in "+-" and "parkops" in line]
    (note,) = remedy(site.site, site.run).notes
    assert note.startswith("kept, as parkops logs in with 'parkops', which was not rendered:")
