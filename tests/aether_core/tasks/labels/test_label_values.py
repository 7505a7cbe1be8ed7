"""Values that say nothing, and spellings of one class."""

import unicodedata
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.tasks.labels.read import Labels, read_labels
from aether_core.tasks.labels.values import one_spelling, says_nothing
from tests.errors import fault

CLASSES = {"high street", "nightlife", "health", "industry", "transport", "sport and parks"}
CLASSES |= {"education", "worship", "farming", "housing", "culture", "offices"}


def read(folder: Path, values: list[str | None], **how: object) -> Labels:
    points = [shapely.Point(n / 1e3, 50) for n in range(len(values))]
    frame = gpd.GeoDataFrame({"class": values}, geometry=points, crs="EPSG:4326")
    frame.to_file(folder / "labels.gpkg")
    return read_labels(folder / "labels.gpkg", **how)


def test_not_known_is_no_land_use(shared: Path) -> None:
    labels = read_labels(shared / "trials" / "l_na.geojson")
    assert set(labels.counts) == CLASSES
    assert labels.dropped == {"no label (N/A)": 60, "no label (None)": 60}
    assert labels.unlabelled == {"N/A": 60, "None": 60}
    assert labels.report is not None
    assert (labels.report.rows, labels.report.used) == (300, 180)
    assert labels.report.left_out == labels.dropped
    assert labels.report.columns["class"] == "landuse"


def test_capitals_and_spaces_make_no_classes(shared: Path) -> None:
    labels = read_labels(shared / "trials" / "l_case.geojson")
    assert {name.lower() for name in labels.counts} == CLASSES
    assert len(labels.counts) == len(CLASSES)
    assert labels.counts["HIGH STREET"] == 46
    assert labels.report is not None
    assert "farming is FARMING" in labels.report.notes[0]


@pytest.mark.parametrize(
    "value",
    [
        *("n/a", "NA", "N.A.", "<null>", "(none)", "#N/A", "NO DATA", "no_data", "Unknown", "?"),
        *("-", "--", "…", "keine Angabe", "k.A.", "non renseigné", "sin datos", "não informado"),
        *("нет данных", "Неизвестно", "未知", "无数据", "不明", "該当なし", "없음", "غير معروف"),
        *("अज्ञात", "Bilinmiyor", "tidak diketahui", "không rõ", "onbekend", "brak danych"),
        *("okänd", unicodedata.normalize("NFD", "sin clasificación"), "άγνωστο", "n.v.t."),
    ],
)
def test_large_languages_say_nothing_alike(value: str) -> None:
    assert says_nothing(value)


@pytest.mark.parametrize(
    "value",
    ["other", "vacant", "none-residential", "Nanterre", "park", "0", "Noord", "R-1", "住宅"],
)
def test_classes_say_something(value: str) -> None:
    assert not says_nothing(value)


def test_a_user_may_mean_what_says_nothing(tmp_path: Path) -> None:
    labels = read(tmp_path, ["unknown", "unknown", "n/a", "park", None], meant=("Unknown",))
    assert labels.counts == {"unknown": 2, "park": 1}
    assert labels.dropped == {"no label (n/a)": 1, "no label": 1}


def test_the_most_frequent_spelling_wins_and_a_user_may_tell_them_apart(tmp_path: Path) -> None:
    composed = "Café"
    values = ["R1a", "R1A", "R1A", composed, unicodedata.normalize("NFD", composed), "CAFÉ"]
    labels = read(tmp_path, values)
    assert labels.counts == {composed: 3, "R1A": 3}
    apart = read(tmp_path, values, meant=("R1a", "R1A"))
    assert (apart.counts["R1a"], apart.counts["R1A"]) == (1, 2)


def test_small_letters_win_a_tie() -> None:
    assert one_spelling(["PARK", "park"]) == {"PARK": "park"}
    assert one_spelling(["İSTANBUL", "i̇stanbul"]) == {"İSTANBUL": "i̇stanbul"}
    assert one_spelling(["a\u200bb", "ab", "ab"]) == {"a\u200bb": "ab"}


def test_a_file_of_nothing_is_refused_with_what_it_says(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("no-usable-labels", "2 x no label (unknown)")):
        read(tmp_path, ["unknown", "unknown"])
