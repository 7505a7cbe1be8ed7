"""GML: written anew without anything that leads elsewhere, before GDAL opens it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from aether_core.errors import InputError
from aether_core.vector.markup.xml_events import local_name, not_this, read_xml

_NAMESPACE = "http://www.opengis.net/gml"
_COLLECTION = re.compile(
    r"(Collection|CityModel|Model|Dataset|TransferSet|Delivery)$", re.IGNORECASE
)
_LEADS_ELSEWHERE = frozenset(
    {"schemaLocation", "noNamespaceSchemaLocation", "href", "codeSpace", "xsi", "base"}
)
_CRS = re.compile(
    r"(urn:(x-)?ogc:def:crs:[\w:.,-]+"
    r"|EPSG:\d+"
    r"|https?://www\.opengis\.net/(def/crs/\w+/[\w.]+/\w+|gml/srs/epsg\.xml#\d+))$",
    re.IGNORECASE,
)
_BOUNDS = "boundedBy"  # GDAL would make columns of its corners
_MOST_DEPTH = 200


@contextmanager
def harmless_gml(path: Path) -> Iterator[Path]:
    """Copy a GML file, without links, schema locations, bounds, comments and instructions.

    GDAL would fetch the schema it names, and read one that lies beside it. Names of coordinate
    reference systems are kept in the forms that are understood without looking them up.

    Args:
        path: A plain local file.

    Yields:
        The copy, alone in a folder; it is gone when the block ends.

    Raises:
        InputError: It is no GML of features, broken, or names its CRS by another address.
    """
    with TemporaryDirectory(prefix="aether-gml-") as folder:
        copy = Path(folder) / path.name
        with copy.open("wb") as file:
            read_xml(path, _Copy(path, file), "GML")
        yield copy


class _Copy(ContentHandler):
    """Writes what it is told, without what leads elsewhere."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        super().__init__()
        self._path = path
        self._out = XMLGenerator(file, encoding="utf-8", short_empty_elements=True)
        self._depth = 0
        self._left_out_at = 0  # depth of an element that is left out with all it holds

    def startDocument(self) -> None:  # noqa: N802
        self._out.startDocument()

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        if not self._depth:
            self._check_root(name, attrs)
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise InputError(
                f"the elements of {self._path.name} are nested too deeply",
                f"over {_MOST_DEPTH}",
                "export it again in a GIS",
                code="vector-file-unreadable",
            )
        if local_name(name) == _BOUNDS and not self._left_out_at:
            self._left_out_at = self._depth
        if self._left_out_at:
            return
        kept = {}
        for key, value in attrs.items():
            own = local_name(key)
            if own in _LEADS_ELSEWHERE and not key.startswith("xmlns"):
                continue
            if own == "srsName" and not _CRS.match(value.strip()):
                raise InputError(
                    f"the CRS name in {self._path.name} is not a known form",
                    value,
                    "export it with a name such as urn:ogc:def:crs:EPSG::4326",
                    code="crs-not-understood",
                )
            kept[key] = value
        self._out.startElement(name, AttributesImpl(kept))

    def endElement(self, name: str) -> None:  # noqa: N802
        self._depth -= 1
        if not self._left_out_at:
            self._out.endElement(name)
        elif self._depth < self._left_out_at:
            self._left_out_at = 0

    def characters(self, content: str) -> None:
        if not self._left_out_at:
            self._out.characters(content)

    def _check_root(self, name: str, attrs: AttributesImpl) -> None:
        """Refuse what another of GDAL's drivers might take up: some of them speak to servers."""
        root = local_name(name)
        spoken = [value for key, value in attrs.items() if key.startswith("xmlns")]
        is_gml = any(value.startswith(_NAMESPACE) for value in spoken)
        if not (is_gml and _COLLECTION.search(root)):
            raise not_this(self._path, "a GML file of features", root)
