"""Change between two years: what was built anew is found, what was not is noise."""

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from sqlalchemy import text

from aether_core.errors import InputError, NotFoundError
from tests.app_fixtures import SLUG, YEAR
from tests.cli.test_cli import ask, refused
from tests.errors import fault
from tests.year_fixtures import OTHER, OtherYear
from workflows.home.store import Store
from workflows.layers.export import export_layer, export_style
from workflows.layers.keep_change import keep_change
from workflows.layers.layers import layer_values
from workflows.layers.pictures import layer_picture
from workflows.reports import write_report
from workflows.search.change import change_cells, in_words

QUERY = "parks and gardens for a walk in the green"


def test_what_was_built_anew_is_told_from_noise(two_years: Store, other_year: OtherYear) -> None:
    found = change_cells(two_years, SLUG, QUERY, OTHER, YEAR)
    now, then = other_year.zones(found.lonlat)
    still = ~other_year.touched(found.lonlat)
    park = other_year.city.queries[QUERY]
    assert found.beyond_noise[still].mean() < 0.04
    gone = np.isin(then, park) & ~np.isin(now, park)
    come = np.isin(now, park) & ~np.isin(then, park)
    assert gone.sum() + come.sum() > 50
    assert (found.change[gone] < found.noise.low).mean() > 0.6 if gone.any() else True
    assert (found.change[come] > found.noise.high).mean() > 0.6 if come.any() else True
    assert np.allclose(found.change, found.score_to - found.score_from)
    assert found.share_below_noise == pytest.approx(1 - found.beyond_noise.mean())
    back = change_cells(two_years, SLUG, QUERY, YEAR, OTHER)
    assert np.allclose(back.change, -found.change, atol=1e-6)
    assert np.array_equal(back.beyond_noise, found.beyond_noise)
    assert (back.towards, back.away) == (found.away, found.towards)
    assert f"{found.towards:,} moved towards" in in_words(found)


@pytest.mark.usefixtures("two_years_environment")
def test_the_command_prints_the_contract_and_writes_every_cell(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "change.geojson"
    years = ("--from", str(OTHER), "--to", str(YEAR))
    code, document, _ = ask(capsys, "change", SLUG, QUERY, *years, "--top", "7", "-o", str(target))
    assert code == 0
    keys = {"city", "query", "model", "from", "to", "cells", "noise", "share_below_noise"}
    assert keys <= set(document)
    assert (document["from"], document["to"]) == (OTHER, YEAR)
    changes = [row["change"] for row in document["results"]]
    assert changes == sorted(changes, reverse=True)
    assert len(changes) == 7
    assert {"cell", "lon", "lat", "score_from", "score_to", "beyond_noise"} <= set(
        document["results"][0]
    )
    frame = gpd.read_file(target)
    assert len(frame) == document["cells"]
    assert {"change", "beyond_noise", "score_from", "score_to"} <= set(frame.columns)
    said = {
        name: value for name, value in json.loads(target.read_text()).items() if name != "features"
    }
    assert "AlphaEarth Foundations" in json.dumps(said)
    code, document, _ = ask(capsys, "search", SLUG, QUERY, "--year", str(OTHER))
    assert document["year"] == OTHER
    assert "2018, 2024" in refused(capsys, "change", SLUG, QUERY, "--from", "2018", "--to", "2020")
    same = refused(capsys, "change", SLUG, QUERY, "--from", "2018", "--to", "2018")
    assert "two different years" in same


def test_a_change_is_kept_drawn_exported_and_reported(two_years: Store, tmp_path: Path) -> None:
    found = change_cells(two_years, SLUG, QUERY, OTHER, YEAR, minus="water")
    layer = keep_change(two_years, found)
    assert layer.kind == "change"
    assert layer.years == "2018 and 2024"
    assert len(layer.lineage["embedding_sha256"]) == 2
    assert layer.attribution == found.attribution
    values = layer_values(two_years, SLUG, layer.layer)
    assert np.allclose(values["change"], found.change, atol=1e-6)
    assert np.array_equal(values["beyond_noise"], found.beyond_noise)
    drawn = layer_picture(two_years, SLUG, layer.layer)
    assert drawn.field == "change"
    white = [k for k, (colour, _) in enumerate(drawn.entries) if colour == "#ffffff"]
    assert [drawn.share[k] for k in white] == [pytest.approx(found.share_below_noise, abs=1e-3)]
    file = tmp_path / "layer.gpkg"
    export_layer(two_years, SLUG, layer.layer, file)
    style = export_style(two_years, SLUG, layer.layer, file)
    assert style is not None
    assert "255,255,255,56" in style.read_text()
    page = tmp_path / "report.html"
    write_report(two_years, SLUG, layer.layer, page)
    said = re.sub(r"<[^>]+>|\s+", " ", page.read_text(encoding="utf-8"))
    for words in (
        "but not water",
        "2018 and 2024",
        "not proof",
        "./aether change",
        "without any change",
    ):
        assert words in re.sub(r" +", " ", said)


def test_years_of_different_encodings_are_never_compared(two_years: Store) -> None:
    with two_years.session() as session:
        session.execute(
            text("UPDATE raster SET encoding = 'float32' WHERE year = :year"), {"year": OTHER}
        )
    with pytest.raises(
        InputError, check=fault("years-of-different-encodings", OTHER, "float32", YEAR, "int8")
    ):
        change_cells(two_years, SLUG, QUERY, OTHER, YEAR)
    with pytest.raises(NotFoundError, check=fault("no-such-model", "nobody")):
        change_cells(two_years, SLUG, QUERY, OTHER, YEAR, model="nobody")
