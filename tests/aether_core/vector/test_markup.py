"""KML, GML and tables of HTML: read as data, and nothing they point at is opened."""

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.tasks.labels.read import read_labels
from aether_core.vector import Limits, VectorFile, read_vector
from aether_core.vector.limits import TooLargeError
from aether_core.vector.markup.html_tables import pairs_of
from tests.errors import fault

KML = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">{}</kml>'
POINT = "<Point><coordinates>24.9,60.1,3</coordinates></Point>"
RING = "<LinearRing><coordinates>{}</coordinates></LinearRing>"
BOX = RING.format("24.9,60.1 25.0,60.1 25.0,60.2 24.9,60.2 24.9,60.1")
HOLE = RING.format("24.94,60.14 24.96,60.14\n 24.96,60.16 24.94,60.16 24.94,60.14")
SINGAPORE = (
    "<center><table><tr><th colspan='2' align='center'><em>Attributes</em></th></tr>"
    '<tr bgcolor="#E3E3F3"> <th>LU_DESC</th> <td>{}</td> </tr><tr bgcolor=""> <th>GPR</th> '
    "<td>2.8</td> </tr></table></center>"
)
ARCGIS = (
    "<html><body><table border=0><tr><td>Zone</td></tr><tr><td><table>"
    "<tr><td>LU_DESC<td>{}<tr bgcolor=x><td>GPR</td><td>2.8</td></tr></table></td></tr></table>"
    "<script>document.write('<tr><td>a</td><td>b</td></tr>')</script></body></html>"
)


def kml(folder: Path, *placemarks: str, within: str = "{}", name: str = "a.kml") -> VectorFile:
    inside = "".join(f"<Placemark>{one}</Placemark>" for one in placemarks)
    path = folder / name
    path.write_text(KML.format(within.format(inside)), encoding="utf-8")
    return read_vector(path)


def test_placemarks_are_read_with_their_data(tmp_path: Path) -> None:
    found = kml(
        tmp_path,
        "<name>A &amp; B</name><ExtendedData><Data name='code'><value>007</value></Data>"
        f"<Data name='n'><value>5</value></Data></ExtendedData>{POINT}",
        "<name>é</name><ExtendedData><SchemaData schemaUrl='#s'><SimpleData name='code'>008"
        "</SimpleData><SimpleData name='n'>7</SimpleData></SchemaData></ExtendedData>"
        f"<Polygon><outerBoundaryIs>{BOX}</outerBoundaryIs><innerBoundaryIs>{HOLE}"
        "</innerBoundaryIs></Polygon>",
        "<MultiGeometry><Polygon><outerBoundaryIs>" + BOX + "</outerBoundaryIs></Polygon>"
        "<Polygon><outerBoundaryIs>" + HOLE + "</outerBoundaryIs></Polygon></MultiGeometry>",
        "<LineString><coordinates>1,2 3, 4</coordinates></LineString>",
        "<name>nowhere</name>",
        within="<Document><Style><name>no</name></Style>{}</Document>",
    )
    frame = found.frame
    kinds = ["Point", "Polygon", "MultiPolygon", "LineString"]
    assert frame.geom_type.tolist()[:4] == kinds
    assert frame.geometry[4] is None
    assert frame.geometry[1].area == pytest.approx(0.01 - 0.0004)
    assert frame["Name"].tolist()[:2] == ["A & B", "é"]
    assert frame["code"].tolist()[:2] == ["007", "008"]
    assert frame["n"].tolist()[:2] == [5, 7]
    assert (found.report.format, found.report.crs) == ("KML", "EPSG:4326")


def test_folders_are_a_column_where_there_are_several(tmp_path: Path) -> None:
    one = f"<Folder><name>Parks</name><Placemark>{POINT}</Placemark></Folder>"
    two = f"<Folder><name>Pubs</name><Folder><Placemark>{POINT}</Placemark></Folder></Folder>"
    path = tmp_path / "a.kml"
    path.write_text(KML.format(f"<Document>{one}{two}</Document>"))
    assert read_vector(path).frame["folder"].tolist() == ["Parks", "Pubs"]
    path.write_text(KML.format(f"<Document>{one}</Document>"))
    assert "folder" not in read_vector(path).frame.columns


def test_a_kmz_with_pictures_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", KML.format(f"<Placemark>{POINT}</Placemark>"))
        archive.writestr("files/icon.png", b"x")
    found = read_vector(path)
    assert (len(found.frame), found.report.format) == (1, "zipped KML")


def test_a_kml_that_only_links_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    link = "<NetworkLink><Link><href>http://127.0.0.1:1/x.kml</href></Link></NetworkLink>"
    path.write_text(KML.format(link))
    with pytest.raises(InputError, check=fault("kml-is-a-link", "http://127.0.0.1:1/x.kml")):
        read_vector(path)


@pytest.mark.parametrize("name", ["a.kml", "a.gml"])
def test_entities_and_other_xml_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (tmp_path / "secret").write_text("secret")
    entity = f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    path.write_text(
        f'<?xml version="1.0"?>{entity}<kml><Placemark><name>&x;</name></Placemark></kml>'
    )
    with pytest.raises(InputError, check=fault("xml-with-document-type", name)):
        read_vector(path)
    path.write_text("<rss><channel/></rss>")
    with pytest.raises(InputError, check=fault("file-of-another-format", "rss")):
        read_vector(path)
    path.write_text(KML[:-8].format("<Placemark>")[:-3])
    with pytest.raises(InputError):
        read_vector(path)


def test_limits_hold_for_placemarks(tmp_path: Path) -> None:
    long = f"<name>{'x' * 2_000}</name>{POINT}"
    kml(tmp_path, long, long)
    for limits in (Limits(features=1), Limits(cell_bytes=1_000), Limits(vertices=1)):
        with pytest.raises(TooLargeError):
            read_vector(tmp_path / "a.kml", limits=limits)


GML = """<?xml version="1.0"?>{comment}
<ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xlink="http://www.w3.org/1999/xlink"
 xsi:schemaLocation="http://ogr.maptools.org/ {address}/a.xsd">
<gml:featureMember><ogr:a><ogr:code>007</ogr:code><ogr:link xlink:href="{address}/b.gml#x"/>
<ogr:geometryProperty><gml:Point srsName="{crs}"><gml:pos>{pos}</gml:pos></gml:Point>
</ogr:geometryProperty></ogr:a></gml:featureMember></ogr:FeatureCollection>"""


@pytest.mark.parametrize(
    ("crs", "pos"),
    [
        ("urn:ogc:def:crs:EPSG::4326", "60.1 24.9"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "60.1 24.9"),
        ("EPSG:4326", "24.9 60.1"),
    ],
)
def test_gml_is_read_without_asking_anybody(
    tmp_path: Path, listener: tuple[str, list[str]], crs: str, pos: str
) -> None:
    address, requests = listener
    path = tmp_path / "a.gml"
    (tmp_path / "a.xsd").write_text("<x/>")
    path.write_text(GML.format(comment="<!-- x -->", address=address, crs=crs, pos=pos))
    found = read_vector(path, typed=False)
    assert found.frame["code"].tolist() == ["007"]
    assert found.frame.geometry[0].equals(shapely.Point(24.9, 60.1))
    path.write_text(GML.format(comment="", address=address, crs=f"{address}/crs", pos=pos))
    with pytest.raises(InputError, check=fault("crs-not-understood", f"{address}/crs")):
        read_vector(path)
    assert requests == []


@pytest.mark.parametrize(
    "root",
    [
        "<OGRWFSDataSource><URL>{}</URL></OGRWFSDataSource>",
        '<WFS_Capabilities xmlns:gml="http://www.opengis.net/gml"><a>{}</a></WFS_Capabilities>',
        "<OGRCSWDataSource><URL>{}</URL></OGRCSWDataSource>",
    ],
)
def test_descriptions_of_servers_called_gml_are_refused(
    tmp_path: Path, listener: tuple[str, list[str]], root: str
) -> None:
    address, requests = listener
    path = tmp_path / "a.gml"
    path.write_text(root.format(address))
    with pytest.raises(InputError, check=fault("file-of-another-format", "XML")):
        read_vector(path)
    assert requests == []


def test_rows_of_html_tables() -> None:
    expected = {"LU_DESC": "PARK & RIDE", "GPR": "2.8"}
    assert pairs_of(SINGAPORE.format("PARK &amp;<br>RIDE")) == expected
    assert pairs_of(ARCGIS.format("PARK &amp; RIDE")) == expected
    assert pairs_of("<table><tr><td>a<td>b<td>c</table><td>x") == {}


@pytest.mark.parametrize("template", [SINGAPORE, ARCGIS])
@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".gpkg"])
def test_a_land_use_inside_a_description_is_a_label(
    tmp_path: Path, template: str, suffix: str
) -> None:
    uses = ["RESIDENTIAL", "PARK", "ROAD"]
    path = tmp_path / f"a{suffix}"
    if suffix == ".kml":
        texts = [template.format(use) for use in uses]
        kml(tmp_path, *[f"<description><![CDATA[{text}]]></description>{POINT}" for text in texts])
    else:
        gpd.GeoDataFrame(
            {"Name": ["kml_1"] * 3, "Description": [template.format(use) for use in uses]},
            geometry=[shapely.Point(103.8, 1.3)] * 3,
            crs=4326,
        ).to_file(path)
    labels = read_labels(path)
    assert (labels.field, labels.value.tolist()) == ("LU_DESC", uses)
    read = read_vector(path)
    assert "Description" not in read.frame.columns
    assert read.frame["GPR"].tolist() == ["2.8"] * 3
    assert any("LU_DESC, GPR" in note for note in read.report.notes)


def test_plain_descriptions_stay(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [1, 2]}
    texts = ["see <b>this</b>", "a < b", None, "<table><tr><td>a</td><td>1</td></tr></table>"]
    features = [
        {"type": "Feature", "properties": {"description": text}, "geometry": point}
        for text in texts
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(features))
    assert read_vector(path).frame["description"].dropna().tolist() == [t for t in texts if t]
