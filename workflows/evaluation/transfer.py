"""What one city's model is worth in another: checked and queued as a study of two cities."""

from dataclasses import replace

from aether_core.eo.embedding_kind import kind_title
from aether_core.errors import InputError
from aether_core.study.kinds import TRANSFER_KIND
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.schema import Study
from workflows.evaluation.studies import (
    StudyRequest,
    StudySummary,
    show_study,
    write_down,
)
from workflows.home.store import Store
from workflows.jobs.job import release


def start_transfer(
    store: Store, trained: str, tried: str, request: StudyRequest | None = None
) -> StudySummary:
    """Check a transfer, queue it, and see to it that a worker takes it.

    Args:
        trained: The city whose places the model learns from.
        tried: The city it is then used in; labels are of this one.
        request: Recipe, seeds and labels; its kind is not looked at.

    Raises:
        NotFoundError: No such city, recipe, file or labels.
        InputError: The cities are one, differ in their embedding, or the request cannot be carried
            out.
    """
    study = add_transfer(store, trained, tried, request)
    release(store, [study.job])
    return show_study(store, study.id)


def add_transfer(
    store: Store, trained: str, tried: str, request: StudyRequest | None = None
) -> Study:
    """Check a transfer and write it down, its job still to be queued; see `start_transfer`."""
    if trained == tried:
        raise InputError(
            "a transfer needs two different cities",
            trained,
            "name another city to try it on",
            code="transfer-to-itself",
        )
    _check_embeddings(store, trained, tried)
    asked = replace(request or StudyRequest(TRANSFER_KIND), kind=TRANSFER_KIND)
    return write_down(store, trained, asked, tried)


def _check_embeddings(store: Store, *slugs: str) -> None:
    """Refuse cities of different embeddings: heads fit one only."""
    with store.session() as session:
        widths = {
            slug: feature_rows.vector_dim(session, city_rows.city_by_slug(session, slug).id)
            for slug in slugs
        }
        kinds = {slug: city_rows.city_by_slug(session, slug).embedding for slug in slugs}
    if len(set(widths.values())) > 1:
        raise InputError(
            "the cities' embeddings differ in their number of bands",
            ", ".join(f"{slug} {bands}" for slug, bands in widths.items()),
            "choose two cities with the same kind of embedding",
            code="embeddings-of-different-length",
        )
    if len(set(kinds.values())) > 1:
        raise InputError(
            "the cities have different kinds of embedding",
            ", ".join(f"{slug} {kind_title(kind)}" for slug, kind in kinds.items()),
            "choose two cities with the same kind of embedding",
            code="embeddings-of-different-kinds",
        )
