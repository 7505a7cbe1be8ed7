"""`recipes`."""

import typer

from aether_core.model.recipe import Setting
from workflows.cli import output


def register(app: typer.Typer) -> None:
    """Add this command to the root."""
    app.command("recipes")(recipes)


def _setting_document(setting: Setting) -> dict[str, object]:
    return {
        "key": setting.key,
        "value": setting.value,
        "allowed": setting.rule.allowed,
        "help": setting.rule.help,
    }


def recipes() -> None:
    """List the recipes with their settings."""
    from aether_core.model.recipe import recipes as known

    found = known()
    output.document(
        [
            {"recipe": r.name, "settings": [_setting_document(setting) for setting in r.describe()]}
            for r in found
        ]
    )
    for recipe in found:
        output.table(
            ["setting", "value", "range", "what it does"],
            [(s.key, s.value, s.rule.allowed, s.rule.help) for s in recipe.describe()],
            title=recipe.name,
        )
