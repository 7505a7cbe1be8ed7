"""The recipe of the first preprint."""

from aether_core.language import mark
from aether_core.model.recipes.definition import Recipe

RECIPE = Recipe(
    name="aether-v1",
    summary=mark("The first preprint's recipe: one disk around each place, and its text."),
    views="disk",
    lam=0.0,
)
"""Source: the first AETHER preprint (one 100 m buffer, cross-modal loss only)."""
