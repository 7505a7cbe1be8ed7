"""What a map is coloured by is asked in the reader's language, and chosen in English."""

from streamlit.testing.v1 import AppTest


def _page() -> None:
    from aether_core.language import speaking
    from ui.maps.switches import colour_by
    from ui.maps.views import CLASS, LAND_USE

    with speaking("de"):
        colour_by(LAND_USE, CLASS, "land-use")


def test_what_is_coloured_is_asked_in_the_readers_language() -> None:
    (asked,) = AppTest.from_function(_page).run().button_group
    assert asked.options[:2] == ["Klasse", "Sicherheit"]
    assert asked.value == "Class"
