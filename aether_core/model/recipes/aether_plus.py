"""Our recipe: the published one with varied texts, so that names are not learned by heart."""

from aether_core.language import mark
from aether_core.model.recipes.definition import Recipe

RECIPE = Recipe(
    name="aether-plus",
    summary=mark(
        "The published recipe with varied texts, so that it learns what places are, not their "
        "names."
    ),
    batch_size=128,
    category_text=0.8,
    text_noise=1.5,
)
"""What each setting gains, and what was tried and left out: docs/method.md."""
