"""Flow records of Open vSwitch and softflowd, added up and compared with what the plan allows."""

import struct
import time
from ipaddress import ip_address, ip_network

import pytest
from flows_parts import Switch, session, tcp
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor_parts import wait_until
from passive_parts import AT, HERE, demo_park, heard_row, listening, needs, rows, send

from parkops.model import Signal
from parkops.monitor.passive import netflow, records, sflow
from parkops.monitor.passive.attacks import Attacks
from parkops.monitor.passive.traffic import Ledger
from parkops.store import Store

PLC, AGV, BROKER, EDGE, METER = "10.16.6.11", "10.16.7.10", "10.16.6.10", "10.16.0.10", "10.16.3.10"
INTERNET = "198.51.100.7"


def traffic(folder):
    with Store.open(folder / "parkops.db") as store:
        return {(row.src, row.dst, row.service): row for row in store.traffic(0, time.time() + 60)}


def wait_for(folder, *key):
    wait_until(lambda: key in traffic(folder), 40, f"traffic {key}")
    return traffic(folder)[key]


@pytest.fixture(scope="module")
def switch(tmp_path_factory):
    needs("ovs-vswitchd", "ovs-vsctl", "ethtool")
    with Switch(tmp_path_factory.mktemp("ovs"), PLC, EDGE) as running:
        yield running


EXPORTERS = {
    "sflow": ("sflow", ["--id=@x", "create", "sflow", "agent=lo", 'target="127.0.0.1:{port}"', "sampling=1",
                        "header=128", "polling=0"]),
    "ipfix": ("ipfix", ["--id=@x", "create", "ipfix", 'targets="127.0.0.1:{port}"', "sampling=1",
                        "obs_domain_id=1", "cache_active_timeout=1"]),
    "netflow-5": ("netflow", ["--id=@x", "create", "netflow", 'targets="127.0.0.1:{port}"',
                              "active_timeout=1"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", EXPORTERS)
def test_open_vswitch_exports_what_passes(switch, tmp_path, kind):
    """A session that the plan allows, and one that it does not, told by each of the switch's exporters."""
    column, words = EXPORTERS[kind]

    def story():
        with listening(tmp_path, flows=HERE) as (running, heard):
            port = str(running.port("flows"))
            made = [word.replace("{port}", port) for word in words]
            switch.vsctl("--", "set", "bridge", "br0", f"{column}=@x", "--", *made)
            try:
                deadline_s = time.monotonic() + 40
                wanted = {("hx-control", "edge", "tcp/1883"), ("hx-control", "edge", "tcp/8443")}
                while not wanted <= set(traffic(tmp_path)):  # the exporter begins when it will
                    assert time.monotonic() < deadline_s, (traffic(tmp_path), running.counts)
                    switch.talk(1883)
                    switch.talk(8443)
                name = "unplanned:hx-control>edge:tcp/8443"
                wait_until(lambda: name in heard.names(), 30, "the unplanned session")
                assert running.counts["flow", "malformed"] == 0
                return heard
            finally:
                switch.vsctl("clear", "bridge", "br0", column)

    heard = switch.inside(story)
    found = traffic(tmp_path)
    allowed = found["hx-control", "edge", "tcp/1883"]
    assert (allowed.flow, found["hx-control", "edge", "tcp/8443"].flow) == ("hx-edge", "")
    assert allowed.packets >= 20
    assert allowed.octets > 2000
    # both directions are one session: nothing is told of the server's answers
    assert {key[:2] for key in found} <= {("hx-control", "edge"), ("edge", "hx-control")}
    assert {signal.name for signal in heard.signals} == {"unplanned:hx-control>edge:tcp/8443"}
    assert heard.signals[0].device == "hx-bd-1"


@pytest.mark.parametrize("version", ["5", "9", "10"])
def test_softflowd_tells_of_a_leak(switch, tmp_path, version):
    """Another exporter on the same wire, and a session to an address outside of the park."""
    needs("softflowd", "softflowctl")
    switch.on_host(2, "ip", "addr", "replace", f"{INTERNET}/32", "dev", "lo")
    switch.on_host(1, "ip", "route", "replace", INTERNET, "dev", "eth1")

    def story():
        with listening(tmp_path, flows=HERE) as (running, heard):
            place, control = f"127.0.0.1:{running.port('flows')}", tmp_path / "ctl"
            options = ("-d", "-i", "p1", "-n", place, "-v", version, "-p", tmp_path / "pid", "-c", control)
            with switch.exporter("softflowd", *options):
                wait_until(control.exists, what="softflowd")
                deadline_s = time.monotonic() + 40
                while "leak:hx-control" not in heard.names():
                    assert time.monotonic() < deadline_s, (traffic(tmp_path), running.counts)
                    switch.talk(1883)
                    switch.talk(443, address=INTERNET)
                    switch.on_host(1, "ping", "-n", "-q", "-c", "1", "-W", "10", EDGE)
                    switch.run("softflowctl", "-c", str(control), "expire-all")
                leak = wait_for(tmp_path, "hx-control", "outside", "tcp/443")
                allowed = wait_for(tmp_path, "hx-control", "edge", "tcp/1883")
                wait_for(tmp_path, "hx-control", "edge", "icmp")  # its type and code are no ports
            assert running.counts["flow", "malformed"] == 0
            return leak, allowed, heard

    leak, allowed, heard = switch.inside(story)
    assert (leak.flow, allowed.flow) == ("", "hx-edge")
    assert leak.octets > 2000
    pings = {"unplanned:hx-control>edge:icmp", "unplanned:edge>hx-control:icmp"}
    assert {signal.name for signal in heard.signals} - pings == {"leak:hx-control"}
    signal = next(one for one in heard.signals if one.name == "leak:hx-control")
    assert (signal.severity, signal.device) == ("critical", "hx-bd-1")
    assert "whose data stay in the plant" in signal.text
    assert f"{PLC} to {INTERNET} tcp/443" in signal.text


@pytest.mark.parametrize("version", ["5", "9", "10"])
def test_samples_count_for_all_that_they_stand_for(switch, tmp_path, version):
    """One packet in ten is told: version 5 says so in its head, the others in records of options."""
    needs("softflowd", "softflowctl")

    def story():
        with listening(tmp_path, flows=HERE) as (running, _):
            place, control = f"127.0.0.1:{running.port('flows')}", tmp_path / "ctl"
            options = ("-d", "-i", "p1", "-n", place, "-v", version, "-s", "10", "-p", tmp_path / "pid")
            with switch.exporter("softflowd", *options, "-c", control):
                wait_until(control.exists, what="softflowd")
                deadline_s = time.monotonic() + 40
                while not traffic(tmp_path).get(("hx-control", "edge", "tcp/1883")):
                    assert time.monotonic() < deadline_s, (traffic(tmp_path), running.counts)
                    for _ in range(3):
                        switch.talk(1883, lines=200)
                    switch.run("softflowctl", "-c", str(control), "expire-all")
                    wait_until(lambda: running.counts["flow", "received"], what="records")
            assert running.counts["flow", "malformed"] == 0
            return wait_for(tmp_path, "hx-control", "edge", "tcp/1883")

    assert switch.inside(story).packets >= 700  # of some thousand; a tenth of them was seen


@pytest.fixture
def watched():
    told = []
    attacks = Attacks(lambda device, said: told.append(said))
    return Ledger.of(demo_park(), attacks, lambda device, said: told.append(said)), told


def of(*frames):
    return [records.of_ethernet(frame, 1, len(frame)) for frame in frames]


def test_sessions_of_the_plan_are_told_in_both_directions_as_one(watched):
    ledger, told = watched
    ledger.take(120.0, "hx-bd-1", of(*session(AGV, BROKER, 40_000, 1883)))
    (row,) = ledger.drain()
    assert (row.src, row.dst, row.service, row.flow) == ("hx-mobile", "hx-control", "tcp/1883", "hx-agv-data")
    assert (row.minute_s, row.packets) == (120.0, 24)
    assert told == []
    assert ledger.drain() == []


def test_ipv6_and_tagged_frames_are_read_alike(watched):
    ledger, told = watched
    segments = {segment.id: segment for segment in demo_park().segments}
    src, dst = (
        str(ip_network(segments[name].ipv6)[11]) for name in ("huaxing.p1.mobile", "huaxing.p1.control")
    )
    frames = [frame[:12] + b"\x81\x00\x00\x64" + frame[12:] for frame in session(src, dst, 40_000, 1883)]
    ledger.take(60.0, "hx-bd-1", of(*frames, *session(src, "2001:db8:1::7", 40_001, 443)))
    found = {(row.src, row.dst, row.service): row.flow for row in ledger.drain()}
    assert found == {
        ("hx-mobile", "hx-control", "tcp/1883"): "hx-agv-data", ("hx-mobile", "outside", "tcp/443"): ""
    }  # fmt: skip
    assert {said.name for said in told} == {"leak:hx-mobile"}


def test_tries_that_nobody_answers_are_no_leak_but_many_are_a_scan(watched):
    ledger, told = watched
    ledger.take(60.0, "hx-bd-1", of(tcp(AGV, INTERNET, 40_000, 443, 2)))
    assert told == []
    ledger.take(61.0, "hx-bd-1", of(*(tcp(AGV, METER, 40_000, port, 2) for port in range(1, 30))))
    assert [said.name for said in told] == [f"attack-passed:scan:{AGV}"]


def test_the_tries_of_vantage_nodes_are_ours(watched):
    ledger, told = watched
    for target in demo_park().targets:
        if target.param("expect") == "blocked":
            port = demo_park().device(target.vantage).interface("eth1")
            source = (port.ipv6 if ":" in target.address else port.ipv4).partition("/")[0]
            ledger.take(60.0, "fw-1", of(*session(source, target.address, 40_000, target.port)))
    assert told == []


def test_a_flood_of_one_service(watched):
    ledger, told = watched
    flood = records.FlowRecord(AGV, BROKER, records.TCP, 40_000, 1883, 700_000, 42_000_000, 0x18)
    ledger.take(60.0, "hx-bd-1", [flood])
    assert [said.name for said in told] == [f"attack-passed:flood:{BROKER} tcp/1883"]


def test_a_flood_of_single_packets_from_many(watched):
    """Sources that are forged make a record of each packet."""
    ledger, told = watched
    record = records.FlowRecord(AGV, BROKER, records.TCP, 40_000, 1883, 100, 6_000, 0x18)
    for second in range(60):
        ledger.take(60.0 + second, "hx-bd-1", [record] * 101)
    assert [said.name for said in told] == [f"attack-passed:flood:{BROKER} tcp/1883"]
    ledger.attacks.tick(1000.0)
    assert told[-1].clears


def test_what_goes_to_many_or_stays_inside_is_not_judged(watched):
    ledger, told = watched
    ledger.take(60.0, "hx-bd-1", of(
        *session(PLC, BROKER, 40_000, 4444),  # inside one segment
        tcp(PLC, "10.16.6.255", 40_000, 137, 0x18), tcp(PLC, "224.0.0.5", 40_000, 89, 0x18),
        *session(PLC, "172.31.0.13", 40_000, 514), *session("192.0.2.1", "198.51.100.1", 1, 2),
    ))  # fmt: skip
    assert told == []
    assert {(row.src, row.dst) for row in ledger.drain()} == {
        ("hx-control", "hx-control"), ("hx-control", "infrastructure"),
    }  # fmt: skip


def test_strangers_write_no_accounts(tmp_path):
    with listening(tmp_path, flows=HERE) as (running, heard):
        send(b"\0\0\0\5" + bytes(24), running.port("flows"), "127.0.0.99")
        heard_row(tmp_path, "unknown-sender:127.0.0.99")
        send(b"\0\x09\0\1" + bytes(16) + b"\1\0\0\x08abcd", running.port("flows"), AT["fw-1"])
        wait_until(lambda: running.counts["flow", "early"] == 1, what="data before its template")
        send(b"\0\x0a\xff\xff", running.port("flows"), AT["fw-1"])
        heard_row(tmp_path, "malformed:flow")
    assert heard.signals == []
    assert traffic(tmp_path) == {}
    assert "leak:hx-control" not in rows(tmp_path)


def ipfix(*fields, number=256):
    """A message with a template and one record: (element, its octets)."""
    template = struct.pack("!HH", number, len(fields))
    template += b"".join(struct.pack("!HH", element, len(octets)) for element, octets in fields)
    record = b"".join(octets for _, octets in fields)
    sets = b"".join(
        struct.pack("!HH", kind, 4 + len(body)) + body for kind, body in ((2, template), (number, record))
    )
    return struct.pack("!HHIII", 10, 16 + len(sets), 0, 0, 1) + sets


ENDS = (
    (8, ip_address(PLC).packed),
    (12, ip_address(EDGE).packed),
    (4, b"\x06"),
    (7, b"\x9c\x40"),
    (11, b"\x07\x5b"),
)


def options(*fields, scope=1, number=300):
    """A message with an options template of IPFIX and its record, of which the first fields are the scope."""
    template = struct.pack("!HHH", number, len(fields), scope)
    template += b"".join(struct.pack("!HH", element, len(octets)) for element, octets in fields)
    record = b"".join(octets for _, octets in fields)
    pair = ((3, template), (number, record))
    sets = b"".join(struct.pack("!HH", kind, 4 + len(body)) + body for kind, body in pair)
    return struct.pack("!HHIII", 10, 16 + len(sets), 0, 0, 1) + sets


def test_which_sampler_a_record_is_of():
    reader, plain = netflow.FlowReader(), ipfix(*ENDS, (2, b"\7"))

    def packets(data):
        return [record.packets for record in reader.read("10.0.0.1", data)]

    assert packets(plain) == [7]
    assert packets(options((143, b"\1"), (305, b"\2"), (306, b"\6"))) == []  # two, then six are left out
    assert packets(plain) == [28]
    assert (
        packets(options((302, b"\5"), (34, b"\x64"))) == []
    )  # a second one: whose the record is must be said
    assert packets(plain) == [28]
    assert packets(ipfix(*ENDS, (2, b"\7"), (302, b"\5"))) == [700]
    assert packets(ipfix(*ENDS, (2, b"\7"), (302, b"\6"))) == [7]
    assert packets(ipfix(*ENDS, (2, b"\7"), (50, b"\3"))) == [21]  # it says so itself
    assert reader.read("10.0.0.2", plain)[0].packets == 7  # another exporter
    for number in range(1000):
        packets(options((302, struct.pack("!H", number)), (34, b"\2")))
    assert len(reader._samplers["10.0.0.1", 1]) == netflow.MOST_SAMPLERS


def test_types_of_scopes_of_version_9_are_no_elements():
    """Scope 1 is the system, element 1 octets (RFC 3954, 6.1)."""
    template = struct.pack("!HHHHHHHHH", 300, 4, 8, 1, 4, 34, 4, 35, 1)
    record = b"\0\0\0\1" + b"\0\0\0\x0a" + b"\1"
    sets = b"".join(struct.pack("!HH", k, 4 + len(b)) + b for k, b in ((1, template), (300, record)))
    reader = netflow.FlowReader()
    assert reader.read("10.0.0.1", struct.pack("!HHIIII", 9, 2, 0, 0, 0, 7) + sets) == []
    assert reader._samplers == {("10.0.0.1", 7): {0: 10}}


def test_numbers_that_no_database_holds_stop_nothing(tmp_path):
    """One datagram, whose sender can be forged, must not end what listens."""
    with listening(tmp_path, flows=HERE) as (running, _):
        send(ipfix(*ENDS, (1, b"\xff" * 8), (2, b"\xff" * 8)), running.port("flows"), AT["fw-1"])
        row = wait_for(tmp_path, "hx-control", "edge", "tcp/1883")
        assert row.packets == row.octets == 2**56
        send(ipfix(*ENDS, (1, b"\xff" * 9)), running.port("flows"), AT["fw-1"])
        heard_row(tmp_path, "malformed:flow")


def test_what_the_store_cannot_take_is_dropped_and_the_next_is_written(tmp_path):
    with listening(tmp_path, syslog=HERE) as (running, _):
        running.ears.intake.sink(Signal(2.0**80, "syslog", "fw-1", "n", "info", 2**70))
        wait_until(lambda: running.unwritten == 1, what="what cannot be written")
        send(b"<14>Nov 28 12:00:00 fw-1 app: hello", running.port("syslog"), AT["fw-1"])
        heard_row(tmp_path, "log:info:app")


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_nothing_that_comes_stops_the_readers(data):
    reader = netflow.FlowReader()
    template = b"\0\1\0\0\0\x18\1\0\0\4\0\x08\0\4\0\x0c\0\4\xff\xfe\xff\xff\0\1\0\4"
    for version in (b"\0\5", b"\0\x09", b"\0\x0a"):
        for message in (
            data,
            version + data,
            version + bytes(14) + data,
            version + bytes(18) + template + data,
        ):
            try:
                reader.read("10.0.0.1", message)
            except (ValueError, netflow.NoTemplateError):
                continue
    for message in (data, b"\0\0\0\5\0\0\0\1" + data, b"\0\0\0\5\0\0\0\1" + bytes(19) + b"\1" + data):
        try:
            sflow.read(message)
        except ValueError:
            continue
    try:
        records.of_ethernet(bytes(12) + b"\x08\0" + data, 1, 1)
    except ValueError:
        return
