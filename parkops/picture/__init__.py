"""A park as a picture: what is shown, where it stands, and SVG or Mermaid of it."""

from parkops.picture.layout import Layout, lay_out
from parkops.picture.mermaid import mermaid
from parkops.picture.svg import svg
from parkops.picture.view import LIMIT, View, view

__all__ = ["LIMIT", "Layout", "View", "lay_out", "mermaid", "svg", "view"]
