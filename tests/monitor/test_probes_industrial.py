"""Modbus/TCP against pymodbus, OPC UA against asyncua, and servers that answer wrongly."""

import socket
import sys

import pytest
from monitor_parts import free_port, listens, look, process, target, tcp_server
from test_monitor_probes import is_

from parkops.model import State

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
