"""The encoder of a city is chosen by what its places are called."""

from pathlib import Path

import geopandas as gpd
import pytest

from aether_core.errors import InputError
from aether_core.text.e5 import MultilingualE5Encoder
from aether_core.text.minilm import MiniLMEncoder
from tests.app_fixtures import SLUG, CityFiles
from tests.errors import fault
from workflows.cities.add import add_city, check_add
from workflows.encoders.choice import encoders_here, usual_encoder
from workflows.encoders.of_city import city_encoder
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.search.search import search_places
from workflows.training.command import training_command
from workflows.training.models import list_models
from workflows.training.resume import start_again
from workflows.training.runs import list_runs, show_run
from workflows.training.train import add_run

E5, MINILM = MultilingualE5Encoder.name, MiniLMEncoder.name
KINDS = ("Kirjasto", "Koulu", "Apteekki", "Ravintola", "Kahvila", "Puutarha", "Parturi", "Kauppa")
STREETS = ("Hämeentie", "Mäkelänkatu", "Runeberginkatu", "Kaisaniemi", "Vuorikatu", "Pääskylä")
FINNISH = [f"{kind} {street} {n}" for kind in KINDS for street in STREETS for n in (1, 2, 3)]
SHORT = {"epochs": "1"}


def test_a_finnish_city_is_read_by_the_encoder_of_many_languages(
    store: Store, city_files: CityFiles
) -> None:
    named = city_files.pois.with_name("nimet.geojson")
    places = gpd.read_file(city_files.pois).iloc[: len(FINNISH)]
    places.assign(name=FINNISH).to_file(named, driver="GeoJSON")
    with pytest.raises(InputError, check=fault("no-such-encoder", "word2vec", E5, MINILM)):
        check_add(store, city_files.request(encoder="word2vec"))
    city = add_city(store, city_files.request(pois=named))
    choice = city_encoder(store, city.id)
    assert choice.name == E5
    assert "Finnish" in choice.in_words

    usual = add_run(store, SLUG, settings=SHORT)
    asked = add_run(store, SLUG, settings=SHORT, encoder=MINILM)
    for run in (usual, asked):
        carry_out(store, run.job_id)
    by_run = {run.id: run for run in list_runs(store, SLUG)}
    read_by = {model.name: model.card["encoder"]["name"] for model in list_models(store, SLUG)}
    assert read_by == {by_run[usual.id].model: E5, by_run[asked.id].model: MINILM}
    for model in read_by:
        assert search_places(store, SLUG, "kirjasto", model=model, top=3)

    assert training_command(show_run(store, asked.id)).endswith(f"--encoder {MINILM}")
    assert start_again(store, asked.id).encoder == MINILM
    with pytest.raises(InputError, check=fault("no-such-encoder", "word2vec")):
        add_run(store, SLUG, encoder="word2vec")


def test_the_settings_and_the_machine_decide_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = store.settings
    assert usual_encoder(settings, FINNISH).name == E5
    kinds, streets = ("Bakery", "Primary School", "Flower Shop"), ("Old Mill Road", "Church Street")
    english = [
        f"The {kind} at {street} {n}" for kind in kinds for street in streets for n in range(9)
    ]
    english += [f"{name} and Garden" for name in english] + [f"{name} Centre" for name in english]
    assert usual_encoder(settings, english).name == MINILM
    assert usual_encoder(settings, FINNISH[:99]).name == MINILM
    for name in (E5, MINILM):
        everywhere = settings.model_copy(update={"text_encoder": Path(name)})
        assert usual_encoder(everywhere, FINNISH).name == name
        assert encoders_here(everywhere)[0] == name
    monkeypatch.setattr("workflows.encoders.choice.PACKAGE", "a_package_that_is_not_there")
    choice = usual_encoder(settings, FINNISH)
    assert (choice.name, encoders_here(settings)) == (MINILM, (MINILM,))
    assert choice.needs in choice.in_words
