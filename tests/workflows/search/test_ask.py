"""A question answered by a trained city: every part against what is computed beside it."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod
from sqlalchemy import delete

from aether_core.errors import InputError, NotFoundError
from aether_core.language import _, speaking
from aether_core.search.question.criteria import Criterion, LayerSource
from aether_core.spatial.streets import network_of, walking_distance
from cli.__main__ import run
from db.cities import cities as city_rows
from db.cities import pois as poi_rows
from db.cities import streets as street_rows
from db.schema import Streets
from tests.app_fixtures import SLUG, set_environment
from tests.cli.test_cli import ask as run_json
from tests.cli.test_cli import refused
from tests.db.city_data import add_areas, add_share_layer
from tests.errors import fault
from workflows.home.store import Store
from workflows.layers.export import export_answer
from workflows.layers.layers import keep_layer, remove_layer
from workflows.search import targets
from workflows.search.ask import ALONG_STREETS, NOT_NEAR_STRAIGHT, STRAIGHT_LINE, Answer, ask
from workflows.search.criteria_file import criteria_in_link, link_of, read_criteria
from workflows.search.search import search_cells

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def places(city: Store) -> gpd.GeoDataFrame:
    with city.session() as session:
        return poi_rows.poi_frame(session, city_rows.city_by_slug(session, SLUG).id)


def part(answer: Answer, name: str) -> np.ndarray:
    return next(one.value for one in answer.parts if one.name == name)


def metres(answer: Answer, name: str) -> np.ndarray:
    found = next(one.metres for one in answer.parts if one.name == name)
    assert found is not None
    return found


def geodesics(lonlat: np.ndarray, to: gpd.GeoDataFrame) -> np.ndarray:
    """Metres from each cell to the nearest place, every pair measured on the ellipsoid."""
    ends = shapely.get_coordinates(to.geometry.to_numpy())
    start, end = np.repeat(lonlat, len(ends), axis=0), np.tile(ends, (len(lonlat), 1))
    return np.asarray(GEOD.inv(*start.T, *end.T)[2]).reshape(len(lonlat), -1).min(axis=1)


def test_every_part_is_what_it_says(city: Store, places: gpd.GeoDataFrame) -> None:
    answer = ask(city, SLUG, "parks within 300 m of a school but at least 50 m from bars")
    assert [one.name for one in answer.parts] == ["like_park", "near_school", "not_near_bar"]
    schools = places[places["category"] == "school"]
    truth = geodesics(answer.lonlat, schools)
    np.testing.assert_allclose(metres(answer, "near_school"), truth, rtol=0.005, atol=0.01)
    np.testing.assert_array_equal(part(answer, "near_school")[truth < 299], 1)
    np.testing.assert_array_equal(part(answer, "near_school")[truth > 376], 0)
    np.testing.assert_allclose(
        part(answer, "like_park"), search_cells(city, SLUG, "parks").percentile / 100, atol=1e-3
    )
    parts = np.stack([one.value for one in answer.parts]).astype(np.float64)
    np.testing.assert_allclose(answer.score, np.cbrt(parts.prod(axis=0)), atol=1e-5)
    best = answer.best(5)
    ranked = answer.score[np.isfinite(answer.score)]
    assert len(ranked) == answer.ranked == len(answer.score) - answer.left_out
    assert [row["score"] for row in best] == sorted(ranked.tolist(), reverse=True)[:5]
    nearest = best[0]["nearest"]["near_school"]
    assert nearest in set(schools["name"])
    in_finnish = answer.best(1, "fi-FI")[0]["nearest"]
    assert in_finnish["near_school"] == f"{nearest} suomeksi"
    # By its Finnish name it is found, too, and measured to as by its main one.
    by_name = [
        ask(city, SLUG, criteria=[Criterion("near", n)]) for n in (nearest, *in_finnish.values())
    ]
    np.testing.assert_array_equal(by_name[1].parts[0].metres, by_name[0].parts[0].metres)
    assert any("straight lines" in note for note in answer.notes)


def test_near_follows_the_streets_where_the_city_has_them(
    city: Store, places: gpd.GeoDataFrame
) -> None:
    words = "near a school but at least 60 m from bars"
    straight = ask(city, SLUG, words)
    assert not any(one.along_streets for one in straight.parts)
    west, south, east, north = places.total_bounds
    steps = np.linspace(0, 1, 30)
    lines = [
        shapely.LineString(np.column_stack(np.broadcast_arrays(*xy)))
        for step in steps
        for xy in (
            (west + step * (east - west), south + steps * (north - south)),
            (west + steps * (east - west), south + step * (north - south)),
        )
    ]
    network = network_of(lines)
    assert network is not None
    with city.session() as session:
        row = city_rows.city_by_slug(session, SLUG)
        street_rows.add_streets(session, row.id, network)
        session.flush()
        stored = street_rows.streets(session, row.id)
    assert stored is not None
    np.testing.assert_allclose(stored.lonlat, network.lonlat, atol=6e-8)
    targets._streets.cache_clear()
    try:
        answer = ask(city, SLUG, f"{words}, x1")
    finally:
        with city.session() as session:
            session.execute(delete(Streets))
        targets._streets.cache_clear()
    near, far = answer.parts
    assert (near.along_streets, far.along_streets) == (True, False)
    schools = places[places["category"] == "school"]
    expected, _ = walking_distance(network, answer.lonlat, schools.geometry.to_numpy())
    np.testing.assert_allclose(metres(answer, near.name), expected, rtol=1e-3, atol=0.1)
    assert (metres(answer, near.name) >= metres(straight, near.name) - 0.1).all()
    np.testing.assert_array_equal(metres(answer, far.name), metres(straight, far.name))
    assert near.facts()["straight_line"] is False
    assert far.facts()["straight_line"] is True
    assert near.sentence == "lies within 300 m of school, along streets"
    assert {ALONG_STREETS, NOT_NEAR_STRAIGHT} <= set(answer.notes)
    assert STRAIGHT_LINE not in answer.notes


def test_a_likeness_without_support_is_said_and_does_not_steer(city: Store) -> None:
    answer = ask(city, SLUG, "asdfghjkl qwerty near a school")
    like, near = answer.parts
    assert like.support is not None
    assert (str(like.support.level), like.used, near.used) == ("none", False, True)
    assert [(one.words, one.code) for one in answer.unmapped] == [
        ("asdfghjkl qwerty", "no-support")
    ]
    ranked = np.isfinite(answer.score)
    np.testing.assert_allclose(answer.score[ranked], near.value[ranked])
    alone = ask(city, SLUG, "asdfghjkl qwerty")
    assert alone.parts[0].used  # it is listed, as `search` does, with its support beside it
    assert alone.ranked == answer.ranked


@pytest.mark.parametrize(
    ("question", "language", "said"),
    [
        (
            "asuntoja puiston lähellä ja vähintään 200 metrin päässä baareista",
            "fi",
            ["asunnot", "puistot", "baarit"],
        ),
        (
            "منازل قرب حديقة وعلى بعد ٢٠٠ متر على الأقل من الحانات",
            "ar",
            ["منازل", "حديقة", "الحانات"],
        ),
        (
            "منازل قرب حديقة وعلى بعد ٢٠٠ متر على الأقل من الحانات",
            "en",
            ["منازل", "حديقة", "الحانات"],
        ),
    ],
)
def test_a_question_in_another_language_is_answered_as_its_english_sibling(
    city: Store, question: str, language: str, said: list[str]
) -> None:
    english = ask(city, SLUG, "homes near a park and at least 200 m from a bar")
    other = ask(city, SLUG, question, language=language)
    assert np.array_equal(other.score, english.score, equal_nan=True)
    assert [one.criterion.in_own_words for one in other.parts] == said
    link = criteria_in_link(link_of([one.criterion for one in other.parts]))
    assert [one.in_own_words for one in link] == said
    assert [one.words for one in link] == ["homes", "parks", "bars"]


@pytest.mark.parametrize(
    ("question", "language", "sheep", "fountains"),
    [
        (
            "suihkulähteitä puiston lähellä, kaukana lampaista",
            "fi",
            "lampaista",
            "suihkulähteitä",
        ),
        ("نوافير قرب حديقة، بعيدا عن الأغنام", "de", "الأغنام", "نوافير"),
    ],
)
def test_words_that_neither_table_nor_model_knows_are_told_and_do_not_steer(
    city: Store, question: str, language: str, sheep: str, fountains: str
) -> None:
    answer = ask(city, SLUG, question, language=language)
    assert [one.name for one in answer.parts if one.used] == ["near_park"]
    assert [(one.words, one.code) for one in answer.unmapped] == [
        (sheep, "word-not-known"),
        (fountains, "no-support"),
    ]
    link = criteria_in_link(link_of([one.criterion for one in answer.parts]))
    assert [one.language for one in link] == [part.criterion.language for part in answer.parts]
    with speaking("fi"):
        assert all(_(one.reason) != one.reason for one in answer.unmapped)


def test_of_a_phrase_the_one_thing_that_is_known_is_asked_for_and_said(city: Store) -> None:
    answer = ask(city, SLUG, "Bars für den späten Abend nahe einem Park", language="de")
    whole = ask(city, SLUG, "bars near a park")
    np.testing.assert_array_equal(answer.score, whole.score)
    assert not answer.unmapped
    (note,) = [note for note in answer.remarks if "“Bars”" in note]
    assert "“Bars für den späten Abend”" in note
    with speaking("de"):
        assert _(note) != note


def test_modes_and_years_and_what_is_equal(city: Store) -> None:
    words = "bars near a park"
    first = ask(city, SLUG, words)
    assert ask(city, SLUG, "  bars   near a park ") is first
    added = ask(city, SLUG, words, mode="add")
    assert added is not first
    parts = np.stack([one.value for one in added.parts])
    np.testing.assert_allclose(added.score, parts.mean(axis=0), atol=1e-6)
    assert (added.score >= first.score - 1e-6)[np.isfinite(first.score)].all()
    with pytest.raises(NotFoundError, check=fault("no-such-year", 1999)):
        ask(city, SLUG, words, year=1999)
    with pytest.raises(InputError, check=fault("no-such-mode", "min")):
        ask(city, SLUG, words, mode="min")
    with pytest.raises(NotFoundError, check=fault("no-such-city", "atlantis")):
        ask(city, "atlantis", words)


def test_the_centre_is_the_citys_own_and_said(city: Store) -> None:
    answer = ask(city, SLUG, "shops but not in the centre")
    one = answer.parts[1].criterion
    assert (one.kind, one.words, one.stated) == ("not_near", "centre", False)
    assert any(f"{one.distance_m:,.0f} m" in note for note in answer.notes)
    value, far = part(answer, "not_near_centre"), metres(answer, "not_near_centre")
    assert value[far.argmin()] < 0.01
    assert one.distance_m is not None
    np.testing.assert_array_equal(value[far > one.distance_m + 1], 1)


def test_what_the_city_has_none_of_is_refused_with_what_is_near_in_meaning(city: Store) -> None:
    answer = ask(city, SLUG, "bars near an airport")
    assert [one.name for one in answer.parts] == ["like_bar"]
    (refused_one,) = answer.unmapped
    assert (refused_one.words, refused_one.code) == ("airport", "no-such-category")
    assert "nearest in meaning are" in refused_one.reason
    with pytest.raises(NotFoundError, check=fault("no-such-category", "airport", "nearest in")):
        ask(city, SLUG, "near an airport")
    with pytest.raises(NotFoundError, check=fault("no-such-category", "main road")):
        ask(city, SLUG, "away from main roads")  # no base map was given
    with pytest.raises(NotFoundError, check=fault("no-such-area", "Soho", "--area")):
        ask(city, SLUG, criteria=[Criterion("in", "Soho")])


def test_an_area_is_known_by_its_name_while_a_kept_layer_has_it(
    city: Store, places: gpd.GeoDataFrame
) -> None:
    west, south, east, north = places.total_bounds
    middle = (west + east) / 2
    halves = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    with city.session() as session:
        row = city_rows.city_by_slug(session, SLUG)
        areas = add_areas(
            session, row.id, geometry=np.array(halves, object), code=["Kallio", "Vallila"]
        )
        layer = add_share_layer(session, areas).slug
    try:
        answer = ask(city, SLUG, "bars in Kallio")
        with pytest.raises(NotFoundError, check=fault("no-such-area", "Soho", "Kallio, Vallila")):
            ask(city, SLUG, criteria=[Criterion("in", "Soho")])
    finally:
        remove_layer(city, SLUG, layer)
    inside = shapely.contains_xy(halves[0], *answer.lonlat.T)
    assert part(answer, "in_kallio").tolist() == inside.tolist()
    assert answer.parts[1].meaning == "an area of the layer Young and old"
    gone = ask(city, SLUG, "bars in Kallio")
    assert [one.code for one in gone.unmapped] == ["no-such-area"]


def test_a_category_that_means_the_same_is_taken_and_said(city: Store) -> None:
    answer = ask(city, SLUG, "near a hairdressing salon")
    assert any("nearest in meaning" in note for note in answer.notes)
    assert "hairdresser" in answer.parts[0].meaning


def test_things_of_a_file_in_another_crs(
    city: Store, places: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    schools = places[places["category"] == "school"][["name", "geometry"]]
    schools.to_crs("EPSG:3067").to_file(tmp_path / "schools.gpkg")
    (tmp_path / "criteria.json").write_text(
        json.dumps(
            [
                {
                    "kind": "near",
                    "words": "schools of a file",
                    "source": {"file": "schools.gpkg"},
                    "weight": 2,
                }
            ]
        )
    )
    given = read_criteria(tmp_path / "criteria.json").criteria
    answer = ask(city, SLUG, "bars near schools", given)
    assert [one.criterion.weight for one in answer.parts] == [1, 1, 2]
    np.testing.assert_allclose(
        metres(answer, "near_school_of_a_file"), metres(answer, "near_school"), atol=0.5
    )
    (tmp_path / "schools.gpkg").unlink()
    with pytest.raises(NotFoundError, check=fault("no-such-file", "schools.gpkg")):
        ask(city, SLUG, "bars near schools", given)


def test_a_layer_is_measured_to_until_it_is_removed(city: Store) -> None:
    found = search_cells(city, SLUG, "bar")
    layer = keep_layer(city, found).layer
    near = Criterion("near", "good bars", source=LayerSource(layer))
    answer = ask(city, SLUG, criteria=[near])
    np.testing.assert_array_equal(metres(answer, "near_good_bar")[found.percentile >= 90], 0.0)
    assert any("best tenth" in note for note in answer.notes)
    with pytest.raises(InputError, check=fault("no-such-field", "zone", "percentile")):
        ask(city, SLUG, criteria=[Criterion("near", "x", source=LayerSource(layer, "zone"))])
    nothing = LayerSource(layer, "score", least=2.0)
    with pytest.raises(InputError, check=fault("layer-value-not-found", "2.0")):
        ask(city, SLUG, criteria=[Criterion("near", "x", source=nothing)])
    remove_layer(city, SLUG, layer)
    with pytest.raises(NotFoundError, check=fault("no-such-layer", layer)):
        ask(city, SLUG, criteria=[near])


def areas(folder: Path, name: str, *shapes: shapely.Geometry, crs: str = "EPSG:4326") -> Path:
    file = folder / f"{name}.gpkg"
    frame = gpd.GeoDataFrame({"name": [name] * len(shapes)}, geometry=list(shapes), crs="EPSG:4326")
    frame.to_crs(crs).to_file(file)
    return file


def test_an_area_limits_the_ranking(city: Store, tmp_path: Path) -> None:
    everywhere = ask(city, SLUG, "bars")
    west, south = everywhere.lonlat.min(axis=0)
    middle = np.median(everywhere.lonlat, axis=0)
    half = shapely.box(west - 1, south - 1, middle[0], middle[1] + 1)
    answer = ask(city, SLUG, "bars", area=areas(tmp_path, "west", half, crs="EPSG:3067"))
    inside = answer.lonlat[:, 0] < middle[0]
    edge = np.abs(answer.lonlat[:, 0] - middle[0]) < 1e-5
    assert (np.isfinite(answer.score) == (inside & np.isfinite(everywhere.score)))[~edge].all()
    assert answer.ranked == np.isfinite(answer.percentile).sum() < len(answer.score)
    assert np.nanmax(answer.percentile) == 100
    np.testing.assert_allclose(answer.score[inside & ~edge], everywhere.score[inside & ~edge])


def test_areas_that_cannot_be_used_are_refused(city: Store, tmp_path: Path) -> None:
    far = areas(tmp_path, "far", shapely.box(0, 0, 1, 1))
    with pytest.raises(InputError, check=fault("area-outside-city", "0.0000, 0.0000")):
        ask(city, SLUG, "bars", area=far)
    lon, lat = ask(city, SLUG, "bars").lonlat.mean(axis=0)
    bow = [(lon, lat), (lon + 0.01, lat + 0.01), (lon + 0.01, lat), (lon, lat + 0.01), (lon, lat)]
    with pytest.raises(InputError, check=fault("boundary-crosses-itself", "the area")):
        ask(city, SLUG, "bars", area=areas(tmp_path, "bow", shapely.Polygon(bow)))
    line = areas(tmp_path, "line", shapely.LineString(bow[:2]))
    with pytest.raises(InputError, check=fault("area-not-a-polygon", "LineString")):
        ask(city, SLUG, "bars", area=line)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("near a school and not near schools", "criteria-contradict"),
        ("within 0 m of a school", "distance-out-of-range"),
        ("within 1000 km of a school", "distance-out-of-range"),
        ("x" * 10_000, "question-too-long"),
        (" or ".join(f"thing{n}" for n in range(40)), "too-many-criteria"),
        ("near", "question-without-criteria"),
        ("?", "question-without-criteria"),
        ("", "question-without-criteria"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(
    city: Store, question: str, code: str
) -> None:
    with pytest.raises(InputError, check=fault(code)):
        ask(city, SLUG, question)


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("{", ("criteria-unreadable", "line 1")),
        ('{"criteria": 5}', ("criteria-unreadable", "criteria")),
        ('[{"kind": "near"}]', ("criteria-unreadable", "0.words")),
        ('[{"kind": "near", "words": "x", "distance": 5}]', ("criteria-unreadable", "distance")),
        (
            '[{"kind": "near", "words": "x", "source": {}}]',
            ("source-not-a-file-or-layer", "near: x"),
        ),
    ],
)
def test_files_of_criteria_are_checked(
    tmp_path: Path, text: str, reported: tuple[str, ...]
) -> None:
    file = tmp_path / "criteria.json"
    file.write_text(text)
    with pytest.raises(InputError, check=fault(*reported)):
        read_criteria(file)
    with pytest.raises(NotFoundError, check=fault("no-such-file", "nowhere.json")):
        read_criteria(tmp_path / "nowhere.json")


def test_the_command_prints_the_contract_and_writes_every_part(
    city: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_environment(city, monkeypatch)
    target = tmp_path / "answer.geojson"
    words = "kindergartens near schools, away from an airport"
    code, found, _ = run_json(capsys, "ask", SLUG, words, "--top", "3", "-o", str(target))
    assert code == 0
    keys = {"city", "criteria", "unmapped", "mode", "cells", "seconds", "results"}
    assert keys <= set(found)
    assert (found["city"], found["mode"], len(found["results"])) == (SLUG, "all", 3)
    for one in found["criteria"]:
        assert {"kind", "words", "distance_m", "weight", "support"} <= set(one)
    like, near = found["criteria"]
    assert {"level", "reason", "auc", "ci95"} <= set(like["support"])
    assert near["support"] is None
    assert [one["words"] for one in found["unmapped"]] == ["airport"]
    assert {"cell", "lon", "lat", "score", "percentile", "parts"} <= set(found["results"][0])
    assert set(found["results"][0]["parts"]) == {"like_kindergarten", "near_school"}
    frame = gpd.read_file(target)
    assert len(frame) == found["cells"]
    assert {"score", "percentile", "like_kindergarten", "near_school", "near_school_m"} <= set(
        frame
    )
    assert frame["score"].dropna().between(0, 1).all()
    assert frame["score"].notna().sum() == found["ranked"] == found["cells"] - found["left_out"]
    assert frame["score"].max() == pytest.approx(found["results"][0]["score"], abs=1e-6)
    again = tmp_path / "criteria.json"
    again.write_text(json.dumps(found))
    asked_again = run_json(capsys, "ask", SLUG, "--criteria", str(again), "--top", "3")[1]
    assert asked_again["results"] == found["results"]
    assert "question is empty" in refused(capsys, "ask", SLUG)
    assert run(["ask", SLUG, words, "--top", "2"]) == 0
    shown = capsys.readouterr().out
    assert "near: schools, 300 m" in shown
    assert "not used: “airport”" in shown


@pytest.mark.parametrize("ending", ["gpkg", "parquet", "csv", "tif"])
def test_an_answer_is_written_in_every_format(city: Store, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"answer.{ending}"
    export_answer(ask(city, SLUG, "bars near a school"), target)
    assert target.stat().st_size > 1000
