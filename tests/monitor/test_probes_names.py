"""DNS against unbound, RADIUS against FreeRADIUS, and servers that answer wrongly."""

import contextlib
import hashlib
import hmac
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest
from hypothesis import given
from hypothesis.strategies import binary
from monitor_parts import free_port, look, process, target
from test_monitor_probes import is_

from parkops.errors import UsageError
from parkops.model import State
from parkops.monitor import prepare
from parkops.monitor.probes.base import DownError
from parkops.monitor.probes.dns import _parse
from parkops.monitor.probes.radius import _check, _place, _request

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
UDP = socket.SOCK_DGRAM


def udp_server(answer):
    """Answer each datagram with ``answer(data)`` until the process ends; None answers nothing."""
    sock = socket.socket(socket.AF_INET, UDP)
    sock.bind(("127.0.0.1", 0))

    def serve():
        while True:
            data, peer = sock.recvfrom(4096)
            told = answer(data)
            if told is not None:
                sock.sendto(told, peer)

    threading.Thread(target=serve, daemon=True).start()
    return sock.getsockname()[1]


# DNS

UNBOUND = """
server:
  directory: "{d}"
  chroot: ""
  username: ""
  pidfile: ""
  interface: 127.0.0.1@{port}
  do-daemonize: no
  use-syslog: no
  logfile: "{d}/unbound.log"
  access-control: 127.0.0.0/8 allow
  access-control: 127.0.0.9/32 refuse
  local-zone: "park.example." static
  local-data: "mes.park.example. 300 IN A 10.16.0.7"
  local-data: "mes.park.example. 300 IN A 10.16.0.8"
  local-data: "mes.park.example. 300 IN AAAA fd00:16::7"
  local-data: "park.example. 60 IN MX 10 mail.park.example."
  local-data: "_opcua._tcp.park.example. 60 IN SRV 0 5 4840 plc.park.example."
  local-data: 'text.park.example. 60 IN TXT "园区"'
  local-data: 'long.park.example. 60 IN TXT "{half}" "{half}"'
  local-data: "7.0.16.10.in-addr.arpa. 60 IN PTR mes.park.example."
{many}
remote-control:
  control-enable: no
"""


@pytest.fixture(scope="module")
def unbound(tmp_path_factory):
    if not shutil.which("unbound"):
        pytest.skip("needs unbound")
    folder, port = tmp_path_factory.mktemp("unbound"), free_port(UDP)
    many = "".join(f'  local-data: "many.park.example. 60 IN A 10.1.0.{n}"\n' for n in range(1, 250))
    (folder / "unbound.conf").write_text(UNBOUND.format(d=folder, port=port, many=many, half="k" * 200))

    def ready():
        return look(target("dns", port, name="mes.park.example", timeout_s=1)).state is UP

    with process("unbound", "-d", "-c", folder / "unbound.conf", ready=ready):
        yield port


def test_dns(unbound):
    sample = look(target("dns", unbound, name="mes.park.example", answer="10.16.0.8, 10.16.0.7"))
    is_(sample, UP)
    assert sample.values == (("answers", 2.0), ("ttl_s", 300.0))
    is_(look(target("dns", unbound, name="MES.park.example.", type="AAAA", answer="FD00:16:0::7")), UP)
    is_(look(target("dns", unbound, name="park.example", type="MX", answer="10 mail.park.example")), UP)
    srv = target(
        "dns", unbound, name="_opcua._tcp.park.example", type="SRV", answer="0 5 4840 plc.park.example"
    )
    is_(look(srv), UP)
    is_(look(target("dns", unbound, name="text.park.example", type="TXT", answer="园区")), UP)
    long = target("dns", unbound, name="long.park.example", type="TXT", answer="k" * 400)
    is_(look(long), UP)  # strings of one record are one text
    ptr = target("dns", unbound, name="7.0.16.10.in-addr.arpa", type="PTR", answer="mes.park.example")
    is_(look(ptr), UP)
    is_(look(target("dns", unbound, name="none.park.example", rcode="NXDOMAIN")), UP)


def test_dns_says_what_is_wrong(unbound):
    sample = look(target("dns", unbound, name="none.park.example"))
    is_(sample, DOWN, "^answers NXDOMAIN for none.park.example, expected NOERROR$")
    sample = look(target("dns", unbound, name="text.park.example", type="AAAA"))
    is_(sample, DOWN, "^knows no AAAA record of text.park.example$")
    sample = look(target("dns", unbound, name="mes.park.example", answer="10.16.0.9"))
    is_(sample, DOWN, "^answers 10.16.0.[78], 10.16.0.[78] for mes.park.example, expected 10.16.0.9$")
    is_(look(target("dns", free_port(UDP), name="mes.park.example")), DOWN, "^connection refused$")


def test_dns_goes_on_over_tcp_where_the_answer_is_long(unbound):
    sample = look(target("dns", unbound, name="many.park.example", answer="10.1.0.249"))
    is_(sample, UP)
    assert dict(sample.values)["answers"] == 249


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda q: None, "no answer within 0.5 s"),
        (lambda q: b"\0\0" + q[2:], "no answer within 0.5 s"),  # another's question
        (lambda q: q, "no answer within 0.5 s"),  # a question is no answer
        (lambda q: q[:2] + struct.pack("!HHHHH", 0x8182, 1, 0, 0, 0) + q[12:], "answers SERVFAIL"),
        (lambda q: q[:2] + struct.pack("!HHHHH", 0x8180, 1, 9, 0, 0) + q[12:], "no DNS message"),
        (lambda q: q[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + q[12:] + b"\xc0\x0c" * 2, "no DNS"),
        (
            lambda q: q[:2] + struct.pack("!HHHHH", 0x8180, 0, 1, 0, 0) + b"\xc0\x0c" + bytes(10),
            "no DNS message",
        ),
    ],
    ids=["silent", "other-id", "echo", "servfail", "cut", "garbage", "loop"],
)
def test_dns_judges_the_answer(answer, reason):
    is_(look(target("dns", udp_server(answer), name="a.example", timeout_s=0.5)), DOWN, reason)


@given(binary(max_size=120))
def test_whatever_comes_is_read_or_refused(data):
    question = b"ab" + bytes(10)
    for reply in (data, b"ab\x81\x80" + data):
        for kind in (1, 12, 15, 16, 33):
            with contextlib.suppress(DownError):
                _parse(question, kind, reply)
    with contextlib.suppress(DownError):
        _check(bytes(20), b"key", data)


def test_an_answer_made_to_keep_the_monitor_busy_does_not():
    """Thousands of records that point at one name without end."""
    endless = b"\x01a" * 7000 + b"\0\0\1\0\1" + bytes(4) + b"\0\4" + bytes(4)
    records = endless + (b"\xc0\x0c" + endless[-14:]) * 2999
    before_s = time.process_time()
    with pytest.raises(DownError, match="no DNS message"):
        _parse(b"ab" + bytes(10), 1, b"ab\x81\x80" + struct.pack("!HHHH", 0, 3000, 0, 0) + records)
    assert time.process_time() - before_s < 1


def test_dns_tells_that_tcp_is_closed_where_it_is_needed():
    cut = udp_server(lambda q: q[:2] + struct.pack("!HHHHH", 0x8380, 1, 0, 0, 0) + q[12:])
    sample = look(target("dns", cut, name="a.example"))
    is_(sample, DOWN, "^cuts its answer short over UDP, and over TCP: connection refused$")


def test_a_lost_datagram_is_no_outage():
    seen = []

    def third(question):
        seen.append(question)
        reply = question[:2] + struct.pack("!HHHHH", 0x8183, 1, 0, 0, 0) + question[12:]
        return reply if len(seen) == 3 else None

    is_(look(target("dns", udp_server(third), name="a.example", rcode="NXDOMAIN", timeout_s=1.5)), UP)
    assert len(set(seen)) == 1, "the same question three times"


# RADIUS

RADIUSD = """
prefix = /usr
name = parkops-test
confdir = {d}
libdir = /usr/lib/freeradius
logdir = {d}
run_dir = {d}
db_dir = {d}
pidfile = {d}/pid
max_request_time = 5
cleanup_delay = 0
security {{
  allow_vulnerable_openssl = yes
}}
client probes {{
  ipaddr = 127.0.0.1
  secret = park-secret
  require_message_authenticator = yes
}}
modules {{
  pap {{
  }}
  files {{
    filename = {d}/users
  }}
}}
server default {{
  listen {{
    type = auth
    ipaddr = 127.0.0.1
    port = {port}
  }}
  authorize {{
    files
    pap
  }}
  authenticate {{
    pap
  }}
}}
"""
USERS = (
    'probe Cleartext-Password := "open sesame"\n\tReply-Message = "welcome", Message-Authenticator = 0x00\n'
)


@pytest.fixture(scope="module")
def freeradius(tmp_path_factory):
    if not shutil.which("freeradius"):
        pytest.skip("needs freeradius")
    folder, port = tmp_path_factory.mktemp("radius"), free_port(UDP)
    (folder / "radiusd.conf").write_text(RADIUSD.format(d=folder, port=port))
    (folder / "users").write_text(USERS)
    shutil.copy("/etc/freeradius/3.0/dictionary", folder / "dictionary")

    def ready():
        return look(target("radius", port, key="env:KEY", timeout_s=1), secret=SECRETS.get).state is UP

    subprocess.run(["freeradius", "-C", "-l", "stdout", "-d", folder], check=True, capture_output=True)
    with process("freeradius", "-f", "-l", "stdout", "-d", folder, ready=ready):
        yield port


SECRETS = {
    "env:KEY": "park-secret",
    "env:OTHER": "secret-park",
    "env:GOOD": "open sesame",
    "env:BAD": "wrong",
}


def ask(port, **parameters):
    return look(target("radius", port, **{"key": "env:KEY", **parameters}), secret=SECRETS.__getitem__)


def test_radius(freeradius):
    is_(ask(freeradius), UP)  # nobody is refused, in signed words
    is_(ask(freeradius, user="probe", password="env:GOOD"), UP)
    is_(ask(freeradius, user="nobody", password="env:GOOD", result="reject"), UP)


def test_radius_says_what_is_wrong(freeradius):
    is_(
        ask(freeradius, user="probe", password="env:BAD"),
        DOWN,
        "^answers reject for probe.*, expected accept$",
    )
    sample = ask(freeradius, user="probe", password="env:GOOD", result="reject")
    is_(sample, DOWN, r"^answers accept for probe \(welcome\), expected reject$")
    is_(ask(freeradius, key="env:OTHER", timeout_s=2), DOWN, "^no answer: .*shares another secret")
    is_(ask(free_port(UDP)), DOWN, "^connection refused$")
    forged = udp_server(lambda q: bytes((2, q[1], 0, 20)) + bytes(16))
    is_(ask(forged, timeout_s=0.6), DOWN, "^the answer is not signed with our shared secret$")
    garbage = udp_server(lambda q: bytes((2, q[1], 9, 9)) + bytes(16))
    is_(ask(garbage, timeout_s=0.6), DOWN, "no RADIUS packet")
    is_(ask(freeradius, user="n" * 300), UNKNOWN, "^a user name that is too long for RADIUS$")


def signed(request, key=b"park-secret", message_key=b"park-secret"):
    """An Access-Accept with a Message-Authenticator."""
    head = bytes((2, request[1], 0, 38))
    zeroed = head + request[4:20] + bytes((80, 18)) + bytes(16)
    fields = bytes((80, 18)) + hmac.digest(message_key, zeroed, "md5")
    return head + hashlib.md5(head + request[4:20] + fields + key).digest() + fields


def test_radius_wants_each_signature_to_be_right(freeradius):
    """RFC 3579, 3.2: one that is wrong is discarded, and the true answer may follow (CVE-2024-3596)."""
    is_(ask(udp_server(signed), user="probe"), UP)
    forged = udp_server(lambda q: signed(q, message_key=b"stranger"))
    is_(ask(forged, user="probe", timeout_s=0.6), DOWN, "^the answer is not signed with our shared secret$")
    answers = [lambda q: bytes((2, q[1], 0, 20)) + bytes(16), signed]
    two = udp_server(lambda request: answers.pop(0)(request))  # noqa: PLW0108 - another one each time
    is_(ask(two, user="probe", timeout_s=3), UP)
    with socket.socket(socket.AF_INET, UDP) as sock:
        sock.settimeout(20)
        request = _request("probe", b"open sesame", b"park-secret")
        sock.sendto(request, ("127.0.0.1", freeradius))
        reply = sock.recv(4096)
    assert _place(reply), "FreeRADIUS signs its answers"
    at = _place(reply)
    assert _check(request, b"park-secret", reply) == reply
    wrong = reply[:at] + bytes(16) + reply[at + 16 :]
    head, body = wrong[:4], wrong[20:]
    again = head + hashlib.md5(head + request[4:20] + body + b"park-secret").digest() + body
    with pytest.raises(DownError, match="not signed"):
        _check(request, b"park-secret", again)


def test_secrets_that_are_not_there_leave_it_unknown(freeradius):
    def nothing(reference):
        raise UsageError(f"the secret {reference} is not set")

    sample = look(target("radius", freeradius, key="env:NONE"), secret=nothing)
    is_(sample, UNKNOWN, "the secret env:NONE is not set")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (target("dns"), "needs the parameter 'name'"),
        (target("dns", name="a..b"), "'a..b' is no domain name"),
        (target("dns", name="a" * 64), "is no domain name"),
        (target("dns", name="a.example", type="ANY"), "expected one of A, NS"),
        (target("radius"), "needs the parameter 'key'"),
        (target("radius", key="park-secret"), "expected a secret reference"),
        (target("modbus", count=200), "a whole number from 1 to 120"),
        (target("tls", min_days="-1"), "expected a number above 0"),
        (target("radius", key="env:K", expect="blocked"), "unknown parameter 'expect'"),
    ],
)
def test_parameters_are_checked(wrong, message):
    with pytest.raises(UsageError, match=message):
        prepare([wrong])
