"""From a matplotlib figure to a picture in the page: themed, compact, and the same bytes for the same figure."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Final

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

INK: Final = "#010101"
"""Colour of titles; like all colours here a stand-in for what the style sheet says, in light and in dark."""
MUTED: Final = "#010102"
"""Colour of labels."""
HAIR: Final = "#010103"
"""Colour of grid lines."""
SHADE: Final = "#010104"
"""Colour of fault windows."""
PAPER: Final = "#010105"
"""Colour of the page behind the picture."""
BAD: Final = "#010106"
"""Colour of what should not be."""
DOUBT: Final = "#010107"
"""Colour of strikes of faults."""
RUNS: Final = tuple(f"#0101{number:02x}" for number in range(0x10, 0x16))
"""Colours of runs, in the order in which the page shows them; they begin again after the last."""
_THEME: Final = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    HAIR: "var(--hair)",
    SHADE: "var(--shade)",
    PAPER: "var(--paper)",
    BAD: "var(--bad)",
    DOUBT: "var(--doubt)",
    **{colour: f"var(--run-{number})" for number, colour in enumerate(RUNS, start=1)},
}
_CUTS: Final = (
    (re.compile(r"<metadata>.*?</metadata>", re.DOTALL), ""),
    (re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL), ""),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"\s*\n\s*"), " "),
    (re.compile(r"> +<"), "><"),
)
_NO_LETTERS: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Categories of what is no letter: control, direction, half a letter, line and paragraph breaks."""
_TAG: Final = re.compile(r"<[^>]+>")
_TAG_CUTS: Final = (
    (re.compile(r'(<g)\s+id="[^"]*"'), r"\1"),
    (re.compile(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"'), ""),
    (re.compile(r"xlink:href="), "href="),
    (re.compile(r"font-family:[^;\"]*;?\s?"), ""),
    (re.compile(r'\stransform="rotate\(-?0 [^"]*"'), ""),
)
_LONG: Final = re.compile(r"-?\d+\.\d{2,}")
_LINES: Final = re.compile(r'(?<=\sd=")[^"CQAz]*(?=")')
"""The data of a path that has only straight lines: there each `L` goes without saying."""


def drawable(text: str) -> str:
    """A text of others as it can stand in a picture: a dot for what is no letter, such as a line break or a zero."""
    return "".join("·" if unicodedata.category(letter) in _NO_LETTERS else letter for letter in text)


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Draw under the settings of the page, whatever matplotlib is set to; `name` is what ids are made from."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's browser has other fonts
        mpl.rcdefaults()
        mpl.rcParams["svg.fonttype"] = "none"  # text stays text: small, searchable, in the font of the page
        mpl.rcParams["svg.hashsalt"] = name
        mpl.rcParams["text.parse_math"] = False  # a name with dollar signs is a name
        yield


def draw(name: str, make: Callable[[], Figure]) -> Markup:
    """The picture that `make` gives, as an SVG element. Pictures of one page need different names."""
    with drawing(name):
        figure = make()
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return Markup(_clean(text.getvalue()))  # matplotlib escapes the texts in it


def _clean(text: str) -> str:
    """What the page needs of the picture, in the page's own colours and font."""
    text = text[text.index("<svg") :]
    for pattern, instead in _CUTS:
        text = pattern.sub(instead, text)
    text = _TAG.sub(_clean_tag, text)
    head, end, body = text.partition(">")
    head = re.sub(r'\s(?:width|height)="[^"]*"', "", head)
    return f'{head} aria-hidden="true" focusable="false"{end}{body}'.strip()


def _clean_tag(match: re.Match[str]) -> str:
    tag = match[0]
    for pattern, instead in _TAG_CUTS:
        tag = pattern.sub(instead, tag)
    if "#0101" in tag:
        for colour, instead in _THEME.items():
            tag = tag.replace(colour, instead)
    tag = _LONG.sub(_short, tag)
    return _LINES.sub(lambda data: " ".join(data[0].replace("L", " ").split()), tag)


def _short(match: re.Match[str]) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{float(match[0]):.1f}".removesuffix(".0")
