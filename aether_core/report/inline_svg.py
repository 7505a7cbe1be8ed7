"""SVG made fit to stand in a page beside other SVG."""

import xml.etree.ElementTree as ET
from typing import Final

from aether_core.errors import InputError

_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "http://www.w3.org/1999/xlink"
_ACTIVE: Final = frozenset({"script", "foreignObject", "iframe"})


def inline(svg: str, prefix: str, alt: str) -> str:
    """Return an SVG whose ids are its own and which says what it shows.

    Args:
        svg: A whole SVG document.
        prefix: Put before each id and each reference to one, so that pictures do not mix.
        alt: What it shows, for readers who cannot see it.

    Raises:
        InputError: It is no SVG, or it holds scripts.
    """
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _LINK)
    try:
        root = ET.fromstring(svg)  # noqa: S314 - Python's expat refuses entity bombs; charts are ours
    except ET.ParseError as error:
        raise InputError(
            "a figure is not valid SVG", error, "draw it with to_svg", code="figure-not-svg"
        ) from error
    for node in root.iter():
        name = str(node.tag).rpartition("}")[2]
        if name in _ACTIVE or any(key.startswith("on") for key in node.keys()):  # noqa: SIM118 - an element
            raise InputError(
                "a figure's SVG holds a script",
                name,
                "draw it with to_svg",
                code="figure-with-script",
            )
        for key, value in node.items():
            node.set(key, _own(key, value, prefix))
    root.set("role", "img")
    root.set("aria-label", alt)
    return ET.tostring(root, encoding="unicode")


def _own(key: str, value: str, prefix: str) -> str:
    if key == "id":
        return prefix + value
    if key.endswith("href") and value.startswith("#"):
        return f"#{prefix}{value[1:]}"
    return value.replace("url(#", f"url(#{prefix}")
