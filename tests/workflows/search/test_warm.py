"""What the first question needs is read before anybody asks; a damaged city is let be."""

import shutil

import pytest

from db.cities import features, pois
from tests.app_fixtures import SLUG
from workflows.home.store import Store
from workflows.search.ask import ask
from workflows.search.explain import addresses
from workflows.search.warm import make_ready
from workflows.training.representation import cell_vectors, model_for


def test_the_first_question_reads_no_places_and_no_vectors(
    trained_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ready(trained_store)

    def read(*_: object) -> None:
        msg = "read again"
        raise AssertionError(msg)

    monkeypatch.setattr(pois, "poi_frame", read)
    monkeypatch.setattr(features, "cell_features", read)
    monkeypatch.setattr(features, "poi_features", read)
    assert ask(trained_store, SLUG, "restaurants near a school").parts[0].support is not None
    model = model_for(trained_store, SLUG, None)
    assert addresses(trained_store, model, cell_vectors(trained_store, model).lonlat[:1])


def test_what_cannot_be_read_is_left_to_who_asks(
    trained_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(model_for(trained_store, SLUG, None).files.folder)
    make_ready(trained_store)
    assert "was not made ready" in caplog.text
