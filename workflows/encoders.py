"""The text encoder of this installation, and the store's memory of what it encoded."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.text.encoder import TextEncoder, text_hash
from aether_core.text.minilm import MiniLMEncoder
from db import texts as text_rows
from workflows.settings import Settings
from workflows.store import Store

BATCH = 4096


@lru_cache(maxsize=2)
def _encoder(folder: Path | None) -> TextEncoder:
    return MiniLMEncoder(folder)


def default_encoder(settings: Settings) -> TextEncoder:
    """The encoder every city of this installation uses; loaded once a process."""
    return _encoder(settings.text_encoder)


def encoder_named(settings: Settings, name: str) -> TextEncoder:
    """The installation's encoder, if it is the one a model was trained with.

    Raises:
        InputError: The model needs another encoder.
    """
    encoder = default_encoder(settings)
    if encoder.name != name:
        raise InputError(
            "the model was trained with another text encoder",
            f"{name}, this installation has {encoder.name}",
            "set AETHER_TEXT_ENCODER to that encoder's folder, or train the city again",
        )
    return encoder


def store_texts(
    store: Store, encoder: TextEncoder, texts: Sequence[str], progress: Progress = silent
) -> None:
    """Encode those of the texts that no city had before, a batch a transaction.

    What is encoded stays, also when the work is cancelled: it is a cache shared by all cities.
    """
    by_hash = {text_hash(text): text for text in texts}
    with store.session() as session:
        missing = sorted(text_rows.missing_hashes(session, encoder.name, list(by_hash)))
    for start in range(0, len(missing), BATCH):
        chunk = missing[start : start + BATCH]

        def batch_progress(stage: str, done: int, _total: int, start: int = start) -> None:
            progress(stage, start + done, len(missing))

        vectors = encoder.encode([by_hash[key] for key in chunk], batch_progress)
        with store.session() as session:
            text_rows.add_texts(session, encoder.name, chunk, vectors)
