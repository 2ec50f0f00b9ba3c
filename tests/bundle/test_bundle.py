"""Bundles: the same inputs give the same bytes, every alteration is named, signatures are proved."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from parkops.assess import assess
from parkops.bundle import encrypt, pack, prove, sign, signature_of, signer
from parkops.bundle.pack import hidden
from parkops.errors import UsageError
from parkops.evidence import attested_files, gather
from parkops.model import Outcome, Result, Running, Sample, State, Workspace
from parkops.pipeline import design_park, render_park
from parkops.report.json_ import document
from parkops.store import Store

NOW = 1_795_000_000.0  # 2026-11-18
INVENTORIES = Path(__file__).parents[2] / "inventories"


def bundled(folder: Path, park_name: str) -> bytes:
    """Return the bundle of a shipped park that was pushed and watched for a minute."""
    shutil.copytree(INVENTORIES / park_name, folder, ignore=shutil.ignore_patterns(".parkops", "build"))
    shutil.copytree(INVENTORIES / "mixes", folder.parent / "mixes")
    workspace = Workspace(folder)
    park, _ = design_park(workspace)
    artifacts = render_park(park, workspace)
    with Store.open(folder / "parkops.db") as store:
        store.save_results([Result(d.name, "x", Outcome.CHANGED, "+1") for d in park.managed], NOW - 300)
        store.save_running(
            Running(
                d.name,
                d.platform,
                next((a.text for a in artifacts if a.device == d.name and not a.destination), ""),
                NOW - 290,
                tuple((a.destination, a.text) for a in artifacts if a.device == d.name and a.destination),
            )
            for d in park.managed
        )
        store.save_samples(
            Sample(t.id, NOW - 60 + second, State.UP, 0.001) for t in park.targets for second in (0, 30, 58)
        )
        evidence = replace(gather(park, artifacts, store, NOW), files=attested_files(park, folder))
    assessment = assess(park, evidence)
    report = document(assessment, park, evidence)
    return pack(park, assessment, evidence, workspace, report)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> bytes:
    return bundled(tmp_path_factory.mktemp("demo") / "park", "demo")


def changed(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """Return a zip with its members changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    change(members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def test_a_bundle_holds_what_was_cited_and_proves_itself(demo):
    proof = prove(demo)
    assert proof.holds, proof.problems
    assert proof.park == "demo"
    assert proof.controls >= 192 + 101
    assert proof.evidence > 500
    with zipfile.ZipFile(io.BytesIO(demo)) as archive:
        names = set(archive.namelist())
    assert {"manifest.json", "assessment.json", "chain.json", "plan/park.yaml", "plan/park.lock"} <= names
    assert {"catalogues/mlps.yaml", "measured/intervals.csv", "files/evidence/risk-2026.md"} <= names
    assert any(name.startswith("running/hx-bd-1/etc/nftables") for name in names)


def test_the_same_inputs_give_the_same_bytes(demo, tmp_path):
    assert bundled(tmp_path / "again", "demo") == demo


def test_a_plan_of_several_files_is_proved_by_its_digest(tmp_path):
    data = bundled(tmp_path / "park", "heavy-industry")
    assert prove(data).holds, prove(data).problems[:5]

    def other_plan(members: dict[str, bytes]) -> None:
        body = members["plan/tenants/huagang.yaml"] + b"# one more line\n"
        members["plan/tenants/huagang.yaml"] = body
        manifest = json.loads(members["manifest.json"])
        for item in manifest["members"]:
            if item["path"] == "plan/tenants/huagang.yaml":
                import hashlib

                item["sha256"] = hashlib.sha256(body).hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()

    assert any(
        "the plan's files have the digest" in what for what in prove(changed(data, other_plan)).problems
    )


CONFIG = "running/hx-bd-1/etc/nftables.conf"


def _alter(members: dict[str, bytes]) -> None:
    members[CONFIG] = members[CONFIG].replace(b"policy drop", b"policy accept")


def _remove(members: dict[str, bytes]) -> None:
    del members[CONFIG]


def _add(members: dict[str, bytes]) -> None:
    members["running/stranger/conf"] = b"x"


def _verdict(members: dict[str, bytes]) -> None:
    """Say in the assessment that a failed control passed, with a manifest that fits."""
    import hashlib

    report = json.loads(members["assessment.json"])
    item = next(r for r in report["requirements"] if r["id"] == "NET-PROD-REL-06")
    assert item["verdict"] == "fail"
    item["verdict"] = "pass"
    members["assessment.json"] = json.dumps(report).encode()
    manifest = json.loads(members["manifest.json"])
    for entry in manifest["members"]:
        if entry["path"] == "assessment.json":
            entry["sha256"] = hashlib.sha256(members["assessment.json"]).hexdigest()
    members["manifest.json"] = json.dumps(manifest).encode()


def _text(members: dict[str, bytes]) -> None:
    """Put another text under a cited one, with a manifest that fits."""
    import hashlib

    _alter(members)
    manifest = json.loads(members["manifest.json"])
    for entry in manifest["members"]:
        if entry["path"] == CONFIG:
            entry["sha256"] = hashlib.sha256(members[CONFIG]).hexdigest()
    members["manifest.json"] = json.dumps(manifest).encode()


def _drop(members: dict[str, bytes]) -> None:
    """Take a member away, from the manifest too."""
    _remove(members)
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = [entry for entry in manifest["members"] if entry["path"] != CONFIG]
    members["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_alter, f"altered: {CONFIG}"),
        (_remove, f"removed: {CONFIG}"),
        (_add, "added: running/stranger/conf"),
        (_verdict, "NET-PROD-REL-06: the assessment says pass, the chain fail"),
        (_text, f"not the text that was cited: {CONFIG}"),
        (_drop, "its evidence hx-bd-1:/etc/nftables.conf"),
        (lambda m: m.pop("chain.json") and None, "removed: chain.json"),
        (lambda m: m.update({"chain.json": b"{"}), "chain.json cannot be read"),
    ],
)
def test_what_was_altered_is_named(demo, change, expected):
    problems = prove(changed(demo, change)).problems
    assert any(expected in what for what in problems), problems[:5]


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 20])
def test_what_is_no_bundle(data):
    with pytest.raises(UsageError, match="no zip"):
        prove(data)


def test_a_zip_of_something_else():
    with pytest.raises(UsageError, match="no evidence bundle"):
        prove(changed(b"PK\x05\x06" + b"\0" * 18, lambda m: m.update({"a": b"b"})))


def test_a_cut_off_bundle_is_none(demo):
    with pytest.raises(UsageError):
        prove(demo[: len(demo) // 2])


def test_secrets_are_hidden():
    text = "user a password simple Hunter22\n-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nx\n"
    shown, count = hidden(text)
    assert "Hunter22" not in shown
    assert "abc" not in shown
    assert shown.endswith("x\n")
    assert count == 2


def keys_of_minisign(folder: Path) -> Mapping[str, Path]:
    subprocess.run(
        ["minisign", "-G", "-W", "-p", str(folder / "a.pub"), "-s", str(folder / "a.key")],
        check=True,
        capture_output=True,
    )
    return {"public": folder / "a.pub", "secret": folder / "a.key"}


def test_minisign_signs_and_an_alteration_breaks_it(demo, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(demo)
    keys = keys_of_minisign(tmp_path)
    beside = sign(path, signer(f"minisign:{keys['secret']}"))
    assert beside.name == "a.zip.minisig"
    assert signature_of(path, keys["public"]) == ("minisign", "")
    assert "no --public-key" in signature_of(path, None)[1]
    path.write_bytes(changed(demo, _alter))
    assert "the signature does not fit" in signature_of(path, keys["public"])[1]


def test_another_key_does_not_fit(demo, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(demo)
    (tmp_path / "other").mkdir()
    sign(path, signer(f"minisign:{keys_of_minisign(tmp_path)['secret']}"))
    other = keys_of_minisign(tmp_path / "other")
    assert "the signature does not fit" in signature_of(path, other["public"])[1]


def test_gpg_signs(demo, tmp_path, monkeypatch):
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    options = ("--batch", "--passphrase", "", "--quick-generate-key", "audit@park.example", "ed25519", "sign")
    subprocess.run(["gpg", *options], check=True, capture_output=True)
    try:
        public = tmp_path / "audit.asc"
        done = subprocess.run(
            ["gpg", "--armor", "--export", "audit@park.example"], check=True, capture_output=True
        )
        public.write_bytes(done.stdout)
        path = tmp_path / "a.zip"
        path.write_bytes(demo)
        assert sign(path, signer("gpg:audit@park.example")).name == "a.zip.asc"
        by, trouble = signature_of(path, public)
        assert ("audit@park.example" in by, trouble) == (True, "")
        path.write_bytes(demo + b"x")
        assert "the signature does not fit" in signature_of(path, public)[1]
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)


def test_without_a_signature(demo, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(demo)
    assert signature_of(path, None) == ("", "")
    (tmp_path / "k").write_text("x")
    assert signature_of(path, tmp_path / "k")[1] == "there is no signature beside it"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age:age1x", "age encrypts, it cannot sign"),
        ("rsa:x", "no way to sign"),
        ("minisign:", "no way to sign"),
    ],
)
def test_ways_to_sign_that_there_are_not(text, words):
    with pytest.raises(UsageError, match=words):
        signer(text)


def test_a_key_that_is_not_there(demo, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(demo)
    with pytest.raises(UsageError, match="there is no such key"):
        sign(path, signer(f"minisign:{tmp_path}/none.key"))


def test_age_encrypts(demo, tmp_path):
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    path = tmp_path / "a.zip"
    path.write_bytes(demo)
    locked = encrypt(path, (str(identity.to_public()),))
    assert pyrage.decrypt(locked.read_bytes(), [identity]) == demo
    with pytest.raises(UsageError, match="no recipient of age"):
        encrypt(path, ("age1nonsense",))
