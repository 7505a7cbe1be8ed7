"""Models as files: export one that a city has, import one that somebody else trained."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from aether_core.eo.embedding_kind import kind_title
from aether_core.errors import InputError, NotFoundError
from aether_core.files.whole import atomic_folder, atomic_path
from aether_core.model.files.card import (
    CARD_FILE,
    UNKNOWN,
    WEIGHTS_FILE,
    EmbeddingCard,
    EncoderCard,
    ModelCard,
    OriginCard,
    read_card,
)
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.evidence import models as model_rows
from db.schema import City
from workflows.accounts.acting import IMPORT_MODEL, allow
from workflows.encoders.encoders import encoder_named
from workflows.home.owned_folders import staged, storing
from workflows.home.store import Store
from workflows.training.models import ModelFiles, ModelSummary, model_files, summarise

if TYPE_CHECKING:  # torch comes with it: listing models does without
    from aether_core.model.files.incoming import IncomingModel
    from aether_core.model.heads.heads import Heads

_ALONE = ".pth"
_TABLE = ".parquet"
_DESCRIPTION = "embedding.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_RUN_NAME = re.compile(r".*-[0-9]+")


@dataclass(frozen=True)
class ExportLayout:
    """How a model is written.

    Attributes:
        name: In commands and JSON.
        files: Names of its files, by the model's name and its city's; the last holds the numbers.
        contents: Its files as bytes, by name.
        alone: Whether a `.pth` file can be written in it, which holds nothing but the numbers.
    """

    name: str
    files: Callable[[str, str], tuple[str, ...]]
    contents: Callable[[Store, "_Kept"], dict[str, bytes]]
    alone: bool = False


@dataclass(frozen=True)
class _Kept:
    """A model that is exported.

    Attributes:
        name: Its name.
        city: Short name of its city.
        files: Where its weights and card lie.
    """

    name: str
    city: str
    files: ModelFiles


def _own_weights(_store: Store, kept: _Kept) -> dict[str, bytes]:
    from aether_core.model.files.folder import weights_bytes

    return _with_card(kept, WEIGHTS_FILE, weights_bytes(_heads(kept), kept.name))


def _published_weights(_store: Store, kept: _Kept) -> dict[str, bytes]:
    from aether_core.model.files.published_layout import published_bytes

    return _with_card(kept, f"{kept.name}{_ALONE}", published_bytes(_heads(kept), kept.name))


def _heads(kept: _Kept) -> "Heads":
    """The weights, checked on the way."""
    from workflows.training.representation import heads_of

    return heads_of(kept.files)


def _with_card(kept: _Kept, file: str, weights: bytes) -> dict[str, bytes]:
    card = read_card(kept.files.folder / CARD_FILE)
    card = card.model_copy(update={"weights_sha256": sha256(weights).hexdigest()})
    return {CARD_FILE: card.as_bytes(), file: weights}


def _city_vectors(store: Store, kept: _Kept) -> dict[str, bytes]:
    """The city's cells in the model's space, as the benchmark CityRep takes an embedding.

    Raises:
        InputError: The city is mapped on areas, which the benchmark cannot find samples in.
    """
    from h3.api.numpy_int import get_resolution

    from aether_core.cityrep.export import region_description, region_table
    from workflows.training.representation import cell_vectors, model_for

    model = model_for(store, kept.city, kept.name)
    found = cell_vectors(store, model)
    cells = found.units.hexagons
    if cells is None:
        raise InputError(
            "the city is mapped on areas, and CityRep finds samples in H3 cells",
            kept.city,
            "use a model of a city that was added with rasters or samples",
            code="cityrep-export-without-cells",
        )
    table = f"{kept.city}{_TABLE}"
    described = region_description(
        model=kept.name,
        city=kept.city,
        file=table,
        resolution=int(get_resolution(int(cells[0]))),
        dim=found.vectors.shape[1],
        attribution=model.attribution,
    )
    return {_DESCRIPTION: described, table: region_table(cells, found.vectors)}


LAYOUTS: Final = (
    ExportLayout("aether", lambda _name, _city: (CARD_FILE, WEIGHTS_FILE), _own_weights),
    ExportLayout(
        "published",
        lambda name, _city: (CARD_FILE, f"{name}{_ALONE}"),
        _published_weights,
        alone=True,
    ),
    ExportLayout("cityrep", lambda _name, city: (_DESCRIPTION, f"{city}{_TABLE}"), _city_vectors),
)


@dataclass(frozen=True)
class ExportedModel:
    """What an export wrote.

    Attributes:
        path: The folder, zip or `.pth` file.
        files: Names of the files in it; its own name for a `.pth` file.
    """

    model: str
    layout: str
    path: Path
    files: list[str]


def export_model(
    store: Store, name: str, target: Path, *, layout: str | None = None, force: bool = False
) -> ExportedModel:
    """Write a model to files, whole or not at all.

    Args:
        name: Name of the model, whichever city has it.
        target: A folder; or a name ending in `.zip` for a zip of it, or in `.pth` for the
            published checkpoint alone.
        layout: "aether" (`heads.safetensors`) or "published" (`<name>.pth`), beside `model.json`,
            or "cityrep" (the city's cells in the model's space, for the benchmark of that name);
            what the ending of `target` says when left out.
        force: Replace what is there; a folder only if nothing but a model is in it.

    Raises:
        NotFoundError: No such model, or its files are gone.
        ConflictError: The target exists.
        InputError: The layout cannot hold this model, or the target cannot be written.
        DiskFullError: There is no room left.
    """
    with store.session() as session:
        row = model_rows.model_by_name(session, name)
        city = city_rows.city_by_id(session, row.city_id).slug
        kept = _Kept(name, city, model_files(store.settings, row))
    chosen = _layout(target, layout)
    files = chosen.contents(store, kept)
    suffix = target.suffix.lower()
    if suffix == _ALONE:
        content = files[chosen.files(name, city)[-1]]
        files = {target.name: content}
        with atomic_path(target, force=force) as path:
            path.write_bytes(content)
    elif suffix == ".zip":
        with atomic_path(target, force=force) as path:
            path.write_bytes(_zipped(name, files))
    else:
        replaceable = {file for one in LAYOUTS for file in one.files(name, city)}
        with atomic_folder(target, force=force, holds=replaceable) as whole:
            for file, content in files.items():
                (whole / file).write_bytes(content)
    return ExportedModel(name, chosen.name, target, sorted(files))


def import_model(
    store: Store,
    path: Path,
    slug: str,
    *,
    name: str | None = None,
    encoder: str | None = None,
) -> ModelSummary:
    """Take in a model from files and give it to a city; all of it or nothing.

    The model in use stays, unless the city has none.

    Args:
        path: A folder of ours or a zip of it, `heads.safetensors`, or a published `.pth` file.
        slug: The city that is to use it; its embedding must have the length the model takes.
        name: What to call it; its own name, made free, when left out.
        encoder: Text encoder that weights without a card were trained with. Without it they answer
            no text query, since nothing tells which encoder is theirs.

    Raises:
        NotFoundError: No such city or file.
        ConflictError: A model of that name exists.
        InputError: The model cannot be used, or not with this city or this installation.
        DiskFullError: There is no room left.
    """
    from aether_core.model.files.incoming import read_incoming
    from workflows.training.kept_model import keep_model

    with store.session() as session:
        city_rows.city_by_slug(session, slug)
    if name is not None:
        _check_name(name)
    incoming = read_incoming(path)
    trained_with = _encoder(store, incoming, encoder)
    with staged(store.settings.models) as whole, storing(store) as (session, folders):
        city = city_rows.lock_city(session, city_rows.city_by_slug(session, slug).id)
        _check_embedding(session, city, incoming)
        chosen = name or _free_name(session, incoming)
        allow(session, *IMPORT_MODEL, f"{slug}, {chosen}")
        card = _card(session, city, incoming, chosen, trained_with)
        model = keep_model(store, session, folders, whole, city.id, incoming.heads, card)
        if model_rows.model_in_use(session, city.id) is None:
            model = model_rows.use_model(session, city.id, chosen)
        return summarise(store, model)


def _layout(target: Path, name: str | None) -> ExportLayout:
    """The layout of that name; the one that the target's ending asks for when None."""
    alone = target.suffix.lower() == _ALONE
    if name is None:
        return next(one for one in LAYOUTS if one.alone == alone)
    found = next((one for one in LAYOUTS if one.name == name), None)
    if found is not None and (found.alone or not alone):
        return found
    raise InputError(
        "the layout does not match the output" if alone else "the layout is unknown",
        name,
        f"use {' or '.join(one.name for one in LAYOUTS)}; a .pth file has the published one",
        code="layout-not-for-output" if alone else "no-such-layout",
    )


def _zipped(name: str, files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in sorted(files.items()):
            archive.writestr(f"{name}/{file}", content)
    return buffer.getvalue()


def _encoder(store: Store, incoming: "IncomingModel", named: str | None) -> str:
    """Name of the text encoder the model goes with, after checking that it is this installation's.

    Raises:
        InputError: Card and user disagree, or the installation has another encoder.
    """
    stated = incoming.card.encoder.name if incoming.card else UNKNOWN
    if named is not None and stated not in {UNKNOWN, named}:
        raise InputError(
            "the model's card names another text encoder",
            f"{named}, the card says {stated}",
            "leave out the encoder",
            code="encoder-contradicts-card",
        )
    chosen = named or stated
    if chosen == UNKNOWN:
        return UNKNOWN
    encoder = encoder_named(store.settings, chosen)
    if encoder.dim != incoming.heads.text_dim:
        raise InputError(
            "the model's text vectors differ in length from the encoder's",
            f"{incoming.heads.text_dim}, {encoder.name} gives {encoder.dim}",
            "name the encoder it was trained with",
            code="text-length-mismatch",
        )
    return chosen


def _check_embedding(session: Session, city: City, incoming: "IncomingModel") -> None:
    dim = feature_rows.vector_dim(session, city.id)
    if dim != incoming.heads.eo_dim:
        raise InputError(
            "the model's embedding length differs from the city's",
            f"{incoming.heads.eo_dim} values a pixel, {city.slug} has {dim}",
            "import it for a city with the embedding it was trained on",
            code="embedding-length-mismatch",
        )
    taken = incoming.card.embedding.known_name if incoming.card else None
    if taken is not None and taken != city.embedding:
        raise InputError(
            "the model was trained on a different kind of embedding from the city's",
            f"{kind_title(taken)}, {city.slug} has {kind_title(city.embedding)}",
            "import it for a city with the embedding it was trained on",
            code="model-of-another-embedding",
        )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            "the model's name cannot be used",
            name,
            "use 1 to 80 letters, digits, dots, hyphens and underscores, a letter or digit first",
            code="model-name-unusable",
        )
    if name == UNKNOWN or _RUN_NAME.fullmatch(name):
        raise InputError(
            "names ending in a hyphen and a number are reserved for runs",
            name,
            f"try {name.rstrip('-0123456789') or 'imported'}",
            code="model-name-kept-for-runs",
        )


def _free_name(session: Session, incoming: "IncomingModel") -> str:
    """The model's own name where it is free, else that name marked as imported."""
    own = incoming.card.name if incoming.card else Path(incoming.file).stem
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", own).strip("-._")[:60] or "model"
    names = [base, f"{base}-imported"]
    if _RUN_NAME.fullmatch(base) or base == UNKNOWN:
        names = names[1:]
    number = 2
    while _is_taken(session, names[0]):
        names = names[1:] or [f"{base}-imported{number}"]
        number += 1
    return names[0]


def _is_taken(session: Session, name: str) -> bool:
    try:
        model_rows.model_by_name(session, name)
    except NotFoundError:
        return False
    return True


def _card(
    session: Session, city: City, incoming: "IncomingModel", name: str, encoder: str
) -> ModelCard:
    """The model's card here: what its own card says, or that nothing is known."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    given = incoming.card
    changes: dict[str, Any] = {
        "name": name,
        "encoder": EncoderCard(name=encoder, dim=incoming.heads.text_dim),
        "origin": OriginCard(
            layout=incoming.layout,
            file=incoming.file[:200],
            sha256=incoming.sha256,
            name=given.name if given else None,
            stated_encoder=incoming.stated_encoder,
            imported=now,
        ),
    }
    if given is not None:
        if not _same_data(session, city, given):
            # Measured on blocks of another city.
            changes |= {"validation": None, "validated_on": None}
        return given.model_copy(update=changes)
    return ModelCard(
        city=UNKNOWN,
        recipe=UNKNOWN,
        settings={},
        seed=None,
        device=None,
        embedding=EmbeddingCard(
            name=UNKNOWN, kind=UNKNOWN, dim=incoming.heads.eo_dim, year=None, simulated=None
        ),
        data_hashes={},
        pois_used=None,
        held_out=None,
        kept_epoch=incoming.epoch,
        losses={},
        validation=None,
        versions={},
        created=now,
        **changes,
    )


def _same_data(session: Session, city: City, card: ModelCard) -> bool:
    """Whether a card speaks of this city: its name and the very files of its embedding."""
    files = {raster.sha256 for raster in city_rows.rasters(session, city.id)}
    return card.city == city.slug and files <= set(card.data_hashes.values())
