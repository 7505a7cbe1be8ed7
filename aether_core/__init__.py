"""The science: arrays, rasters and tensors in and out. No database, no pages."""

from typing import Final

VERSION: Final = "0.1.0"
"""Of the whole app; the same as in pyproject.toml."""
