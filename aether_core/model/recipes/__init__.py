"""The recipes by name, one file each."""

from aether_core.errors import NotFoundError
from aether_core.model.recipes import aether, aether_dedup, aether_plus, aether_v1
from aether_core.model.recipes.definition import Recipe

_IN_ORDER: tuple[Recipe, ...] = (
    aether.RECIPE,
    aether_v1.RECIPE,
    aether_dedup.RECIPE,
    aether_plus.RECIPE,
)
_RECIPES = {one.name: one for one in _IN_ORDER}


def recipes() -> list[Recipe]:
    """Every recipe known by name."""
    return list(_IN_ORDER)


def recipe(name: str) -> Recipe:
    """Find a recipe.

    Raises:
        NotFoundError: No recipe has this name; the message lists those there are.
    """
    if name not in _RECIPES:
        raise NotFoundError(
            "unknown recipe", name, f"use one of {', '.join(_RECIPES)}", code="no-such-recipe"
        )
    return _RECIPES[name]
