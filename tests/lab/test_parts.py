"""The parts that need no lab: the agent's reading, the relay's clock, listeners, prober, preflight."""

from __future__ import annotations

import socket
import struct
import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import lab_parks as parks
import pytest
from switching import BRIDGE, NETCONF, Access, Trunk, payload

from parkops.errors import LabError, MachineError
from parkops.lab import agent, listeners, machine, prober, relay, template
from parkops.lab.blueprint import blueprint
from parkops.lab.spec import load_spec


def read(children: str, ports: tuple[str, ...] = ("p1", "p2", "p3", "p4")) -> agent.Switch:
    return agent.wanted(ET.fromstring(f'<data xmlns="{NETCONF}">{children}</data>'), ports)


def test_the_agent_reads_access_trunk_and_rstp() -> None:
    switch = read(
        payload({"p1": Trunk((102, 101)), "p3": Access(101), "p4": None}, priority=3, disabled=["p4"])
    )
    assert switch.priority == 3
    assert switch.address == "02:00:00:00:00:01"
    assert switch.down == ("p4",)
    trunk, access = switch.ports
    assert (trunk.name, trunk.mode, trunk.trunks, trunk.edge) == ("p1", "trunk", (101, 102), False)
    assert (access.name, access.mode, access.tag, access.edge) == ("p3", "access", 101, True)


def test_the_agent_reads_ranges_and_hybrid_ports() -> None:
    document = payload({"p1": Trunk((101,)), "p3": Access(7)}).replace("<vids>101<", "<vids>20,101-103<")
    assert read(document).ports[0].trunks == (20, 101, 102, 103)
    hybrid = payload({"p1": Access(7)})
    hybrid = hybrid.replace("admit-only-untagged-and-priority-tagged", "admit-all-frames")
    entry = hybrid[hybrid.index("<vlan-registration-entry>") : hybrid.index("</filtering-database>")]
    hybrid = hybrid.replace(
        entry, entry + entry.replace("<vids>7<", "<vids>8<").replace("untagged", "tagged")
    )
    port = read(hybrid).ports[0]
    assert (port.mode, port.tag, port.trunks) == ("native-untagged", 7, (7, 8))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<bridge-name>br0<", "<bridge-name>br1<"),
        ("<component-name>c0<", "<component-name>c1<"),
        ("<name>p1<", "<name>p9<"),
    ],
)
def test_a_port_of_another_bridge_is_no_port_of_this_one(right: str, wrong: str) -> None:
    document = payload({"p1": Access(5)})
    assert len(read(document).ports) == 1
    assert read(document.replace(right, wrong)).ports == ()


def test_membership_that_is_forbidden_or_unregistered_is_none() -> None:
    document = payload({"p1": Access(5)})
    for text in (
        document.replace("fixed-new-ignored", "forbidden"),
        document.replace("<pvid>5<", "<pvid>6<"),
    ):
        port = read(text).ports[0]
        assert (port.mode, port.tag, port.trunks) == ("trunk", 0, (agent.NO_VLAN,))


def test_the_agent_takes_away_what_is_gone() -> None:
    words = agent.transaction(read(payload({"p1": Access(5)})), ["p1", "p2"])
    assert words.count("del-port") == 1
    assert words[words.index("del-port") + 2] == "p2"
    assert agent.transaction(read(""), ["p1"]) == ["--if-exists", "del-br", "br0"]
    bridgeless = f'<bridges xmlns="{BRIDGE}"><bridge><name>br0</name></bridge></bridges>'
    assert not read(bridgeless).exists


def test_frames_keep_their_order_and_wait() -> None:
    schedule = relay.Schedule(delay_s=0.1, jitter_s=0.09, loss=0.0)
    for number in range(50):
        schedule.put(1.0 + number / 1000, 0, bytes([number]))
    assert schedule.due(1.0) == []
    assert schedule.pause_s(1.0) is not None
    assert [frame[0] for _, frame in schedule.due(9.0)] == list(range(50))
    assert schedule.pause_s(9.0) is None


def test_a_share_of_the_frames_is_lost() -> None:
    schedule = relay.Schedule(0.0, 0.0, 0.25)
    schedule.random.seed(7)
    for _ in range(4000):
        schedule.put(0.0, 1, b"frame")
    assert 2850 < len(schedule.due(1.0)) < 3150


def test_a_stripped_vlan_tag_is_put_back() -> None:
    frame = b"\x01" * 6 + b"\x02" * 6 + b"\x08\x00payload"
    aux = struct.pack("IIIHHHH", relay._VLAN_VALID | relay._TPID_VALID, 0, 0, 0, 0, 101, 0x8100)
    tagged = relay.tagged(frame, [(263, 8, aux)])
    assert tagged == frame[:12] + b"\x81\x00\x00\x65" + frame[12:]
    assert relay.tagged(frame, [(263, 8, bytes(20))]) == frame


@pytest.fixture
def server() -> tuple[int, int]:
    ports = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    served = listeners.Server(
        "host-1", [listeners.Listener("http", "tcp", ports[0]), listeners.Listener("echo", "udp", ports[1])]
    )
    threading.Thread(target=served.serve, args=(20,), daemon=True).start()
    return ports[0], ports[1]


def test_listeners_say_who_they_are(server: tuple[int, int]) -> None:
    tcp, udp = server
    with socket.create_connection(("127.0.0.1", tcp), timeout=3) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.makefile().read().endswith("host-1 http\n")
    with socket.create_connection(("::1", tcp), timeout=3) as client:
        for _ in range(2):
            client.sendall(b"hello")
            assert client.recv(100) == b"host-1 http hello"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(3)
        client.sendto(b"x", ("127.0.0.1", udp))
        assert client.recv(100) == b"host-1 echo x"


def test_the_prober_tells_who_answered(server: tuple[int, int]) -> None:
    tcp, udp = server
    right = prober.Trial("right", "127.0.0.1", "tcp", tcp, 1.0, 1, True, "host-1")
    assert prober.attempt(right).result == "answer"
    assert prober.attempt(replace(right, name="host-2")).result == "silent"  # the one that was meant is
    assert prober.attempt(replace(right, protocol="udp", port=udp)).result == "answer"
    assert prober.attempt(replace(right, port=1, attempts=2)).result == "refused"
    assert prober.attempt(replace(right, protocol="udp", port=514, speak=False)).result == "unable"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        started_s = time.monotonic()
        trial = replace(right, protocol="udp", port=mute.getsockname()[1], timeout_s=0.3)
        silent = prober.attempt(trial)
    assert (silent.result, silent.detail) == ("silent", "no answer within 0.3 s")
    assert time.monotonic() - started_s < 2


def test_the_blueprint_survives_its_json() -> None:
    keys = {device.name: "key" for device in parks.routed().devices}
    lab = blueprint(parks.routed(), "public", keys, True, {})
    assert load_spec(lab.dump()) == lab
    assert [node.platform for node in lab.nodes] == ["frr", "frr", "linux", "host", "host"]
    assert lab.node("b-1").listeners[0].port == 80
    assert lab.node("gw-1").addresses == ()  # a managed node gets its addresses by push


def test_a_platform_that_cannot_run_is_said() -> None:
    device = replace(parks.device("x-1", "host"), platform="vrp")
    with pytest.raises(LabError, match="x-1: platform vrp cannot run in the lab"):
        blueprint(parks.park([device], []), "", {}, False, {})


def test_what_is_missing_is_listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_ALWAYS", (("no-such-program", "no-such-package"),))
    monkeypatch.setitem(machine._BY_PLATFORM, "host", (("/no/such/file", "another-package"),))
    missing = machine.preflight(["host"])
    assert [(one.what, one.package) for one in missing] == [
        ("no-such-program", "no-such-package"),
        ("/no/such/file", "another-package"),
    ]
    with pytest.raises(
        MachineError, match=r"(?s)no-such-program.*apt-get install another-package no-such-package"
    ):
        machine.require(["host"])
    assert MachineError.exit_code == 3


def test_only_programs_accounts_are_taken_along() -> None:
    passwd = (
        "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"
    )
    group = "root:x:0:\nadm:x:4:me,root\nme:x:1000:\n"
    kept = template.system_accounts(passwd, group)
    assert "me:" not in kept[0]
    assert kept[1] == "root:x:0:\nadm:x:4:root\n"


def test_what_not_everybody_may_read_stays_outside(tmp_path: Path) -> None:
    source = tmp_path / "machine"
    for name, mode in (("nginx/site.conf", 0o644), ("nginx/secret.key", 0o600)):
        template.write(source / name, "text", mode)
    (source / "nginx").chmod(0o755)
    for name in ("passwd", "group"):
        template.write(source / name, "")
    template.build_etc(tmp_path / "etc", source)
    assert (tmp_path / "etc/nginx/site.conf").exists()
    assert not (tmp_path / "etc/nginx/secret.key").exists()
    assert not (tmp_path / "etc/shadow").exists()
