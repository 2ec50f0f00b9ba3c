"""IETF and IEEE switches: what a design asks for beyond VLANs, read by libyang on the official models."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import sample
import yaml
from render_parsers import YANG, need, run
from sample import at

from parkops.design import design
from parkops.model import Device, Need, Park, Routing, StaticRoute
from parkops.plan import parse
from parkops.render import Renderer

HERE = Path(__file__).parent
MODULES = (
    *("ietf/ietf-interfaces.yang", "ietf/iana-if-type@2014-05-08.yang", "ietf/ietf-ip.yang"),
    *("ietf/ietf-system.yang", "ietf/ietf-routing.yang"),
    *("ietf/ietf-ipv4-unicast-routing.yang", "ietf/ietf-ipv6-unicast-routing.yang"),
    *("ieee/ieee802-dot1q-bridge.yang", "ieee/ieee802-dot1q-rstp-bridge.yang"),
    *("ieee/ieee802-dot1ab-lldp.yang", "ieee/ieee802-dot1x.yang"),
    *("ieee/ieee1588-ptp-tt.yang", "ieee/ieee802-dot1as-gptp.yang"),
    *("ieee/ieee802-dot1ax-types.yang", "ieee/ieee802-dot1ax-linkagg.yang"),
    *("ietf/ietf-access-control-list.yang", "ietf/ietf-ntp.yang", "ietf/ietf-syslog.yang"),
    "ietf/ietf-system-tacacs-plus.yang",
    "ietf/ietf-network-instance.yang",
    *("ietf/ietf-truststore.yang", "ieee/ieee802-dot1q-types.yang"),
    *("ieee/ieee802-dot1cb-stream-identification.yang", "ieee/ieee802-dot1cb-frer.yang"),
)
# Its `must` wants a leaf of the state beside every port: where it is loaded, only data types are checked.
SCHEDULE = ("ieee/ieee802-dot1q-sched.yang", "ieee/ieee802-dot1q-sched-bridge.yang")
FEATURES = (
    "ietf-system:radius,authentication,local-users,ntp,ntp-udp-port",
    "ietf-ntp:ntp-port,authentication,deprecated,unicast-configuration",
    "ietf-syslog:remote-action",
    "ietf-truststore:central-truststore-supported,certificates",
    "ietf-tls-client:server-auth-x509-cert",
    "ietf-access-control-list:match-on-ipv4,match-on-ipv6,match-on-tcp,match-on-udp,match-on-icmp,"
    "interface-attachment,ipv4,ipv6",
)
# IANA's registry of cipher suites is no standard's module; ietf-tls-common wants a type of it.
CIPHERS = """module iana-tls-cipher-suite-algs {
  yang-version 1.1;
  namespace "urn:ietf:params:xml:ns:yang:iana-tls-cipher-suite-algs";
  prefix tlscsa;
  typedef tls-cipher-suite-algorithm { type enumeration { enum TLS_AES_256_GCM_SHA384; } }
}
"""


def asking(device: Device, *features: str) -> Device:
    return replace(device, needs=tuple(Need(feature, at("nodes")) for feature in features))


def edges() -> Device:
    device = sample.access_switch("ietf")
    return replace(device, lags=(), interfaces=tuple(port for port in device.interfaces if port.edge))


def gates() -> Device:
    return asking(sample.ring_switch("ietf", "rstp"), "gate-control")


def time() -> Device:
    device = sample.ring_switch("ietf", "rstp")
    return asking(replace(device, interfaces=device.interfaces[:2]), "gptp")


def dot1x() -> Device:
    return asking(edges(), "dot1x", "aaa")


def accounts() -> Device:
    return asking(replace(edges(), interfaces=()), "aaa", "local-users", "dns")


def tacacs() -> Device:
    device = replace(edges(), interfaces=(), unused=())
    plane = device.plane
    assert plane is not None
    servers = tuple(server for server in plane.servers if server.kind != "radius")
    return asking(replace(device, plane=replace(plane, servers=servers)), "tacacs", "local-users")


def lldp() -> Device:
    return asking(replace(edges(), unused=()), "lldp")


def static() -> Device:
    routes = (StaticRoute("10.0.0.0/8", "172.31.0.1"), StaticRoute("2001:db8::/32", "discard"))
    return asking(replace(edges(), interfaces=(), routing=Routing(statics=routes)), "static")


def groups() -> Device:
    device = sample.access_switch("ietf")
    ports = tuple(port for port in device.interfaces if port.lag or port.name == device.lags[0].name)
    return asking(replace(device, interfaces=ports, unused=()), "lag", "qos")


def logs() -> Device:
    return asking(replace(edges(), interfaces=(), unused=()), "ntp-authentication", "syslog-tls")


def lists() -> Device:
    device = sample.boundary("ietf")
    ports = tuple(port for port in device.interfaces if port.mode == "routed" and port.ipv4)[:2]
    return asking(replace(device, interfaces=ports, unused=(), nats=(), vpns=(), quarantines=()), "acl")


@cache
def ring() -> Park:
    """Design a ring of four switches whose plc sends a redundant stream, and gets another."""
    tree = yaml.safe_load((HERE.parent / "plan" / "base.yaml").read_text(encoding="utf-8"))
    site = tree["tenants"]["acme"]["sites"]["p1"]
    end = {"title": "end", "segment": "control", "element": "machines", "count": 1}
    site["switches"] = 4
    site["endpoints"] = {name: {**end, "switch": n} for n, name in enumerate(("plc", "drive", "valve"), 2)}
    stream = {"period_us": 500, "frame_bytes": 128, "latency_us": 300, "redundant": True}
    out = {"from": "plc", "to": ["drive", "valve"], **stream}
    back = {"from": "drive", "to": ["plc"], **stream, "mac": "01-0e-cf-00-00-01"}
    site["tsn"] = {"cycle_us": 500, "streams": {"out": out, "back": back}}
    del tree["flows"]["read-plc"]
    return design(parse(yaml.safe_dump(tree, allow_unicode=True)), {})[0]


def seamless() -> Device:
    """The switch of the plc: it splits, merges, and has a port that does both."""
    device = ring().device("ac-p1-sw-2")
    ports = tuple(replace(port, schedule=None, qos=False) for port in device.interfaces)
    return asking(replace(device, interfaces=ports, plane=None, unused=()), "frer")


def instance() -> Device:
    device = replace(edges(), interfaces=(), unused=())
    return asking(device, "management-vrf", "ntp-authentication")


CASES: dict[str, Callable[[], Device]] = {
    "ietf/frer": seamless,
    "ietf/gate-control": gates,
    "ietf/gptp": time,
    "ietf/dot1x-access": dot1x,
    "ietf/aaa-accounts-and-names": accounts,
    "ietf/lldp": lldp,
    "ietf/tacacs-and-accounts": tacacs,
    "ietf/static-routes": static,
    "ietf/groups-and-classes": groups,
    "ietf/time-with-keys-and-logs": logs,
    "ietf/access-lists": lists,
    "ietf/management-instance": instance,
}


def payload(device: Device) -> str:
    park = replace(sample.sample_park("ietf", device), pairs=())
    (artifact,) = [item for item in Renderer.of(park).device(device) if item.path.endswith("netconf.xml")]
    return artifact.text


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden_that_the_models_accept(case: str, goldens, tmp_path: Path) -> None:
    text = payload(CASES[case]())
    goldens.check(HERE / case / "netconf.xml", text)
    assert said_by_libyang(text, tmp_path) == ""


def said_by_libyang(text: str, folder: Path) -> str:
    need("yanglint")
    gated = "<gate-parameter-table" in text
    modules = [YANG / module for module in (*MODULES, *(SCHEDULE if gated else ()))]
    missing = [module for module in modules if not module.is_file()]
    if missing:
        pytest.skip(f"{missing[0]} is not here; PARKOPS_YANG names another place")
    body = text.partition("\n")[2].rpartition("</config>")[0]
    file = folder / "payload.xml"
    file.write_text(re.sub(r"@secret:[^@]*HASH@", "$6$saltsalt$" + "a" * 86, body), encoding="utf-8")
    (folder / "iana-tls-cipher-suite-algs.yang").write_text(CIPHERS, encoding="utf-8")
    paths = [part for place in (YANG / "ieee", YANG / "ietf", folder) for part in ("-p", place)]
    features = [part for text in FEATURES for part in ("-F", text)]
    mounted = ("-y", "-x", HERE / "mounted.xml")  # what stands below the root of an instance (RFC 8528)
    said = run(
        "yanglint", *paths, *features, *mounted, "-i", "-t", "edit" if gated else "config", *modules, file
    )
    return "\n".join(line for line in said.splitlines() if not line.startswith("libyang warn"))


@pytest.mark.parametrize("name", [f"ac-p1-sw-{number}" for number in (1, 2, 3, 4)])
def test_every_switch_of_a_designed_ring_is_accepted(name: str, tmp_path: Path) -> None:
    """With the schedules by its types, without them also by what refers to what."""
    park = ring()
    texts = [artifact.text for artifact in Renderer.of(park).device(park.device(name))]
    text = next(text for text in texts if text.startswith("<config"))
    assert said_by_libyang(text, tmp_path) == ""
    plain = re.sub(r"<gate-parameter-table.*?</gate-parameter-table>", "", text, flags=re.DOTALL)
    assert "<bridge-mst" in plain and said_by_libyang(plain, tmp_path) == ""
    if "<stream-identity" in plain:
        unknown = re.sub(r"<handle>\d+<", "<handle>99<", plain, count=1)
        assert "Invalid leafref" in said_by_libyang(unknown, tmp_path)


def test_libyang_really_reads(tmp_path: Path) -> None:
    text = payload(accounts())
    assert said_by_libyang(text.replace("<shared-secret>", "<secret>").replace("</shared-", "</"), tmp_path)


def test_libyang_reads_what_is_mounted_in_the_instance(tmp_path: Path) -> None:
    text = payload(instance())
    assert "0.0.0.0/0" in text
    assert "does not conform" in said_by_libyang(text.replace("0.0.0.0/0", "0.0.0.0/77"), tmp_path)


def test_nothing_is_rendered_unasked() -> None:
    """A switch that knows bridges only, as the lab's, gets bridges only."""
    text = payload(replace(sample.ring_switch("ietf", "rstp"), needs=()))
    assert not re.search("ietf-system|ptp-tt|dot1ab|sched", text)
