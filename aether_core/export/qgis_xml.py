"""What QGIS's styles and projects share as XML documents."""

import re
from xml.etree import ElementTree as ET

VERSION = "3.22.0"
"""Version of QGIS whose structure is written; later ones read it."""
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(root: ET.Element) -> str:
    """Return an element tree as a document; characters that XML 1.0 has not are left out."""
    ET.indent(root, " ")
    text = without_control_characters(ET.tostring(root, encoding="unicode"))
    return f"{_DOCTYPE}\n{text}\n"


def without_control_characters(text: str) -> str:
    """Return text without the characters that XML 1.0 has not."""
    return _NOT_XML.sub("", text)
