"""The examples on the Ask page, in every language of the app."""

import pytest

from aether_core.language import LANGUAGES, SOURCE, _, speaking
from aether_core.search.question.parse import parse
from aether_core.search.question.place_words import plain
from ui.ask.question import EXAMPLES, QUESTIONS


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != SOURCE])
def test_each_example_is_read_as_its_english_sibling_is(language: str) -> None:
    for example in (*QUESTIONS, *EXAMPLES):
        with speaking(language):
            said = _(example)
        assert said != example
        english, own = parse(example).criteria, parse(said, language).criteria
        assert [(one.kind, plain(one.words), one.language) for one in own] == [
            (one.kind, plain(one.words), SOURCE) for one in english
        ]
