"""The model that a region keeps beside its pieces."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aether_core.model.files.card import CARD_FILE, WEIGHTS_FILE
from workflows.locations.location import Location

if TYPE_CHECKING:
    from aether_core.model.heads.heads import Heads

MODEL: Final = "model"
"""Where it lies in the region."""


def region_heads(location: Location) -> "Heads":
    """A region's weights.

    Raises:
        InputError: They are gone, or cannot be read.
    """
    from aether_core.model.files.folder import load_heads

    with tempfile.TemporaryDirectory(prefix="aether-model-") as scratch:
        for name in (WEIGHTS_FILE, CARD_FILE):
            content = location.read(f"{MODEL}/{name}")
            if content is not None:
                (Path(scratch) / name).write_bytes(content)
        return load_heads(Path(scratch))
