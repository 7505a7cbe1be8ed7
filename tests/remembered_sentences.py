"""The local encoder, which remembers for all processes of a test session what it has encoded.

Hundreds of tests store the same places and ask the same questions. What the encoder itself does is
tested on its own class, and what a process needs that nobody lent its memory on `up`.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from aether_core.progress import Progress
from aether_core.text.encoder import STAGE, FloatArray, text_hash
from aether_core.text.minilm import MiniLMEncoder
from workflows.encoders import encoders

FOLDER = "TESTS_SENTENCES"
"""The variable that names the folder of what is remembered."""


class RememberingEncoder(MiniLMEncoder):
    """Encodes as its parent does, but a sentence once: in memory, and one small file each."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._known: dict[str, FloatArray] = {}

    def _encode(self, texts: list[str], progress: Progress) -> FloatArray:
        unknown = [text for text in texts if not self._remember(text)]
        if unknown:
            vectors = super()._encode(unknown, progress)
            for text, vector in zip(unknown, vectors, strict=True):
                self._known[text] = vector
                self._keep(text, vector)
        else:
            progress(STAGE, len(texts), len(texts))
        return np.array([self._known[text] for text in texts], dtype=np.float32)

    def _remember(self, text: str) -> bool:
        if text not in self._known:
            with suppress(FileNotFoundError):
                self._known[text] = np.frombuffer(self._file(text).read_bytes(), dtype=np.float32)
        return text in self._known

    def _keep(self, text: str, vector: FloatArray) -> None:
        file = self._file(text)
        part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        with suppress(OSError):  # a test may forbid files, or fill the disk
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(vector.tobytes())
            part.rename(file)

    def _file(self, text: str) -> Path:
        return Path(os.environ[FOLDER], self.kept_as, text_hash(text))


def remember() -> None:
    """Let this process's installations encode so, where its environment names the folder."""
    if FOLDER in os.environ:
        encoders.MiniLMEncoder = RememberingEncoder  # type: ignore[misc]
