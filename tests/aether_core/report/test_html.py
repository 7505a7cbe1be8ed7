"""The HTML report: one file, well formed, nothing in it but what was said."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aether_core.errors import ConflictError, InputError
from aether_core.report.blocks import Bullets, Code, Figure, FigureRow, Paragraph, Table
from aether_core.report.inline_svg import inline
from aether_core.report.to_html import breakable, html_of, write_html
from tests.aether_core.report.content import MARKUP, NO_BREAK, chart, every_block, report

VOID = {"meta", "img", "br", "wbr"}


class Page(HTMLParser):
    """Collects tags, links and text, and fails on tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.links += [value or "" for key, value in attrs if key in {"src", "href", "xlink:href"}]
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert not page.open
    return page


@pytest.fixture(scope="module")
def page() -> Page:
    return read(html_of(report(*every_block(), contents=True)))


def test_one_file_that_asks_for_nothing_else(page: Page) -> None:
    assert "script" not in page.tags
    assert page.links
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    html = html_of(report(Paragraph("a")))
    assert set(re.findall(r"url\(\"?(\w+):", html)) == {"data"}


def test_text_is_never_markup(page: Page) -> None:
    assert MARKUP in page.text
    assert NO_BREAK in page.text
    assert "49" not in html_of(report(Paragraph("{{ 7 * 7 }}"))).split("<main>")[1]


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_simulated_is_said_only_when_it_is() -> None:
    assert "Made-up satellite data" in read(html_of(report())).text
    assert "Simulated" not in read(html_of(report(simulated=False))).text


def test_breaks_add_no_character() -> None:
    word = "a_long/path" * 20
    marked = breakable(f"{word} short")
    assert marked.count("<wbr>") > 10
    assert marked.replace("<wbr>", "") == f"{word} short"
    assert breakable("<b>" * 20).replace("<wbr>", "") == "&lt;b&gt;" * 20
    assert (
        read(html_of(report(Code((f"./aether -o {word}",))))).text.count(f"./aether -o {word}") == 1
    )


def test_an_empty_table_says_so_and_characters_no_file_can_hold_are_left_out() -> None:
    text = read(html_of(report(Table(("A",), ()), Bullets(("a\x00b\ud800c",))))).text
    assert "Nothing to list." in text
    assert "abc" in text


def test_two_charts_beside_each_other_keep_their_own_clips() -> None:
    drawn = '<clipPath id="clip0"/><g clip-path="url(#clip0)"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{drawn}</svg>'
    html = html_of(report(FigureRow((Figure(svg), Figure(svg)))))
    assert html.count('id="picture-1-clip0"') == html.count('id="picture-2-clip0"') == 1
    assert html.count("url(#picture-1-clip0)") == 1


@pytest.mark.parametrize(
    "svg",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='1'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject/></svg>",
        "<svg",
    ],
)
def test_svg_with_scripts_or_broken_is_refused(svg: str) -> None:
    with pytest.raises(InputError):
        inline(svg, "a-", "alt")


def test_a_chart_stays_as_it_was_drawn() -> None:
    before, after = ET.fromstring(chart()), ET.fromstring(inline(chart(), "p-", "Bars"))  # noqa: S314 - drawn here
    assert [node.tag for node in before.iter()] == [node.tag for node in after.iter()]
    assert after.get("aria-label") == "Bars"


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_html(report(Paragraph("żółć")), target)
    assert "żółć" in target.read_text(encoding="utf-8")
    with pytest.raises(ConflictError):
        write_html(report(), target)
    with pytest.raises(InputError):
        write_html(report(Figure("<svg")), tmp_path / "other.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
