"""Likeness to a city's words, AUC by blocks, and what they come to."""

import csv

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from aether_core.search.background import background_words
from aether_core.search.likeness import CityWords, Likeness, phrase_vectors, words_of_places
from aether_core.search.stand_in import stand_in_vectors
from aether_core.search.support import (
    DescribedPlaces,
    Level,
    MeasuredWith,
    Support,
    judge,
    undescribed,
)
from aether_core.search.unseen_auc import block_auc
from aether_core.simulate.grid_city import ZONES
from aether_core.text.minilm import MiniLMEncoder
from benchmarks.figures.support import QUERIES

WORDS = ("bar", "factory", "park")


@pytest.fixture(scope="module")
def encoder() -> MiniLMEncoder:
    return MiniLMEncoder()


@pytest.fixture(scope="module")
def background(encoder: MiniLMEncoder) -> NDArray[np.float64]:
    return phrase_vectors(encoder.encode, background_words().every)


@pytest.fixture(scope="module")
def grid_words(encoder: MiniLMEncoder, background: NDArray[np.float64]) -> CityWords:
    words = sorted({category for zone in ZONES.values() for category in zone.categories})
    return CityWords(words, phrase_vectors(encoder.encode, words), background)


@pytest.mark.parametrize(
    ("query", "zone"),
    [
        ("drink a beer", "nightlife"),
        ("primary school", "homes"),
        ("museums", "culture"),
        ("buy shoes", "shopping"),
        ("attorney", "offices"),
    ],
)
def test_what_the_city_has_is_like_its_words(
    encoder: MiniLMEncoder, grid_words: CityWords, query: str, zone: str
) -> None:
    found = grid_words.likeness(phrase_vectors(encoder.encode, [query])[0])
    assert found.value > 0.25
    assert grid_words.words[int(found.cosine.argmax())] in ZONES[zone].categories


@pytest.mark.parametrize(
    "query", ["asdfghjkl qwerty", "blorf", "quiet", "safe", "happiness", "volcano", "airport"]
)
def test_gibberish_abstract_words_and_absent_kinds_are_not(
    encoder: MiniLMEncoder, grid_words: CityWords, query: str
) -> None:
    assert grid_words.likeness(phrase_vectors(encoder.encode, [query])[0]).value < 0.15


def test_a_citys_own_words_and_words_without_a_place_are_the_marks(
    encoder: MiniLMEncoder, grid_words: CityWords
) -> None:
    def typical(words: tuple[str, ...]) -> float:
        vectors = phrase_vectors(encoder.encode, words)
        return float(np.median([grid_words.likeness(vector).value for vector in vectors]))

    assert typical(grid_words.words) == pytest.approx(1)
    # Less than 0: here each of them is among its own rivals.
    assert typical(background_words().qualities) < 0


def test_no_reported_query_is_a_background_word_but_kinds_of_place() -> None:
    lists = background_words()
    with QUERIES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    reported = {row["query"] for row in rows if row["use"] == "report"}
    assert len(reported) == sum(row["use"] == "report" for row in rows) == 200
    assert not reported & {*lists.qualities, *lists.nonsense}
    assert not reported & {row["query"] for row in rows if row["use"] == "tune"}
    assert len(set(lists.every)) == len(lists.every)


def test_words_are_categories_and_groups_and_names_only_where_most_places_have_neither() -> None:
    words, rows = words_of_places(["bar", " pub ", ""], ["night", "", ""], ["A", "B", "Kiosk"])
    assert words == ("bar", "night", "pub")
    assert rows.tolist() == [[0, 1], [2, -1], [-1, -1]]
    words, rows = words_of_places(["bar", "", ""], ["", "", ""], ["A", "Old Mill", "Old Mill"])
    assert words == ("Old Mill", "bar")
    assert rows[:, 2].tolist() == [-1, 0, 0]
    assert words_of_places(["", ""], ["", ""], ["", ""])[0] == ()


def test_auc_by_blocks_is_that_of_all_pairs_and_its_interval_that_of_drawn_blocks() -> None:
    rng = np.random.default_rng(3)
    block = rng.integers(12, size=400)
    positive = rng.random(400) < 0.2
    score = np.round(rng.normal(size=400) + positive, 1).astype(np.float32)  # with equal scores
    found = block_auc(score, positive, block, resamples=300, seed=5)
    assert found is not None
    assert found.auc == pytest.approx(roc_auc_score(positive, score))
    assert found.places == positive.sum()
    assert found.blocks == len(np.unique(block[positive]))
    drawn = []
    for _ in range(300):
        rows = np.concatenate([np.flatnonzero(block == b) for b in rng.integers(12, size=12)])
        drawn.append(roc_auc_score(positive[rows], score[rows]))
    np.testing.assert_allclose((found.lo, found.hi), np.percentile(drawn, [2.5, 97.5]), atol=0.02)


def test_one_block_has_no_interval_and_one_kind_no_auc() -> None:
    score = np.array([0.1, 0.2, 0.3], dtype=np.float32)
    found = block_auc(score, np.array([False, True, True]), np.zeros(3, dtype=np.int64))
    assert found is not None
    assert (found.auc, found.lo, found.hi) == (1.0, None, None)
    assert block_auc(score, np.zeros(3, dtype=bool), np.arange(3)) is None
    assert block_auc(score, np.ones(3, dtype=bool), np.arange(3)) is None


def test_the_stand_in_has_not_seen_the_block_it_is_asked_about() -> None:
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(10), 30)
    form = rng.normal(size=(300, 6)).astype(np.float32)
    text = np.repeat(rng.normal(size=(10, 4)), 30, axis=0).astype(np.float32)
    changed = text.copy()
    changed[block == 4] *= -7
    same = block == 4
    first, second = stand_in_vectors(form, text, block), stand_in_vectors(form, changed, block)
    np.testing.assert_array_equal(first[same], second[same])
    assert not np.allclose(first[~same], second[~same])
    assert np.isnan(stand_in_vectors(form, text, np.zeros(300, dtype=np.int64))).all()


def test_the_stand_in_finds_what_form_tells() -> None:
    rng = np.random.default_rng(1)
    block = np.repeat(np.arange(10), 30)
    form = rng.normal(size=(300, 6)).astype(np.float32)
    text = (form[:, :2] + 0.1 * rng.normal(size=(300, 2))).astype(np.float32)
    np.testing.assert_allclose(stand_in_vectors(form, text, block), form[:, :2], atol=0.15)


def like(value: float, cosine: tuple[float, ...] = (0.9, 0.1, 0.1)) -> Likeness:
    return Likeness(value, np.array(cosine))


def described(
    *, found: bool = True, held: bool = True, bars: int = 100, few_held: bool = False
) -> tuple[DescribedPlaces, NDArray[np.float32], NDArray[np.float32]]:
    """400 places in 20 blocks; the first are bars, and what finds them is as asked."""
    rng = np.random.default_rng(7)
    order = rng.permutation(400)
    word = np.where(order < bars, 0, 1 + order % 2)
    block = np.arange(400) % 20
    held_out = block < (2 if few_held else 10)
    signal = (word == 0) * 2.0 if found else np.zeros(400)
    scores = (signal + rng.normal(size=(2, 400))).astype(np.float32)
    places = DescribedPlaces(WORDS, word[:, None], block, held_out if held else None)
    return places, scores[0], scores[1]


def test_described_and_found_is_strong() -> None:
    found = judge(like(0.8), *described())
    assert found.level is Level.STRONG
    assert found.paints
    assert found.tested_on is MeasuredWith.HELD_OUT
    assert found.auc is not None
    assert found.ci95 is not None
    assert 0.85 < found.ci95[0] < found.auc < found.ci95[1] <= 1
    assert found.described == ("bar",)
    assert found.nearest[0] == "bar"
    assert f"{found.auc:.2f}" in found.reason
    assert f"{found.auc:.2f}" in found.figures
    assert found.reason == f"{found.summary[:-1]}: {found.figures}."
    assert "bar" in found.reason


def test_not_described_is_none_and_offers_what_there_is() -> None:
    found = judge(like(0.1), *described())
    assert (found.level, found.auc, found.ci95, found.tested_on) == (Level.NONE, None, None, None)
    assert not found.paints
    assert set(found.nearest) == set(WORDS)
    assert "bar" in found.reason


def test_described_but_not_found_is_none() -> None:
    places, score, stand_in = described(found=False, bars=200)
    found = judge(like(0.8), places, -np.abs(score) * (places.word_of[:, 0] == 0), stand_in)
    assert found.level is Level.NONE
    assert found.auc is not None
    assert found.auc < 0.3


@pytest.mark.parametrize(
    ("likeness", "places"),
    [
        (0.2, described()),  # loosely described
        (0.8, described(found=False)),  # by chance
        (0.8, described(bars=3)),  # too few
    ],
)
def test_doubt_is_weak(
    likeness: float, places: tuple[DescribedPlaces, NDArray[np.float32], NDArray[np.float32]]
) -> None:
    assert judge(like(likeness), *places).level is Level.WEAK


@pytest.mark.parametrize(
    ("places", "shown_words"),
    [(described(held=False), "no block is"), (described(few_held=True), "too few such places")],
)
def test_without_enough_places_held_out_a_stand_in_is_asked_and_said(
    places: tuple[DescribedPlaces, NDArray[np.float32], NDArray[np.float32]], shown_words: str
) -> None:
    def with_score(score: NDArray[np.float32]) -> Support:
        return judge(like(0.8), places[0], score, places[2])

    found = with_score(places[1])
    assert found.tested_on is MeasuredWith.STAND_IN
    assert shown_words in found.reason
    assert found == with_score(-places[1])


def test_words_nearly_as_near_count_too() -> None:
    found = judge(like(0.8, (0.6, 0.55, 0.1)), *described())
    assert found.described == ("bar", "factory")


def test_places_without_any_word_are_no_support() -> None:
    assert undescribed().level is Level.NONE
    assert not undescribed().paints
