"""LLDP neighbours over NETCONF, told by a small server in the words of IEEE 802.1AB and of OpenConfig."""

import asyncio
import re
import threading

import asyncssh
import pytest
from monitor_parts import Sshd, look, target
from test_monitor_probes import is_

from parkops.model import State

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
END = "]]>]]>"
BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
HELLO = (
    f'<hello xmlns="{BASE}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>'
    "<capability>{0}?module={1}&amp;revision=2022-01-01</capability></capabilities>"
    "<session-id>1</session-id></hello>"
)
IEEE = "urn:ieee:std:802.1AB:yang:ieee802-dot1ab-lldp", "ieee802-dot1ab-lldp"
OPENCONFIG = "http://openconfig.net/yang/lldp", "openconfig-lldp"

IEEE_PORT = (
    "<port><name>{0}</name><dest-mac-address>01-80-C2-00-00-0E</dest-mac-address><remote-systems-data>"
    "<time-mark>1</time-mark><remote-index>1</remote-index><port-id-subtype>interface-name</port-id-subtype>"
    "<port-id>{2}</port-id><port-desc>to the core</port-desc><system-name>{1}</system-name>"
    "</remote-systems-data></port>"
)
OPENCONFIG_PORT = (
    "<interface><name>{0}</name><neighbors><neighbor><id>1</id><state><system-name>{1}</system-name>"
    "<port-id>aa:bb:cc:00:11:22</port-id><port-description>{2}</port-description></state></neighbor>"
    "</neighbors></interface>"
)


def in_ieee(*ports):
    return "<lldp xmlns='{}'>{}</lldp>".format(IEEE[0], "".join(IEEE_PORT.format(*port) for port in ports))


def in_openconfig(*ports):
    body = "".join(OPENCONFIG_PORT.format(*port) for port in ports)
    return f"<lldp xmlns='{OPENCONFIG[0]}'><interfaces>{body}</interfaces></lldp>"


class Switch:
    """A NETCONF server that announces one module and answers every get with one text."""

    def __init__(self, keys, module, data):
        self._keys, self._module, self._data = keys, module, data
        self.asked = []
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *error):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        self._stop = asyncio.Event()
        folder = self._keys.folder
        server = await asyncssh.listen(
            "127.0.0.1",
            self._keys.port,
            server_host_keys=[str(folder / "host")],
            authorized_client_keys=str(folder / "authorized_keys"),
            process_factory=self._talk,
            encoding="utf-8",
        )
        self._ready.set()
        await self._stop.wait()
        server.close()
        await server.wait_closed()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _talk(self, process):
        process.stdout.write(HELLO.format(*self._module) + END)
        buffer = ""
        while data := await process.stdin.read(4096):
            buffer += data
            while END in buffer:
                message, _, buffer = buffer.partition(END)
                found = re.search(r'message-id="([^"]+)"', message)
                if found:
                    self.asked.append(message)
                    head = f'<rpc-reply xmlns="{BASE}" message-id="{found[1]}">'
                    process.stdout.write(f"{head}<data>{self._data}</data></rpc-reply>{END}")
        process.exit(0)


@pytest.fixture
def ask(tmp_path):
    keys = Sshd(tmp_path)

    def ask(module, data, cables):
        with Switch(keys, module, data) as switch:
            one = target("lldp", keys.port, source="netconf", cables=cables, timeout_s=8)
            sample = look(one, login=keys.login)
        return sample, switch.asked

    return ask


PLANNED = "ge-0/0/1=core-1|ge-1/0/1|core-1--sw-1,ge-0/0/2=sw-2|ge-0/0/1|sw-1--sw-2"
TELLERS = [(IEEE, in_ieee), (OPENCONFIG, in_openconfig)]


@pytest.mark.parametrize(("module", "tell"), TELLERS, ids=["ieee", "openconfig"])
def test_neighbours_by_netconf(ask, module, tell):
    right = tell(("ge-0/0/1", "core-1.park.example", "ge-1/0/1"), ("ge-0/0/2", "sw-2", "ge-0/0/1"))
    sample, asked = ask(module, right, PLANNED)
    is_(sample, UP)
    assert dict(sample.values) == {"lldp_neighbours": 2, "lldp_wrong_links": 0}
    assert module[0] in asked[0]
    crossed = tell(("ge-0/0/1", "sw-2", "ge-0/0/1"), ("ge-0/0/2", "core-1", "ge-1/0/1"))
    sample, _ = ask(module, crossed, PLANNED)
    is_(
        sample, DOWN, "^link core-1--sw-1: ge-0/0/1 sees sw-2 .*, expected core-1 ge-1/0/1; link sw-1--sw-2: "
    )


def test_why_neighbours_are_not_told(ask):
    sample, _ = ask(("urn:other", "other"), "", PLANNED)
    is_(sample, DOWN, "^the server announces none of ieee802-dot1ab-lldp, openconfig-lldp$")
    sample, _ = ask(IEEE, "", PLANNED)
    is_(sample, DOWN, "^link core-1--sw-1: ge-0/0/1 sees no neighbour, expected core-1 ge-1/0/1; link ")
