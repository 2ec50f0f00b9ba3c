"""SNMP notifications of net-snmp's own senders, in every version and with every key."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passive_parts import HERE, USERS, heard_row, listening, needs, rows, run, send, wait_until

from parkops.monitor.passive import ber, names, traps, usm

LINK_DOWN = (
    "1.3.6.1.6.3.1.1.5.3",
    *("1.3.6.1.2.1.2.2.1.1.7", "i", "7"),
    *("1.3.6.1.2.1.31.1.1.1.1.7", "s", "GE1/0/7"),
)
LINK_UP = ("1.3.6.1.6.3.1.1.5.4", *LINK_DOWN[1:])
AUTH = {"md5": "MD5", "sha": "SHA"}


@pytest.fixture(scope="module")
def ears(tmp_path_factory):
    needs("snmptrap", "snmpinform")
    folder = tmp_path_factory.mktemp("traps")
    with listening(folder, traps=HERE, users=USERS) as (running, heard):
        yield folder, running, heard


def v3(user, *more, phrase="authphrase1"):
    auth = AUTH.get(user.auth, user.auth.upper().replace("SHA", "SHA-"))
    privacy = "DES" if user.privacy == "des" else "AES"
    keys = ("-a", auth, "-A", phrase, "-x", privacy, "-X", "privphrase1")
    return ("-v3", "-u", user.name, "-l", "authPriv", *keys, *more)


def test_a_link_goes_down_and_comes_back(ears):
    folder, running, heard = ears
    place = f"127.0.0.1:{running.port('traps')}"
    run("snmptrap", "-v2c", "-c", "public", place, "", *LINK_DOWN)
    wait_until(lambda: "linkDown:GE1/0/7" in heard.names(), what="the trap")
    down = heard.signals[-1]
    assert (down.device, down.severity, down.origin, down.clears) == (
        "hx-bd-1",
        "warning",
        "snmp-trap",
        False,
    )
    assert down.text.startswith("linkDown: ")
    run("snmptrap", "-v2c", "-c", "public", place, "", *LINK_UP)
    wait_until(lambda: heard.signals[-1].clears, what="its end")
    assert heard.signals[-1].name == "linkDown:GE1/0/7"
    assert heard_row(folder, "linkDown:GE1/0/7", count=2).clears


def test_version_1_and_unknown_notifications_have_names(ears):
    folder, running, _ = ears
    place = f"127.0.0.1:{running.port('traps')}"
    run("snmptrap", "-v1", "-c", "public", place, "1.3.6.1.4.1.8072", "127.0.0.1", "4", "0", "")
    run("snmptrap", "-v1", "-c", "public", place, "1.3.6.1.4.1.9.9.43.2", "127.0.0.1", "6", "1", "")
    run("snmptrap", "-v2c", "-c", "public", place, "", "1.3.6.1.4.1.99999.0.5")
    run("snmptrap", "-v1", "-c", "public", place, "1.3.6.1.2.1.33.2", "127.0.0.1", "6", "1", "")
    assert heard_row(folder, "on-battery").severity == "critical"  # its OID has no 0 before the last number
    assert heard_row(folder, "login-failed:snmp").severity == "info"
    assert heard_row(folder, "config-changed").text.startswith("ciscoConfigManEvent")
    assert heard_row(folder, "notification:1.3.6.1.4.1.99999.0.5").device == "hx-bd-1"


def test_an_inform_of_version_2c_is_answered(ears):
    _, running, _ = ears
    run("snmpinform", "-v2c", "-c", "public", f"127.0.0.1:{running.port('traps')}", "", *LINK_DOWN)


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.auth)
def test_traps_and_informs_of_version_3(ears, user):
    """An inform discovers our engine, is decrypted, and its encrypted answer satisfies net-snmp."""
    _, running, heard = ears
    place, before = f"127.0.0.1:{running.port('traps')}", len(heard.signals)
    number = 1000 + USERS.index(user)
    port = ("1.3.6.1.2.1.2.2.1.1.9", "i", str(number))
    run("snmptrap", *v3(user, "-e", "0x8000000001020304"), place, "", LINK_DOWN[0], *port)
    run("snmpinform", *v3(user), place, "", LINK_UP[0], *port)
    name = f"linkDown:ifIndex {number}"
    wait_until(lambda: heard.names()[before:].count(name) == 2, what="trap and inform")


def test_a_wrong_key_or_user_is_counted_and_not_believed(ears):
    folder, running, heard = ears
    place, before = f"127.0.0.1:{running.port('traps')}", len(heard.signals)
    engine = ("-e", "0x8000000001020304")
    wrong = usm.User("user-nobody", "sha", b"authphrase1", "aes128", b"privphrase1")
    refused = running.counts["snmp-trap", "malformed"]
    run("snmptrap", *v3(USERS[3], *engine, phrase="another phrase"), place, "", *LINK_DOWN)
    run("snmptrap", *v3(wrong, *engine), place, "", *LINK_DOWN)
    plain = ("-v3", "-u", "user-sha256", "-l", "noAuthNoPriv", *engine)
    run("snmptrap", *plain, place, "", *LINK_DOWN)
    wait_until(lambda: running.counts["snmp-trap", "malformed"] == refused + 3, what="three refusals")
    assert heard.names()[before:] == []
    assert heard_row(folder, "malformed:snmp-trap", count=3).severity == "info"


def test_a_message_sent_again_later_is_old():
    user = USERS[3]
    clock = [1000.0]
    reader = traps.TrapReader({user.name: user}, now=lambda: clock[0])

    def message(boots, time_s):
        sender = traps.TrapReader({}, engine=b"\x80\0\0\0\x01", now=lambda: clock[0], boots=boots)
        sender._begin_s = clock[0] - time_s
        pair = ber.sequence(ber.oid(traps.SNMP_TRAP_OID), ber.oid((1, 3, 6, 1, 6, 3, 1, 1, 5, 1)))
        pdu = ber.sequence(ber.integer(1), ber.integer(0), ber.integer(0), ber.sequence(pair), tag=traps.TRAP)
        scoped = ber.sequence(ber.write(ber.OCTETS, b"e"), ber.write(ber.OCTETS, b""), pdu)
        header = traps._Header(1, traps.AUTH | traps.PRIVACY, sender.engine, 0, 0, user.name, b"", 0, b"")
        return sender._message(header, scoped, user)

    first = message(5, 1000)
    assert traps.said(reader.read(first)).name == "restarted"
    reader.read(message(5, 2000))
    with pytest.raises(usm.UsmError, match="sent again"):
        reader.read(first)
    newest = message(5, 2001)
    reader.read(newest)
    clock[0] += 149
    reader.read(newest)  # UDP may bring it twice
    clock[0] += 2
    with pytest.raises(usm.UsmError, match="sent again"):
        reader.read(newest)
    reader.read(message(6, 0))  # it was restarted
    with pytest.raises(usm.UsmError, match="sent again"):
        reader.read(message(5, 9000))


def test_an_engine_that_is_new_costs_no_new_key():
    """A megabyte is hashed for each key: whoever sends may name another engine each time."""
    before = usm._of_phrase.cache_info().misses
    keys = {usm.localized(b"one phrase", "sha256", bytes((number,))) for number in range(50)}
    assert len(keys) == 50
    assert usm._of_phrase.cache_info().misses == before + 1


def test_strangers_are_noted_and_raise_no_alarm(ears):
    folder, running, heard = ears
    community = ber.write(ber.OCTETS, b"public")
    pair = ber.sequence(ber.oid(traps.SNMP_TRAP_OID), ber.oid((1, 3, 6, 1, 6, 3, 1, 1, 5, 3)))
    pdu = ber.sequence(ber.integer(1), ber.integer(0), ber.integer(0), ber.sequence(pair), tag=traps.TRAP)
    before = len(heard.signals)
    send(ber.sequence(ber.integer(1), community, pdu), running.port("traps"), "127.0.0.99")
    row = heard_row(folder, "unknown-sender:127.0.0.99")
    assert (row.device, row.severity) == ("", "info")
    assert row.text.startswith("linkDown:")
    assert heard.signals[before:] == []


VENDORS = {  # by their MIBs: HUAWEI-ENTITY-TRAP-MIB, HH3C-ENTITY-EXT-MIB
    "1.3.6.1.4.1.2011.5.25.219.2.5.3": ("hwPowerFail", "power-supply", False),
    "1.3.6.1.4.1.2011.5.25.219.2.5.4": ("hwPowerFailResume", "power-supply", True),
    "1.3.6.1.4.1.2011.5.25.219.2.6.3": ("hwFanFail", "fan", False),
    "1.3.6.1.4.1.2011.5.25.219.2.6.4": ("hwFanFailResume", "fan", True),
    "1.3.6.1.4.1.25506.2.6.2.0.1": ("hh3cEntityExtTemperatureThresholdNotification", "temperature", False),
    "1.3.6.1.4.1.25506.2.6.2.0.22": ("hh3cEntityExtTemperatureNormal", "temperature", True),
    "1.3.6.1.4.1.25506.2.6.2.0.16": ("hh3cEntityExtFaultAlarmOn", "hardware", False),
    "1.3.6.1.4.1.25506.2.6.2.0.17": ("hh3cEntityExtFaultAlarmOff", "hardware", True),
}


@pytest.mark.parametrize("oid", VENDORS)
def test_what_vendors_notify(oid):
    known = names.known(tuple(map(int, oid.split("."))))
    assert (known.title, known.name, known.clears) == VENDORS[oid]
    assert names.known((1, 3, 6, 1, 4, 1, 25506, 2, 6, 2, 0, 6)) is None  # hh3cEntityExtOperEnabled


def test_the_table_of_notifications_is_whole():
    table = names.table()
    assert {known.title for known in table.values()} >= {
        "linkDown", "linkUp", "coldStart", "authenticationFailure"
    }  # fmt: skip
    begun = {known.name for known in table.values() if not known.clears}
    assert {known.name for known in table.values() if known.clears} <= begun


VALID = ber.sequence(
    ber.integer(1),
    ber.write(ber.OCTETS, b"public"),
    ber.sequence(
        ber.integer(7), ber.integer(0), ber.integer(0),
        ber.sequence(ber.sequence(ber.oid(traps.SNMP_TRAP_OID), ber.oid((1, 3, 6, 1, 6, 3, 1, 1, 5, 3)))),
        tag=traps.INFORM,
    ),
)  # fmt: skip


@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)))
@settings(max_examples=600, deadline=None)
def test_nothing_that_comes_stops_the_reader(data):
    if isinstance(data, tuple):
        place, byte = data
        data = VALID[:place] + bytes((byte,)) + VALID[place + 1 :]
    try:
        found = traps.TrapReader({}).read(data)
    except ValueError:
        return
    assert traps.said(found).name or not found.oid


def test_malformed_datagrams_leave_the_listener_alive(ears):
    folder, running, _ = ears
    for data in (b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", VALID[:-1], bytes(1400)):
        send(data, running.port("traps"))
    run("snmpinform", "-v2c", "-c", "public", f"127.0.0.1:{running.port('traps')}", "", *LINK_DOWN)
    assert rows(folder) is not None
