"""`parkops probe`: one target, once, with everything about it; and throughput samples."""

import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from monitor_parts import Service, park_of, target
from rich.console import Console

from parkops.cli.common import Context
from parkops.cli.probe import find, probe
from parkops.errors import Unreachable, UsageError
from parkops.model import Access, Sample, State
from parkops.monitor.throughput import MAX_BYTES, throughput
from parkops.store import Store

BASE = Path(__file__).parents[1] / "plan" / "base.yaml"


class Call:
    """A park's folder, and the verb as the command line calls it."""

    def __init__(self, folder, park):
        self.folder, self.park = folder, park
        (folder / "park.yaml").write_text(BASE.read_text())

    def __call__(self, *arguments, width=100):
        context = Context(str(self.folder))
        context.enter_lab = lambda: False
        screen = io.StringIO()
        context.__dict__["_park"] = self.park
        context.__dict__["console"] = Console(file=screen, width=width, height=60, highlight=False)
        done = CliRunner().invoke(probe, arguments, obj=context)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, screen.getvalue() + done.output


@pytest.fixture
def service():
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def call(tmp_path, service):
    return Call(tmp_path, park_of(target("tcp", service.port, severity="critical"), target("ntp", 9)))


def test_one_line_and_the_exit_code(call, service):
    code, said = call("dev/tcp")
    assert code == 0
    assert re.search(r"^dev/tcp: up in \d+\.\d ms$", said, re.MULTILINE)
    service.stop()
    code, said = call("dev/tcp")
    assert code == 1
    assert "dev/tcp: down: connection refused" in said


def test_everything_on_one_page(call):
    with Store.open(call.folder / ".parkops.db") as store:
        assert not store.events()
    (call.folder / ".parkops").mkdir()
    with Store.open(call.folder / ".parkops" / "parkops.db") as store:
        store.save_samples([Sample("dev/tcp", 1e9, State.DOWN, reason="connection refused")])
        event = store.open_event("dev/tcp", "dev", "critical", "connection refused", 1e9)
        store.close_event(event.id, 1e9 + 60)
    code, said = call("dev/tcp", "--debug")
    assert code == 0
    heads = ["Target", "Parameters", "Steps", "Result", "Last intervals", "Last events"]
    places = [said.index(f"\n{head}") for head in heads]
    assert places == sorted(places)
    assert re.search(r"severity +critical", said)
    assert "by default: timeout_s, expect" in said
    assert re.search(r"\d ms +connected", said)
    assert re.search(r"interval +10 s +the default of monitoring.interval_s", said)
    assert re.search(r"timeout +2 s", said)
    assert re.search(r"1 +2001-09-09 .* critical +connection refused", said)


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_fits_the_terminal(call, width):
    _, said = call("dev/tcp", "--debug", width=width)
    assert max(map(len, said.splitlines())) <= width


def test_for_programs(call):
    code, said = call("dev/ntp", "--json")
    document = json.loads(said)
    assert code == 1
    assert (document["kind"], document["version"]) == ("parkops.probe", 1)
    assert (document["target"], document["state"], document["port"]) == ("dev/ntp", "down", 9)
    assert document["reason"] == "connection refused"
    assert document["throughput"] is None


def test_what_may_be_meant(call):
    with pytest.raises(UsageError, match=r"no such target.*did you mean dev/tcp"):
        find(call.park, "dev/tpc")
    with pytest.raises(UsageError, match="did you mean dev/tcp, dev/ntp"):
        find(call.park, "dev")
    with pytest.raises(UsageError, match="there are 2 targets"):
        find(call.park, "zzz")


def test_throughput_of_a_node(sshd):
    one = target("ssh", sshd.port)
    seen = throughput(one, sshd.login())
    assert seen.over == "tcp"
    assert 0 < seen.down_bytes <= MAX_BYTES
    assert seen.down_bps > 1e6
    assert seen.up_bps > 1e6
    with pytest.raises(Unreachable, match="login as root refused"):
        throughput(one, sshd.strange_user_key())


def test_throughput_by_the_command_line(tmp_path, sshd):
    known = tmp_path / "known"
    access = Access(user="root", key=f"file:{sshd.folder / 'user'}", known_hosts=str(known))
    call = Call(tmp_path, park_of(target("ssh", sshd.port), access=access))
    code, said = call("dev/ssh", "--throughput")
    assert code == 0
    assert re.search(r"throughput over tcp: \d+ Mbit/s from it, \d+ Mbit/s to it", said)
