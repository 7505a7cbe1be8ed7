"""Own colours and classes of a kept layer: kept once, and the same wherever it is drawn."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from aether_core.charts.breaks import ramp_colours
from aether_core.charts.own_classes import OwnClasses
from aether_core.errors import InputError, NotFoundError
from cli.__main__ import run
from tests.app_fixtures import SLUG, Once, set_environment
from tests.errors import fault
from workflows.home.store import Store
from workflows.layers.export import export_style
from workflows.layers.layers import keep_layer, layer_values, list_layers, show_layer
from workflows.layers.own_classes import choose_classes, classes_of_field
from workflows.layers.package import write_package
from workflows.layers.pictures import layer_picture
from workflows.layers.styles import style_of
from workflows.reports.write import made_report
from workflows.search.search import search_cells

OWN = OwnClasses("red", limits=(20.0, 60.5))
NAMES = ("20 to 60.5", "0 to 20")
COLOURS = ramp_colours(3, "red")


@pytest.fixture
def store(trained_store: Store, once: Once) -> Store:
    def keep(store: Store) -> None:
        keep_layer(store, search_cells(store, SLUG, "park"))

    once("a kept search for parks", trained_store, keep)
    return trained_store


def layer_of(store: Store) -> str:
    return list_layers(store, SLUG)[0].layer


def test_a_choice_is_the_same_wherever_the_layer_is_drawn(store: Store, tmp_path: Path) -> None:
    layer = layer_of(store)
    before = show_layer(store, SLUG, layer)
    first = made_report(store, SLUG, layer)
    chosen = choose_classes(store, SLUG, layer, None, OWN)
    assert chosen == show_layer(store, SLUG, layer)
    assert chosen.own_classes == {"percentile": OWN}
    assert chosen.changed > before.changed == before.created

    values = layer_values(store, SLUG, layer)
    assert classes_of_field(chosen, values, "percentile").breaks.colours == COLOURS
    assert tuple(one[0] for one in layer_picture(store, SLUG, layer).entries) == COLOURS
    assert made_report(store, SLUG, layer) != first
    style = style_of(chosen, values)
    export_style(store, SLUG, layer, tmp_path / "parks.gpkg")
    project = tmp_path / "city.qgz"
    write_package(store, SLUG, project, [layer])
    with ZipFile(project) as packed:
        inside = b"".join(packed.read(name) for name in packed.namelist()).decode()
    for written in (style.qml(), style.sld("x"), (tmp_path / "parks.qml").read_text(), inside):
        assert all(name in written for name in NAMES)
    # Another field keeps the classes it had.
    assert classes_of_field(chosen, values, "score").own.is_default


def test_nothing_chosen_is_as_it_was_made(store: Store) -> None:
    layer = layer_of(store)
    before = layer_picture(store, SLUG, layer).entries
    choose_classes(store, SLUG, layer, "percentile", OWN)
    assert choose_classes(store, SLUG, layer, "percentile", OwnClasses()).own_classes == {}
    assert layer_picture(store, SLUG, layer).entries == before


def test_what_cannot_be_drawn_leaves_the_layer_as_it_was(store: Store) -> None:
    layer = layer_of(store)
    for field, own, code, value in (
        ("percentile", OwnClasses(limits=(20.0, 300.0)), "limit-outside-values", "300"),
        ("colour", OWN, "no-such-field", "colour"),
        ("percentile", OwnClasses("rainbow"), "no-such-ramp", "rainbow"),
    ):
        with pytest.raises(InputError, check=fault(code, value)):
            choose_classes(store, SLUG, layer, field, own)
    with pytest.raises(NotFoundError, check=fault("no-such-layer", "gone")):
        choose_classes(store, SLUG, "gone", None, OWN)
    assert show_layer(store, SLUG, layer).own_classes == {}


def test_of_two_who_choose_at_once_both_are_kept(store: Store) -> None:
    layer = layer_of(store)
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda field: choose_classes(store, SLUG, layer, field, OwnClasses("blue")),
                ("score", "percentile"),
            )
        )
    assert set(show_layer(store, SLUG, layer).own_classes) == {"score", "percentile"}


def test_the_command_chooses_shows_and_takes_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(store, monkeypatch)
    layer = layer_of(store)

    def style(*options: str) -> dict[str, Any]:
        code = run(["layer", "style", SLUG, layer, *options, "--json"])
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {"exit": code, **found}

    before = style()
    assert style("--breaks", "20, 60.5")["edges"][1:-1] == [20, 60.5]
    both = style("--ramp", "red")
    assert both["own"] == {"ramp": "red", "cut": None, "classes": None, "limits": [20, 60.5]}
    assert both["colours"] == list(COLOURS)
    assert len(style("--cut", "even", "--classes", "4")["names"]) == 4
    assert style("--reset") == before
    refused = style("--breaks", "60, 20")
    assert (refused["exit"], refused["error"]["code"]) == (2, "limits-not-ascending")
