"""The published recipe."""

from aether_core.language import mark
from aether_core.model.recipes.definition import Recipe

RECIPE = Recipe(
    name="aether",
    summary=mark(
        "The published recipe: a small and a large window around each place, and its text."
    ),
)
"""Source: the published AETHER code; holding out blocks and keeping the best epoch are ours."""
