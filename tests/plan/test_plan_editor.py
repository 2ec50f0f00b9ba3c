"""An editor completes, explains and checks a plan: yaml-language-server itself, over its own protocol."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from parkops.plan.json_schema import plan_schema

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(sys.prefix, "editor", "node_modules", "yaml-language-server", "bin", "yaml-language-server")
NODE = Path(sys.executable).with_name("node")
TIMEOUT_S = 120
MODELINE = "# yaml-language-server: $schema=park.schema.json\n"


class Editor:
    """What an editor says to a language server (LSP 3.17), and what it hears."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self.folder, self.number = process, folder, 0
        self.problems: dict[str, list[dict[str, Any]]] = {}
        folder_uri = folder.as_uri()
        can = {"textDocument": {"completion": {"completionItem": {"documentationFormat": ["plaintext"]}}}}
        self.ask("initialize", processId=os.getpid(), rootUri=folder_uri, capabilities=can)
        self.tell("initialized")
        # no catalogue of schemas from the network: the plan names its own
        settings = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "completion": True}}
        self.tell("workspace/didChangeConfiguration", settings=settings)

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while (message := self.read()).get("id") != self.number or "method" in message:
            self.hear(message)
        assert "error" not in message, message["error"]
        return message["result"]

    def read(self) -> dict[str, Any]:
        size = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        assert size, "the server has ended"
        message: dict[str, Any] = json.loads(self.process.stdout.read(size))
        return message

    def hear(self, message: dict[str, Any]) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            self.problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message:  # the server asks: for settings, or to register something
            answer = [{}] * len(message["params"].get("items", ())) if "params" in message else None
            self.send({"id": message["id"], "result": answer})

    def open(self, name: str, text: str) -> str:
        uri = (self.folder / name).as_uri()
        self.tell(
            "textDocument/didOpen",
            textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text},
        )
        return uri

    def checked(self, name: str, text: str) -> list[str]:
        """Return what the editor underlines in a file, as line: message."""
        uri = self.open(name, text)
        while uri not in self.problems:
            self.hear(self.read())
        return [f"{item['range']['start']['line']}: {item['message']}" for item in self.problems[uri]]

    def completed(self, name: str, text: str) -> dict[str, str]:
        """Return what is offered at the mark ``|``, with what is said of it."""
        uri, at = self.open(name, text.replace("|", "")), _position(text)
        result = self.ask("textDocument/completion", textDocument={"uri": uri}, position=at)
        return {item["label"]: _text(item.get("documentation", "")) for item in result["items"]}

    def hovered(self, name: str, text: str) -> str:
        """Return what is said of the word at the mark ``|``."""
        uri, at = self.open(name, text.replace("|", "")), _position(text)
        result = self.ask("textDocument/hover", textDocument={"uri": uri}, position=at)
        return _text(result["contents"])


def _position(text: str) -> dict[str, int]:
    before = text[: text.index("|")].split("\n")
    return {"line": len(before) - 1, "character": len(before[-1])}


def _text(value: Any) -> str:
    return value["value"] if isinstance(value, dict) else str(value)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    assert SERVER.exists(), "yaml-language-server is missing: `sh setup.sh test` installs it"
    folder = tmp_path_factory.mktemp("editor")
    schema = json.dumps(plan_schema(included=False), ensure_ascii=False)
    (folder / "park.schema.json").write_text(schema, encoding="utf-8")
    command = ["timeout", str(TIMEOUT_S), NODE, SERVER, "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Editor(process, folder)
        finally:
            process.terminate()


@pytest.mark.parametrize("park", ["demo", "logistics"])
def test_nothing_is_underlined_in_a_good_plan(editor: Editor, park: str) -> None:
    text = (ROOT / "inventories" / park / "park.yaml").read_text(encoding="utf-8")
    whole = "include" not in yaml.safe_load(text)
    found = editor.checked(f"{park}.yaml", MODELINE + text)
    missing = [item for item in found if "Missing property" in item]
    assert [item for item in found if item not in missing] == []
    assert not (whole and missing)  # what an included file brings, an editor cannot know


def test_what_is_wrong_is_underlined_where_it_stands(editor: Editor, base_text: str) -> None:
    text = base_text.replace("  title: 小园区", "  titel: 小园区").replace(
        "kind: production", "kind: produktion"
    )
    found = editor.checked("wrong.yaml", MODELINE + text)
    lines = (MODELINE + text).split("\n")
    typo, kind = (next(n for n, line in enumerate(lines) if word in line) for word in ("titel", "produktion"))
    assert any(re.match(rf"{typo}: .*titel", item) for item in found), found
    assert any(re.match(rf"{kind}: .*production", item) for item in found), found


def test_keys_are_offered_with_what_they_mean(editor: Editor) -> None:
    sections = editor.completed("sections.yaml", MODELINE + "park: {id: a, title: b, operator: c}\n|")
    assert {"tenants", "backbone", "zones", "flows", "management"} <= sections.keys()
    ring = editor.completed(
        "ring.yaml", MODELINE + "tenants:\n  a:\n    sites:\n      p:\n        ring:\n          |"
    )
    assert {"protocol", "owner", "wtr_minutes"} <= ring.keys()
    protocols = editor.completed(
        "kinds.yaml", MODELINE + "tenants:\n  a:\n    sites:\n      p:\n        ring: {protocol: |}"
    )
    assert {"rstp", "erps", "mrp", "prp", "hsr"} <= protocols.keys()


def test_a_key_says_what_it_means(editor: Editor) -> None:
    said = editor.hovered("hover.yaml", MODELINE + "backbone:\n  exit:\n    ur|pf: loose\n")
    assert "RFC 3704" in said
