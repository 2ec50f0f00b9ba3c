"""The XML of NETCONF messages: parsed safely, their errors told, their parts written (RFC 6241)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from lxml.etree import _Element


def rpc_errors(reply: _Element) -> str:
    """Say what a reply's errors are: message, tag and path of each (RFC 6241, 4.3); "" for none.

    Warnings are no errors.
    """
    errors = [child for child in reply if local(child) == "rpc-error"]
    parts = [{local(field): " ".join(text(field).split()) for field in e} for e in errors]
    return "; ".join(_one_error(part) for part in parts if part.get("error-severity", "error") != "warning")


def _one_error(part: dict[str, str]) -> str:
    tag, path = part.get("error-tag", ""), part.get("error-path", "")
    words = [part.get("error-message", ""), f"[{tag}]" if tag else "", f"at {path}" if path else ""]
    return " ".join(word for word in words if word)


def parsed(message: bytes) -> Any:
    """Return a message's root; ValueError for what is no XML."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
    try:
        return etree.fromstring(message.strip(), parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the answer is no XML: {error}") from error


def text(element: Any) -> str:
    """Return all text below an element."""
    return "".join(element.itertext())


def local(element: Any) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def undeclared(xml: str) -> str:
    """Return a document without its XML declaration, which may stand only at a message's begin."""
    return xml.partition("?>")[2].lstrip() if xml.lstrip().startswith("<?xml") else xml


def end(place: str) -> str:
    """Return a datastore or a URL as an end of a copy."""
    return f"<url>{escape(place)}</url>" if "://" in place else f"<{place}/>"


def persist_id(token: str) -> str:
    """Return the element of a persist token, "" for none."""
    return f"<persist-id>{escape(token)}</persist-id>" if token else ""
