"""Modbus/TCP against pymodbus, OPC UA against asyncua, and servers that answer wrongly."""

import asyncio
import socket
import sys
import threading
import time

import pytest
from monitor_parts import free_port, listens, look, process, target, tcp_server, tools, wait_until
from test_monitor_probes import is_

from parkops.model import State
from parkops.monitor import prepare, probes
from parkops.monitor.probes.base import Context

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN

MODBUS = """
import asyncio, sys
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import StartAsyncTcpServer

block = ModbusSequentialDataBlock
meter = ModbusDeviceContext(
    co=block(1, [True, False, True, False, False, False, False, False, True]),
    di=block(1, [False] * 8), hr=block(1, [230, 231, 65535]), ir=block(1, [50]),
)
context = ModbusServerContext(devices={7: meter}, single=False)
asyncio.run(StartAsyncTcpServer(context, address=("127.0.0.1", int(sys.argv[1]))))
"""


@pytest.fixture(scope="module")
def meter():
    port = free_port()
    with process(sys.executable, "-c", MODBUS, port, ready=lambda: listens(port)):
        yield port


def test_modbus(meter):
    sample = look(target("modbus", meter, unit=7, count=3))
    is_(sample, UP)
    assert sample.values == (
        ("register[holding:0]", 230.0), ("register[holding:1]", 231.0), ("register[holding:2]", 65535.0),
    )  # fmt: skip
    sample = look(target("modbus", meter, unit=7, table="coils", count=9))
    assert [number for _, number in sample.values] == [1, 0, 1, 0, 0, 0, 0, 0, 1]
    is_(look(target("modbus", meter, unit=7, table="input", min=45, max=55)), UP)


def test_modbus_says_what_is_wrong(meter):
    sample = look(target("modbus", meter, unit=7, register=0, min=1, max=229))
    is_(sample, DOWN, r"^register\[holding:0\] is 230, expected 1 to 229$")
    assert sample.values == (("register[holding:0]", 230.0),)
    is_(look(target("modbus", meter, unit=7, register=900)), DOWN, "^unit 7 refuses: illegal data address$")
    is_(look(target("modbus", free_port())), DOWN, "^connection refused$")


def reply(head, body):
    """Answer a Modbus request with a head made of its token, and a body."""

    def talk(connection):
        token = connection.recv(99)[:2]
        connection.sendall(head(token) + body)

    return talk


def test_an_opcua_server_that_falls_silent_is_left_in_time(plc):
    """The session stands, and nothing answers any more: the probe ends, and so does its connection."""
    ended = threading.Event()

    def cut(connection):
        with socket.create_connection(("127.0.0.1", plc)) as there:
            for _ in range(4):  # hello, channel, session, its activation
                there.sendall(connection.recv(65_536))
                connection.sendall(there.recv(65_536))
            while connection.recv(65_536):
                pass
            ended.set()

    async def go():
        one = prepare([target("opcua", port, timeout_s=2)])[0]
        async with tools() as shared:
            begin_s = time.monotonic()
            sample = await probes.probe(one, Context(shared, 2))
            return sample, time.monotonic() - begin_s, await asyncio.to_thread(ended.wait, 20)

    with tcp_server(cut) as port:
        sample, took_s, closed = asyncio.run(go())
    is_(sample, DOWN, "^no answer within 2 s$")
    assert took_s < 3
    assert closed


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no Modbus/TCP"),
        (lambda c: (c.recv(99), c.shutdown(socket.SHUT_RDWR)), "closed the connection without an answer"),
        (reply(lambda t: t + b"\0\0\0\3\1", b"\x83\x06"), "unit 1 refuses: server device busy"),
        (reply(lambda t: t + b"\0\0\0\3\1", b"\x83\x63"), "unit 1 refuses: exception 99"),
        (reply(lambda t: t + b"\0\0\0\5\1", b"\x04\x02\0\1"), "does not fit the request"),
        (reply(lambda t: t + b"\0\0\0\3\1", b"\x03\x00"), "fewer values"),
        (reply(lambda t: b"??\0\0\0\5\1", b"\x03\x02\0\1"), "no Modbus/TCP"),
        (lambda c: None, "no answer within 0.4 s"),
    ],
    ids=["http", "closes", "busy", "odd", "function", "empty", "token", "silent"],
)
def test_modbus_judges_the_answer(talk, reason):
    with tcp_server(talk) as port:
        is_(look(target("modbus", port, timeout_s=0.4)), DOWN, reason)


# OPC UA

OPCUA = """
import asyncio, sys, logging
from asyncua import Server, ua
from asyncua.server.user_managers import UserManager
from asyncua.crypto.permission_rules import UserRole, User

class Users(UserManager):
    def get_user(self, iserver, username=None, password=None, certificate=None):
        if username is None:
            return User(role=UserRole.User)
        return User(role=UserRole.User) if (username, password) == ("probe", "open sesame") else None

async def main():
    server = Server(user_manager=Users())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{sys.argv[1]}/park")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace("urn:park")
    spindle = await server.nodes.objects.add_object(ua.NodeId("spindle", space), "spindle")
    await spindle.add_variable(ua.NodeId("spindle.speed", space), "speed", 1200.5)
    await spindle.add_variable(ua.NodeId("spindle.name", space), "name", "主轴")
    async with server:
        if sys.argv[2:] == ["failed"]:
            state = server.get_node(ua.ObjectIds.Server_ServerStatus_State)
            await state.write_value(ua.ServerState.Failed, varianttype=ua.VariantType.Int32)
        print("ready", flush=True)
        await asyncio.sleep(3600)

logging.disable()
asyncio.run(main())
"""


def opcua_server(*options):
    port = free_port()
    return port, process(sys.executable, "-c", OPCUA, port, *options, ready=lambda: listens(port))


@pytest.fixture(scope="module")
def plc():
    port, running = opcua_server()
    with running:
        yield port


def test_opcua(plc):
    sample = look(target("opcua", plc, path="/park", node="ns=2;s=spindle.speed", min=1000, max=1500))
    is_(sample, UP)
    values = dict(sample.values)
    assert values["server_state"] == 0
    assert abs(values["offset_s"]) < 60
    assert values["node_value[ns=2;s=spindle.speed]"] == 1200.5
    is_(look(target("opcua", plc, path="/park", node="ns=2;s=spindle.name")), UP)
    secrets = {"env:GOOD": "open sesame", "env:BAD": "wrong"}
    good = target("opcua", plc, path="/park", user="probe", password="env:GOOD")
    is_(look(good, secret=secrets.__getitem__), UP)
    bad = target("opcua", plc, path="/park", user="probe", password="env:BAD")
    is_(look(bad, secret=secrets.__getitem__), DOWN, "^the server refuses the login: user or password$")


def test_opcua_says_what_is_wrong(plc):
    sample = look(target("opcua", plc, node="ns=2;s=spindle.speed", max=1000))
    is_(sample, DOWN, "^ns=2;s=spindle.speed is 1200.5, expected -inf to 1000$")
    is_(look(target("opcua", plc, node="ns=2;s=spindle.name", max=1)), DOWN, "is '主轴', expected a number")
    is_(look(target("opcua", plc, node="ns=2;s=none")), DOWN, "^the server has no such node$")
    is_(look(target("opcua", free_port())), DOWN, "^connection refused$")


def test_an_opcua_server_that_is_not_running_its_program():
    port, running = opcua_server("failed")
    with running:
        wait_until(lambda: look(target("opcua", port)).state is DOWN, timeout_s=60, what="another state")
        sample = look(target("opcua", port))
    is_(sample, DOWN, "^the server's state is failed$")
    assert sample.values == (("server_state", 1.0),)


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no OPC UA|refuses|no answer"),
        (lambda c: (c.recv(99), c.shutdown(socket.SHUT_RDWR)), "no OPC UA|refuses"),
        (lambda c: None, "no answer within 0.6 s"),
    ],
    ids=["http", "closes", "silent"],
)
def test_opcua_judges_the_answer(talk, reason):
    with tcp_server(talk) as port:
        is_(look(target("opcua", port, timeout_s=0.6)), DOWN, reason)
