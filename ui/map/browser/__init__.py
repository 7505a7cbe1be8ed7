"""What runs in the browser: the code, markup and style of maps."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


def part(name: str) -> str:
    """The text of one of its files."""
    return (FOLDER / name).read_text(encoding="utf-8")
