"""The text encoder of this installation, and the store's memory of what it encoded."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aether_core.errors import AetherError, InputError
from aether_core.poi.text import poi_text
from aether_core.progress import Progress, silent
from aether_core.text.e5 import MultilingualE5Encoder
from aether_core.text.encoder import TextEncoder, text_hash
from aether_core.text.folder import FolderEncoder
from aether_core.text.minilm import MiniLMEncoder
from db.cities import texts as text_rows
from workflows.home.settings import Settings
from workflows.home.shared_results import computed_once
from workflows.home.store import Store

if TYPE_CHECKING:
    from aether_core.text.endpoint import Endpoint

BATCH = 4096
PACKAGED: Mapping[str, Callable[[], TextEncoder]] = MappingProxyType(
    {one.name: one for one in (MiniLMEncoder, MultilingualE5Encoder)}
)
"""Encoders whose weights come in a package, by name."""
ENGLISH_ONLY: Final = frozenset(
    one.name for one in (MiniLMEncoder, MultilingualE5Encoder) if one.english_only
)
"""Those that are known to read no other language; of a folder's or a server's nothing is known."""


def default_encoder(settings: Settings) -> TextEncoder:
    """The encoder every city of this installation uses; loaded once a process.

    Raises:
        InputError: The settings name none, or two.
    """
    endpoint, named = _endpoint(settings), settings.text_encoder
    if str(named) not in PACKAGED:
        return _encoder(named, endpoint)
    if named is not None and named.exists():
        raise InputError(
            "the text encoder is the name of a package's and of a folder",
            named,
            "give the full path of the folder, or run this elsewhere for the package's",
            code="encoder-name-and-folder",
        )
    return _packaged(str(named))


@computed_once(2)
def _encoder(folder: Path | None, endpoint: "Endpoint | None") -> TextEncoder:
    if endpoint is not None:
        from aether_core.text.endpoint import EndpointEncoder

        return EndpointEncoder(endpoint)
    return MiniLMEncoder() if folder is None else FolderEncoder(folder)


@computed_once(len(PACKAGED))
def _packaged(name: str) -> TextEncoder:
    return PACKAGED[name]()


def _endpoint(settings: Settings) -> "Endpoint | None":
    """The server that encodes, where the settings name one."""
    url, model, key = (
        settings.text_encoder_url,
        settings.text_encoder_model,
        settings.text_encoder_key,
    )
    if url is None:
        if model is not None or key is not None or settings.text_encoder_dimensions is not None:
            raise InputError(
                "the text encoder has a model, key or dimensions, but no address",
                "AETHER_TEXT_ENCODER_URL is not set",
                "set it, or none of them",
                code="encoder-without-address",
            )
        return None
    if settings.text_encoder is not None:
        raise InputError(
            "two text encoders are set",
            "AETHER_TEXT_ENCODER and AETHER_TEXT_ENCODER_URL",
            "set one of them",
            code="two-encoders-set",
        )
    if model is None:
        raise InputError(
            "the text encoder's address is set without a model",
            "AETHER_TEXT_ENCODER_MODEL is not set",
            "set it to the name of a model there",
            code="encoder-model-not-named",
        )
    from aether_core.text.endpoint import Endpoint  # brings an HTTP client, which few need

    return Endpoint(
        url=url,
        model=model,
        key=key.get_secret_value() if key is not None else None,
        dimensions=settings.text_encoder_dimensions,
        allow_http=settings.text_encoder_allow_http,
    )


def encoder_named(settings: Settings, name: str) -> TextEncoder:
    """The encoder a model was trained with: the installation's, or one that a package carries.

    Raises:
        InputError: The model needs another encoder.
    """
    encoder = default_encoder(settings)
    if encoder.name == name:
        return encoder
    if name in PACKAGED:
        return _packaged(name)
    raise InputError(
        "the model was trained with another text encoder",
        f"{name}, this installation has {encoder.name}",
        "set AETHER_TEXT_ENCODER or AETHER_TEXT_ENCODER_URL to that encoder, or train the city "
        "again",
        code="model-of-another-encoder",
    )


def begin_loading(encoder: TextEncoder) -> None:
    """Load on a thread what the encoder's libraries are, which takes seconds, while others work.

    What fails here fails again, and is told, where the encoder is asked.
    """
    threading.Thread(target=lambda: encoder.kept_as, name="text encoder", daemon=True).start()


def store_texts(
    store: Store, encoder: TextEncoder, texts: Sequence[str], progress: Progress = silent
) -> None:
    """Encode those of the texts that no city had before, a batch a transaction.

    Machines that share a store but compute in other precisions each keep vectors of their own.

    What is encoded stays, also when the work is cancelled: it is a cache shared by all cities.
    """
    by_hash = {text_hash(text): text for text in texts}
    with store.session() as session:
        missing = sorted(text_rows.missing_hashes(session, encoder.kept_as, list(by_hash)))
    for start in range(0, len(missing), BATCH):
        chunk = missing[start : start + BATCH]

        def batch_progress(stage: str, done: int, _total: int, start: int = start) -> None:
            progress(stage, start + done, len(missing))

        vectors = encoder.encode([by_hash[key] for key in chunk], batch_progress)
        with store.session() as session:
            text_rows.add_texts(session, encoder.kept_as, chunk, vectors)


def ensure_texts(
    store: Store, city_id: int, encoder: TextEncoder, progress: Progress = silent
) -> None:
    """Encode those of a city's texts that this encoder has not: all, where it is new.

    It is new after a change of encoder, and on the first machine that computes in its precision.

    Raises:
        AetherError: A place's text is no longer the one that was stored with it.
    """
    with store.session() as session:
        places = text_rows.places_to_encode(session, encoder.kept_as, city_id)
    texts = [poi_text(name, category, group) for _, name, category, group in places]
    for (stored, name, *_), text in zip(places, texts, strict=True):
        if text_hash(text) != stored:
            raise AetherError(
                f"the place texts were built differently when the city was added ({name!r}); "
                "remove the city and add it again",
                code="place-text-changed",
            )
    store_texts(store, encoder, texts, progress)
