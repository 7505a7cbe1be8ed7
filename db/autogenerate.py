"""What Alembic compares when it looks for differences between the models and a database."""

from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from geoalchemy2 import alembic_helpers

from db.columns.vector_type import Vector


def include_object(
    item: Any,  # noqa: ANN401 - any schema item
    name: str | None,
    kind: str,
    reflected: bool,
    compare_to: Any,  # noqa: ANN401
) -> bool:
    """Leave out PostGIS's own tables and the job queue's, which procrastinate looks after."""
    if kind == "table" and name is not None and name.startswith("procrastinate_"):
        return False
    return bool(alembic_helpers.include_object(item, name, kind, reflected, compare_to))


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:  # noqa: ANN401
    """Write types in revisions without importing today's models: a revision stays as it was."""
    if kind == "type" and isinstance(item, Vector):
        return "sa.LargeBinary()"
    rendered: str | Literal[False] = alembic_helpers.render_item(kind, item, context)
    return rendered


COMPARISON: dict[str, Any] = {
    "include_object": include_object,
    "render_item": render_item,
    "compare_type": True,
    "compare_server_default": True,
}
"""Arguments of `context.configure` and `MigrationContext.configure`."""
