"""Laws of the bar on the terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from seatrial import cli_progress
from seatrial.cli_progress import Bar, time_of

DAY = 86_400.0


@pytest.mark.parametrize(
    ("now", "total", "said"),
    [
        (12.34, 45.0, "12 s of 45 s"),
        (0.2, 45.0, "0 s of 45 s"),
        (3 * 3600.0, DAY, "3 h of 1 d"),
        (1.26 * DAY, 6 * DAY, "day 1.3 of 6.0"),
    ],
)
def test_the_time_is_told_in_a_unit_that_moves(now: float, total: float, said: str) -> None:
    """Half a minute on real sockets is no day."""
    assert time_of(now, total) == said


def test_a_terminal_shows_time_and_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has taken long enough."""
    for bound in ("_PATIENCE", "_REDRAW"):
        monkeypatch.setattr(cli_progress, bound, 0.0)
    shown = StringIO()
    with Bar(Console(file=shown, force_terminal=True, width=120), "calm") as bar:
        bar(12.0, 45.0, 7)
    assert "12 s of 45 s" in shown.getvalue()
    assert "7 orders" in shown.getvalue()
