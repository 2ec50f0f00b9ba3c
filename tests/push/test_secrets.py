"""Secrets by reference: each kind resolves, and none is found in anything that a push leaves behind."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "vendors"))

from boxes import KINDS, Box, Host, hosted
from languages import Configuration

from parkops.errors import UsageError
from parkops.model import Access, Artifact, ArtifactKind, Device, Park, Role, SourceRef, Workspace
from parkops.push import Settings, plan, push, read_running
from parkops.push.review import page
from parkops.transport import cli, secrets

SECRET = {kind: f"Plan7ed-{kind}-<&\"'>-s3cret" for kind in ("env", "file", "age", "vault")}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    yield from hosted(tmp_path_factory.mktemp("secret-hosts"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A park's folder with one secret of each kind that is a file."""
    made = tmp_path_factory.mktemp("planted")
    (made / "plain").write_text(SECRET["file"] + "\n")
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    (made / "identity").write_text(f"# created: today\n{identity}\n")
    document = f"snmp:\n  key: {json.dumps(SECRET['age'])}\n"
    (made / "keys.age").write_bytes(pyrage.encrypt(document.encode(), [identity.to_public()]))
    (made / "password").write_text("open sesame\n")
    clear = made / "clear"
    clear.write_text(f"tacacs: {json.dumps(SECRET['vault'])}\n")
    tool = Path(sys.executable).with_name("ansible-vault")
    options = ["--vault-password-file", made / "password", "--output", made / "vault.yml"]
    subprocess.run([tool, "encrypt", *options, clear], check=True, capture_output=True)
    clear.unlink()
    return made


@pytest.fixture
def planted(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, and the environment that opens its secrets."""
    monkeypatch.setenv("PLANTED", SECRET["env"])
    monkeypatch.setenv(secrets.AGE_IDENTITY, "identity")
    monkeypatch.setenv(secrets.VAULT_FILE_VARIABLE, "password")
    return Path(shutil.copytree(folder, tmp_path / "park"))


REFS = {
    "env": "env:PLANTED",
    "file": "file:plain",
    "age": "age:keys.age#snmp.key",
    "vault": "vault:vault.yml#tacacs",
}


@pytest.mark.parametrize("kind", REFS)
def test_each_kind_of_reference_resolves(planted: Path, kind: str) -> None:
    assert secrets.resolve(REFS[kind], planted) == SECRET[kind]


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("age:keys.age#snmp.other", "has no 'snmp.other'"),
        ("age:missing.age", "cannot be read"),
        ("vault:keys.age", "cannot be d"),
        ("vault:plain", "no ansible-vault file"),
        ("vault:vault.yml#a.b", "has no 'a.b'"),
        ("gpg:x", "not a secret reference"),
    ],
)
def test_what_does_not_resolve_is_said_without_the_secret(planted: Path, ref: str, told: str) -> None:
    with pytest.raises((UsageError, UnicodeDecodeError)) as caught:
        secrets.resolve(ref, planted)
    if isinstance(caught.value, UsageError):
        assert told in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRET.values())


def test_a_wrong_vault_password_is_told(planted: Path) -> None:
    (planted / "password").write_text("wrong\n")
    with pytest.raises(UsageError, match="the password is wrong, or it is damaged"):
        secrets.resolve(REFS["vault"], planted)


def test_no_age_identity_is_told(planted: Path) -> None:
    (planted / "identity").unlink()
    with pytest.raises(UsageError, match="needs an age identity"):
        secrets.resolve(REFS["age"], planted)


def test_a_document_is_filled_with_escaped_secrets_and_redacted_in_every_form(planted: Path) -> None:
    vault = secrets.Vault(planted)
    filled = vault.fill(f"<key>@secret:{REFS['env']}@</key>")
    assert "&lt;&amp;" in filled
    for text in (filled, SECRET["env"], json.dumps({"a": SECRET["env"]}), repr([SECRET["env"]])):
        assert "Plan7ed" not in vault.redact(text)


def test_a_secret_of_several_lines_is_redacted_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----BEGIN KEY-----\nc2VjcmV0LWtleS1saW5l\n-----END KEY-----\n")
    vault = secrets.Vault(tmp_path)
    vault.fill("@secret:file:key@")
    assert "c2VjcmV0" not in vault.redact("line 2 was refused: c2VjcmV0LWtleS1saW5l")


@pytest.mark.parametrize("fault", ["", "lies", "refuses"])
def test_planted_secrets_are_nowhere_but_on_the_device(
    planted: Path, host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], fault: str,
) -> None:  # fmt: skip
    old = "sysname sw1\nsnmp-agent\n"
    lines = "".join(f" key {kind} plain @secret:{ref}@\n" for kind, ref in REFS.items())
    intended = f"{old}aaa\n{lines}" + (" bogus @secret:env:PLANTED@\n" if fault == "refuses" else "")
    box = Box("huawei_vrp", "sw1", Configuration(KINDS["huawei_vrp"]).load(old), {fault} - {"refuses"})
    monkeypatch.setattr(cli, "PORT", host.serve(box))
    source = SourceRef("park.yaml", 1, 1, "test")
    device = Device("sw1", Role.ACCESS_SWITCH, "huawei_vrp", source, management_ipv4="127.0.0.1/8")
    access = Access("parkops", key=f"file:{host.key}", known_hosts=str(host.known_hosts))
    park = Park("t", "T", "", "", "d" * 32, 3, 0.0, "127.0.0.0/8", "127.0.0.1", access, source, (device,))
    artifacts = [Artifact("sw1/c.txt", intended, ArtifactKind.CLI, "huawei_vrp", "sw1")]
    said: list[str] = []
    progress = lambda *step: said.append(" ".join(step))  # noqa: E731
    with caplog.at_level(logging.DEBUG):
        changes = plan(park, artifacts, Workspace(planted))
        pushed = push(park, artifacts, Workspace(planted), settings=Settings(progress=progress))
        running = read_running(park, artifacts, Workspace(planted))
    assert (str(pushed.ending) == "committed") is (fault == "")
    assert (SECRET["vault"] in box.running.text()) is (fault == "")
    told = [json.dumps([asdict(change) for change in changes]), page(park, changes), repr(pushed), *said]
    told += [caplog.text, *capfd.readouterr(), repr(running)]
    files = {path: path.read_bytes() for path in planted.rglob("*") if path.is_file()}
    own = {planted / "plain", planted / "password", planted / "identity"}
    for secret in SECRET.values():
        needle = secret.split("<")[0]
        assert not [text[:200] for text in told if needle in text]
        assert not [path for path, data in files.items() if needle.encode() in data and path not in own]
