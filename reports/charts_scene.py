"""What a time line shows, and how much room it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from seatrial.reports.page_curves import Curve
from seatrial.reports.page_words import Calendar

Scale = Literal["count", "share", "seconds"]
"""How levels are read: plain numbers from 0, shares of 1, or seconds on a logarithmic scale."""


class Panel(NamedTuple):
    """One quantity over time, a curve for each run."""

    title: str
    """What it is."""
    note: str
    """Unit and what to know about it."""
    curves: tuple[Curve, ...]
    """One for each run, in their order."""
    scale: Scale = "count"
    """How its levels are read."""


class Lane(NamedTuple):
    """One fault rule: when it was armed and when it struck."""

    name: str
    """Name of the rule."""
    begin: float
    """Second from which it was armed."""
    end: float
    """Second until which it was armed."""
    strikes: tuple[float, ...] = ()
    """Seconds at which it struck, in any run; a few hundred are enough."""


class Marks(NamedTuple):
    """One kind of note: when it was made, and how often."""

    name: str
    """The note in words."""
    moments: tuple[tuple[float, ...], ...]
    """Seconds at which it was made, for each run; a few hundred are enough."""
    counts: tuple[int, ...]
    """How often it was made, for each run."""


class Scene(NamedTuple):
    """All that a time line shows."""

    panels: Sequence[Panel]
    """From top to bottom."""
    lanes: Sequence[Lane]
    """From top to bottom."""
    end: float
    """Last second of the axis."""
    calm: float | None
    """Second at which faults went off; None: never."""
    calendar: Calendar
    """Wall-clock moments."""
    marks: Sequence[Marks] = ()
    """What the integration said of itself, from top to bottom."""


class Layout(NamedTuple):
    """Measures of a picture, in pixels of the page."""

    name: str
    """Which one it is."""
    width: float
    """Whole width."""
    left: float
    """Room for the numbers of the vertical axis."""
    panel: float
    """Height of a panel without its title."""
    font: float
    """Size of labels."""
    ticks: int
    """Labels on the axis of time, at most."""


WIDE: Final = Layout("wide", 1000, 46, 104, 11.5, 10)
NARROW: Final = Layout("narrow", 430, 47, 92, 11.5, 5)
