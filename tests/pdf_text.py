"""What a PDF says, as a reader copies it."""

import io

from pypdf import PdfReader


def text_of(pdf: bytes) -> str:
    """The text of all pages."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
