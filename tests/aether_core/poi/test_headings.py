"""The columns of a place's name, category and group, in the large languages."""

from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.poi.fields import PoiFields
from aether_core.poi.headings import fitting
from aether_core.poi.read import read_pois
from tests.errors import fault


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Name of business", "Category"),
        ("BusinessName", "Business Type"),
        ("DBA Name", "Facility type"),
        ("Bezeichnung", "Art der Einrichtung"),
        ("Firmenname", "Betriebsart"),
        ("Nom du commerce", "Catégorie"),
        ("Nombre del negocio", "Tipo de negocio"),
        ("Nome do estabelecimento", "Categoria"),
        ("Denominazione", "Tipologia esercizio"),
        ("Naam bedrijf", "Soort bedrijf"),
        ("Yrityksen nimi", "Luokka"),
        ("Företagsnamn", "Kategori"),
        ("Nazwa obiektu", "Rodzaj obiektu"),
        ("Название организации", "Вид деятельности"),
        ("商户名称", "类别"),
        ("店舗名", "業種"),
        ("상호명", "업종"),
        ("اسم المحل", "نوع المحل"),
        ("İşletme Adı", "Türü"),
    ],
)
def test_headings_in_the_large_languages(name: str, category: str, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(
        f"Street name,{category},{name},City,Owner name,lon,lat\nMain St,cafe,Aalto,X,Z,24.9,60.1\n"
    )
    read = read_pois(path)
    (poi,) = read.frame.to_dict("records")
    assert (poi["name"], poi["category"]) == ("Aalto", "cafe")
    assert (read.report.columns["name"], read.report.columns["category"]) == (name, category)


@pytest.mark.parametrize(
    ("role", "headings"),
    [
        ("name", ["Straße Name", "City", "Owner's name", "都道府県名称", "도로명", "Vorname"]),
        ("kind", ["osm_type", "geometry type", "Road class"]),
        ("category", ["record category"]),
        ("group", ["age group", "blood group"]),
    ],
)
def test_headings_of_something_else_fit_nothing(role: str, headings: list[str]) -> None:
    assert fitting(role, headings) == ()


def test_the_surer_heading_is_taken() -> None:
    assert fitting("name", ["Title", "Brand name", "Name of shop", "Map name"]) == ("Name of shop",)
    assert fitting("name", ["Title", "Brand name", "Map name"]) == ("Title",)
    assert fitting("name", ["nom", "Trading name", "name"]) == ("name",)
    assert fitting("kind", ["subtype", "class", "Type"]) == ("Type",)


def test_headings_that_fit_alike_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("name_en,name_fi,category,lon,lat\nA,B,cafe,24.9,60.1\n")
    unclear = fault("places-columns-unclear", "name_en, name_fi", "--name-field")
    with pytest.raises(InputError, check=unclear):
        read_pois(path)
    assert list(read_pois(path, fields=PoiFields(name="name_fi")).frame["name"]) == ["B"]
    path.write_text("name,Shop category,Venue category,lon,lat\nA,x,y,24.9,60.1\n")
    unclear = fault("places-columns-unclear", "Venue category", "--category-field")
    with pytest.raises(InputError, check=unclear):
        read_pois(path)


def test_what_was_not_found_is_said(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("foo,category,lon,lat\nA,cafe,24.9,60.1\n")
    assert [note for note in read_pois(path).report.notes if "--name-field" in note]
    path.write_text("name,foo,lon,lat\nA,cafe,24.9,60.1\n")
    assert [note for note in read_pois(path).report.notes if "--category-field" in note]


def test_the_trial(shared: Path) -> None:
    read = read_pois(shared / "trials" / "p_namecol.csv")
    assert read.report.columns["name"] == "Name of business"
    assert read.frame["name"].iloc[0] == "Castle North Boating Lake"
