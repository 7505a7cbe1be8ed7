"""Letters: UTF-8 where it decodes, else the likeliest encoding, said; or a question."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.vector import ReadOptions, VectorFile, read_vector
from aether_core.vector.cells.encoding import likeliest
from tests.errors import fault

NAMES = {
    "cp1252": ["Bäckerei Müller", "Straße 5", "Köln"],
    "latin-1": ["Forêt d'Orléans", "Hôtel", "Façade"],
    "cp1250": ["Příbram", "Plzeň", "České Budějovice"],
    "iso8859-2": ["Łódź", "Kraków", "Poznań"],
    "cp1251": ["Аптека 12", "Кафе Москва"],
    "koi8-r": ["Школа", "Больница"],
    "cp1253": ["Φαρμακείο", "Σχολείο Αθήνα"],
    "cp1254": ["İstanbul", "Çiğdem", "Şişli"],
    "cp1256": ["مدرسة", "مستشفى"],
    "gbk": ["上海饭店", "中心小学"],
    "big5": ["台北車站", "咖啡館"],
    "shift_jis": ["東京駅", "カフェ さくら"],
    "euc_kr": ["서울역", "카페 커피"],
    "cp874": ["โรงเรียน", "วัด"],
}


def read(path: Path, content: bytes, **options: str) -> VectorFile:
    path.write_bytes(content)
    return read_vector(path, ReadOptions(**options), typed=False)


def table(names: list[str]) -> str:
    return "\n".join(["name,lon,lat", *(f"{name},24.9,60.1" for name in names), ""])


@pytest.mark.parametrize("encoding", NAMES)
def test_letters_are_told_from_each_other(tmp_path: Path, encoding: str) -> None:
    read_file = read(tmp_path / "a.csv", table(NAMES[encoding]).encode(encoding))
    assert list(read_file.frame["name"]) == NAMES[encoding]
    assert read_file.report.encoding not in {None, "UTF-8"}
    assert read_file.report.encoding in read_file.report.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_unicode_in_any_form(tmp_path: Path, encoding: str) -> None:
    text = table(["Аптека", "Café", "茶馆"]).replace(",", "\t").replace("\n", "\r\n")
    read_file = read(tmp_path / "a.csv", text.encode(encoding))
    assert list(read_file.frame["name"]) == ["Аптека", "Café", "茶馆"]


def test_letters_that_leave_it_open_are_asked_with_what_they_would_be(tmp_path: Path) -> None:
    content = table(["Niño"]).encode("cp1252")
    with pytest.raises(
        InputError, check=fault("encoding-unclear", "Niño", "Nińo", "cp1250", "--encoding")
    ):
        read(tmp_path / "a.csv", content)
    assert read(tmp_path / "a.csv", content, encoding="cp1250").frame["name"][0] == "Nińo"


def test_the_users_encoding_wins_and_must_fit(tmp_path: Path) -> None:
    content = table(["Café"]).encode()
    reported = read(tmp_path / "a.csv", content, encoding="latin-1")
    assert (reported.frame["name"][0], reported.report.encoding) == ("CafÃ©", "latin-1")
    with pytest.raises(InputError, check=fault("text-not-in-encoding", "a.csv", "ascii")):
        read(tmp_path / "a.csv", content, encoding="ascii")
    for name in ("klingon", "rot13", "base64"):
        with pytest.raises(InputError, check=fault("no-such-encoding", name)):
            read(tmp_path / "a.csv", content, encoding=name)


def test_utf8_with_other_letters_in_a_line_names_it(tmp_path: Path) -> None:
    content = table(["Café", "Straße", "Москва"]).encode() + "Köln,24.9,60.1\n".encode("cp1252")
    with pytest.raises(InputError, check=fault("text-of-two-encodings", "line 5", "K\ufffdln")):
        read(tmp_path / "a.csv", content)


def test_bytes_of_no_writing() -> None:
    with pytest.raises(InputError, check=fault("encoding-unknown", "a.csv")):
        likeliest([bytes(range(128, 256))], "a.csv")


def shapefile(folder: Path, names: list[str], encoding: str, cpg: str | None) -> Path:
    frame = gpd.GeoDataFrame({"name": names}, geometry=[shapely.Point(24.9, 60.1)] * len(names))
    frame.set_crs(4326).to_file(folder / "a.shp", encoding=encoding)
    (folder / "a.cpg").unlink(missing_ok=True)
    if cpg is not None:
        (folder / "a.cpg").write_text(cpg)
    return folder / "a.shp"


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [("utf-8", None), ("cp1251", None), ("gbk", None), ("cp1251", "1251"), ("utf-8", "ISO-8859-1")],
)
def test_shapefiles_with_and_without_a_code_page(
    tmp_path: Path, encoding: str, cpg: str | None
) -> None:
    names = ["上海饭店", "中心小学"] if encoding == "gbk" else ["Аптека", "Кафе Москва"]
    read_file = read_vector(shapefile(tmp_path, names, encoding, cpg))
    expected = names
    if cpg == "ISO-8859-1":  # the file's own word stands, and the user can overrule it
        expected = [name.encode().decode("latin-1") for name in names]
        path = tmp_path / "a.shp"
        assert list(read_vector(path, ReadOptions(encoding="utf-8")).frame["name"]) == names
    assert list(read_file.frame["name"]) == expected


def test_trials(shared: Path) -> None:
    trials = shared / "trials"
    latin = read_vector(trials / "p_l1.csv")
    assert latin.frame["name"][0] == "Café 0"
    assert read_vector(trials / "shp" / "gbk.shp").frame["name"][0] == "茶馆北京0"
    utf8 = read_vector(trials / "shp" / "utf8.shp")
    assert utf8.frame["name"][0] == "Аптека Ängelholm 0"
    assert utf8.report.encoding == "UTF-8"


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("shift_jis", "経度,緯度,名称,種別"),
        ("euc_jp", "経度,緯度,施設名,種別"),
        ("gbk", "经度,纬度,名称,类型"),
        ("big5", "經度,緯度,名稱,類別"),
        ("euc_kr", "경도,위도,상호명,업종"),
        ("cp1251", "Долгота,Широта,Название,Категория"),
        ("koi8-r", "Долгота,Широта,Название,Категория"),
    ],
)
def test_headings_in_a_language_tell_their_encoding(
    tmp_path: Path, encoding: str, head: str
) -> None:
    rows = "".join(f"{4.9 + n / 1000:.3f},{52.3 + n / 1000:.3f},A{n},cafe\n" for n in range(60))
    found = read(tmp_path / "a.csv", f"{head}\n{rows}".encode(encoding))
    assert found.report.columns["longitude"] == head.split(",", maxsplit=1)[0]
    assert len(found.frame) == 60
