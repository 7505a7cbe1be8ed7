"""The languages questions are read in, each with its grammar and its words for things."""

from collections.abc import Mapping
from types import MappingProxyType

from aether_core.search.question.grammar import Grammar
from aether_core.search.question.languages.arabic import ARABIC
from aether_core.search.question.languages.english import ENGLISH
from aether_core.search.question.languages.finnish import FINNISH
from aether_core.search.question.languages.french import FRENCH
from aether_core.search.question.languages.german import GERMAN
from aether_core.search.question.languages.spanish import SPANISH

GRAMMARS: Mapping[str, Grammar] = MappingProxyType(
    {one.language: one for one in (ENGLISH, GERMAN, SPANISH, FRENCH, FINNISH, ARABIC)}
)
"""By the code of the language."""
