"""The second voyage of the same integration, in a process of its own (see `twice`)."""

from __future__ import annotations

import msgspec

from seatrial.scenarios.loader import parse_scenario
from seatrial.twice import Again
from seatrial.voyage import sail


def sail_again(asked: bytes) -> None:
    """Sail as this JSON of an `Again` asks for, and leave the log in its folder."""
    again = msgspec.json.decode(asked, type=Again)
    loaded = parse_scenario(again.scenario, again.source)
    sail(loaded, seed=again.seed, integration=again.integration, out=again.out)
