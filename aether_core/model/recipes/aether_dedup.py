"""The published recipe without false negatives among equal texts."""

from aether_core.language import mark
from aether_core.model.recipes.definition import Recipe

RECIPE = Recipe(
    name="aether-dedup",
    summary=mark(
        "The published recipe, except that places with the same text do not repel each other."
    ),
    same_text="masked",
)
"""In the published loss two places called the same are each other's wrong answer. They are left out
rather than made equally right: a target shared among equal texts has exactly the gradient of the
published loss (docs/method.md)."""
