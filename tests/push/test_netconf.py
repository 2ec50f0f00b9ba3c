"""The NETCONF driver against real netconfd, and against a server that lies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from park import BR, IF, NC, device, park, switch, workspace
from simulated import begin

from parkops import push
from parkops.errors import UsageError
from parkops.model import Outcome, Result
from parkops.push import datatree, transaction
from parkops.push.scope import Scope
from parkops.push.stale import break_locks
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

Start = Callable[[str, str], Any]
IANA = "urn:ietf:params:xml:ns:yang:iana-if-type"
FOREIGN = f"""<config xmlns="{NC}"><interfaces xmlns="{IF}">
<interface><name>foreign</name><type xmlns:i="{IANA}">i:ethernetCsmacd</type></interface>
<interface><name>p1</name><type xmlns:i="{IANA}">i:ethernetCsmacd</type>
<enabled>false</enabled><link-up-down-trap-enable>enabled</link-up-down-trap-enable></interface></interfaces>
<bridges xmlns="{BR}"><bridge><name>br9</name><address>00-00-5E-00-53-09</address>
<bridge-type>customer-vlan-bridge</bridge-type></bridge></bridges></config>"""


class Bench:
    """One switch, its park and its artifacts."""

    def __init__(self, address: str, login: Login, folder: Path) -> None:
        self.login, self.address = login, address
        self.park = park(device("sw", "ietf", address), key=login.key, known_hosts=login.known_hosts)
        self.workspace = workspace(folder)

    def push(self, artifact: Any, **options: Any) -> Result:
        return push.run(self.park, [artifact], self.workspace, **options)[0]

    def running(self) -> tuple[datatree.Node, ...]:
        with NetconfSession("sw", self.address, self.login) as session:
            return datatree.parse(session.get_config("running", Scope().filter_xml))


@pytest.fixture
def bench(start: Start, login: Login, tmp_path: Path) -> Bench:
    node = start("sw", "switch")
    made = Bench(node.address, login, tmp_path / "park")
    made.node = node  # type: ignore[attr-defined]
    return made


def at(step: str, act: Callable[[], object]) -> Callable[[str, str, str], None]:
    """Act once, when a device takes a step."""
    done: list[str] = []

    def tell(_: str, name: str, __: str) -> None:
        if name == step and not done:
            done.append(name)
            act()

    return tell


def test_a_push_makes_running_exactly_what_was_rendered(bench: Bench) -> None:
    result = bench.push(switch("sw"))
    assert result.outcome is Outcome.CHANGED, result.message
    assert bench.running() == datatree.parse(switch("sw").text)
    assert [step.name for step in result.steps][-3:] == ["verified", "confirm", "confirmed"]


def test_a_second_push_changes_nothing_and_says_so(bench: Bench) -> None:
    bench.push(switch("sw"))
    result = bench.push(switch("sw"))
    assert result.outcome is Outcome.UNCHANGED
    assert result.message == "runs what was rendered"
    assert [step.name for step in result.steps] == ["survey", "surveyed"]


def test_foreign_leftovers_are_removed(bench: Bench) -> None:
    with NetconfSession("sw", bench.address, bench.login) as session:
        session.edit_config(FOREIGN)
        session.commit()
    assert "br9" in datatree.render(bench.running())
    result = bench.push(switch("sw"))
    assert result.outcome is Outcome.CHANGED, result.message
    assert "-      <name>br9</name>" in result.diff or "-    <name>br9</name>" in result.diff
    assert bench.running() == datatree.parse(switch("sw").text)


@pytest.mark.parametrize(
    "vlans", [{101: "a"}, {101: "control", 102: "x", 103: "y"}, {101: "control", 104: "z"}]
)
def test_any_configuration_can_follow_any_other(bench: Bench, vlans: dict[int, str]) -> None:
    bench.push(switch("sw"))
    for wanted in (switch("sw", vlans=vlans, ports="p1 p3"), switch("sw")):
        result = bench.push(wanted)
        assert result.outcome is Outcome.CHANGED, result.message
        assert bench.running() == datatree.parse(wanted.text)


def test_a_refused_leaf_leaves_the_device_as_it_was(bench: Bench) -> None:
    bench.push(switch("sw"))
    before = bench.running()
    bad = switch("sw").text.replace("<pvid>101</pvid>", "<pvid>4095</pvid>")
    result = bench.push(type(switch("sw"))("x", bad, switch("sw").kind, "xml", "sw"))
    assert result.outcome is Outcome.FAILED
    assert "edit-config: " in result.message
    assert "pvid" in result.message  # the server's path
    assert bench.running() == before
    assert bench.push(switch("sw", vlans={101: "new"})).outcome is Outcome.CHANGED  # no lock was left


@pytest.mark.parametrize("step", ["edit", "commit"])
def test_a_session_lost_in_mid_edit_leaves_the_device_as_it_was(bench: Bench, step: str) -> None:
    bench.push(switch("sw"))
    before = bench.running()
    node = bench.node  # type: ignore[attr-defined]
    result = bench.push(switch("sw", vlans={101: "other"}), progress=at(step, node.drop_sessions))
    assert result.outcome is Outcome.FAILED
    assert "sw" in result.message
    assert bench.running() == before, result.message
    assert bench.push(switch("sw", vlans={101: "other"})).outcome is Outcome.CHANGED


def test_a_session_lost_after_the_commit_is_no_loss(bench: Bench) -> None:
    """The token of the commit confirms it over a new session."""
    bench.push(switch("sw"))
    node = bench.node  # type: ignore[attr-defined]
    wanted = switch("sw", vlans={101: "other"})
    result = bench.push(wanted, progress=at("verify", node.drop_sessions))
    assert result.outcome is Outcome.CHANGED, result.message
    assert bench.running() == datatree.parse(wanted.text)


def test_a_change_that_cuts_management_reverts_on_the_device(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.push(switch("sw"))
    before = bench.running()
    node = bench.node  # type: ignore[attr-defined]

    def cut_for_a_while() -> None:
        node.run("ip", "link", "set", "eth0", "down")
        back = "sleep 4; ip link set eth0 up"
        node.run("sh", "-c", f"setsid sh -c '{back}' </dev/null >/dev/null 2>&1 &")

    at_verify = at("verify", cut_for_a_while)
    result = bench.push(switch("sw", vlans={101: "other"}), progress=at_verify, confirm_timeout_s=2)
    assert result.outcome is Outcome.FAILED
    assert "taken back" in result.message
    assert bench.running() == before


def test_a_device_that_stays_away_is_in_doubt_until_a_rollback_reads_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "SLACK_S", 0.0)
    bench.push(switch("sw"))
    before = bench.running()
    node = bench.node  # type: ignore[attr-defined]
    cut = at("verify", lambda: node.run("ip", "link", "set", "eth0", "down"))
    other = switch("sw", vlans={101: "other"})
    result = bench.push(other, progress=cut, confirm_timeout_s=1)
    assert result.outcome is Outcome.FAILED
    assert "in doubt" in result.message
    node.run("ip", "link", "set", "eth0", "up")
    with pytest.raises(UsageError, match="it was cut off"):
        bench.push(other)
    pushed = push.rollback(bench.park, bench.workspace)
    assert pushed.ending == "rolled back"
    assert bench.running() == before
    assert bench.push(other).outcome is Outcome.CHANGED


def test_somebody_elses_lock_is_respected(bench: Bench) -> None:
    with NetconfSession("sw", bench.address, bench.login) as other:
        other.lock("running")
        result = bench.push(switch("sw"))
        assert result.outcome is Outcome.FAILED
        assert "lock" in result.message
    assert bench.push(switch("sw")).outcome is Outcome.CHANGED


def test_an_edit_that_somebody_left_in_the_candidate_is_not_committed(bench: Bench) -> None:
    with NetconfSession("sw", bench.address, bench.login) as other:
        other.edit_config(FOREIGN)
        result = bench.push(switch("sw"))
    assert result.outcome is Outcome.CHANGED, result.message
    assert "foreign" not in datatree.render(bench.running())


def test_a_plan_changes_nothing_and_names_the_guarantee(bench: Bench) -> None:
    change = push.plan(bench.park, [switch("sw")], bench.workspace)[0]
    assert change.guarantee.confirmed_commit
    assert change.guarantee.persist
    assert "confirmed commit" in change.guarantee.text
    assert change.diff.startswith("--- sw running\n+++ sw intended\n")
    assert bench.running() == ()


def test_an_ok_that_changes_nothing_is_found_out(
    misbehaving: Callable[[str], str], login: Login, tmp_path: Path
) -> None:
    result = Bench(misbehaving("lies"), login, tmp_path).push(switch("sw"))
    assert result.outcome is Outcome.FAILED
    assert "running is not what was sent" in result.message


def test_a_payload_that_is_missing_is_that_devices_failure(bench: Bench) -> None:
    result = push.run(bench.park, [], bench.workspace)[0]
    assert result.outcome is Outcome.FAILED
    assert "0 NETCONF payloads" in result.message


DEAF = "add table inet t; add chain inet t in { type filter hook input priority -9; }"


def test_a_half_open_session_of_a_lost_machine_is_ended_by_name(bench: Bench) -> None:
    """A machine that is lost sends no FIN: the device keeps its session, and the session its locks."""
    node = bench.node  # type: ignore[attr-defined]
    bench.push(switch("sw"))
    told, tell = os.pipe()
    lost = switch("sw", vlans={101: "lost"})
    pid = begin(lambda: bench.push(lost, progress=at("edit", lambda: (os.write(tell, b"."), signal.pause()))))
    assert os.read(told, 1) == b"."  # it has locked
    with pytest.raises(UsageError, match="still runs"):
        break_locks(bench.park, bench.workspace, ["sw"])
    peer = node.run("ss", "-Htn", "state", "established", "sport = 830").split()[-1]
    rule = f"add rule inet t in tcp sport {peer.rpartition(':')[2]} drop"
    node.run("nft", "-f", "-", stdin=f"{DEAF}\n{rule}\n")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    push.rollback(bench.park, bench.workspace)
    assert "lock" in bench.push(lost).message
    with NetconfSession("sw", bench.address, bench.login) as other:  # not ours: nobody ends it
        (said,) = break_locks(bench.park, bench.workspace, ["sw"])
        assert "which holds running, is ended" in said
        assert other.get_config()
    assert bench.push(lost).outcome is Outcome.CHANGED


def test_a_session_that_the_journal_does_not_know_is_never_ended(bench: Bench) -> None:
    with NetconfSession("sw", bench.address, bench.login) as other:
        other.lock("running")
        with pytest.raises(UsageError, match="it is not locked"):
            break_locks(bench.park, bench.workspace, ["sw"])
        other.unlock("running")
