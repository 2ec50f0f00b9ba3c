"""Syslog arrival against rsyslog, identifier resolution against nginx, throughput and exits in namespaces."""

import shutil
import socket

import pytest
from monitor_parts import free_port, listens, look, process, target, tcp_server
from test_monitor_probes import is_
from test_probes_tls import Authority

from parkops.model import State

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN

RSYSLOG = """
global(workDirectory="{d}" DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{d}/ca.pem"
  DefaultNetstreamDriverCertFile="{d}/collector.pem" DefaultNetstreamDriverKeyFile="{d}/collector.key")
module(load="imudp")
module(load="imtcp")
template(name="park" type="string" string="{d}/park/%HOSTNAME%.log")
ruleset(name="collect") {{ action(type="omfile" dynaFile="park" fileCreateMode="0644") }}
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="collect")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="collect")
input(type="imtcp" address="127.0.0.1" port="{tls}" ruleset="collect"
  StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
"""


class Collector:
    """An rsyslog that sorts what arrives by host, as the park's collectors do."""

    def __init__(self, folder):
        self.udp, self.tcp, self.tls = free_port(socket.SOCK_DGRAM), free_port(), free_port()
        self.file = folder / "park" / "parkops-probe.log"
        self.config = folder / "rsyslog.conf"
        self.folder = folder
        Authority(folder).certificate("collector")
        self.config.write_text(RSYSLOG.format(d=folder, udp=self.udp, tcp=self.tcp, tls=self.tls))

    def serving(self):
        command = ("rsyslogd", "-n", "-f", self.config, "-i", self.folder / "pid")
        return process(*command, ready=lambda: listens(self.tcp))


@pytest.fixture
def collector(tmp_path):
    if not shutil.which("rsyslogd"):
        pytest.skip("needs rsyslogd")
    collector = Collector(tmp_path)
    with collector.serving():
        yield collector


def test_a_message_arrives(collector):
    trust = {"ca": collector.folder / "ca.pem", "name": "broker.park.example"}
    ways = (("udp", collector.udp, {}), ("tcp", collector.tcp, {}), ("tls", collector.tls, trust))
    for protocol, port, more in ways:
        common = {"file": collector.file, "read": "local", "timeout_s": 10}
        sample = look(target("syslog", port, protocol=protocol, **common, **more))
        is_(sample, UP)
        ((name, arrival_s),) = sample.values
        assert name == "arrival_s"
        assert 0 <= arrival_s < 10
    lines = collector.file.read_text().splitlines()
    assert len(lines) == 3
    assert all(" parkops-probe parkops" in line and " probe parkops-" in line for line in lines)


def test_a_message_that_is_sought_over_ssh(collector, sshd):
    common = {"file": collector.file, "ssh_port": sshd.port, "timeout_s": 10}
    is_(look(target("syslog", collector.udp, **common), login=sshd.login), UP)
    elsewhere = {**common, "file": "/no/such/file's.log", "timeout_s": 8}
    sample = look(target("syslog", collector.udp, **elsewhere), login=sshd.login)
    is_(sample, DOWN, "^the message did not arrive in /no/such/file's.log within 8 s$")
    with tcp_server(lambda connection: None) as silent:
        one = target("syslog", collector.udp, **{**common, "ssh_port": silent, "timeout_s": 0.5})
        is_(look(one, login=sshd.login), UNKNOWN, "^cannot look into the collector within 0.5 s$")
    sample = look(target("syslog", collector.udp, **common), login=sshd.strange_user_key)
    is_(sample, UNKNOWN, "^cannot look into the collector: login as root refused$")
    is_(look(target("syslog", collector.udp, **common)), UNKNOWN, "cannot log in")


def test_why_a_message_does_not_arrive(collector, tmp_path):
    nobody = look(target("syslog", free_port(), file=collector.file, read="local", timeout_s=0.5))
    is_(nobody, DOWN, "^the message did not arrive in .*parkops-probe.log within 0.5 s$")
    refused = target("syslog", free_port(), file=collector.file, read="local", protocol="tcp")
    is_(look(refused), DOWN, "^connection refused$")
    folder = target("syslog", collector.udp, file=tmp_path, read="local", timeout_s=0.5)
    is_(look(folder), UNKNOWN, "^cannot read .*: is a directory$")
    plain = target("syslog", collector.tcp, file=collector.file, read="local", protocol="tls", timeout_s=2)
    is_(look(plain), DOWN, "TLS|no answer within")


# Identifier resolution

NGINX = """daemon off; pid {d}/pid; error_log {d}/error.log; events {{}}
http {{ access_log off; client_body_temp_path {d}/b; proxy_temp_path {d}/p;
fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
map $uri $found {{ default "";
  "/resolve/88.136.1/spindle-0001" "华星主轴 0001"; "/resolve/88.136.1/空" "空白"; }}
server {{ listen 127.0.0.1:{port}; listen 127.0.0.1:{tls} ssl; charset utf-8;
  ssl_certificate {d}/id.pem; ssl_certificate_key {d}/id.key;
  location /resolve/ {{ default_type application/json; if ($found = "") {{ return 404 '{{}}'; }}
    return 200 "{{\\"prefix\\": \\"88.136.1\\", \\"value\\": \\"$found\\"}}"; }}
  location /text/ {{ return 200 "plain value\\n"; }}
  location /empty/ {{ return 200 '{{"value": ""}}'; }}
  location /ill/ {{ return 503; }} }} }}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    if not shutil.which("nginx"):
        pytest.skip("needs nginx")
    folder, port, tls = tmp_path_factory.mktemp("identifier"), free_port(), free_port()
    authority = Authority(folder)
    authority.certificate("id", names=("id-1.park.example",))
    (folder / "nginx.conf").write_text(NGINX.format(d=folder, port=port, tls=tls))
    folder.chmod(0o755)
    command = ("nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log", "-g", "user root;")
    with process(*command, ready=lambda: listens(port)):
        yield port, tls, authority.file


def resolve(port, what, **parameters):
    return look(target("identifier", port, identifier=what, **parameters))


def test_an_identifier_resolves(node):
    port, tls, ca = node
    is_(resolve(port, "88.136.1/spindle-0001", value="华星主轴 0001"), UP)
    is_(resolve(port, "88.136.1/空"), UP)
    is_(resolve(port, "x", path="/text/", value="plain value"), UP)
    is_(resolve(tls, "88.136.1/spindle-0001", tls="yes", ca=ca, name="id-1.park.example"), UP)


def test_why_an_identifier_does_not_resolve(node):
    port, tls, ca = node
    is_(resolve(port, "88.136.1/none"), DOWN, "^does not know the identifier 88.136.1/none$")
    sample = resolve(port, "88.136.1/spindle-0001", value="华星主轴 0002")
    is_(sample, DOWN, "^resolves 88.136.1/spindle-0001 to 华星主轴 0001, expected 华星主轴 0002$")
    is_(resolve(port, "x", path="/empty/"), DOWN, "^resolves x to nothing$")
    is_(resolve(port, "x", path="/ill/"), DOWN, "^answers HTTP status 503 for x, expected 200$")
    is_(resolve(tls, "x", tls="yes", ca=ca, name="id-2.park.example"), DOWN, "certificate is for id-1.park")
    is_(resolve(free_port(), "x"), DOWN, "^connection refused$")
