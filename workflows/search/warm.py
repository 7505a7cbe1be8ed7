"""What the first questions need, read before anybody asks: encoder, model, a city's vectors."""

import logging
from collections.abc import Callable
from typing import Final

import numpy as np

from aether_core.errors import AetherError
from workflows.cities.cities import CitySummary, list_cities
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store
from workflows.search.ask import ask
from workflows.search.explain import addresses
from workflows.search.targets import city_places, streets_of
from workflows.training.representation import cell_vectors, model_for

MOST_CITIES: Final = 2
"""The newest are made ready; as many vectors are kept in memory."""
_QUESTION: Final = "a park"
log = logging.getLogger("aether.warm")


def answer_on_one_thread() -> None:
    """Let each answer of this process be computed on one thread.

    A question is twelve small layers. Split among the threads of a busy machine each waits for the
    others at every layer: 47 ms of processor and 72 ms became 370 ms and 1.1 s with two. Visitors
    have threads of their own.
    """
    import torch

    torch.set_num_threads(1)


def import_for_answers(settings: Settings) -> None:
    """Import what the first question needs, for a process that others are forked from.

    Where no city can be asked yet nothing is: it takes five seconds. Nothing is computed, no thread
    is started, no GPU touched, and no connection left open.

    Args:
        settings: The installation; one whose database does not answer is left alone.
    """
    try:
        store = open_store(settings)
        asked = any(city.model is not None for city in list_cities(store))
        store.engine.dispose()
    except AetherError:  # the pages say what is wrong
        return
    if asked:
        import sentence_transformers  # noqa: F401 - to have it

        answer_on_one_thread()


def make_ready(store: Store) -> None:
    """Read what the first question to a city needs; what cannot be read is left to who asks.

    Args:
        store: That of the visitors: what is read is kept for the one it was read from.
    """
    answer_on_one_thread()
    asked = [city for city in list_cities(store) if city.model is not None]
    for city in sorted(asked, key=lambda one: one.created, reverse=True)[:MOST_CITIES]:
        for step in (_answer, _surroundings):
            _tried(step, store, city)


def _tried(step: Callable[[Store, CitySummary], None], store: Store, city: CitySummary) -> None:
    try:
        step(store, city)
    except Exception:  # it only saves time: who asks is told what is wrong
        log.warning("%s was not made ready", city.slug, exc_info=True)


def _answer(store: Store, city: CitySummary) -> None:
    """Encoder, model, vectors of cells and places, and the words that support is told by."""
    ask(store, city.slug, _QUESTION)


def _surroundings(store: Store, city: CitySummary) -> None:
    """Places, streets and names that distances and addresses are measured to."""
    model = model_for(store, city.slug, city.model)
    city_places(store, model)
    streets_of(store, model)
    addresses(store, model, np.asarray(cell_vectors(store, model).lonlat[:1]))
