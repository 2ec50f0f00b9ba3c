"""`parkops audit`: configurations of others, with no plan; and what the store read of the park's devices."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from parkops.cli import cli
from parkops.model import Running
from parkops.store import Store

BROWN = Path(__file__).parent / "brownfield"
DEMO = Path(__file__).parents[2] / "inventories" / "demo"
POOR = {  # file -> platform, facts that fail among others, a line that must be cited, a mend
    "core-s5700.cfg": (
        "huawei_vrp",
        {"telnet-off", "no-any-any", "snmp-v3"},
        27,
        "undo telnet server enable",
    ),
    "office-s5560.cfg": ("hp_comware", {"login-aaa", "local-users", "web-off"}, 45, "undo ip http enable"),
    "plant-3750.cfg": (
        "cisco_iosxe",
        {"idle-timeout", "secrets-hidden", "references"},
        48,
        "exec-timeout 10 0",
    ),
    "dorm-rg2910.cfg": ("ruijie_os", {"telnet-off", "storm-control", "no-any-any"}, 5, "no enable service"),
}
SECRETS = ("Admin@123", "Admin123", "h3c@2015", "huawei\n", "weixiu weixiu", "123456")


def run(*args: str, width: int = 120) -> Result:
    return CliRunner().invoke(cli, ["audit", *args], env={"COLUMNS": str(width)}, standalone_mode=False)


@pytest.mark.parametrize("name", sorted(POOR))
def test_poor_configuration_is_told_apart_and_fails_with_lines_and_mends(name: str) -> None:
    platform, facts, line, mend = POOR[name]
    result = run("--config", str(BROWN / name), "--level", "3", "--json")
    assert result.exception is None, result.output
    (device,) = json.loads(result.stdout)["devices"]
    assert device["platform"] == platform
    findings = [finding for control in device["controls"] for finding in control["findings"]]
    failed = {finding["fact"] for finding in findings if finding["verdict"] == "fail"}
    assert facts <= failed
    assert any(e["source"].endswith(f"{name}:{line}") for f in findings for e in f["evidence"])
    assert any(mend in finding["mend"] for finding in findings)
    assert all("Expected: " in f["message"] and " Actual: " in f["message"] for f in findings)
    assert device["counts"]["fail"] > 35
    assert not any(secret in result.stdout for secret in SECRETS)


@pytest.mark.parametrize("width", [80, 120])
def test_table_fits_the_terminal(width: int) -> None:
    result = run("--config", str(BROWN / "office-s5560.cfg"), "--catalogue", "all", width=width)
    said = result.output.splitlines()
    assert "(its lines look like hp_comware)" in said[0]
    assert "BanGongLou-3F: 1" in said[-2]
    wide = [row for row in said if cell_len(row) > width and not row.startswith("    ")]
    assert not wide  # mends are not folded, so that they can be copied


def test_gate_fails_and_role_and_level_narrow() -> None:
    poor = str(BROWN / "core-s5700.cfg")
    assert run("--config", poor, "--gate").exit_code == 1
    assert run("--config", poor).exit_code == 0
    every = json.loads(run("--config", poor, "--json").stdout)["devices"][0]["controls"]
    two = json.loads(run("--config", poor, "--level", "2", "--json").stdout)["devices"][0]["controls"]
    core = json.loads(run("--config", poor, "--role", "core", "--json").stdout)["devices"][0]["controls"]
    assert 0 < len(two) < len(every)
    assert {c["id"] for c in every} - {c["id"] for c in core} >= {"MLPS-AB-AC-01", "MLPS-AB-BP-02"}


def test_csv_has_a_row_for_each_finding() -> None:
    rows = run("--config", str(BROWN / "plant-3750.cfg"), "--format", "csv").output.splitlines()
    assert rows[0] == "device,platform,control,title,fact,verdict,where,message,mend"
    assert sum(row.startswith("CHEJIAN-SW1,cisco_iosxe,MLPS-") for row in rows) > 50


def test_folder_and_console_encodings_are_read(tmp_path: Path) -> None:
    text = (BROWN / "core-s5700.cfg").read_text(encoding="utf-8")
    (tmp_path / "a.cfg").write_bytes(text.replace("HJ-CORE", "JIA").encode("gb18030"))
    (tmp_path / "b.cfg").write_bytes(b"\xef\xbb\xbf" + text.replace("HJ-CORE", "YI").encode())
    devices = json.loads(run("--config", str(tmp_path), "--json").stdout)["devices"]
    assert [device["device"] for device in devices] == ["JIA", "YI"]
    assert "财务室" in (tmp_path / "a.cfg").read_bytes().decode("gb18030")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "nothing to audit"),
        (("--config", str(BROWN), "--platform", "cisco_nxos"), "no audit of this platform"),
        (("--config", str(DEMO / "park.yaml")), "no platform writes such lines"),
    ],
)
def test_wrong_calls_say_what_is_wrong(args: tuple[str, ...], words: str) -> None:
    result = run(*args)
    assert words in str(result.exception)


def test_running_configuration_of_the_store_is_judged_while_it_is_fresh(tmp_path: Path) -> None:
    park = tmp_path / "park"
    shutil.copytree(DEMO, park)
    state = park / ".parkops"
    state.mkdir(exist_ok=True)
    config = "hostname core-1\nrouter bgp 65000\n neighbor 10.0.0.1 remote-as 65001\n"

    def audited(age_s: float) -> dict[str, str]:
        with Store.open(state / "parkops.db") as store:
            store.save_running([Running("core-1", "ssh", config, time.time() - age_s)])
        argv = ["-p", str(park), "audit", "--running", "core-1", "--json"]
        result = CliRunner().invoke(cli, argv, standalone_mode=False)
        assert result.exception is None, result.exception
        (device,) = json.loads(result.stdout)["devices"]
        return {f["fact"]: f["verdict"] for c in device["controls"] for f in c["findings"]}

    assert audited(60.0)["bgp-auth"] == "fail"
    assert set(audited(2 * 86_400.0).values()) <= {"unknown", "not-applicable"}
