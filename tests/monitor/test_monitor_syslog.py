"""Log messages by logger and rsyslog, over UDP, TCP and TLS; what they say, and what many of them make."""

import contextlib
import socket
import ssl
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor_parts import process, wait_until
from passive_parts import AT, HERE, heard_row, listening, needs, rows, run, send

from parkops.errors import UsageError
from parkops.model import Signal
from parkops.monitor.passive import attacks, firewall, patterns, sockets, syslog
from parkops.monitor.passive.intake import Intake, Limit, Said, Senders

DROP = (
    "[  12.5] parkops-forward-drop IN=eth4 OUT=eth1 MAC=02:00 SRC={src} DST={dst} LEN=60 TTL=63 PROTO=TCP"
    " SPT=4001 DPT={port} WINDOW=64240 SYN URGP=0"
)


@pytest.fixture(scope="module")
def ears(tmp_path_factory):
    needs("logger", "rsyslogd", "openssl")
    folder = tmp_path_factory.mktemp("syslog")
    run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
    )  # fmt: skip
    tls = sockets.server_tls(str(folder / "cert.pem"), str(folder / "key.pem"), "")
    with listening(folder, syslog=HERE, syslog_tls=HERE, tls=tls) as (running, heard):
        yield folder, running, heard


@pytest.mark.parametrize(
    ("how", "port"),
    [
        (("-d", "--rfc3164"), "syslog"),
        (("-d", "--rfc5424"), "syslog"),
        (("-T", "--octet-count", "--rfc5424"), "syslog-tcp"),
        (("-T", "--octet-count", "--rfc3164"), "syslog-tcp"),
        (("-T", "--rfc3164"), "syslog-tcp"),
    ],
    ids=" ".join,
)
def test_logger_in_both_forms_over_udp_and_tcp(ears, how, port):
    folder, running, _ = ears
    link = "eth" + "".join(word.strip("-")[:4] for word in how)
    text = f"{link}: NIC Link is Down 中文"
    run("logger", *how, "-n", "127.0.0.1", "-P", running.port(port), "-t", "kernel", "-p", "kern.warn", text)
    row = heard_row(folder, f"linkDown:{link}")
    assert (row.device, row.severity, row.origin, row.text) == ("hx-bd-1", "warning", "syslog", text)


def test_rsyslog_over_tls(ears, tmp_path):
    """RFC 5425: a real rsyslogd checks our certificate, and sends with octet counting."""
    folder, running, _ = ears
    conf = tmp_path / "rsyslog.conf"
    conf.write_text(f"""
global(workDirectory="{tmp_path}" DefaultNetstreamDriver="gtls"
  DefaultNetstreamDriverCAFile="{folder}/cert.pem")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{tmp_path}/log")
action(type="omfwd" target="127.0.0.1" port="{running.port("syslog-tls")}" protocol="tcp"
  TCP_Framing="octet-counted" Template="RSYSLOG_SyslogProtocol23Format" StreamDriver="gtls"
  StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost")
""")
    daemon = ("/usr/sbin/rsyslogd", "-n", "-f", conf, "-i", tmp_path / "pid")
    with process(*daemon, ready=(tmp_path / "log").exists):
        run("logger", "-u", tmp_path / "log", "-t", "watchfrr", "ospfd state -> down : read error")
        row = heard_row(folder, "service-failed:ospfd")
    assert (row.device, row.severity) == ("hx-bd-1", "warning")


def test_a_stream_that_cannot_be_followed_is_closed_and_the_next_one_is_read(ears):
    folder, running, _ = ears
    with socket.create_connection(("127.0.0.1", running.port("syslog-tcp"))) as sock:
        sock.sendall(b"99999999 <1>x")
        sock.settimeout(10)
        assert sock.recv(1) == b""
    assert heard_row(folder, "malformed:syslog").device == "hx-bd-1"
    with socket.create_connection(("127.0.0.1", running.port("syslog-tls"))) as sock:
        sock.sendall(b"no TLS at all\n")
    run("logger", "-T", "--octet-count", "-n", "127.0.0.1", "-P", running.port("syslog-tcp"), "-t", "x", "on")
    heard_row(folder, "log:notice:x")


def test_logins_that_fail_make_an_attack_and_one_that_then_succeeds_has_passed(ears):
    folder, running, heard = ears
    for n in range(5):
        text = f"<38>Nov 28 05:00:0{n} gw sshd[1]: Failed password for root from 10.9.9.9 port 22 ssh2"
        send(text.encode(), running.port("syslog"), AT["fw-1"])
    heard_row(folder, "login-failed:10.9.9.9", count=5)
    wait_until(lambda: "attack-dropped:login:10.9.9.9" in heard.names(), what="the attack")
    send(b"<38>Nov 28 05:00:09 gw sshd[1]: Accepted password for root from 10.9.9.9 port 22 ssh2",
         running.port("syslog"), AT["fw-1"])  # fmt: skip
    wait_until(lambda: "attack-passed:login:10.9.9.9" in heard.names(), what="the break-in")
    last = heard.signals[-1]
    assert (last.severity, last.device) == ("critical", "fw-1")


def test_a_filters_lines_make_a_scan_that_was_repelled(ears):
    folder, running, heard = ears
    for n in range(25):
        line = DROP.format(src="10.16.7.11", dst=f"10.16.6.{n + 1}", port=22)
        run(
            "logger", "-d", "-n", "127.0.0.1", "-P", running.port("syslog"), "-t", "kernel", "--rfc5424", line
        )
    row = heard_row(folder, "firewall-drop:hx-mobile>hx-control", count=25)
    assert (row.device, row.severity) == ("hx-bd-1", "info")
    attack = heard_row(folder, "attack-dropped:scan:10.16.7.11")
    assert (attack.severity, attack.device) == ("warning", "hx-bd-1")
    assert heard.names().count("attack-dropped:scan:10.16.7.11") == 1


def test_a_collector_hands_on_what_devices_have_sent_it(ears):
    """rsyslog of the management server forwards with the host's name; no other device may name one."""
    folder, running, _ = ears
    for source, unit in ((AT["mgmt-1"], "relayed"), (AT["fw-1"], "claimed")):
        line = f"<27>1 2026-11-28T05:00:00Z hx-p1-gw-1 systemd 1 - - {unit}.service: Failed with result 'x'."
        send(line.encode(), running.port("syslog"), source)
    assert heard_row(folder, "service-failed:relayed.service").device == "hx-p1-gw-1"
    assert heard_row(folder, "service-failed:claimed.service").device == "fw-1"


def test_what_our_own_vantage_nodes_try_is_no_attack(ears):
    folder, running, _ = ears
    for target in [t for t in running.ears.ledger.own if t[0] == "10.16.6.10"]:
        line = DROP.format(src=target[0], dst=target[1], port=target[2])
        send(f"<4>kernel: {line}".encode(), running.port("syslog"))
    send(b"<5>Nov 28 05:00:00 gw marker: behind them", running.port("syslog"))
    heard_row(folder, "log:notice:marker")
    assert not [name for name in rows(folder) if name.startswith("firewall-drop:hx-control>")]


# What devices write, as their manuals show it: line, name, severity, clears
LINES = [
    (b"<189>45: *Nov 28 05:00:01.123: %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/1,"
     b" changed state to down", "linkDown:GigabitEthernet0/1", "warning", False),
    (b"<187>46: SW1: Nov 28 05:00:01: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up",
     "linkDown:GigabitEthernet0/1", "info", True),
    (b"<188>Nov 28 2026 05:00:01 SW1 %%01IFNET/4/LINK_STATE(l)[1]:The line protocol IP on the interface"
     b" GigabitEthernet0/0/1 has entered the DOWN state.", "linkDown:GigabitEthernet0/0/1", "warning", False),
    (b"<187>Nov 28 05:00:01 2026 H3C %%10IFNET/3/PHY_UPDOWN: Physical state on the interface"
     b" GigabitEthernet1/0/1 changed to down.", "linkDown:GigabitEthernet1/0/1", "warning", False),
    (b"<189>Nov 28 05:00:01 2026 H3C %%10CFGMAN/5/CFGMAN_CFGCHANGED: -EventIndex=6; Configuration changed.",
     "config-changed", "info", False),
    (b"<28>Nov 28 05:00:01 mx1 mib2d[1]: SNMP_TRAP_LINK_DOWN: ifIndex 5, ifAdminStatus up(1), ifOperStatus"
     b" down(2), ifName ge-0/0/1", "linkDown:ge-0/0/1", "warning", False),
    (b"<189>Nov 28 05:00:01 sw %SYS-5-CONFIG_I: Configured from console by admin on vty0 (10.0.0.1)",
     "config-changed", "info", False),
    (b"<38>1 2026-11-28T05:00:01.5Z gw-1 sshd 77 - [a@1 x=\"]\\\"\"] Failed publickey for invalid user bob"
     b" from 10.0.0.9 port 5 ssh2", "login-failed:10.0.0.9", "info", False),
    (b"<30>Nov 28 05:00:01 ap-1 hostapd: wlan0: STA 02:00:00:00:00:01 IEEE 802.1X: authentication failed",
     "dot1x-failed:02:00:00:00:00:01", "warning", False),
    ("<30>Nov 28 05:00:01 sw 环网: 链路正常".encode("gbk"), "log:info:环网", "info", False),
]  # fmt: skip


@pytest.mark.parametrize(("line", "name", "severity", "clears"), LINES, ids=lambda value: str(value)[:30])
def test_what_vendors_write(line, name, severity, clears):
    said = patterns.read(syslog.parse(line), patterns.builtin())
    assert (said.name, said.severity, said.clears) == (name, severity, clears)
    assert said.text.isprintable()


INVENTED = [  # a user's name that tells of another source
    b"<38>Nov 28 05:00:01 gw sshd[7]: Failed password for invalid user a from 10.0.0.5 port 2 ssh2"
    b" from 10.0.0.9 port 5 ssh2",
    b"<38>Nov 28 05:00:01 gw sshd[7]: Invalid user a from 10.0.0.5 port 2 from 10.0.0.9 port 5",
    b"<38>Nov 28 05:00:01 ap dropbear[7]: Bad password attempt for 'a' from 10.0.0.5:2' from 10.0.0.9:5",
]


@pytest.mark.parametrize("line", INVENTED)
def test_nobody_logs_in_in_anothers_name(line):
    assert patterns.read(syslog.parse(line), patterns.builtin()).name == "login-failed:10.0.0.9"


DROPS = [
    (b"<190>46: SW1: Nov 28 05:00:01: %SEC-6-IPACCESSLOGP: list OT-IN denied tcp 10.16.7.11(4001) ->"
     b" 10.16.6.10(22), 1 packet", ("ot-in", "10.16.7.11", "10.16.6.10", "tcp", 22)),
    (b"<190>46: SW1: Nov 28 05:00:01: %SEC-6-IPACCESSLOGDP: list 101 denied icmp 10.16.7.11 -> 10.16.6.10"
     b" (8/0), 1 packet", ("101", "10.16.7.11", "10.16.6.10", "icmp", 0)),
    (b"<188>Nov 28 2026 05:00:01 FW %%01SEC/4/POLICYDENY(l)[3]:protocol=6, src-ip=10.16.7.11, src-port=4001,"
     b" dst-ip=10.16.6.10, dst-port=22, time=2026/11/28 05:00:01, rule-name=default.",
     ("default", "10.16.7.11", "10.16.6.10", "tcp", 22)),
    (b"<14>Nov 28 05:00:01 srx RT_FLOW: RT_FLOW_SESSION_DENY: session denied 10.16.7.11/4001->10.16.6.10/22"
     b" junos-ssh 6(0) default-deny ot it", ("default-deny", "10.16.7.11", "10.16.6.10", "tcp", 22)),
    (b"<4>Nov 28 05:00:00 ap kernel: [ 9.1] reject wan in: IN=wan OUT= MAC=00 SRC=10.16.7.11 DST=10.16.6.10"
     b" LEN=60 PROTO=TCP SPT=4 DPT=22 WINDOW=1", ("wan in", "10.16.7.11", "10.16.6.10", "tcp", 22)),
    (b"<4>Nov 28 05:00:00 gw kernel: parkops-quoted-drop IN=a OUT=b SRC=10.16.7.11 DST=10.16.6.10 LEN=56"
     b" PROTO=ICMP TYPE=3 CODE=3 [SRC=10.16.6.10 DST=10.16.7.11 LEN=28 PROTO=UDP SPT=53 DPT=4001 LEN=8 ]",
     ("parkops-quoted-drop", "10.16.7.11", "10.16.6.10", "icmp", 0)),
    (b"<4>Nov 28 05:00:00 ap kernel: reject lan in: IN=lan OUT= SRC=10.16.7.11 DST=10.16.6.10 LEN=56"
     b" PROTO=ICMP TYPE=3 CODE=3 [SRC=10.16.6.10 DST=10.16.7.11 LEN=28 PROTO=UDP SPT=53 DPT=4001 LEN=8 ]",
     ("lan in", "10.16.7.11", "10.16.6.10", "icmp", 0)),
    (b"<4>Nov 28 05:00:00 gw kernel: parkops-input-drop IN=eth1 OUT= SRC=fd00:16:7::b DST=fd00:16:6::a LEN=1"
     b" PROTO=ICMPv6 TYPE=128", ("parkops-input-drop", "fd00:16:7::b", "fd00:16:6::a", "icmp", 0)),
]  # fmt: skip


@pytest.mark.parametrize(("line", "packet"), DROPS, ids=[packet[0] for _, packet in DROPS])
def test_what_filters_log(line, packet):
    logged = firewall.read(syslog.parse(line))
    assert (logged.rule, logged.src, logged.dst, logged.protocol, logged.port) == packet
    assert logged.dropped


def test_what_a_filter_lets_pass_is_no_drop():
    line = (
        b"<4>Nov 28 05:00:00 gw kernel: parkops 1001 IN=a OUT=b SRC=10.0.0.1 DST=10.0.0.2 PROTO=TCP DPT=443"
    )
    logged = firewall.read(syslog.parse(line))
    assert (logged.rule, logged.port, logged.dropped) == ("parkops 1001", 443, False)


def test_a_bad_table_of_patterns_is_refused_with_its_mistake():
    with pytest.raises(UsageError, match=r"(?s)mine\.yaml: no table of log patterns.*sevrity"):
        patterns.load("patterns: [{text: a, name: b, sevrity: info}]", "mine.yaml")
    with pytest.raises(UsageError, match="no table of log patterns"):
        patterns.load('patterns: [{text: "(", name: b}]', "mine.yaml")


def test_more_than_its_share_is_not_read_but_counted_and_said():
    now, heard = [100.0], []
    intake = Intake(Senders({"10.0.0.1": "sw-1"}), heard.append, Limit(10, 20), now=lambda: now[0])
    admitted = sum(intake.admit("syslog", "10.0.0.1") for _ in range(50))
    assert (admitted, intake.counts["syslog", "received"], intake.counts["syslog", "limited"]) == (20, 50, 30)
    assert [(s.device, s.name, s.severity) for s in heard] == [("sw-1", "too-many:syslog", "warning")]
    assert intake.admit("syslog", "10.0.0.2")  # others are heard all the same
    now[0] += 1
    assert sum(intake.admit("syslog", "10.0.0.1") for _ in range(50)) == 10


def test_a_clock_that_is_set_back_silences_nobody():
    now, heard = [1000.0], []
    intake = Intake(Senders({"10.0.0.1": "sw-1"}), heard.append, Limit(10, 20), now=lambda: now[0])
    assert intake.admit("syslog", "10.0.0.1")
    now[0] -= 900
    assert sum(intake.admit("syslog", "10.0.0.1") for _ in range(50)) == 19
    assert [signal.name for signal in heard] == ["too-many:syslog"]
    now[0] += 1
    assert sum(intake.admit("syslog", "10.0.0.1") for _ in range(50)) == 10


def test_one_address_does_not_take_all_connections(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, "CONNECTIONS", 60)
    with listening(tmp_path, syslog=HERE) as (running, _), contextlib.ExitStack() as held:
        place = ("127.0.0.1", running.port("syslog-tcp"))
        for _ in range(60):
            held.enter_context(socket.create_connection(place, source_address=("127.0.0.99", 0)))
        for host in ("127.0.0.2",) * 2:
            with socket.create_connection(place, source_address=(host, 0)) as connection:
                connection.sendall(b"<14>Nov 28 12:00:00 sw app: hello\n")
        heard_row(tmp_path, "log:info:app", count=2)
        assert (
            heard_row(tmp_path, "unknown-sender:127.0.0.99").text == "malformed:syslog: too many connections"
        )


def test_forged_senders_fill_nothing():
    heard: list[Signal] = []
    intake = Intake(Senders({}), heard.append, now=lambda: 100.0)
    for number in range(700):
        intake.say("syslog", f"10.0.{number // 250}.{number % 250}", Said("linkDown:x", "critical"))
    assert intake.counts["syslog", "stranger"] == 700
    assert len({signal.name for signal in heard}) == 501
    assert {signal.severity for signal in heard} == {"info"}


def test_an_attack_is_told_once_and_ends_when_it_is_quiet():
    told = []
    watch = attacks.Attacks(lambda device, said: told.append((device, said.name, said.clears)))
    for n in range(40):
        watch.scan(100.0 + n, "fw-1", "10.0.0.9", ("10.1.0.1", n), dropped=True)
    watch.tick(200.0)
    assert told == [("fw-1", "attack-dropped:scan:10.0.0.9", False)]
    watch.tick(139.0 + 300)
    assert told[1:] == [("fw-1", "attack-dropped:scan:10.0.0.9", True)]
    slow = attacks.Attacks(lambda *_: pytest.fail("twenty tries in an hour are no scan"))
    for n in range(20):
        slow.scan(180.0 * n, "fw-1", "10.0.0.9", ("10.1.0.1", n), dropped=True)


@given(st.binary(max_size=400))
@settings(max_examples=500, deadline=None)
def test_nothing_that_comes_stops_the_reader(data):
    for message in (data, b"<34>" + data, b"<34>1 - - - - - " + data, b"<34>Nov 28 05:00:00 " + data):
        try:
            found = syslog.parse(message)
        except ValueError:
            continue
        assert found.text.isprintable()
        firewall.read(found)
        assert patterns.read(found, patterns.builtin()).name


@given(st.lists(st.binary(min_size=1, max_size=60).filter(lambda b: b"\n" not in b), max_size=8), st.data())
@settings(max_examples=200, deadline=None)
def test_frames_come_out_whole_however_they_are_cut(messages, data):
    stream = b"".join(b"%d %s" % (len(message), message) for message in messages)
    frames, found, place = syslog.Frames(), [], 0
    while place < len(stream):
        step = data.draw(st.integers(1, 40))
        found += frames.feed(stream[place : place + step])
        place += step
    assert found == messages


@pytest.mark.parametrize(
    "piece", ["ring ", "IN=", "list a denied tcp 1 ", "Failed password for a ", "FILTER/6/: "]
)
def test_a_message_made_to_keep_the_reader_busy_does_not(piece):
    data = b"<34>kernel: " + piece.encode() * (60_000 // len(piece))
    before_s = time.process_time()
    message = syslog.parse(data)
    assert firewall.read(message) is None
    assert patterns.read(message, patterns.builtin()).name
    assert time.process_time() - before_s < 2


@pytest.mark.parametrize("piece", [b"\n", b"1 \n"])
def test_a_stream_of_very_short_messages_is_cut_at_once(piece):
    frames = syslog.Frames()
    before_s = time.process_time()
    frames.feed(piece * 1_000_000)
    assert time.process_time() - before_s < 5


def test_what_is_heard_while_the_store_refuses_is_written_later(tmp_path):
    place = tmp_path / "parkops.db"
    place.write_bytes(b"this is no database, for now" * 40)
    with listening(tmp_path, syslog=HERE) as (running, _):
        send(b"<5>Nov 28 05:00:00 gw early: in vain", running.port("syslog"))
        wait_until(lambda: running.counts["syslog", "signal"] == 1, what="the message")
        place.unlink()
        heard_row(tmp_path, "log:notice:early")


def test_senders_that_must_show_a_certificate(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", tmp_path / "k", "-out", tmp_path / "c", "-days", "2", "-subj", "/CN=x"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = sockets.server_tls(str(tmp_path / "c"), str(tmp_path / "k"), str(tmp_path / "c"))
    assert context.verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(UsageError, match="no certificate to serve TLS with"):
        sockets.server_tls(str(tmp_path / "none"), "", "")
    with listening(tmp_path, syslog=HERE) as (running, _), pytest.raises(UsageError, match="cannot listen"):
        sockets.bind("127.0.0.1", running.port("syslog-tcp"), socket.SOCK_STREAM)
