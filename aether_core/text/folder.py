"""Any sentence-transformers model in a folder of this machine as a text encoder."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aether_core.errors import AetherError, InputError
from aether_core.progress import Progress, silent
from aether_core.text.encoder import STAGE, FloatArray, each_once, unit_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 64
_MODULES = "modules.json"
_OURS = "sentence_transformers."
_SAVE_AGAIN = "save it again with SentenceTransformer(...).save_pretrained(folder)"
_DEFINES = {".safetensors", ".json", ".txt", ".model"}  # weights, settings, vocabularies
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


class FolderEncoder:
    """A sentence-transformers model from its folder, in float32 on the CPU.

    Its name is the folder's and the first 12 hexadecimal digits of the SHA-256 over the files
    that decide its vectors, so that other weights under the same name are another encoder. The
    weights are loaded at the first use and never fetched; pickled weights and modules that bring
    code of their own are refused. One instance may be shared by threads; they take turns.

    Args:
        folder: The model's folder, with `modules.json`.

    Raises:
        InputError: The folder holds no such model, or one that only a pickle or foreign code
            could load.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().resolve()
        _check(self._folder)
        self._loaded: SentenceTransformer | None = None
        self._turn = threading.RLock()

    @cached_property
    def name(self) -> str:
        """Name of the folder and digest of what is in it, such as `bge-small:3f2a9c01b2d4`."""
        return f"{self._folder.name}:{_digest(self._folder)}"

    @property
    def kept_as(self) -> str:
        """The name: products are float32 on every machine."""
        return self.name

    @cached_property
    def dim(self) -> int:
        """Length of a vector, as the model says it; loads the model."""
        with self._turn:
            dim = self._model().get_embedding_dimension()
        if dim is None:
            raise AetherError(
                f"the text encoder {self.name} does not state the length of its vectors",
                code="encoder-vector-length-unknown",
            )
        return int(dim)

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> FloatArray:
        """Encode sentences, each distinct one once, those of like length together.

        A vector does not depend on the others of its batch beyond float32 rounding.

        Args:
            texts: Sentences; what exceeds the model's longest sentence is cut off.
            progress: Called per batch with the number of distinct sentences done; raising
                `CancelledError` there stops the work.

        Returns:
            float32 `[len(texts), dim]`, unit rows in the order of `texts`.

        Raises:
            AetherError: The model gives a vector without a direction.
        """
        return each_once(texts, lambda distinct: self._encode(distinct, progress))

    def _encode(self, texts: list[str], progress: Progress) -> FloatArray:
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), _BATCH):
            rows = order[start : start + _BATCH]
            with self._turn:
                vectors[rows] = self._model().encode(
                    [texts[row] for row in rows], batch_size=_BATCH, show_progress_bar=False
                )
            progress(STAGE, start + len(rows), len(texts))
        return unit_rows(vectors, self.name)

    def _model(self) -> "SentenceTransformer":
        if self._loaded is None:
            self._loaded = _load(self._folder)
        return self._loaded


def _check(folder: Path) -> None:
    """Refuse what cannot be loaded safely, before anything of it is loaded."""
    if not (folder / _MODULES).is_file():
        raise InputError(
            "the text encoder's folder has no sentence-transformers model",
            folder,
            f"give the folder that has {_MODULES} in it",
            code="encoder-folder-without-model",
        )
    try:
        modules = json.loads((folder / _MODULES).read_bytes())
        kinds = [(str(module["type"]), folder / str(module["path"])) for module in modules]
    except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise InputError(
            f"the text encoder's {_MODULES} cannot be read",
            folder,
            _SAVE_AGAIN,
            code="encoder-modules-unreadable",
        ) from error
    for kind, place in kinds:
        if not kind.startswith(_OURS):
            raise InputError(
                "the text encoder includes its own code, which is never run",
                kind,
                "choose a model that sentence-transformers supports natively",
                code="encoder-with-own-code",
            )
        if not place.resolve().is_relative_to(folder):
            raise InputError(
                "the text encoder refers to files outside its folder",
                place,
                _SAVE_AGAIN,
                code="encoder-outside-its-folder",
            )
        if any(place.glob("*.bin")) and not any(place.glob("*.safetensors")):
            raise InputError(
                "the text encoder's weights are pickled, and pickle files are never loaded",
                place,
                _SAVE_AGAIN,
                code="encoder-weights-pickled",
            )


def _digest(folder: Path) -> str:
    """First 12 hexadecimal digits of the SHA-256 over the files that decide a vector."""
    modules = json.loads((folder / _MODULES).read_bytes())
    places = {folder, *(folder / str(module["path"]) for module in modules)}
    files = {
        file
        for place in places
        for file in place.glob("*")
        if file.is_file() and file.suffix in _DEFINES
    }
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:12]


def _load(folder: Path) -> "SentenceTransformer":
    """Load the model from its folder, without a look at the hub."""
    with _offline():
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        # A bar for a load of a second would only clutter the log.
        disable_progress_bar()
        try:
            return SentenceTransformer(
                str(folder),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": "float32", "use_safetensors": True},
            )
        except Exception as error:  # what a foreign folder raises is not ours to list
            raise AetherError(
                f"the text encoder in {folder} cannot be loaded: {_first_line(error)}",
                code="encoder-not-loadable",
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


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
