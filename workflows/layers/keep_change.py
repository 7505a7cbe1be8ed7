"""Keeping where a city has moved towards a query as a layer."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from db.cities import cities as city_rows
from db.evidence import models as model_rows
from db.layers import layers as layer_rows
from workflows.home.store import Store
from workflows.layers.layers import (
    LayerSummary,
    checked_title,
    free_slug,
    layer_lineage,
    show_layer,
)
from workflows.search.change import (
    FIELDS,
    KIND,
    CellChange,
    change_command,
)
from workflows.training.representation import (
    model_for,
)


def keep_change(
    store: Store,
    found: CellChange,
    title: str | None = None,
    *,
    within: Callable[[Session, str], None] | None = None,
) -> LayerSummary:
    """Keep a change as a layer.

    Args:
        store: The store.
        found: From `change_cells`.
        title: What people call it; query and years when left out.
        within: Called with the layer's name, as the last in the transaction that keeps it.

    Raises:
        NotFoundError: The city or the model has been removed since.
        InputError: The title is empty or too long.
    """
    title = checked_title(title if title is not None else found.title)
    model = model_for(store, found.city, found.model)
    years = [found.year_from, found.year_to]
    with store.session() as session:
        # The lock: two who keep a change of the same name at once get two names.
        city = city_rows.lock_city(session, model.city_id)
        slug = free_slug(session, city.id, f"{KIND}-{title}")
        layer_rows.add_layer(
            session,
            city.id,
            slug=slug,
            title=title,
            kind=KIND,
            model_id=model_rows.model_by_name(session, found.model).id,
            fields=FIELDS,
            parameters={
                "query": found.query,
                "minus": found.minus,
                "from": found.year_from,
                "to": found.year_to,
            },
            lineage=layer_lineage(session, city, found.model, years)
            | {"command": change_command(found)},
            cell_ids=found.ids,
            columns={str(field["name"]): getattr(found, str(field["name"])) for field in FIELDS},
            findings=found.findings.document(),
        )
        if within is not None:
            within(session, slug)
    return show_layer(store, found.city, slug)
