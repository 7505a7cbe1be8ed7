"""XML from outside, read element by element: without entities of its own, and nothing fetched."""

import xml.sax
import xml.sax.handler
from pathlib import Path
from xml.sax.xmlreader import InputSource

from aether_core.errors import InputError
from aether_core.vector.kinds import kind_of


class _NoDocumentType:
    """Refuses a document type: it can define texts without end, or name files to be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def startDTD(self, name: str, public: str | None, system: str | None) -> None:  # noqa: N802
        raise InputError(
            f"{self._path.name} declares a document type (DOCTYPE), which is not read",
            system or public or name,
            "remove the declaration, or export the file again without it",
            code="xml-with-document-type",
        )

    def endDTD(self) -> None:  # noqa: N802
        pass

    def startCDATA(self) -> None:  # noqa: N802
        pass

    def endCDATA(self) -> None:  # noqa: N802
        pass

    def comment(self, text: str) -> None:
        pass


def read_xml(path: Path, handler: xml.sax.handler.ContentHandler, name: str) -> None:
    """Tell a handler what an XML file holds; names come without their namespaces' meaning.

    Args:
        path: A plain local file.
        handler: What is told.
        name: What the file should be, for messages, such as `KML`.

    Raises:
        InputError: It is no XML, broken, or declares a document type; or what the handler raises.
    """
    parser = xml.sax.make_parser()  # noqa: S317
    parser.setFeature(xml.sax.handler.feature_external_ges, False)
    parser.setFeature(xml.sax.handler.feature_external_pes, False)
    parser.setProperty(xml.sax.handler.property_lexical_handler, _NoDocumentType(path))
    parser.setContentHandler(handler)
    source = InputSource()
    with path.open("rb") as file:
        source.setByteStream(file)
        try:
            parser.parse(source)
        except xml.sax.SAXParseException as error:
            where = f"line {error.getLineNumber()}: {error.getMessage()}"
            raise InputError(
                f"{path.name} cannot be read as {name}",
                f"{kind_of(path)}; {where}",
                "export or download it again",
                code="vector-file-unreadable",
            ) from error


def local_name(name: str) -> str:
    """Return an element's name without the prefix of its namespace."""
    return name.rpartition(":")[2]


def not_this(path: Path, name: str, root: str) -> InputError:
    """XML of another kind."""
    return InputError(
        f"this is not {name}, despite its ending",
        f"{path.name} is XML ({root})",
        "give it the ending of what it is, or export it again",
        code="file-of-another-format",
    )
