"""Vantage nodes: an agent on a node of a zone tries what parkops, which stands elsewhere, could not see."""

from parkops.monitor.vantage.fleet import Vantages
from parkops.monitor.vantage.session import Answer, Ask, Node

__all__ = ["Answer", "Ask", "Node", "Vantages"]
