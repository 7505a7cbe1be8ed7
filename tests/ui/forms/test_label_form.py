"""The mapping a user makes by editing classes."""

from ui.forms.label import renamed


def test_only_what_was_changed_is_a_mapping() -> None:
    values = ["shop", "office", "sea", "lake", "unknown", "x"]
    classes = ["work", "work", "sea", "  sea ", None, ""]
    assert renamed(values, classes) == {
        "shop": "work",
        "office": "work",
        "lake": "sea",
        "unknown": "",
        "x": "",
    }
