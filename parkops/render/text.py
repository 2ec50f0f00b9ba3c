"""Free text of the plan, made harmless for each language: one line, inside its quotes, of bounded length."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from xml.sax.saxutils import escape

COMMENT_BYTES = 120  # nftables keeps comments of at most 128 bytes
NOT_WORD = re.compile(r"[^A-Za-z0-9_-]+")


def one_line(value: object) -> str:
    """Return text without control characters and with single spaces, so that a value cannot add a line.

    What the push would take for a secret reference is broken up: no text of a plan reads out a secret.
    """
    text = str(value)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split()).replace("@secret:", "@ secret:")


@dataclass(frozen=True, slots=True)
class Language:
    """How a command language carries free text at the end of a line, or between ``quote`` characters."""

    max_chars: int
    swap: tuple[tuple[str, str], ...] = ()
    quote: str = ""
    max_bytes: int = 0  # 0: only characters are counted

    def write(self, value: object, limit: int = 0) -> str:
        """Return text for this language; ``limit`` is a lower bound on characters for one command."""
        text = one_line(value)
        for char, instead in self.swap:
            text = text.replace(char, instead)
        text = text[: min(limit, self.max_chars) if limit else self.max_chars]
        if self.max_bytes:
            text = text.encode()[: self.max_bytes].decode(errors="ignore")
        text = text.strip()
        return f"{self.quote}{text}{self.quote}" if self.quote else text


# A typed `?` asks for help and what follows a `|` is a filter; both stand in their full-width form.
ASKS = (("?", "\uff1f"), ("|", "\uff5c"))
NO_QUOTES = (('"', "'"), ("\\", "/"))
CLI = Language(200, (*ASKS, ('"', "'"), ("\\", "/"), ("^", "\uff3e")))
LANGUAGES = {  # filter's name -> limits of descriptions as the vendors' command references state them
    "frr": Language(240, ASKS),
    "cli": CLI,  # a line that ends with text, on any platform
    "vrp": Language(240, (*CLI.swap, ("%", "\uff05")), max_bytes=240),
    "comware": Language(240, (*CLI.swap, ("%", "\uff05")), max_bytes=240),
    "ruijie": Language(80, CLI.swap, max_bytes=80),
    "zte": Language(100, CLI.swap, max_bytes=100),
    "ios": Language(200, CLI.swap, max_bytes=200),
    "eos": Language(200, CLI.swap),
    "quote": Language(200, NO_QUOTES, '"'),
    "junos": Language(200, (*NO_QUOTES, *ASKS), '"'),
    "srl": Language(200, (*NO_QUOTES, *ASKS), '"'),
    "uci": Language(200, (("'", "\u2019"), ("\\", "/")), "'"),
}


def quote_list(values: Iterable[object]) -> str:
    """Return values in double quotes, separated by commas."""
    return ", ".join(f'"{one_line(value)}"' for value in values)


def nft_comment(value: object) -> str:
    """Return text that fits an nftables comment: no quotes, at most 120 bytes of UTF-8."""
    text = one_line(value).replace('"', "'").replace("\\", "/")
    return text.encode()[:COMMENT_BYTES].decode(errors="ignore")


def xml_text(value: object) -> str:
    """Return text escaped for XML content (XML 1.0, 2.4)."""
    return escape(one_line(value), {'"': "&quot;"})


def nginx_text(value: object) -> str:
    """Return text as the inside of a JSON string (RFC 8259, 7) inside a double-quoted nginx value."""
    text = json.dumps(one_line(value), ensure_ascii=False)[1:-1].replace("$", "\\u0024")  # no variable
    return text.replace("\\", "\\\\").replace('"', '\\"')


def yaml_text(value: object) -> str:
    """Return text as a YAML or JSON double-quoted scalar (JSON strings are YAML 1.2 scalars)."""
    return json.dumps(one_line(value), ensure_ascii=False)


def systemd_text(value: object) -> str:
    """Return text for a systemd unit: no specifiers, no continuation (systemd.syntax(7))."""
    return one_line(value).replace("%", "%%").replace("\\", "/")


def shell_text(value: object) -> str:
    """Return text as one word of a POSIX shell."""
    return shlex.quote(one_line(value))


def word(value: object, limit: int = 31) -> str:
    """Return a name of letters, digits, ``_`` and ``-``; a digest keeps changed names apart."""
    text = one_line(value)
    plain = NOT_WORD.sub("-", text).strip("-")
    if plain == text and len(plain) <= limit:
        return plain
    tail = blake2b(text.encode(), digest_size=3).hexdigest()
    return f"{plain[: max(limit - len(tail) - 1, 0)]}-{tail}".lstrip("-")[:limit]


FILTERS: dict[str, Callable[..., str]] = {
    **{name: language.write for name, language in LANGUAGES.items()},
    "line": one_line,
    "quoted": quote_list,
    "comment": nft_comment,
    "xml": xml_text,
    "nginx": nginx_text,
    "yaml": yaml_text,
    "json": yaml_text,
    "systemd": systemd_text,
    "shell": shell_text,
    "word": word,
}
