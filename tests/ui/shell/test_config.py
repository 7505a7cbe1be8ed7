"""What `.streamlit/config.toml` settles for every page."""

from streamlit.testing.v1 import AppTest


def test_a_text_that_stands_alone_in_a_pages_code_is_not_shown() -> None:
    at = AppTest.from_string('"""About."""\nimport streamlit\nA = 1\n"""Of A."""\nA\n')
    at.run()
    assert not at.exception
    assert len(at.main) == 0
