"""Names beside an axis."""

from aether_core.charts.words import counted, fitted, in_order, measure, percent


def test_long_names_are_wrapped_and_stay_distinct() -> None:
    word = "Donaudampfschifffahrtsgesellschaft" * 3
    shown = fitted(["Park", word + " a", word + " b", "a b " * 40], width=20, lines=2)
    assert shown[0] == "Park"
    assert len(set(shown)) == 4
    for text in shown[1:]:
        assert len(text.split("\n")) == 2
        assert "…" in text
        assert all(len(line) <= 20 + len(" (2)") for line in text.split("\n"))


def test_a_name_without_characters_is_named() -> None:
    assert fitted(["", " "]) == ("(no name)", "(no name) (2)")


def test_known_names_come_first_and_unknown_ones_are_kept() -> None:
    assert in_order(["mine", "aether", "alphaearth"], ["alphaearth", "aether", "poi"]) == [
        "alphaearth",
        "aether",
        "mine",
    ]


def test_an_axis_says_unit_and_which_way_is_good() -> None:
    assert measure("kl").axis == "KL divergence (nats), lower is better"
    assert measure("macro_f1").axis == "Macro-F1 (0 to 1), higher is better"
    assert measure("my_score").title == "My score"


def test_figures_do_not_break_from_their_units() -> None:
    assert percent(0.9) == "90\N{NO-BREAK SPACE}%"
    assert counted(4980) == "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}4,980"
