"""Which text encoder an installation uses, and a city whose encoder changed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import text

from aether_core.errors import AetherError, CancelledError, InputError
from aether_core.text.e5 import MultilingualE5Encoder
from aether_core.text.encoder import text_hash
from aether_core.text.endpoint import EndpointEncoder
from aether_core.text.folder import FolderEncoder
from aether_core.text.minilm import MiniLMEncoder
from db.cities import cities as city_rows
from db.cities import pois as poi_rows
from db.cities import texts as text_rows
from tests.app_fixtures import SLUG, CityFiles
from tests.embeddings_server import DIM, KEY, embeddings_server
from tests.errors import fault
from tests.sentence_folder import TINY_DIM, write_tiny_encoder
from workflows.cities.add import add_city
from workflows.encoders.encoders import default_encoder, encoder_named, ensure_texts, store_texts
from workflows.home.settings import Settings, read_settings
from workflows.home.store import Store
from workflows.search.search import search_places
from workflows.training.representation import _places

URL = "https://api.example.org/v1"


@pytest.fixture
def city(store: Store, city_files: CityFiles) -> int:
    """Tinytown's number, its texts encoded by the packaged encoder."""
    add_city(store, city_files.request())
    with store.session() as session:
        return city_rows.city_by_slug(session, SLUG).id


def _stored(store: Store, city_id: int, encoder: str) -> np.ndarray:
    with store.session() as session:
        hashes = poi_rows.poi_frame(session, city_id)["text_hash"].tolist()
        return text_rows.text_vectors(session, encoder, hashes)


def test_the_settings_choose_and_the_choice_is_loaded_once(tmp_path: Path) -> None:
    assert isinstance(default_encoder(Settings()), MiniLMEncoder)
    folder = Settings(text_encoder=write_tiny_encoder(tmp_path / "tiny"))
    assert isinstance(default_encoder(folder), FolderEncoder)
    assert default_encoder(folder) is default_encoder(folder)
    server = Settings(
        text_encoder_url=URL,
        text_encoder_model="large",
        text_encoder_key=KEY,
        text_encoder_dimensions=384,
    )
    encoder = default_encoder(server)
    assert isinstance(encoder, EndpointEncoder)
    assert (encoder.name, encoder.dim) == ("large:384@api.example.org", 384)


@pytest.mark.parametrize(
    ("settings", "code", "fact"),
    [
        (
            {"text_encoder": "x", "text_encoder_url": URL},
            "two-encoders-set",
            "AETHER_TEXT_ENCODER_URL",
        ),
        ({"text_encoder_url": URL}, "encoder-model-not-named", "AETHER_TEXT_ENCODER_MODEL"),
        ({"text_encoder_model": "large"}, "encoder-without-address", "AETHER_TEXT_ENCODER_URL"),
        ({"text_encoder_key": KEY}, "encoder-without-address", "AETHER_TEXT_ENCODER_URL"),
        ({"text_encoder_dimensions": 384}, "encoder-without-address", "AETHER_TEXT_ENCODER_URL"),
        (
            {"text_encoder_url": "http://example.org", "text_encoder_model": "large"},
            "encoder-address-not-encrypted",
            "example.org",
        ),
    ],
)
def test_settings_that_contradict_each_other(
    settings: dict[str, str], code: str, fact: str
) -> None:
    with pytest.raises(InputError, check=fault(code, fact)) as refused:
        default_encoder(Settings(**settings))
    assert KEY not in str(refused.value)


def test_the_key_comes_from_the_environment_and_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AETHER_TEXT_ENCODER_KEY", KEY)
    settings = read_settings()
    assert KEY not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.text_encoder_key is not None
    assert settings.text_encoder_key.get_secret_value() == KEY


def test_one_that_a_package_carries_is_chosen_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = Settings(text_encoder=MultilingualE5Encoder.name)
    assert isinstance(default_encoder(chosen), MultilingualE5Encoder)
    # A model keeps its encoder, whatever the settings choose for the next one.
    assert isinstance(encoder_named(chosen, "all-MiniLM-L6-v2"), MiniLMEncoder)
    assert isinstance(encoder_named(Settings(), MultilingualE5Encoder.name), MultilingualE5Encoder)
    (tmp_path / MultilingualE5Encoder.name).mkdir()
    with pytest.raises(InputError, check=fault("encoder-name-and-folder")):
        default_encoder(chosen)


def test_another_encoder_than_the_models_is_refused() -> None:
    assert encoder_named(Settings(), "all-MiniLM-L6-v2").dim == 384
    with pytest.raises(
        InputError, check=fault("model-of-another-encoder", "other:1234", "all-MiniLM-L6-v2")
    ):
        encoder_named(Settings(), "other:1234")


TEXTS = ["A place of bar.", "A place of park, named Esplanadi.", "A place of school."]


def _on_a_processor(monkeypatch: pytest.MonkeyPatch, *, bfloat16: bool) -> MiniLMEncoder:
    """The packaged encoder as a machine with or without bfloat16 has it."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": bfloat16})
    return MiniLMEncoder()


def test_machines_of_two_precisions_never_mix_their_vectors(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = [text_hash(text) for text in TEXTS]
    found = []
    for bfloat16 in (True, False, True):
        encoder = _on_a_processor(monkeypatch, bfloat16=bfloat16)
        assert encoder.name == "all-MiniLM-L6-v2"
        own = encoder.encode(TEXTS)
        store_texts(store, encoder, TEXTS)
        with store.session() as session:
            kept = text_rows.text_vectors(session, encoder.kept_as, hashes)
        assert np.array_equal(kept, own)
        found.append(kept)
    assert not np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_vectors_kept_before_precision_had_a_name_are_not_used(store: Store) -> None:
    hashes = [text_hash(text) for text in TEXTS]
    encoder = default_encoder(store.settings)
    with store.session() as session:
        text_rows.add_texts(session, encoder.name, hashes, np.eye(3, 384, dtype=np.float32))
    store_texts(store, encoder, TEXTS)
    with store.session() as session:
        kept = text_rows.text_vectors(session, encoder.kept_as, hashes)
    assert np.allclose(kept, encoder.encode(TEXTS), atol=1e-6)


def test_a_model_answers_on_a_machine_of_the_other_precision(
    trained_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same encoder to the model; the city's texts are encoded once more."""
    with trained_store.session() as session:  # 100 places show it as 600 do, in a sixth of the time
        session.execute(text("DELETE FROM poi WHERE id % 6 <> 0"))
    here = {hit.poi for hit in search_places(trained_store, SLUG, "restaurant", top=5)}
    packaged = default_encoder(trained_store.settings)
    other = _on_a_processor(monkeypatch, bfloat16="bfloat16" not in packaged.kept_as)
    monkeypatch.setattr("workflows.encoders.encoders._encoder", lambda *_: other)
    monkeypatch.setattr("workflows.training.representation._places", _places.__wrapped__)
    there = {hit.poi for hit in search_places(trained_store, SLUG, "restaurant", top=5)}
    assert len(here & there) >= 3
    with trained_store.session() as session:
        city = city_rows.city_by_slug(session, SLUG).id
        assert not text_rows.places_to_encode(session, other.kept_as, city)


def test_a_change_of_encoder_encodes_the_citys_texts_anew(
    store: Store, city: int, tmp_path: Path
) -> None:
    packaged = default_encoder(store.settings)
    before = _stored(store, city, packaged.kept_as)
    tiny = FolderEncoder(write_tiny_encoder(tmp_path / "tiny"))
    stages: list[tuple[int, int]] = []
    ensure_texts(store, city, tiny, lambda _, done, total: stages.append((done, total)))
    assert _stored(store, city, tiny.kept_as).shape == (len(before), TINY_DIM)
    assert stages[-1][0] == stages[-1][1] > 1
    assert np.array_equal(_stored(store, city, packaged.kept_as), before)
    again: list[tuple[int, int]] = []
    ensure_texts(store, city, tiny, lambda _, done, total: again.append((done, total)))
    assert again == []


def test_a_server_encodes_a_city_and_what_it_encoded_outlives_a_stop(
    store: Store, city: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.encoders.encoders.BATCH", 100)
    with embeddings_server() as server:
        settings = Settings(
            text_encoder_url=server.url, text_encoder_model="tiny", text_encoder_key=KEY
        )
        encoder = default_encoder(settings)

        def stop_at_the_third(_stage: str, done: int, _total: int) -> None:
            if done > 200:
                raise CancelledError("enough")

        with pytest.raises(CancelledError):
            ensure_texts(store, city, encoder, stop_at_the_third)
        ensure_texts(store, city, encoder)
        asked = [text for seen in server.seen for text in seen.body["input"]]
    vectors = _stored(store, city, encoder.kept_as)
    assert vectors.shape[1] == DIM
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    # Only the batch in the making is asked for twice (and one text, for the vectors' length).
    assert len(set(asked)) - 1 <= len(asked) - 100 <= len(set(asked)) + 1


def test_a_text_that_was_stored_in_other_words_is_said(store: Store, city: int) -> None:
    with store.session() as session:
        session.connection().exec_driver_sql(
            "UPDATE poi SET text_hash = repeat('0', 64) "
            "WHERE id = (SELECT min(id) FROM poi WHERE city_id = %s)",
            (city,),
        )
    with pytest.raises(AetherError, check=fault("place-text-changed")):
        ensure_texts(store, city, MiniLMEncoder())
