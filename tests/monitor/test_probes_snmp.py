"""SNMP v2c and v3 against Debian's snmpd, which tells what vendors tell where it is told to."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from monitor_parts import free_port, look, process, target, tools, wait_until
from test_monitor_probes import is_
from test_probes_names import udp_server

from parkops.model import State
from parkops.monitor import prepare, probes
from parkops.monitor.probes.agent import Agent as KeptAgent
from parkops.monitor.probes.base import Context
from parkops.monitor.probes.oids import TOPICS, table

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
pytestmark = pytest.mark.skipif(not shutil.which("snmpd"), reason="needs snmpd")

SECRETS = {
    "env:COMMUNITY": "park", "env:STRANGE": "krap", "env:AUTH": "authpass1234", "env:PRIVACY": "privpass1234",
    "env:WRONG": "wrongpass1234",
}  # fmt: skip
CONF = """
agentaddress udp:127.0.0.1:{port}
rocommunity park 127.0.0.1
rocommunity blind 127.0.0.1 .1.3.6.1.4.1.99999
createUser watch SHA-256 "authpass1234" AES "privpass1234"
createUser strong SHA-512 "authpass1234" AES-256 "privpass1234"
rouser watch priv
rouser strong priv
sysName core-1
{more}
"""

HUAWEI = """
override 1.3.6.1.4.1.2011.5.25.31.1.1.1.1.5.9 integer 0
override 1.3.6.1.4.1.2011.5.25.31.1.1.1.1.5.16842753 integer 37
override 1.3.6.1.4.1.2011.5.25.31.1.1.1.1.7.16842753 integer 61
override 1.3.6.1.4.1.2011.5.25.31.1.1.1.1.11.9 integer 0
override 1.3.6.1.4.1.2011.5.25.31.1.1.1.1.11.16842753 integer 48
override 1.3.6.1.4.1.2011.5.25.31.1.1.10.1.7.1.1 integer 1
override 1.3.6.1.4.1.2011.5.25.31.1.1.10.1.7.1.2 integer 2
override 1.3.6.1.4.1.2011.5.25.31.1.1.18.1.6.1.1 integer 1
override 1.3.6.1.4.1.2011.5.25.31.1.1.3.1.8.17 integer 400
override 1.3.6.1.4.1.2011.5.25.31.1.1.3.1.8.18 integer -612
override 1.3.6.1.4.1.2011.5.25.256.1.3.1.4.1 integer 2
override 1.3.6.1.4.1.2011.6.139.12.1.2.2.0 integer 314
override 1.3.6.1.2.1.47.1.1.1.1.7.17 octet_str "GigabitEthernet0/0/1"
override 1.3.6.1.2.1.47.1.1.1.1.7.18 octet_str "GigabitEthernet0/0/2"
override 1.3.6.1.2.1.47.1.1.1.1.7.16842753 octet_str "MPU 0"
override 1.3.6.1.2.1.47.1.1.1.1.7.21 octet_str "Inlet"
"""
CISCO = """
override 1.3.6.1.4.1.9.9.109.1.1.1.1.7.1 integer 12
override 1.3.6.1.4.1.9.9.48.1.1.1.2.1 octet_str "Processor"
override 1.3.6.1.4.1.9.9.48.1.1.1.5.1 integer 300
override 1.3.6.1.4.1.9.9.48.1.1.1.6.1 integer 100
override 1.3.6.1.4.1.9.9.91.1.1.1.1.1.21 integer 14
override 1.3.6.1.4.1.9.9.91.1.1.1.1.2.21 integer 9
override 1.3.6.1.4.1.9.9.91.1.1.1.1.3.21 integer 1
override 1.3.6.1.4.1.9.9.91.1.1.1.1.4.21 integer -78
override 1.3.6.1.4.1.9.9.91.1.1.1.1.5.21 integer 1
override 1.3.6.1.4.1.9.9.601.1.3.1.1.4.5 integer 1
"""
STANDARD = """
override 1.3.6.1.2.1.25.3.3.1.2.1 integer 40
override 1.3.6.1.2.1.25.3.3.1.2.2 integer 60
override 1.3.6.1.2.1.99.1.1.1.1.21 integer 8
override 1.3.6.1.2.1.99.1.1.1.2.21 integer 9
override 1.3.6.1.2.1.99.1.1.1.3.21 integer 1
override 1.3.6.1.2.1.99.1.1.1.4.21 integer 235
override 1.3.6.1.2.1.99.1.1.1.5.21 integer 1
override 1.3.6.1.2.1.99.1.1.1.1.22 integer 6
override 1.3.6.1.2.1.99.1.1.1.2.22 integer 8
override 1.3.6.1.2.1.99.1.1.1.3.22 integer 0
override 1.3.6.1.2.1.99.1.1.1.4.22 integer 1500
override 1.3.6.1.2.1.99.1.1.1.5.22 integer 1
override 1.2.840.10006.300.43.1.2.1.1.21.1 octet_str 0x3d
override 1.0.8802.1.1.1.1.2.1.1.1.1 integer 5
override 1.0.8802.1.1.1.1.2.1.1.1.2 integer 5
override 1.0.8802.1.1.1.1.2.1.1.1.3 integer 7
override 1.0.8802.1.1.1.1.2.1.1.1.4 integer 4
"""


class Agent:
    """An snmpd that is started, ended and started again."""

    def __init__(self, folder, more=""):
        self.folder, self.port = folder, free_port(socket.SOCK_DGRAM)
        (folder / "snmpd.conf").write_text(CONF.format(port=self.port, more=more))

    def serving(self):
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(self.folder / "state"), "MIBS": ""}
        command = ("snmpd", "-C", "-c", self.folder / "snmpd.conf", "-f", "-Lf", self.folder / "log")
        return process(*command, ready=self.answers, env=environment)

    def answers(self):
        return self.ask(community="env:COMMUNITY", timeout_s=1).state is UP

    def ask(self, **parameters):
        return look(target("snmp", self.port, **parameters), secret=SECRETS.__getitem__)

    def collect(self, topics, **parameters):
        return self.ask(community="env:COMMUNITY", collect=topics, **parameters)


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    agent = Agent(tmp_path_factory.mktemp("snmpd"), HUAWEI + CISCO + STANDARD)
    with agent.serving():
        yield agent


V3 = {"user": "watch", "auth_key": "env:AUTH", "privacy_key": "env:PRIVACY"}


def test_an_agent_answers(agent):
    sample = agent.ask(community="env:COMMUNITY")
    is_(sample, UP)
    ((name, uptime_s),) = sample.values
    assert name == "uptime_s"
    assert 0 <= uptime_s < 600
    is_(agent.ask(**V3), UP)
    is_(agent.ask(**{**V3, "user": "strong", "auth": "sha512", "privacy": "aes256"}), UP)


def test_why_an_agent_does_not_answer(agent):
    sample = agent.ask(community="env:STRANGE", timeout_s=2)
    is_(sample, DOWN, "^no answer: it is off or filtered, or does not know the community$")
    refused = "^the agent refuses the user watch: it is unknown, or its authentication key is another$"
    is_(agent.ask(**{**V3, "auth_key": "env:WRONG"}), DOWN, refused)
    is_(agent.ask(**{**V3, "auth": "sha512"}), DOWN, refused)
    is_(agent.ask(**{**V3, "user": "nobody"}), DOWN, "refuses the user nobody")
    sample = agent.ask(**{**V3, "privacy_key": "env:WRONG"}, timeout_s=2)
    is_(sample, DOWN, "^no answer to encrypted requests: its privacy key may be another$")
    is_(agent.ask(), UNKNOWN, "neither a community nor a user")
    closed = target("snmp", free_port(socket.SOCK_DGRAM), community="env:COMMUNITY")
    is_(look(closed, secret=SECRETS.__getitem__), DOWN, "^connection refused: no agent listens$")
    silent = target("snmp", udp_server(lambda data: None), **V3, timeout_s=2)
    is_(look(silent, secret=SECRETS.__getitem__), DOWN, "^no answer: it is off or filtered$")
    SECRETS["env:BLIND"] = "blind"
    is_(agent.ask(community="env:BLIND"), DOWN, "^the agent does not tell that to this user$")


class Watch:
    """One target that is looked at several times, with what the monitor keeps in between."""

    def __init__(self, port, **parameters):
        self._target = prepare([target("snmp", port, **parameters)])[0]
        self._runner = asyncio.Runner()
        self._tools = tools(secret=SECRETS.__getitem__)

    def __enter__(self):
        self._shared = self._runner.run(self._tools.__aenter__())
        return self

    def __exit__(self, *error):
        self._runner.run(self._tools.__aexit__(*error))
        self._runner.close()

    def look(self):
        return self._runner.run(
            probes.probe(self._target, Context(self._shared, probes.timeout_s(self._target)))
        )

    def agents(self):
        kept = self._shared.sessions._shared.values()
        return {id(item): item for item in kept if isinstance(item, KeptAgent)}.values()

    def until(self, holds, what):
        """Let the loop turn until a condition holds."""
        wait_until(lambda: self._runner.run(asyncio.sleep(0)) or holds(), what=what)


def test_a_restarted_agent_answers_a_session_that_was_kept(tmp_path):
    """Its boots and time are others then: v3 begins anew, within the same probe."""
    agent = Agent(tmp_path)
    with Watch(agent.port, **V3, timeout_s=2) as watch:
        with agent.serving():
            is_(watch.look(), UP)
        is_(watch.look(), DOWN, "^connection refused: no agent listens$")
        with agent.serving():
            is_(watch.look(), UP)
            is_(watch.look(), UP)


def test_a_session_that_was_kept_while_the_agent_restarted(tmp_path):
    agent = Agent(tmp_path)
    with Watch(agent.port, **V3, timeout_s=4) as watch:
        with agent.serving():
            is_(watch.look(), UP)
        with agent.serving():
            is_(watch.look(), UP)


def through(agent, *senders):
    """Relay datagrams to the agent and back; the answer is sent by each of the senders, None: from here."""
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", 0))
    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    back.connect(("127.0.0.1", agent.port))

    def serve():
        while True:
            data, peer = front.recvfrom(4096)
            back.send(data)
            told = back.recv(4096)
            for sender in senders:
                (sender or front).sendto(told, peer)

    threading.Thread(target=serve, daemon=True).start()
    return front.getsockname()[1]


def test_an_answer_counts_only_from_where_it_was_asked(agent):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        parameters = {"community": "env:COMMUNITY", "timeout_s": 2}
        strange = target("snmp", through(agent, stranger), **parameters)
        is_(look(strange, secret=SECRETS.__getitem__), DOWN, "^no answer")
        both = target("snmp", through(agent, stranger, None), **parameters)
        is_(look(both, secret=SECRETS.__getitem__), UP)


@pytest.mark.parametrize("parameters", [{"community": "env:COMMUNITY"}, V3], ids=["v2c", "v3"])
def test_an_answer_that_comes_twice_is_no_answer_to_the_next_request(agent, parameters):
    """The loop keeps the session's socket, and does not turn round what nobody waits for."""
    with Watch(through(agent, None, None), **parameters) as watch:
        times_s = [dict(watch.look().values)["uptime_s"]]
        (kept,) = watch.agents()
        session = kept.session
        for _ in range(5):
            watch.until(lambda: session._loop is None, "end of the loop's interest")
            is_(sample := watch.look(), UP)
            times_s.append(dict(sample.values)["uptime_s"])
            assert kept.session is session
    assert times_s == sorted(times_s)


@pytest.mark.parametrize("parameters", [{"community": "env:COMMUNITY"}, V3], ids=["v2c", "v3"])
def test_the_socket_stays_with_the_loop_between_requests(agent, parameters):
    with Watch(agent.port, collect="interfaces", **parameters) as watch:
        is_(watch.look(), UP)
        (kept,) = watch.agents()
        session, loop = kept.session, kept.session._loop
        assert loop is not None
        is_(watch.look(), UP)
        assert (kept.session, kept.session._loop) == (session, loop)
        kept.close()
        assert not loop.remove_reader(session._fd)
        is_(watch.look(), UP)


def test_probes_of_one_agent_take_turns(agent):
    """Three probes at once share a session, and each gets its own answer."""
    common = {"community": "env:COMMUNITY"}
    asked = [
        target("snmp", agent.port, detail="up", **common),
        target("snmp", agent.port, detail="load", collect="cpu", **common),
        target("link", agent.port, source="snmp", interface="lo", **common),
    ]
    up, load, link = look(*asked, secret=SECRETS.__getitem__)
    for sample in (up, load, link):
        is_(sample, UP)
    assert [name for name, _ in up.values] == ["uptime_s"]
    assert [name for name, _ in load.values] == ["uptime_s", "cpu_ratio"]


def test_a_probe_whose_turn_never_came_knows_nothing(agent):
    """It asked nothing, so it must not call the agent down."""

    async def go():
        async with tools(secret=SECRETS.__getitem__) as shared:
            one = prepare([target("snmp", agent.port, community="env:COMMUNITY", timeout_s=0.5)])[0]
            kept = probes.agent._agent(one, Context(shared, 0.5))
            async with kept.lock:
                return await probes.probe(one, Context(shared, 0.5))

    is_(asyncio.run(go()), UNKNOWN, "^another probe of this agent was under way all the time$")


def test_what_cannot_be_sent_is_unknown():
    code = "from test_probes_snmp import alone; alone()"
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", code],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def alone():
    """Run in a network namespace with nothing in it."""
    for probe, more in (("snmp", {}), ("lldp", {"cables": "p1=far|p2|a--b"}), ("gnmi", {"path": "/a"})):
        asked = {**more, **({} if probe == "gnmi" else {"community": "env:COMMUNITY"})}
        sample = look(target(probe, address="192.0.2.1", **asked), secret=SECRETS.__getitem__)
        is_(sample, UNKNOWN, "^network is unreachable$")


def test_interfaces_with_counters_and_rates(agent):
    """The rates come with the second look."""
    with Watch(agent.port, community="env:COMMUNITY", collect="interfaces", interface="lo") as watch:
        first = watch.look()
        is_(first, UP)
        before = dict(first.values)
        after = {}

        def moved():  # net-snmp remembers counters for some seconds
            after.update(watch.look().values)
            return after.get("if_out_bps[lo]")

        wait_until(moved, timeout_s=60, what="rate")
    assert before["if_up[lo]"] == 1
    assert "if_out_bps[lo]" not in before
    assert after["if_out_octets_total[lo]"] > before["if_out_octets_total[lo]"] > 0
    assert {name.partition("[")[0] for name in before} >= {
        "if_in_octets_total", "if_in_errors_total", "if_out_discards_total", "if_speed_bps",
    }  # fmt: skip
    assert not [name for name in before if "[" in name and not name.endswith("[lo]")]


def test_an_interface_that_is_down_or_missing(agent):
    is_(agent.collect("interfaces", interface="lo,ge9"), DOWN, "^ge9 is not present$")


def test_a_link_is_read_from_the_agent(agent):
    def ask(name, **parameters):
        common = {"source": "snmp", "community": "env:COMMUNITY", "timeout_s": 3}
        one = target("link", agent.port, interface=name, **{**common, **parameters})
        return look(one, secret=SECRETS.__getitem__)

    is_(ask("lo"), UP)
    is_(ask("ge9"), DOWN, "^ge9 of dev is not present$")
    sample = ask("lo", community="env:STRANGE", timeout_s=2)
    is_(sample, UNKNOWN, "^cannot read the interfaces of dev: no answer")


def test_load_of_the_machine_itself(agent):
    values = dict(agent.collect("cpu,memory").values)
    assert values["cpu_ratio"] == 0.5
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    kilobytes = {words[0]: int(words[1]) for words in lines}
    used = 1 - kilobytes["MemAvailable:"] / kilobytes["MemTotal:"]
    assert values["memory_used_ratio"] == pytest.approx(used, abs=0.15)


def test_a_full_page_cache_is_no_shortage_of_memory(tmp_path):
    memory = {5: 1000, 6: 20, 14: 30, 15: 550, 27: 600}  # total, free, buffers, cached, available
    lines = (f"override 1.3.6.1.4.1.2021.4.{number}.0 integer {kib}" for number, kib in memory.items())
    agent = Agent(tmp_path, "\n".join(lines))
    with agent.serving():
        assert dict(agent.collect("memory").values)["memory_used_ratio"] == pytest.approx(0.4)


def test_sensors_groups_and_ports_of_the_standards(agent):
    sample = agent.collect("sensors,lag,access")
    is_(sample, UP)
    values = dict(sample.values)
    assert values["temperature_celsius[Inlet]"] == 23.5
    assert values["power_watts[22]"] == 1.5
    assert values["lag_distributing[lo]"] == 1
    assert (values["dot1x_authenticated_ports"], values["dot1x_refused_ports"]) == (2, 1)


def test_what_huawei_tells(agent):
    values = dict(agent.collect("cpu,memory,optical,wifi", platform="huawei_vrp").values)
    assert values["cpu_ratio"] == pytest.approx(0.37)
    assert values["memory_used_ratio"] == pytest.approx(0.61)
    assert values["optical_rx_power_dbm[GigabitEthernet0/0/1]"] == pytest.approx(-3.979, abs=0.001)
    assert values["optical_rx_power_dbm[GigabitEthernet0/0/2]"] == pytest.approx(-6.12)
    assert values["wifi_stations"] == 314
    sample = agent.collect("sensors,ring", platform="huawei_vrp_netconf")
    is_(sample, DOWN, r"^fan_ok\[1\.2\]: abnormal; erps_ok\[1\]: in protection$")
    values = dict(sample.values)
    assert values["temperature_celsius[MPU 0]"] == 48
    assert (values["fan_ok[1.1]"], values["fan_ok[1.2]"], values["erps_ok[1]"]) == (1, 0, 0)


def test_what_cisco_tells(agent):
    sample = agent.collect("cpu,memory,sensors,ring", platform="cisco_iosxe")
    is_(sample, UP)
    values = dict(sample.values)
    assert values["cpu_ratio"] == pytest.approx(0.12)
    assert values["memory_used_ratio[Processor]"] == pytest.approx(0.75)
    assert values["optical_power_dbm[Inlet]"] == pytest.approx(-7.8)
    assert values["rep_segment_complete[5]"] == 1


def test_limits_on_what_is_told(agent):
    sample = agent.collect("cpu", platform="huawei_vrp", max="cpu_ratio=0.3")
    is_(sample, DOWN, "^cpu_ratio is 0.37, expected at most 0.3$")
    is_(agent.collect("cpu", platform="huawei_vrp", max="cpu_ratio=0.4"), UP)
    sample = agent.collect("sensors", max="temperature_celsius=20")
    is_(sample, DOWN, r"^temperature_celsius\[Inlet\] is 23.5, expected at most 20$")


def test_what_nobody_knows_is_unknown(agent):
    is_(
        agent.collect("ring", platform="zte_zxros"),
        UNKNOWN,
        "nothing is known of how zte_zxros tells its ring",
    )


def test_the_table_knows_the_platforms(repo_platforms):
    known = {*table().platforms, *table().same}
    assert known - {"standard"} <= repo_platforms
    assert set(table().platforms["standard"]) <= set(TOPICS)


@pytest.fixture
def repo_platforms():
    return {path.parent.name for path in Path(__file__).parents[2].glob("templates/*/platform.yaml")}
