"""Bars of districts: what is drawn, in which order and colour, with which interval."""

from aether_core.charts.districts import Bar, bars_height, profile_bars
from aether_core.charts.palette import AMBER, BLUE, QUIET

WHO = ("North", "South", "Whole city")


def bars(what: str, *values: float | None) -> list[Bar]:
    return [
        Bar(what, who, value, None if value is None else value - 0.1, value and value + 0.1)
        for who, value in zip(WHO, values, strict=True)
    ]


def test_every_area_has_its_colour_and_the_city_is_grey() -> None:
    drawn = [*bars("homes", 0.5, 0.2, 0.3), *bars("work", 0.3, None, 0.4)]
    chart = profile_bars(drawn, WHO, title="Land use", unit="share of the ground").to_dict()
    bar, line = chart["layer"]
    assert bar["encoding"]["color"]["scale"] == {
        "domain": list(WHO),
        "range": [BLUE, AMBER, QUIET],
    }
    assert bar["encoding"]["x"]["axis"]["format"] == "~%"
    assert (line["encoding"]["x"]["field"], line["encoding"]["x2"]["field"]) == ("lo", "hi")
    (rows,) = chart["datasets"].values()
    assert [(row["what"], row["who"], row["value"]) for row in rows] == [
        (bar.what, bar.who, bar.value) for bar in drawn if bar.value is not None
    ]
    two = profile_bars(
        [bar for bar in drawn if bar.who != "South"], ("North", "Whole city"), title="", unit="m"
    ).to_dict()
    assert two["layer"][0]["encoding"]["color"]["scale"]["range"] == [BLUE, QUIET]
    assert bars_height(drawn, WHO) > bars_height(bars("homes", 1, 1, 1), WHO)


def test_the_interval_of_tiny_ground_does_not_flatten_all_others() -> None:
    drawn = [Bar("shop", "North", 0.0, 0.0, 1600.0), Bar("shop", "Whole city", 280.0, 250.0, 310.0)]
    chart = profile_bars(drawn, ("North", "Whole city"), title="", unit="places per km²").to_dict()
    assert chart["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0.0, 560.0]
    assert chart["layer"][1]["mark"]["clip"]


def test_where_nothing_is_known_that_is_said() -> None:
    chart = profile_bars(bars("homes", None, None, None), WHO, title="Land use", unit="m").to_dict()
    (rows,) = chart["datasets"].values()
    assert rows == [{"why": "nothing is known of this ground"}]
