"""TLS and HTTP over TLS against nginx, with certificates good and bad."""

import datetime
import shutil
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from monitor_parts import free_port, listens, look, process, target, tcp_server, wait_until
from test_monitor_probes import is_

from parkops.model import State

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
NOW = datetime.datetime.now(datetime.UTC)


def days(number):
    return datetime.timedelta(days=number)


class Authority:
    """A CA of a test's own, and what it signs."""

    def __init__(self, folder, name="园区 CA"):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / "ca.pem"
        self.file.write_bytes(self._sign(self.name, self.key, -30, 3650, ca=True))

    def _sign(self, subject, key, begins, ends, ca=False, names=(), issuer=None, signer=None):
        alternatives = [x509.DNSName(name) for name in names]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + days(begins))
            .not_valid_after(NOW + days(ends))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        done = builder.sign(signer or self.key, hashes.SHA256())
        return done.public_bytes(serialization.Encoding.PEM)

    def certificate(self, name, begins=-10, ends=90, names=("broker.park.example",), self_signed=False):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = {"issuer": subject, "signer": key} if self_signed else {}
        chain = self.folder / f"{name}.pem"
        chain.write_bytes(self._sign(subject, key, begins, ends, names=names, **own))
        private = self.folder / f"{name}.key"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return chain, private


KINDS = {
    "good": {},
    "soon": {"ends": 5},
    "expired": {"begins": -100, "ends": -12},
    "just": {"begins": -100, "ends": -0.2},
    "early": {"begins": 7},
    "other": {"names": ("mes.park.example", "mes2.park.example")},
    "own": {"self_signed": True},
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Ports of one nginx by kind of certificate, and the CA."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    ports, blocks = {}, ""
    for name, options in KINDS.items():
        chain, key = authority.certificate(name, **options)
        port = ports[name] = free_port()
        blocks += (
            f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key};"
            f" root {folder}; location /hello {{ return 200 'hello $host'; }} }}\n"
        )
    (folder / "nginx.conf").write_text(
        f"""daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}
        http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
        fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
        {blocks} }}"""
    )
    folder.chmod(0o755)

    def ready():
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", ports["own"])) == 0

    command = ("nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log", "-g", "user root;")
    with process(*command, ready=ready):
        yield ports, authority.file


pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx")


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        ("good", UP, ""),
        ("soon", DOWN, r"^the certificate expires in (4\.9|5\.0) days, expected at least 14$"),
        ("expired", DOWN, "^the certificate expired 12 days ago$"),
        ("just", DOWN, r"^the certificate expired \d h ago$"),
        ("early", DOWN, "^the certificate is not valid yet, for another 7 days$"),
        ("other", DOWN, "^the certificate is for mes.park.example, mes2.park.example, not for broker.park"),
        ("own", DOWN, r"^the certificate is self-signed \(CN=own\)$"),
    ],
)
def test_tls_tells_what_is_wrong_with_a_certificate(servers, kind, state, reason):
    ports, ca = servers
    sample = look(target("tls", ports[kind], ca=ca, name="broker.park.example", min_days=14))
    is_(sample, state, reason)
    left = dict(sample.values)["days_left"]
    expected = KINDS[kind].get("ends", 90)
    assert expected - 0.1 < left <= expected


def test_tls_trusts_only_its_own_ca(servers, tmp_path):
    ports, _ = servers
    stranger = Authority(tmp_path, "somebody else").file
    for ca in ({"ca": stranger}, {}):  # without one, the system's
        sample = look(target("tls", ports["good"], name="broker.park.example", **ca))
        is_(sample, DOWN, r"^the certificate's issuer is not trusted \(CN=园区 CA\)$")
    sample = look(target("tls", ports["good"], ca=tmp_path / "none.pem"))
    is_(sample, UNKNOWN, "there is no file of CAs")
    (tmp_path / "bad.pem").write_text("nothing")
    is_(look(target("tls", ports["good"], ca=tmp_path / "bad.pem")), UNKNOWN, "cannot read CAs from")


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), "^no TLS: "),
        (lambda c: (c.recv(9), c.shutdown(socket.SHUT_RDWR)), "closed the connection during|no TLS: "),
        (lambda c: None, "no answer within 0.4 s"),
    ],
    ids=["ssh", "closes", "silent"],
)
def test_tls_says_what_is_wrong(talk, reason):
    with tcp_server(talk) as port:
        is_(look(target("tls", port, timeout_s=0.4)), DOWN, reason)
    is_(look(target("tls", free_port())), DOWN, "^connection refused$")


def test_a_server_that_wants_our_certificate_says_so_after_the_handshake(tmp_path):
    """In TLS 1.3 its alert comes with the first read: the target is down, and the number is no errno."""
    authority, port = Authority(tmp_path), free_port()
    chain, key = authority.certificate("server")
    command = ("openssl", "s_server", "-accept", port, "-cert", chain, "-key", key, "-CAfile", authority.file)
    with process(*command, "-Verify", "1", "-www", "-quiet", ready=lambda: listens(port)):
        known = {"ca": authority.file, "name": "broker.park.example"}
        sample = look(target("https", port, **known))
        is_(sample, DOWN, "^TLS: .*certificate required$")
        sample = look(target("identifier", port, identifier="88.1/x", tls="yes", **known))
        is_(sample, DOWN, "^TLS: .*certificate required$")


def test_mqtt_over_tls(tmp_path):
    authority, port = Authority(tmp_path), free_port()
    tmp_path.chmod(0o755)
    chain, key = authority.certificate("broker")
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(
        f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\ncertfile {chain}\nkeyfile {key}\n"
    )
    with process("mosquitto", "-c", configuration, ready=lambda: listens(port)):
        secure = {"tls": "yes", "ca": authority.file}
        sample = look(target("mqtt", port, **secure, name="broker.park.example"))
        is_(sample, UP)
        assert 89 < dict(sample.values)["days_left"] <= 90
        late = look(target("mqtt", port, **secure, name="broker.park.example", min_days=100))
        is_(late, DOWN, r"^the certificate expires in (89\.9|90\.0) days, expected at least 100$")
        is_(look(target("mqtt", port, **secure, name="mes.park.example")), DOWN, "not for mes.park.example$")
        is_(look(target("mqtt", port)), DOWN, "closed the connection|connection reset|no MQTT")
    plain = tmp_path / "plain.conf"
    plain.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with process("mosquitto", "-c", plain, ready=lambda: listens(port)):
        is_(look(target("mqtt", port, **secure)), DOWN, "^(no TLS: |closed the connection during)")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_tls_refuses_old_versions(tmp_path):
    chain, key = Authority(tmp_path).certificate("old")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    server.maximum_version = ssl.TLSVersion.TLSv1_1

    def talk(connection):
        server.wrap_socket(connection, server_side=True)

    with tcp_server(talk) as port:
        sample = look(target("tls", port, ca=tmp_path / "ca.pem", name="broker.park.example"))
        is_(sample, DOWN, "^no TLS: .*(version|protocol|alert)")


def test_https(servers):
    ports, ca = servers
    common = {"ca": ca, "name": "broker.park.example", "path": "/hello"}
    sample = look(target("https", ports["good"], **common, body="hello broker.park.example", min_days=14))
    is_(sample, UP)
    assert [name for name, _ in sample.values] == ["days_left", "http_status", "body_bytes"]
    is_(look(target("https", ports["good"], **{**common, "path": "/none"})), DOWN, "status 404, expected 200")
    is_(look(target("https", ports["good"], **common, body="bye")), DOWN, "does not contain 'bye'")
    is_(look(target("https", ports["expired"], **common)), DOWN, "expired 12 days ago")
    is_(look(target("https", ports["soon"], **common, min_days=14)), DOWN, "expires in")


def test_a_renewed_certificate_is_good_at_once(tmp_path):
    """What the monitor saw of a server is not remembered."""
    authority = Authority(tmp_path)
    port = free_port()

    def serve(name, **options):
        chain, key = authority.certificate(name, **options)
        return process(
            "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", chain, "-key", key, "-quiet"
        )

    one = target("tls", port, ca=authority.file, name="broker.park.example")
    with serve("old", begins=-9, ends=-3):
        wait_until(lambda: "expired 3 days ago" in look(one).reason, what="an expired certificate")
    with serve("new"):
        wait_until(lambda: look(one).state is UP, what="a good certificate")
