"""Laws for those who read the page with a keyboard, a screen reader, or weak eyes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest

from seatrial.reports.page import PageRun, page


class Tag(NamedTuple):
    name: str
    given: dict[str, str | None]


class Outline(HTMLParser):
    """All tags in order, and of each table its parts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, dict(attrs)))

    def named(self, *names: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name in names]


@pytest.fixture(scope="module")
def outline(side_by_side: str) -> Outline:
    """The page of two runs."""
    return Outline(side_by_side)


def test_headings_skip_no_level(outline: Outline) -> None:
    """There is one heading of the first level, and each next one is at most one level deeper than the one before."""
    levels = [int(tag.name[1]) for tag in outline.named("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - before <= 1 for before, later in pairwise(levels))


def test_a_page_has_its_landmarks(outline: Outline) -> None:
    """Language, header, main, navigation and footer are there once; the first link leads past the top."""
    assert outline.tags[0] == Tag("html", {"lang": "en"})
    assert [len(outline.named(name)) for name in ("header", "main", "nav", "footer")] == [1, 1, 1, 1]
    links = outline.named("a")
    assert links[0].given["class"] == "skip"
    assert outline.named("nav")[0].given["aria-label"]


def test_every_table_says_what_it_is_about(side_by_side: str) -> None:
    """Each has a caption, and each of its headings says whether it is of a row or of a column."""
    tables = re.findall(r"<table.*?</table>", side_by_side, re.DOTALL)
    assert len(tables) > 10
    for table in tables:
        assert re.search(r"<caption[^>]*>\s*\S", table)
        headings = Outline(table).named("th")
        assert all(each.given.get("scope") in ("row", "col", "colgroup", "rowgroup") for each in headings)


def test_every_picture_is_told_with_its_numbers(outline: Outline) -> None:
    """Whatever is drawn stands in a box whose label has figures in it; the drawing itself is hidden from readers."""
    boxes = [tag for tag in outline.tags if tag.given.get("role") == "img" and tag.name == "div"]
    assert len(boxes) > 5
    for box in boxes:
        assert re.search(r"\d", box.given["aria-label"] or "")
    assert all(tag.given.get("aria-hidden") == "true" for tag in outline.named("svg"))


def test_what_scrolls_can_be_reached_by_keys(outline: Outline) -> None:
    """Every region that can scroll sideways takes the focus and has a name."""
    for tag in outline.tags:
        if tag.given.get("class") == "scroll":
            assert tag.given["tabindex"] == "0"
            assert tag.given["role"] == "region"
            assert tag.given.get("aria-label") or tag.given.get("aria-labelledby")


def test_no_judgement_is_told_by_its_colour_alone(careless: PageRun) -> None:
    """Beside each colour stands a word or a sign."""
    text = page([careless])
    for cell in re.findall(r'<td class="value (?:broken|held|open)">(.*?)</td>', text, re.DOTALL):
        assert re.search(r"broken|held|undecided", cell)
    for title in re.findall(r'<article class="finding .*?</h4>', text, re.DOTALL):
        assert re.search(r'class="sign" aria-hidden="true">[✗?·]', title)


def _palettes() -> dict[str, dict[str, str]]:
    """Colours of the style sheet: in light, in dark, on paper."""
    text = files("seatrial.reports.templates").joinpath("page.css").read_text(encoding="utf-8")
    found = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block))
        for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    ]
    light, dark, paper = found
    return {"light": light, "dark": {**light, **dark}, "paper": {**light, **paper}}


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2 computes it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXTS = ("ink", "muted", "link", "good", "bad", "doubt", "error")


@pytest.mark.parametrize("look", ["light", "dark", "paper"])
@pytest.mark.parametrize("ground", ["paper", "card", "code", "doubt-wash", "fault-wash"])
def test_every_text_has_contrast_enough(look: str, ground: str) -> None:
    """Text stands out by at least 4.5 from whatever it stands on (WCAG AA)."""
    colours = _palettes()[look]
    weak = {text: round(contrast(colours[text], colours[ground]), 2) for text in TEXTS}
    assert {text: ratio for text, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("look", ["light", "dark", "paper"])
def test_every_run_has_a_colour_that_can_be_seen(look: str) -> None:
    """Curves stand out by at least 3 from the page (WCAG AA for graphics); their peaks are written by 4.5 or bold."""
    colours = _palettes()[look]
    assert all(contrast(colours[f"run-{number}"], colours["paper"]) >= 3 for number in range(1, 7))


def test_a_witness_of_one_row_is_not_called_rows(careless: PageRun) -> None:
    """A caption that a screen reader reads is a sentence."""
    alone = [msgspec.structs.replace(each, witness=each.witness[:1]) for each in careless.verdict.findings[:1]]
    run = PageRun(verdict=msgspec.structs.replace(careless.verdict, findings=tuple(alone)), log=careless.log)
    assert "Witness: 1 row of evidence about" in page([run])
