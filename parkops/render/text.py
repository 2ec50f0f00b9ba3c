"""The shared Jinja2 environment: strict names, and filters that keep plan text inside its quotes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from xml.sax.saxutils import escape

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
)

from parkops.errors import RenderError
from parkops.resources import folder

COMMENT_BYTES = 120  # nftables keeps comments of at most 128 bytes


def one_line(value: object) -> str:
    """Return text without control characters and with single spaces, so that a value cannot add a line."""
    text = str(value)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())


def quote_list(values: Iterable[object]) -> str:
    """Return values in double quotes, separated by commas."""
    return ", ".join(f'"{one_line(value)}"' for value in values)


def nft_comment(value: object) -> str:
    """Return text that fits an nftables comment: no quotes, at most 120 bytes of UTF-8."""
    text = one_line(value).replace('"', "'").replace("\\", "/")
    return text.encode()[:COMMENT_BYTES].decode(errors="ignore")


def xml_text(value: object) -> str:
    """Return text escaped for XML content (XML 1.0, 2.4)."""
    return escape(one_line(value))


def frr_text(value: object) -> str:
    """Return text for the end of an FRR line: vtysh eats a typed ``?`` and pipes what follows a ``|``."""
    return one_line(value).replace("?", "\uff1f").replace("|", "\uff5c")


def nginx_text(value: object) -> str:
    """Return text as the inside of a JSON string (RFC 8259, 7) inside a double-quoted nginx value."""
    text = json.dumps(one_line(value), ensure_ascii=False)[1:-1].replace("$", "\\u0024")  # no variable
    return text.replace("\\", "\\\\").replace('"', '\\"')


def yaml_text(value: object) -> str:
    """Return text as a YAML double-quoted scalar (JSON strings are YAML 1.2 scalars)."""
    return json.dumps(one_line(value), ensure_ascii=False)


@cache
def environment() -> Environment:
    """Return the one environment that all templates share."""
    env = Environment(  # noqa: S701  # no HTML here; each language has its own filter
        loader=FileSystemLoader(folder("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters.update(
        frr=frr_text, quoted=quote_list, comment=nft_comment, xml=xml_text, nginx=nginx_text, yaml=yaml_text
    )
    return env


def fill(template: str, context: dict[str, object], *, where: str) -> str:
    """Render one template.

    Raises RenderError with the template's line, the undefined name and the device.
    """
    try:
        return environment().get_template(template).render(context)
    except UndefinedError as error:
        raise RenderError(
            str(error.message),
            where=f"{where}: {_line(error, template)}",
            hint="add it to the design or plan",
        ) from error
    except TemplateSyntaxError as error:
        raise RenderError(
            str(error.message), where=f"{where}: {error.name or template}:{error.lineno}"
        ) from error
    except TemplateError as error:
        raise RenderError(str(error), where=f"{where}: {template}") from error


def _line(error: Exception, template: str) -> str:
    """Return ``template:line`` of the innermost template frame of a traceback."""
    found, trace = template, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith(".j2"):
            found = f"{name.rpartition('templates/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
