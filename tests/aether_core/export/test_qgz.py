"""QGIS projects: what QGIS needs to open layers from PostGIS, and never a password.

What stands here was opened by QGIS 3.22 itself on a real PostGIS, and its layers were drawn.
"""

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pyproj import Transformer

from aether_core.errors import ConflictError, InputError
from aether_core.export import ProjectLayer, qml_classes, write_project
from aether_core.export.qgz import PackageLayer, write_package_project
from aether_core.export.qml import qml_plain
from tests.errors import fault

ODD = "a \"b\" & <c> 'd' \\ é"
STYLE = qml_classes("landuse", [{"name": "park", "colour": "#228833"}])
LAYERS = [
    ProjectLayer("v_city_land-use", ODD, "cell_id", qml=STYLE, attribution="© OSM", abstract="x"),
    ProjectLayer('v_"odd"', "Shares", "area_id", geometry_type="MultiPolygon"),
]
CONNECTION = {
    "host": "/tmp/it's here",  # noqa: S108 - a name that is only written down
    "port": "5432",
    "dbname": "aether",
    "user": "me",
    "password": "s3cret",
    "passfile": "/s3cret",
}
EXTENT = (24.93, 60.16, 24.96, 60.18)


def write(path: Path, **changed: object) -> ET.Element:
    given = {"connection": CONNECTION, "title": ODD, "extent": EXTENT, "layers": LAYERS} | changed
    layers = given.pop("layers")
    write_project(path, layers, **given)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [f"{path.stem}.qgs"]
        return ET.fromstring(archive.read(f"{path.stem}.qgs"))  # noqa: S314 - what was just written


def test_layers_are_found_in_the_database(tmp_path: Path) -> None:
    root = write(tmp_path / "city.qgz")
    assert root.findtext("title") == ODD
    sources = [layer.findtext("datasource") for layer in root.iter("maplayer")]
    assert sources[0] == (
        "dbname='aether' host='/tmp/it\\'s here' port='5432' user='me' key='cell_id' "
        "estimatedmetadata=true srid=4326 type=Polygon checkPrimaryKeyUnicity='0' "
        'table="public"."v_city_land-use" (geom)'
    )
    assert "key='area_id'" in sources[1]
    assert "type=MultiPolygon" in sources[1]
    assert 'table="public"."v_\\"odd\\"" (geom)' in sources[1]
    first = root.find("projectlayers/maplayer")
    assert first.findtext("provider") == "postgres"
    assert first.findtext("srs/spatialrefsys/authid") == "EPSG:4326"
    assert (first.findtext("attribution"), first.findtext("abstract")) == ("© OSM", "x")
    assert first.find("renderer-v2/categories/category").get("value") == "park"


def test_tree_and_layers_name_each_other(tmp_path: Path) -> None:
    root = write(tmp_path / "city.qgz")
    tree = root.findall("layer-tree-group/layer-tree-layer")
    ids = [layer.findtext("id") for layer in root.iter("maplayer")]
    assert [leaf.get("id") for leaf in tree] == ids
    assert [order.get("id") for order in root.findall("layerorder/layer")] == ids
    assert len(set(ids)) == 2
    assert min(map(len, ids)) > 10, "QGIS gives shorter ids away"
    assert [leaf.get("name") for leaf in tree] == [ODD, "Shares"]
    assert [leaf.get("checked") for leaf in tree] == ["Qt::Checked", "Qt::Unchecked"]


def test_the_map_opens_on_the_city_in_metres(tmp_path: Path) -> None:
    root = write(tmp_path / "city.qgz")
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:32635"
    assert root.findtext("properties/SpatialRefSys/ProjectionsEnabled") == "1"
    shown = [
        float(root.findtext(f"mapcanvas/extent/{k}")) for k in ("xmin", "ymin", "xmax", "ymax")
    ]
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:32635", always_xy=True)
    for lon, lat in ((24.93, 60.16), (24.96, 60.18), (24.93, 60.18), (24.96, 60.16)):
        x, y = to_metres.transform(lon, lat)
        assert shown[0] - 1e-6 <= x <= shown[2] + 1e-6
        assert shown[1] - 1e-6 <= y <= shown[3] + 1e-6


def test_no_password_in_any_byte(tmp_path: Path) -> None:
    write(tmp_path / "city.qgz")
    with zipfile.ZipFile(tmp_path / "city.qgz") as archive:
        inside = archive.read("city.qgs").decode()
    assert "s3cret" not in inside
    assert not re.search("password|passfile|authcfg", inside)


def test_what_is_not_given_is_left_to_libpq(tmp_path: Path) -> None:
    root = write(tmp_path / "a.qgz", connection={"dbname": "aether", "host": None, "port": ""})
    assert (
        root.find("projectlayers/maplayer")
        .findtext("datasource")
        .startswith("dbname='aether' key='cell_id'")
    )


def test_same_layers_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.qgz")
    first = (tmp_path / "a.qgz").read_bytes()
    write(tmp_path / "a.qgz", force=True)
    assert (tmp_path / "a.qgz").read_bytes() == first


def test_refusals_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("output-wrong-ending", "a.qgs", "a.qgz")):
        write(tmp_path / "a.qgs")
    with pytest.raises(InputError, check=fault("project-without-layer", "a.qgz")):
        write(tmp_path / "a.qgz", layers=[])
    with pytest.raises(InputError, check=fault("no-such-output-folder", tmp_path / "no")):
        write(tmp_path / "no" / "a.qgz")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.qgz").write_text("mine")
    with pytest.raises(ConflictError, check=fault("file-exists", "a.qgz")):
        write(tmp_path / "a.qgz")
    assert (tmp_path / "a.qgz").read_text() == "mine"


def test_a_project_of_a_geopackage_names_it_from_where_it_lies(tmp_path: Path) -> None:
    street = PackageLayer("streets", "Streets", "LineString", qml_plain("#112233", lines=True))
    layers = [
        replace(street, group="City"),
        PackageLayer("land use", ODD, "Polygon", STYLE, shown=False),
        replace(street, table="water", geometry_type="Polygon", group="Ground"),
    ]
    path = tmp_path / "city.qgz"
    write_package_project(path, layers, package="my city.gpkg", title=ODD, extent=EXTENT)
    with zipfile.ZipFile(path) as archive:
        root = ET.fromstring(archive.read("city.qgs"))  # noqa: S314 - what was just written
    maps = list(root.iter("maplayer"))
    assert [one.findtext("datasource") for one in maps] == [
        f"./my city.gpkg|layername={table}" for table in ("streets", "land use", "water")
    ]
    assert {one.findtext("provider") for one in maps} == {"ogr"}
    assert [one.get("geometry") for one in maps] == ["Line", "Polygon", "Polygon"]
    assert root.findtext("properties/Paths/Absolute") == "false"
    tree = root.find("layer-tree-group")
    assert [one.get("name") for one in tree] == ["City", ODD, "Ground"]
    assert tree.find("layer-tree-layer").get("checked") == "Qt::Unchecked"
    assert [one.findtext("id") for one in maps] == [
        one.get("id") for one in root.findall("layerorder/layer")
    ]
