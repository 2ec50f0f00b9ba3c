"""gNMI against a gRPC server whose messages the reference implementation of Protocol Buffers encodes."""

import contextlib
import importlib
import json
import sys
import threading
from concurrent import futures

import pytest
from hypothesis import given
from hypothesis.strategies import binary
from monitor_parts import free_port, look, target, tcp_server
from test_monitor_probes import is_
from test_probes_tls import Authority

from parkops.errors import UsageError
from parkops.model import State
from parkops.monitor import prepare
from parkops.monitor.probes import wire
from parkops.monitor.probes.gnmi_messages import response_of

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
grpc = pytest.importorskip("grpc")

# The messages that a subscription needs, by the numbers of gnmi.proto.
PROTO = """
syntax = "proto3";
package gnmi;
message PathElem { string name = 1; map<string, string> key = 2; }
message Path { string origin = 2; repeated PathElem elem = 3; string target = 4; }
message Decimal64 { int64 digits = 1; uint32 precision = 2; }
message TypedValue { oneof value {
  string string_val = 1; int64 int_val = 2; uint64 uint_val = 3; bool bool_val = 4; bytes bytes_val = 5;
  float float_val = 6; Decimal64 decimal_val = 7; bytes json_val = 10; bytes json_ietf_val = 11;
  double double_val = 14; } }
message Update { Path path = 1; TypedValue val = 3; uint32 duplicates = 4; }
message Notification { int64 timestamp = 1; Path prefix = 2; repeated Update update = 4; }
message Subscription { Path path = 1; int32 mode = 2; uint64 sample_interval = 3; }
message SubscriptionList {
  Path prefix = 1; repeated Subscription subscription = 2; int32 mode = 5; int32 encoding = 8; }
message SubscribeRequest { SubscriptionList subscribe = 1; }
message SubscribeResponse { oneof response { Notification update = 1; bool sync_response = 3; } }
"""


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    from grpc_tools import protoc

    folder = tmp_path_factory.mktemp("gnmi")
    (folder / "park_gnmi.proto").write_text(PROTO)
    assert protoc.main(["", f"-I{folder}", f"--python_out={folder}", str(folder / "park_gnmi.proto")]) == 0
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("park_gnmi_pb2")
    finally:
        sys.path.remove(str(folder))


def text_of(path):
    return "".join(
        f"/{elem.name}" + "".join(f"[{key}={elem.key[key]}]" for key in sorted(elem.key))
        for elem in path.elem
    )


class Switch:
    """A gNMI server with a few leaves; it remembers what it was asked."""

    def __init__(self, messages):
        self.messages, self.seen, self.metadata = messages, [], []
        path = "/interfaces/interface[name=ge-0/0/1]/state/"
        self.leaves = {
            path + "oper-status": {"json_ietf_val": b'"UP"'},
            path + "counters/in-octets": {"json_ietf_val": b'"18446744073709551615"'},
            path + "mtu": {"uint_val": 9000},
            path + "offset": {"int_val": -3},
            path + "ratio": {"double_val": 0.25},
            path + "power": {"decimal_val": messages.Decimal64(digits=-612, precision=2)},
            path + "enabled": {"bool_val": True},
            path + "tree": {"json_val": json.dumps({"a": 1}).encode()},
        }

    def subscribe(self, requests, context):
        self.metadata.append(dict(context.invocation_metadata()))
        if self.metadata[-1].get("password", "open sesame") != "open sesame":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "bad password")
        request = next(requests).subscribe
        self.seen.append(request)
        wanted = text_of(request.subscription[0].path)
        if wanted == "/nonsense":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such path")
        for path, content in self.leaves.items():
            if path.startswith(wanted):
                yield self._response(path, content)
        yield self.messages.SubscribeResponse(sync_response=True)
        if request.mode == 0:  # STREAM goes on
            done = threading.Event()
            context.add_callback(done.set)
            done.wait(30)

    def _response(self, path, content):
        from parkops.monitor.probes.gnmi_messages import path as encode

        whole = self.messages.Path.FromString(encode(path))
        prefix = self.messages.Path(elem=whole.elem[:2])
        update = self.messages.Update(
            path=self.messages.Path(elem=whole.elem[2:]), val=self.messages.TypedValue(**content)
        )
        return self.messages.SubscribeResponse(
            update=self.messages.Notification(timestamp=1, prefix=prefix, update=[update])
        )


@pytest.fixture
def serve(messages):
    """Start gRPC servers; each ends with the test."""
    servers = []

    def start(service="gnmi.gNMI", credentials=None):
        switch = Switch(messages)
        handler = grpc.stream_stream_rpc_method_handler(
            switch.subscribe,
            request_deserializer=messages.SubscribeRequest.FromString,
            response_serializer=messages.SubscribeResponse.SerializeToString,
        )
        server = grpc.server(futures.ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {"Subscribe": handler}),)
        )
        if credentials:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        else:
            port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return port, switch

    yield start
    for server in servers:
        server.stop(None).wait(10)


STATE = "/interfaces/interface[name=ge-0/0/1]/state"


def test_gnmi(serve):
    port, switch = serve()
    sample = look(target("gnmi", port, tls="no", path=STATE))
    is_(sample, UP)
    values = dict(sample.values)
    assert values["gnmi_updates"] == 8
    assert values[f"gnmi_value[{STATE}/mtu]"] == 9000
    assert values[f"gnmi_value[{STATE}/offset]"] == -3
    assert values[f"gnmi_value[{STATE}/ratio]"] == 0.25
    assert values[f"gnmi_value[{STATE}/power]"] == -6.12
    assert values[f"gnmi_value[{STATE}/enabled]"] == 1
    assert values[f"gnmi_value[{STATE}/counters/in-octets]"] == 2.0**64
    (request,) = switch.seen
    assert text_of(request.subscription[0].path) == STATE
    assert (request.mode, request.encoding) == (1, 4)


def test_gnmi_stream_ends_when_all_was_told_once(serve):
    port, switch = serve()
    is_(look(target("gnmi", port, tls="no", path=f"{STATE}/oper-status", mode="stream", equals="up")), UP)
    entry = switch.seen[0].subscription[0]
    assert (switch.seen[0].mode, entry.mode, entry.sample_interval) == (0, 2, 10**9)


@pytest.mark.parametrize("mode", ["once", "stream"])
def test_gnmi_knows_a_server_that_ends_the_call_before_it_reads(serve, mode):
    """The status may arrive before the request has gone out; about one call in twenty did so."""
    port, _ = serve("other.Service")
    told = {look(target("gnmi", port, tls="no", path="/a", mode=mode)).reason for _ in range(100)}
    assert told == {"the server speaks no gNMI: Method not found!"}


def test_gnmi_says_what_is_wrong(serve):
    port, switch = serve()
    switch.leaves[f"{STATE}/oper-status"] = {"string_val": "DOWN"}
    sample = look(target("gnmi", port, tls="no", path=f"{STATE}/oper-status", equals="UP"))
    is_(sample, DOWN, rf"^{STATE.replace('[', chr(92) + '[')}/oper-status is DOWN, expected UP$")
    is_(look(target("gnmi", port, tls="no", path="/system/clock")), DOWN, "^nothing is at /system/clock$")
    is_(
        look(target("gnmi", port, tls="no", path="/nonsense")),
        DOWN,
        "^the server has no such path: no such path$",
    )
    is_(look(target("gnmi", free_port(), tls="no", path="/a")), DOWN, "^connection refused$")
    other, _ = serve("other.Service")
    is_(look(target("gnmi", other, tls="no", path="/a")), DOWN, "^the server speaks no gNMI")
    with tcp_server(lambda c: c.sendall(b"SSH-2.0-x\r\n")) as ssh:
        is_(
            look(target("gnmi", ssh, tls="no", path="/a", timeout_s=3)),
            DOWN,
            "no gRPC server|no answer within",
        )


def test_gnmi_login(serve):
    port, switch = serve()
    secrets = {"env:GOOD": "open sesame", "env:BAD": "wrong"}
    common = {"tls": "no", "path": "/interfaces", "user": "probe"}
    is_(look(target("gnmi", port, **common, password="env:GOOD"), secret=secrets.__getitem__), UP)
    assert switch.metadata[-1]["username"] == "probe"
    sample = look(target("gnmi", port, **common, password="env:BAD"), secret=secrets.__getitem__)
    is_(sample, DOWN, "^the server refuses the login: bad password$")


def test_gnmi_over_tls(serve, tmp_path):
    authority = Authority(tmp_path)
    chain, key = authority.certificate("switch", names=("switch.park.example",))
    pair = (key.read_bytes(), chain.read_bytes())
    port, _ = serve(credentials=grpc.ssl_server_credentials([pair]))
    common = {"path": "/interfaces", "timeout_s": 4}
    is_(look(target("gnmi", port, **common, ca=authority.file, name="switch.park.example")), UP)
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "another CA").file
    is_(
        look(target("gnmi", port, **common, ca=other, name="switch.park.example")), DOWN, "TLS|no gRPC server"
    )
    is_(look(target("gnmi", port, **common, ca=tmp_path / "none")), UNKNOWN, "cannot read CAs")


@pytest.mark.parametrize("wrong", ["interfaces", "//a", "/a[b]/c", "/a[b=c", "/a]"])
def test_paths_are_checked(wrong):
    with pytest.raises(UsageError, match="expected"):
        prepare([target("gnmi", path=wrong)])


@pytest.mark.parametrize("data", [b"\x0a\xff", b"\xff" * 20, b"\x0b", b"\x0a"])
def test_garbage_is_no_message(data):
    with pytest.raises(ValueError, match="no Protocol Buffers"):
        list(wire.fields(data))


@given(binary(max_size=200))
def test_whatever_comes_is_read_or_refused(data):
    with contextlib.suppress(ValueError):
        response_of(data)


def test_a_number_of_any_precision_is_refused():
    """Ten to the power of what a server sends is not computed."""

    def of(digits, precision):
        number = wire.message(7, wire.number(1, digits) + wire.number(2, precision))
        update = wire.message(1, wire.message(3, wire.message(1, "a"))) + wire.message(3, number)
        return wire.message(1, wire.message(4, update))

    assert response_of(of(314, 2))[0][0].content == 3.14
    with pytest.raises(ValueError, match="digits"):
        response_of(of(314, 3_000_000))


def test_numbers_on_the_wire():
    for amount in (0, 1, 127, 128, 300, 2**32, 2**64 - 1):
        assert list(wire.fields(wire.number(7, amount))) == [(7, amount)]
    assert wire.signed(2**64 - 5) == -5
