"""Who looks on while a suite is under way."""

from __future__ import annotations

from seatrial.suite_log import Entry, Suite


class Unwatched:
    """Nobody. Others override what they want to see."""

    def begin(self, suite: Suite) -> None:
        """The suite begins; what was there already is in it."""

    def started(self, number: int, run: Entry) -> None:
        """A run was handed out."""

    def further(self, number: int, share: float) -> None:
        """A run has come further: a share from 0 to 1."""

    def ended(self, number: int, run: Entry) -> None:
        """A run is over."""

    def beat(self) -> None:
        """Time goes by."""

    def stopping(self) -> None:
        """Somebody pressed Ctrl-C: what is under way is given up."""

    def end(self, suite: Suite) -> None:
        """The suite is over."""
