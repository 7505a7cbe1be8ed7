"""`model recipes`."""

from collections.abc import Sequence

from aether_core.model.recipes.definition import Recipe, Setting, Value
from cli import output


def recipes() -> None:
    """List the recipes with their settings."""
    from aether_core.model.recipes import recipes as known

    found = known()
    output.document(
        [
            {
                "recipe": recipe.name,
                "summary": recipe.summary,
                "settings": [_setting_document(setting) for setting in recipe.describe()],
            }
            for recipe in found
        ]
    )
    output.table(["recipe", "description"], [(recipe.name, recipe.summary) for recipe in found])
    output.table(
        ["setting", *(recipe.name for recipe in found), "range", "description"],
        _setting_rows(found),
        title=f"Settings (blank: as in {found[0].name}). Change them with --set setting=value.",
    )


def _setting_document(setting: Setting) -> dict[str, object]:
    return {
        "key": setting.key,
        "value": setting.value,
        "allowed": setting.rule.allowed,
        "help": setting.rule.help,
    }


def _setting_rows(found: Sequence[Recipe]) -> list[tuple[object, ...]]:
    """One row a setting: its value in the first recipe, and where the others differ."""
    first, *others = found
    return [
        (
            setting.key,
            _shown(setting.value),
            *(
                ""
                if other.settings[setting.key] == setting.value
                else _shown(other.settings[setting.key])
                for other in others
            ),
            setting.rule.allowed,
            setting.rule.help,
        )
        for setting in first.describe()
    ]


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"
