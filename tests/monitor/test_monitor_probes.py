"""Each probe against the real thing, and against things that are not what they should be."""

import http.server
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from monitor_parts import free_port, listens, look, process, target, tcp_server

from parkops.errors import UsageError
from parkops.model import State
from parkops.monitor import prepare

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


def is_(sample, state, pattern=""):
    assert sample.state is state, sample
    if state is UP:
        assert sample.rtt_s > 0
        assert sample.reason == ""
    else:
        assert re.search(pattern, sample.reason), sample.reason
        assert sample.rtt_s is None


# TCP


def test_tcp():
    with tcp_server(lambda connection: None) as port:
        is_(look(target("tcp", port)), UP)
    is_(look(target("tcp", free_port())), DOWN, "^connection refused$")


def test_tcp_ipv6():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        is_(look(target("tcp", server.getsockname()[1], "::1")), UP)


def test_no_route_is_unknown_not_down():
    code = "from test_monitor_probes import no_route; no_route()"
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def no_route():
    """Run in a network namespace with nothing in it."""
    for probe in ("icmp", "tcp", "ssh", "mqtt", "http", "ntp"):
        is_(look(target(probe, 9, "192.0.2.1")), UNKNOWN, "network is unreachable")


# SSH


def test_ssh_version_exchange(sshd):
    is_(look(target("ssh", sshd.port)), UP)
    is_(look(target("ssh", sshd.port, version="OpenSSH")), UP)
    sample = look(target("ssh", sshd.port, version="dropbear"))
    is_(sample, DOWN, "^the server says SSH-2.0-OpenSSH.*, expected 'dropbear' in it$")


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (lambda c: c.sendall(b"220 mail ESMTP\r\n" * 30), "no SSH version line"),
        (lambda c: c.sendall(b"x" * 1000), "no SSH version line"),
        (lambda c: c.sendall(b"SSH-1.5-old\r\n"), "not SSH 2.0"),
        (lambda c: c.shutdown(socket.SHUT_RDWR), "closed the connection before"),
        (lambda c: None, "no answer within 0.3 s"),
    ],
    ids=["other-lines", "no-line", "ssh1", "closes", "silent"],
)
def test_ssh_says_what_is_wrong(talk, reason):
    with tcp_server(talk) as port:
        is_(look(target("ssh", port, timeout_s=0.3)), DOWN, reason)


def test_ssh_takes_lines_before_the_version():
    with tcp_server(lambda c: c.sendall(b"welcome\r\nto the park\r\nSSH-2.0-x\r\n")) as port:
        is_(look(target("ssh", port)), UP)


def test_ssh_login_checks_the_host_key_and_logs_in(sshd):
    is_(look(target("ssh", sshd.port, login="yes"), login=sshd.login), UP)
    is_(look(target("ssh", sshd.port, login="yes"), login=sshd.strange_host_key), DOWN, "[Hh]ost key")
    is_(look(target("ssh", sshd.port, login="yes"), login=sshd.strange_user_key), DOWN, "login as .* refused")
    is_(look(target("ssh", sshd.port, login="yes")), UNKNOWN, "cannot log in: no login")


# HTTP


@pytest.fixture
def web():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"hello from {self.path}, host {self.headers['Host']}".encode()
            self.send_response(503 if self.path == "/ill" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_http(web):
    is_(look(target("http", web)), UP)
    is_(look(target("http", web, path="/well?x=1", body="from /well")), UP)
    is_(look(target("http", web, path="/ill", status=503)), UP)
    is_(look(target("http", web, host="id.park.example", body="host id.park.example:")), UP)
    is_(look(target("http", web, path="/ill")), DOWN, "^HTTP status 503, expected 200$")
    is_(look(target("http", web, body="good bye")), DOWN, "does not contain 'good bye'")


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (lambda c: c.sendall(b"SSH-2.0-x\r\n"), "not HTTP"),
        (lambda c: c.sendall(b"x" * 200_000), "not HTTP"),
        (lambda c: (c.recv(999), c.shutdown(socket.SHUT_RDWR)), "without an answer"),
        (lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n"), "no answer within 0.3 s"),
    ],
    ids=["other", "no-line", "closes", "half"],
)
def test_http_says_what_is_wrong(talk, reason):
    with tcp_server(talk) as port:
        is_(look(target("http", port, timeout_s=0.3)), DOWN, reason)


def test_http_ends_with_the_body_where_the_connection_stays_open():
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    with tcp_server(lambda c: (c.recv(999), c.sendall(answer))) as port:
        is_(look(target("http", port, body="ok", timeout_s=3)), UP)


@pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx")
def test_http_of_nginx(tmp_path):
    port = free_port()
    (tmp_path / "resolve").write_text("88.118.1/device")
    (tmp_path / "nginx.conf").write_text(
        f"""daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}
        http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;
        fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
        server {{ listen 127.0.0.1:{port}; root {tmp_path}; gzip on; }} }}"""
    )
    tmp_path.chmod(0o755)
    command = ("nginx", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log", "-g", "user root;")
    with process(*command, ready=lambda: listens(port)):
        is_(look(target("http", port, path="/resolve", body="88.118.1")), UP)
        is_(look(target("http", port, path="/none")), DOWN, "status 404")
    is_(look(target("http", port)), DOWN, "connection refused")


# MQTT


@pytest.fixture
def broker(tmp_path):
    port = free_port()
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with process("mosquitto", "-c", configuration, ready=lambda: listens(port)) as running:
        yield port, running


def test_mqtt_publishes_and_receives(broker):
    is_(look(target("mqtt", broker[0])), UP)
    a, b = look(*(target("mqtt", broker[0], topic="shared/topic", detail=str(n)) for n in range(2)))
    is_(a, UP)
    is_(b, UP)


def test_mqtt_of_a_dead_broker(broker):
    port, running = broker
    running.kill()
    running.wait()
    is_(look(target("mqtt", port)), DOWN, "connection refused")


def test_mqtt_login(tmp_path):
    port = free_port()
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "probe", "open sesame"], check=True)
    users.chmod(0o644)
    tmp_path.chmod(0o755)
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"user root\nlistener {port} 127.0.0.1\npassword_file {users}\n")
    secrets = {"env:GOOD": "open sesame", "env:BAD": "wrong"}
    with process("mosquitto", "-c", configuration, ready=lambda: listens(port)):
        good = target("mqtt", port, user="probe", password="env:GOOD")
        is_(look(good, secret=secrets.__getitem__), UP)
        bad = target("mqtt", port, user="probe", password="env:BAD")
        is_(look(bad, secret=secrets.__getitem__), DOWN, "not authorized|bad user name")
        is_(look(target("mqtt", port)), DOWN, "not authorized|bad user name")


def test_mqtt_that_may_not_be_published_is_told_so(tmp_path):
    """The broker drops it without a word (MQTT 3.1.1, 3.3.5)."""
    port, rights = free_port(), tmp_path / "acl"
    rights.write_text("topic read parkops/#\n")
    rights.chmod(0o600)
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(
        f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\nacl_file {rights}\n"
    )
    with process("mosquitto", "-c", configuration, ready=lambda: listens(port)):
        sample = look(target("mqtt", port, topic="parkops/a", timeout_s=2))
        is_(sample, DOWN, r"^a message to parkops/a does not come back: may we write and read it\?$")


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"." * 99), "packet type 4, expected 2"),
        (lambda c: c.sendall(b"\x20\xff\xff\xff\xff\xff"), "no MQTT"),
        (lambda c: (c.recv(99), c.sendall(b"\x20\x02\x00\x03")), "server unavailable"),
        (lambda c: (c.recv(99), c.shutdown(socket.SHUT_RDWR)), "closed the connection"),
        (lambda c: (c.sendall(b"\x20\x02\x00\x00"), c.sendall(b"\x90\x03\x00\x01\x80")), "subscription"),
        (lambda c: c.sendall(b"\x20\x02\x00\x00\x90\x03\x00\x01\x00"), "does not come back"),
    ],
    ids=["http", "length", "unavailable", "closes", "no-subscription", "swallows"],
)
def test_mqtt_says_what_is_wrong(talk, reason):
    with tcp_server(talk) as port:
        is_(look(target("mqtt", port, timeout_s=0.3)), DOWN, reason)


# NTP


@pytest.mark.skipif(not shutil.which("chronyd"), reason="needs chronyd")
def test_ntp_of_chronyd(tmp_path):
    port = free_port(socket.SOCK_DGRAM)
    configuration = tmp_path / "chrony.conf"
    configuration.write_text(
        f"port {port}\nbindaddress 127.0.0.1\ncmdport 0\nbindcmdaddress /\nlocal stratum 8\nallow 127/8\n"
        f"pidfile {tmp_path}/pid\n"
    )

    def answers():
        return look(target("ntp", port)).state is UP

    with process("chronyd", "-x", "-d", "-u", "root", "-f", configuration, ready=answers):
        is_(look(target("ntp", port, max_offset_s=0.5, max_stratum=8)), UP)
        is_(look(target("ntp", port, max_stratum=7)), DOWN, "stratum 8, expected at most 7")
    is_(look(target("ntp", port)), DOWN, "connection refused")


def ntp_server(leap=0, mode=4, stratum=2, offset_s=0.0, reference=b"\x7f\0\0\1", echo=True, slow_s=(0.0,)):
    """Answer as often as there are delays, which are on the way back; None for an answer that is lost."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve():
        import time

        for way_s in slow_s:
            data, peer = sock.recvfrom(512)
            now = struct.pack("!Q", int((time.time() + offset_s + 2_208_988_800) * 2**32))
            origin = data[40:48] if echo else bytes(8)
            head = bytes((leap << 6 | 4 << 3 | mode, stratum, 6, 0xE8)) + bytes(8) + reference + bytes(8)
            if way_s is not None:
                time.sleep(way_s)
                sock.sendto(head + origin + now + now, peer)
        sock.close()

    threading.Thread(target=serve, daemon=True).start()
    return sock.getsockname()[1]


@pytest.mark.parametrize(
    ("server", "state", "reason"),
    [
        ({}, UP, ""),
        ({"offset_s": 3.0}, DOWN, r"offset \+[23]\.\d+ s, expected at most 0.1 s"),
        ({"leap": 3}, DOWN, "not synchronised"),
        ({"stratum": 16}, DOWN, "not synchronised"),
        ({"stratum": 0, "reference": b"RATE"}, DOWN, "kiss code: RATE"),
        ({"mode": 3}, DOWN, "mode 3"),
        ({"echo": False, "slow_s": (0, 0, 0)}, DOWN, "no answer within"),
    ],
    ids=["good", "offset", "leap", "stratum", "kiss", "mode", "not-ours"],
)
def test_ntp_judges_the_answer(server, state, reason):
    is_(look(target("ntp", ntp_server(**server), max_offset_s=0.1, timeout_s=0.5)), state, reason)


def test_a_lost_datagram_of_time_is_no_outage():
    is_(look(target("ntp", ntp_server(slow_s=(None, None, 0.0)), max_offset_s=0.1, timeout_s=2.0)), UP)


def test_a_slow_answer_does_not_put_the_clock_off():
    """Half of what the way back took looks like an offset; a quick answer after it tells the truth."""
    sample = look(target("ntp", ntp_server(slow_s=(0.4, 0.0)), max_offset_s=0.1, timeout_s=2.0))
    is_(sample, UP)
    assert abs(dict(sample.values)["offset_s"]) < 0.05
    sample = look(target("ntp", ntp_server(slow_s=(0.4, 0.4, 0.4)), max_offset_s=0.1, timeout_s=2.0))
    is_(sample, UP)
    assert set(dict(sample.values)) == {"stratum", "delay_s"}
    assert sample.rtt_s == dict(sample.values)["delay_s"] >= 0.4
    far = ntp_server(offset_s=3.0, slow_s=(0.4, 0.4, 0.4))
    is_(look(target("ntp", far, max_offset_s=0.1, timeout_s=2.0)), DOWN, r"offset \+2\.\d+ s, expected")


# The table


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (target("icmpp"), r"dev/icmpp: unknown probe 'icmpp': expected one of icmp, tcp, ssh"),
        (target("icmp", address="core-1"), "'core-1' is no IP address"),
        (target("tcp"), "dev/tcp: needs a port"),
        (target("tcp", 70000), "port 70000 is out of range"),
        (target("icmp", interval_s=0), "interval 0 s is not above 0"),
        (target("http", paht="/"), "unknown parameter 'paht': expected one of body, boundary, expect, host"),
        (target("http", path="x"), "a path that begins with /"),
        (target("http", status="2xx"), "a whole number from 100 to 599"),
        (target("link"), "needs the parameter 'interface'"),
        (
            target("link", interface="p1", source="telnet"),
            "expected one of netconf, node_exporter, frr, snmp",
        ),
        (target("mqtt", password="hunter2"), "expected a secret reference"),
        (target("ntp", max_offset_s="-1"), "expected a number above 0"),
        (target("ssh", login="maybe"), "expected one of yes, no"),
        (target("netconf", modules="ietf-interfaces, 1x"), "'1x' is no YANG module name"),
        (target("icmp", timeout_s="soon"), "timeout_s='soon'"),
        (target("icmp", severity="bad"), "expected one of critical, warning"),
    ],
    ids=lambda value: value.id if hasattr(value, "id") else "",
)
def test_targets_are_checked_strictly(wrong, message):
    with pytest.raises(UsageError, match=re.escape(message) if "[" not in message else message):
        prepare([wrong])


def test_all_mistakes_are_told_at_once():
    with pytest.raises(UsageError) as caught:
        prepare([target("icmp"), target("icmp"), target("tcp", detail="x"), target("nope")])
    assert [word for word in ("2 times", "needs a port", "unknown probe") if word in str(caught.value)] == [
        "2 times", "needs a port", "unknown probe",
    ]  # fmt: skip


def test_a_bug_in_a_probe_is_no_outage(monkeypatch):
    async def broken(target, context):
        raise ZeroDivisionError("a bug")

    import dataclasses

    from parkops.monitor import probes

    table = {**probes.PROBES, "tcp": dataclasses.replace(probes.PROBES["tcp"], probe=broken)}
    monkeypatch.setattr(probes, "PROBES", table)
    is_(look(target("tcp", 1)), UNKNOWN, "ZeroDivisionError: a bug")
