"""Own colours and classes: what is chosen is what is drawn, and what cannot be drawn is refused."""

import numpy as np
import pytest

from aether_core.charts.breaks import (
    PERCENTILES,
    change_breaks,
    names_between,
    number_text,
    ramp_colours,
    share_breaks,
    value_breaks,
)
from aether_core.charts.own_classes import (
    CUTS,
    MOST_CLASSES,
    OwnClasses,
    limits_text,
    own_breaks,
    typed_limits,
)
from aether_core.charts.palette import RAMPS
from aether_core.errors import InputError
from tests.aether_core.charts.test_palette import SIGHT, lab, linear
from tests.errors import fault

METRES = np.random.default_rng(5).gamma(2, 300, size=4000).astype(np.float32)
SHARES = np.random.default_rng(6).beta(2, 5, size=4000).astype(np.float32)
OF_METRES, OF_SHARES = value_breaks(METRES), share_breaks(SHARES)


def of_metres(**chosen: object) -> tuple[float, ...]:
    return own_breaks(OF_METRES, METRES, OwnClasses(**chosen)).edges  # type: ignore[arg-type]


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", [name for name, one in RAMPS.items() if not one.about_middle])
def test_deeper_is_more_in_every_ramp_for_every_kind_of_sight(name: str, sight: str) -> None:
    light = [lab(SIGHT[sight] @ linear(colour))[0] for colour in ramp_colours(9, name)]
    assert max(np.diff(light)) < -2
    assert light[0] - light[-1] > 55


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("classes", range(2, MOST_CLASSES + 1))
def test_cuts_hold_all_values_in_about_as_many_classes(cut: str, classes: int) -> None:
    breaks = own_breaks(OF_METRES, METRES, OwnClasses(cut=cut, classes=classes))
    found = np.bincount(breaks.class_of(METRES), minlength=len(breaks.names))
    assert found.sum() == len(METRES)
    assert (breaks.edges[0], breaks.edges[-1]) == (METRES.min(), METRES.max())
    assert len(breaks.edges) - 1 == len(breaks.colours) == len(breaks.names)
    assert len(breaks.names) == (pytest.approx(classes, abs=3) if cut == "round" else classes)
    if cut == "quantiles":
        assert found.max() - found.min() <= 1
    if cut == "even":
        np.testing.assert_allclose(np.diff(breaks.edges), np.ptp(METRES) / classes, rtol=1e-5)


def test_round_numbers_are_round_however_large_the_values() -> None:
    for scale in (1e-3, 1, 1e4):
        breaks = own_breaks(OF_METRES, METRES * scale, OwnClasses(cut="round", classes=6))
        inner = np.array(breaks.edges[1:-1])
        step = np.diff(inner)[0]
        assert step / 10.0 ** np.floor(np.log10(step)) == pytest.approx(
            min((1, 2, 2.5, 5), key=lambda one: abs(one - step / 10.0 ** np.floor(np.log10(step))))
        )
        np.testing.assert_allclose(inner / step, np.round(inner / step), atol=1e-9)


def test_typed_limits_are_kept_as_they_were_written() -> None:
    typed = typed_limits("300, 600.25; 1200", OF_METRES)
    breaks = own_breaks(OF_METRES, METRES, OwnClasses("blue", limits=typed))
    assert breaks.edges[1:-1] == (300, 600.25, 1200)
    assert breaks.names[1:3] == ("300 to 600.25", "600.25 to 1,200")
    assert breaks.colours == ramp_colours(4, "blue")
    assert limits_text(breaks) == "300, 600.25, 1200"


def test_limits_of_shares_are_those_of_the_legend() -> None:
    typed = typed_limits("10 %, 25", OF_SHARES)
    assert typed == (0.1, 0.25)
    breaks = own_breaks(OF_SHARES, SHARES, OwnClasses(limits=typed))
    assert breaks.names[1] == "10 to 25 %"
    assert breaks.class_of(np.array([0.09, 0.1, 0.3])).tolist() == [0, 1, 2]


def test_colours_alone_leave_the_classes_and_a_middle_is_kept() -> None:
    red = own_breaks(PERCENTILES, np.arange(100.0), OwnClasses("red"))
    assert (red.edges, red.names) == (PERCENTILES.edges, PERCENTILES.names)
    assert red.colours == ramp_colours(len(PERCENTILES.names), "red")
    change = change_breaks(np.linspace(-1, 1, 101), -0.1, 0.1)
    recut = own_breaks(change, np.linspace(-1, 1, 101), OwnClasses(cut="even", classes=5))
    assert recut.about_middle
    strengths = recut.strengths(on_ground=True)
    assert min(strengths) == strengths[2]
    assert strengths == strengths[::-1]
    assert not own_breaks(change, np.linspace(-1, 1, 101), OwnClasses("grey")).about_middle


def test_one_value_stays_one_class() -> None:
    same = np.full(5, 3.5, dtype=np.float32)
    default = value_breaks(same)
    assert own_breaks(default, same, OwnClasses(cut="round", classes=4)) == default
    with pytest.raises(InputError, check=fault("limit-outside-values", "3.5")):
        own_breaks(default, same, OwnClasses(limits=(3.5,)))


@pytest.mark.parametrize(
    ("own", "code", "value"),
    [
        (OwnClasses(limits=(300, 200)), "limits-not-ascending", "200 after 300"),
        (OwnClasses(limits=(300, 300)), "limits-not-ascending", "300 after 300"),
        (OwnClasses(limits=(-5, 300)), "limit-outside-values", "-5"),
        (OwnClasses(limits=(300, 1e9)), "limit-outside-values", "1e+09"),
        (OwnClasses(limits=tuple(range(100, 1000, 100))), "too-many-limits", "9"),
        (OwnClasses("rainbow"), "no-such-ramp", "rainbow"),
        (OwnClasses(cut="natural"), "no-such-cut", "natural"),
        (OwnClasses(cut="even", classes=1), "class-count-out-of-range", "1"),
        (OwnClasses(cut="even", classes=40), "class-count-out-of-range", "40"),
        (OwnClasses(classes=4), "classes-without-cut", "4"),
        (OwnClasses(cut="even", limits=(300,)), "limits-and-cut", "even"),
    ],
)
def test_what_cannot_be_drawn_is_refused(own: OwnClasses, code: str, value: str) -> None:
    with pytest.raises(InputError, check=fault(code, value)):
        own_breaks(OF_METRES, METRES, own)


@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        ("", "no-limits", ""),
        (" ;, ", "no-limits", ""),
        ("10, abc", "limit-not-a-number", "abc"),
        ("10 %", "limit-not-a-number", "%"),
        ("nan", "limit-not-a-number", "nan"),
        ("1e999", "limit-not-a-number", "1e999"),
    ],
)
def test_what_is_no_limit_is_refused(text: str, code: str, value: str) -> None:
    with pytest.raises(InputError, check=fault(code, value)):
        typed_limits(text, OF_METRES)


def test_a_further_choice_leaves_what_it_does_not_name() -> None:
    first = OwnClasses("red", limits=(300.0,))
    assert first.changed_by(OwnClasses("blue")) == OwnClasses("blue", limits=(300.0,))
    cut = first.changed_by(OwnClasses(cut="even", classes=3))
    assert cut == OwnClasses("red", "even", 3)
    assert cut.changed_by(OwnClasses(classes=5)) == OwnClasses("red", "even", 5)
    assert cut.changed_by(OwnClasses(limits=(5.0,))) == OwnClasses("red", limits=(5.0,))


def test_numbers_are_written_as_people_write_them() -> None:
    written = ["0", "0.0123", "1.5", "300", "1,234", "1e+09", "-12.3", "1e-05"]
    values = [0, 0.0123, 1.5, 300, 1234.4, 1e9, -12.34, 1e-5]
    assert [number_text(value) for value in values] == written
    assert names_between([0.12341, 0.12342, 1500]) == ["0.12341 to 0.12342", "0.12342 to 1,500"]
