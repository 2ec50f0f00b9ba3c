"""OpenWrt: golden cases, read back by a strict reader of uci; what a section names is there."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import sample
import uci
from render_parsers import PATH, TIMEOUT_S, need, run, sshd, sshd_call
from sample import only, sample_park

from parkops.model import Device, Role, Vpn, Wlan
from parkops.render import Renderer

HERE = Path(__file__).parent / "openwrt"
WIREGUARD = Vpn(
    "remote", "wireguard", "cpe-1", "remote-access", "huaxing", 51820, "10.250.0.1/24", "", (), "env:PARK_WG",
    (("laptop 王", "x" * 43 + "=", "10.250.0.2/32"),),
)  # fmt: skip


def boundary() -> Device:
    """Return a small firewall with two routed ports."""
    return only(sample.boundary("openwrt"), "interfaces", "rules", "nats", "quarantines")


CASES = {  # what it shows -> the device, the file
    "wlan-enterprise-roaming-guests-and-key": (sample.access_point("openwrt"), "/etc/config/wireless"),
    "access-point-bridges-vlans": (sample.access_point("openwrt"), "/etc/config/network"),
    "management-only-from-its-network": (sample.access_point("openwrt"), "/etc/config/firewall"),
    "ssh-by-openssh": (sample.access_point("openwrt"), "/etc/ssh/sshd_config"),
    "local-accounts": (sample.access_point("openwrt"), "/etc/init.d/park-accounts"),
    "three-powers": (sample.access_point("openwrt"), "/etc/sudoers.d/park-accounts"),
    "dropbear-off": (sample.access_point("openwrt"), "/etc/config/dropbear"),
    "no-web-logins": (sample.access_point("openwrt"), "/etc/config/rpcd"),
    "two-collectors": (sample.access_point("openwrt"), "/etc/syslog-ng.d/park.conf"),
    "time-and-name": (sample.access_point("openwrt"), "/etc/config/system"),
    "cpe-5g-uplink": (sample.cpe("openwrt"), "/etc/config/network"),
    "cpe-wireguard": (replace(sample.cpe("openwrt"), vpns=(WIREGUARD,)), "/etc/config/network"),
    "boundary-default-deny": (boundary(), "/etc/config/firewall"),
}


def files(device: Device) -> dict[str, str]:
    """Return a device's files by destination."""
    artifacts = Renderer.of(sample_park("openwrt", device)).device(device)
    return {item.destination: item.text for item in artifacts}


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, goldens) -> None:
    device, path = CASES[case]
    goldens.check(HERE / case / Path(path).name, files(device)[path])


def test_no_golden_is_left_over() -> None:
    assert {file.parent.name for file in HERE.glob("*/*")} == CASES.keys()


@pytest.mark.parametrize("device", [case[0] for case in CASES.values()], ids=list(CASES))
def test_every_file_is_uci(device: Device) -> None:
    texts = [text for path, text in files(device).items() if path.startswith("/etc/config/")]
    assert len(texts) >= 7
    assert all(uci.read(text) for text in texts if "config " in text)


@pytest.mark.parametrize(
    "line", ["option a 'b'", "config x 'a b'", "\toption a b", "\toption a 'it's'", "\toption a-b 'c'"]
)
def test_the_reader_refuses_what_uci_would(line: str) -> None:
    """Guard of the test above."""
    with pytest.raises(uci.NotUci):
        uci.read(f"config ok 'ok'\n{line}\n")


def test_wireless_networks_stand_on_radios_and_networks_that_there_are() -> None:
    device = sample.access_point("openwrt")
    found = files(device)
    wireless, network = uci.read(found["/etc/config/wireless"]), uci.read(found["/etc/config/network"])
    radios = {item.name for item in wireless if item.kind == "wifi-device"}
    networks = {item.name for item in network if item.kind == "interface"}
    ifaces = [item for item in wireless if item.kind == "wifi-iface"]
    assert {item.options["ssid"] for item in ifaces} == {wlan.ssid for wlan in device.wlans}
    assert {item.options["device"] for item in ifaces} == radios
    assert {item.options["network"] for item in ifaces} <= networks
    secured = [item.options for item in ifaces if item.options["encryption"] in ("wpa3", "sae")]
    assert len(secured) == 3
    assert all(options["ieee80211w"] == "2" for options in secured), "WPA3 requires protected frames"
    assert all(
        options["isolate"] == "1"
        for options in (i.options for i in ifaces)
        if options["encryption"] == "none"
    )


def test_an_open_network_at_6_ghz_is_encrypted() -> None:
    """6 GHz knows no open network (WPA3 specification 3.1, 11)."""
    wlan = Wlan("guests", "g", 90, "open-portal", ("5", "6"))
    device = replace(sample.access_point("openwrt"), wlans=(wlan,))
    ifaces = [item for item in uci.read(files(device)["/etc/config/wireless"]) if item.kind == "wifi-iface"]
    assert {item.options["device"]: item.options["encryption"] for item in ifaces} == {
        "radio1": "none",
        "radio2": "owe",
    }


def test_the_firewall_drops_and_names_only_its_zones() -> None:
    found = files(boundary())
    sections = uci.read(found["/etc/config/firewall"])
    networks = {item.name for item in uci.read(found["/etc/config/network"]) if item.kind == "interface"} | {
        "mgmt"
    }
    zones = [item for item in sections if item.kind == "zone"]
    names = {item.options["name"] for item in zones} | {"*"}
    defaults = next(item for item in sections if item.kind == "defaults")
    assert defaults.options["forward"] == defaults.options["input"] == "DROP"
    assert all(item.options["forward"] == item.options["input"] == "DROP" for item in zones)
    assert all(set(item.lists["network"]) <= networks for item in zones)
    assert all(len(name) <= 11 for name in names), "names of zones become names of chains"
    for item in sections:
        assert {
            item.options[key] for key in ("src", "dest") if key in item.options and item.kind == "rule"
        } <= names
    off = [item for item in sections if item.options.get("enabled") == "0"]
    assert [item.options["target"] for item in off] == ["DROP", "DROP"], "quarantine: prepared, but off"


def test_every_rule_of_the_design_is_there_with_its_reason() -> None:
    device = boundary()
    text = files(device)["/etc/config/firewall"]
    for rule in device.rules:
        assert f"option name '{rule.id} {rule.flow}: " in text
    internet = [s for s in uci.read(text) if s.options.get("name", "").startswith("r1003")]
    assert {tuple(item.lists["dest_ip"]) for item in internet} == {("!10.0.0.0/8",), ("!2001:db8::/32",)}


def test_sshd_accepts_its_file(tmp_path: Path) -> None:
    assert sshd(files(sample.access_point("openwrt"))["/etc/ssh/sshd_config"], tmp_path) == ""


def test_a_5g_router_has_its_uplink_and_no_way_through_without_a_rule() -> None:
    found = files(sample.cpe("openwrt"))
    wwan = next(item for item in uci.read(found["/etc/config/network"]) if item.name == "wwan")
    assert (wwan.options["proto"], wwan.options["apn"]) == ("modemmanager", "park.5g")
    assert not [item for item in uci.read(found["/etc/config/firewall"]) if item.kind == "forwarding"]
    assert sample.cpe("openwrt").role is Role.CPE_5G


SYSTEM = {
    "passwd": "root:x:0:0:root:/root:/bin/ash\nold:x:30001:30001:park admin:/home/old:/bin/ash\n",
    "group": "root:x:0:\nold:x:30001:\n",
    "shadow": "root:*:0:0:99999:7:::\nold:$6$a$b:19000:0:99999:7:::\n",
}
HASH = "$6$salt/.$hash/.=x"


def accounts_after(text: str, folder: Path) -> dict[str, list[str]]:
    """Run the script on the files of accounts below a folder, as the image builder does."""
    script = folder / "park-accounts"
    script.write_text(re.sub("@secret:[^@]*@", lambda _: HASH, text), encoding="utf-8")
    call = ["sh", "-c", '. "$1"; start', "sh", str(script)]
    environment = {"PATH": PATH, "IPKG_INSTROOT": str(folder)}
    done = subprocess.run(
        call, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    assert done.stdout + done.stderr == ""
    return {name: (folder / "etc" / name).read_text().splitlines() for name in SYSTEM}


def test_accounts_are_made_kept_and_taken_away(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name, text in SYSTEM.items():
        (tmp_path / "etc" / name).write_text(text)
    (tmp_path / "etc" / "shadow").chmod(0o600)
    text = files(sample.access_point("openwrt"))["/etc/init.d/park-accounts"]
    first = accounts_after(text, tmp_path)
    names = [line.split(":")[0] for line in first["passwd"]]
    assert names == ["root", "parkops", "watch", "audit"], "the plan's alone, beside the system's own"
    assert [line.split(":")[1] for line in first["shadow"]] == ["*", HASH, HASH, HASH]
    assert [line.split(":") for line in first["group"]][-3:] == [
        ["park-admin", "x", "29001", "parkops"],
        ["park-operator", "x", "29002", "watch"],
        ["park-auditor", "x", "29003", "audit"],
    ]
    assert (tmp_path / "etc" / "shadow").stat().st_mode & 0o777 == 0o600
    assert accounts_after(text, tmp_path) == first, "a second start changes nothing"
    assert sorted(file.name for file in (tmp_path / "etc").iterdir()) == sorted(SYSTEM)


def test_sudo_takes_the_three_powers(tmp_path: Path) -> None:
    need("visudo")
    file = tmp_path / "park"
    file.write_text(files(sample.access_point("openwrt"))["/etc/sudoers.d/park-accounts"])
    assert run("visudo", "-c", "-q", "-f", file) == ""


def test_sshd_asks_only_accounts_for_passwords(tmp_path: Path) -> None:
    """The daemon itself says what holds for whom."""
    text = files(sample.access_point("openwrt"))["/etc/ssh/sshd_config"]
    assert sshd("\n".join(line for line in text.splitlines() if "HostKey /" not in line), tmp_path) == ""
    key, file = tmp_path / "host_key", tmp_path / "artifact"
    for user, word in (("root", "no"), ("parkops", "yes")):
        asked = ("-T", "-h", str(key), "-f", str(file), "-C", f"user={user},host=x,addr=172.31.0.1")
        told = subprocess.run(
            [*sshd_call(tmp_path), *asked], capture_output=True, text=True, timeout=TIMEOUT_S, check=True
        )
        assert f"passwordauthentication {word}\n" in told.stdout
