"""Damaged files of every format, and words at random: read, or refused in plain words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether_core.reading import reading_limits, set_reading_limits
from tests.fuzzing import CHANGES, LIMITS, READERS, WORDS, Damage, Seed, question_of, seeds, tried

DAMAGES = st.lists(
    st.builds(
        Damage,
        st.sampled_from(sorted(CHANGES)),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 2**32 - 1),
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Seed]]:
    """A good file of every format; readers are given up after seconds."""
    before = reading_limits()
    set_reading_limits(LIMITS)
    yield seeds(tmp_path_factory.mktemp("good"))
    set_reading_limits(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def test_good_files_are_read_by_the_reader_they_are_for(good: list[Seed], folder: Path) -> None:
    ended = {seed.name: tried(seed, [], 0, folder) for seed in good}
    assert {seed.kind for seed in good} == set(READERS)
    assert {name: how for name, how in ended.items() if how != "read"} == {
        "card.zip": "card-field-unusable"
    }


@settings(max_examples=100)
@given(st.integers(0, 999), st.integers(0, 5), DAMAGES)
def test_a_damaged_file_is_read_or_refused(
    good: list[Seed], folder: Path, number: int, which: int, damages: list[Damage]
) -> None:
    tried(good[number % len(good)], damages, which, folder)


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=20)), max_size=12))
def test_any_words_are_a_question_or_none(words: list[str]) -> None:
    question_of(words)
