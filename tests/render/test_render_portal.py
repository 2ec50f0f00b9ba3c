"""The captive portal of a Linux gateway: its files, the daemons that read them, two guests who meet it."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import sample
from render_parsers import PATH, need, nftables, nginx, nginx_wrapper, run
from sample import at, only

from parkops.design.allowances import portal_allowances
from parkops.model import Artifact, Device, Interface, Need, Portal, PortMode, Vrrp
from parkops.render import Renderer
from parkops.render.guests import guest_ports

HERE = Path(__file__).parent
SCRIPT = HERE / "portal.sh"
PAGE = "https://portal.park.example/guest"
SOURCE = at("public.wireless.networks.visitor", 33)
CASES = {
    "linux/nftables-holds-guests": "/etc/nftables.conf",
    "linux/dnsmasq-tells-of-the-portal": "/etc/dnsmasq.d/parkops.conf",
    "linux/nginx-serves-the-portal": "/etc/nginx/sites-enabled/parkops-portal",
    "linux/portal-unit": "/etc/systemd/system/parkops-portal.service",
}
START_S = 45


def gateway(url: str = PAGE) -> Device:
    """A boundary with one port outwards, and one towards guests who may browse."""
    (rule,) = (
        replace(
            sample.rules("eth2", "eth1")[2],
            ports=(80, 8080),
            src_v4=("10.7.0.0/24",),
            src_v6=("2001:db8:7::/64",),
            source=SOURCE,
        ),
    )
    ports = (
        Interface("eth1", PortMode.ROUTED, "out", ipv4="192.0.2.1/24", ipv6="2001:dba::1/64", source=SOURCE),
        Interface(
            "eth2",
            PortMode.ROUTED,
            "guests",
            ipv4="10.7.0.1/24",
            ipv6="2001:db8:7::1/64",
            segment="guest",
            source=SOURCE,
            portal=Portal(url),
        ),
    )
    needs = tuple(Need(feature, SOURCE) for feature in ("captive-portal", "local-portal"))
    own = tuple(portal_allowances("linux", "eth2", Portal(url), SOURCE))
    return only(sample.boundary("linux"), interfaces=ports, rules=(rule,), needs=needs, allowances=own)


@pytest.fixture(scope="module")
def files() -> dict[str, Artifact]:
    device = gateway()
    artifacts = Renderer.of(sample.sample_park("linux", device)).device(device)
    return {item.destination: item for item in artifacts}


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden(case: str, files: dict[str, Artifact], goldens) -> None:
    path = CASES[case]
    goldens.check(HERE / case / Path(path).name, files[path].text)


def test_daemons_accept(files: dict[str, Artifact], tmp_path: Path) -> None:
    need("dnsmasq", "systemd-analyze")
    placed = place(files, tmp_path)
    assert nftables(files["/etc/nftables.conf"].text, tmp_path) == ""
    assert run("dnsmasq", "--test", "-C", placed / "dnsmasq.conf") == ""
    assert nginx((placed / "site.conf").read_text(), tmp_path) == ""
    unit = tmp_path / "parkops-portal.service"
    unit.write_text(files[CASES["linux/portal-unit"]].text)
    said = run("systemd-analyze", "verify", "--man=no", unit)
    assert [line for line in said.splitlines() if str(tmp_path) in line] == []


def place(files: dict[str, Artifact], folder: Path) -> Path:
    """Write the files where the script looks for them, with a certificate that the guests trust."""
    need("openssl")
    call = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=portal"
    names = ("-addext", "subjectAltName=DNS:portal.park.example")
    assert run(*call.split(), *names, "-keyout", folder / "key.pem", "-out", folder / "cert.pem") == ""
    site = files["/etc/nginx/sites-enabled/parkops-portal"].text
    moved = {
        "/etc/ssl/parkops/portal.pem": folder / "cert.pem",
        "/etc/ssl/private/parkops-portal.key": folder / "key.pem",
        "/var/lib/parkops/portal": folder,
    }
    for there, here in moved.items():
        assert there in site
        site = site.replace(there, str(here))
    texts = {
        "site.conf": site,
        "nft.conf": files["/etc/nftables.conf"].text,
        "dnsmasq.conf": files["/etc/dnsmasq.d/parkops.conf"].text,
        "portal.py": files["/usr/local/lib/parkops/portal.py"].text,
        "portal.park.example.html": files["/var/lib/parkops/portal/portal.park.example.html"].text,
        "resolv.conf": "nameserver 10.7.0.1\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_guest_is_led_to_the_page_accepts_and_passes_while_another_waits(
    files: dict[str, Artifact], tmp_path: Path
) -> None:
    """Nobody is let in by what a header or a body says: the kernel tells whose address it is."""
    need("unshare", "nsenter", "ip", "nft", "nginx", "dnsmasq", "curl")
    folder = place(files, tmp_path)
    nginx_wrapper((folder / "site.conf").read_text(), folder)
    alone = ["unshare", "-r", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run(
        [*alone, "sh", str(SCRIPT), str(folder)],
        capture_output=True,
        text=True,
        timeout=START_S,
        env={"PATH": PATH, "LC_ALL": "C.UTF-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = [plain(line) for line in (folder / "seen").read_text().splitlines()]
    (mac,) = (folder / "mac").read_text().split()
    led, captive = f"302 {PAGE}", f'{{"captive": true, "user-portal-url": "{PAGE}"}} 200'
    assert seen[:6] == [
        f"one web: {led}",
        f"one web6: {led}",
        "one other: 000 none 7",
        "one page: 200",
        f"one api: {captive}",
        "one get: 403",
    ]
    assert "Accept" in (folder / "page").read_text()
    accepted = "303 https://portal.park.example/#accepted"
    assert seen[6:11] == [
        f"one accept: {accepted}",
        f"one again: {accepted}",
        "one web: outside 200",
        "one web6: outside 200",
        "one other: outside 200",
    ]
    state = json.loads(seen[11].removeprefix("one api:").strip().removesuffix("200"))
    assert state.pop("seconds-remaining") in range(500, 601)
    assert state == {"captive": False, "user-portal-url": PAGE, "can-extend-session": True}
    assert seen[12:15] == [
        f"two web: {led}",
        "two other: 000 none 7",
        f"two api: {captive}",
    ]
    assert [line.rpartition(" ")[2] for line in seen[15:]] == ["400", "400", "400", "409"]
    (guests,) = (item["set"] for item in json.loads((folder / "guests.json").read_text())["nftables"][1:])
    assert [item["elem"]["val"] for item in guests["elem"]] == [mac]
    logged = (folder / "log").read_text().splitlines()
    clients = ("2001:db8:7::11", "10.7.0.11")
    lines = [f"accepted client={client} mac={mac} port=eth2 hold_s=600" for client in clients]
    assert logged == ["portal ready", *lines]


def plain(line: str) -> str:
    """Return what a guest saw without the pages that nginx makes of codes."""
    return " ".join(re.sub(r"<html>.*</html>", "", line).split())


def test_a_pair_of_gateways_gives_out_different_addresses() -> None:
    port = gateway().interfaces[1]
    pools = []
    for priority in (120, 100):
        virtual = (Vrrp(7, "10.7.0.254", "", priority),)
        (item,) = guest_ports(replace(gateway(), interfaces=(replace(port, vrrp=virtual),)))
        assert item.router == "10.7.0.254"
        pools.append(item.pool)
    (alone,) = guest_ports(gateway())
    assert pools == [("10.7.0.128", "10.7.0.191"), ("10.7.0.192", "10.7.0.254")]
    assert alone.pool == ("10.7.0.128", "10.7.0.254")


def test_a_page_without_tls_has_no_api_to_tell_of(tmp_path: Path) -> None:
    """RFC 8910, 2: the address of the API is one of HTTPS."""
    device = gateway("http://portal.park.example:8080/guest")
    texts = {
        item.destination: item.text
        for item in Renderer.of(sample.sample_park("linux", device)).device(device)
    }
    assert ",114," not in texts["/etc/dnsmasq.d/parkops.conf"]
    site = texts["/etc/nginx/sites-enabled/parkops-portal"]
    assert "ssl" not in site
    assert nginx(site.replace("/var/lib/parkops/portal", str(tmp_path)), tmp_path) == ""
