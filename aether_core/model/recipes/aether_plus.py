"""Our recipe: the published one, kept from learning a city's places by heart."""

from aether_core.model.recipe import Recipe

RECIPE = Recipe(
    name="aether-plus",
    summary="The published recipe, kept from learning places by heart: it finds kinds of places "
    "better in blocks it never saw.",
    batch_size=128,
    category_text=0.8,
    text_noise=1.5,
)
"""What each setting gains, and what was tried and left out: docs/method.md."""
