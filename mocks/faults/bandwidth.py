"""The way to the integration's database or broker is narrow."""

from __future__ import annotations

from typing import ClassVar

from seatrial.sim.call import DEPENDENCY, Call
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Throttle
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import PerSecond


class Bandwidth(Fault, frozen=True, forbid_unknown_fields=True):
    """A connection passes only so many bytes a second, each way.

    A saturated link, a noisy neighbour, a throttled cloud volume behind the database: small statements still go
    through and large ones take minutes. Raises BadInput where nothing at all would pass.
    """

    direction: ClassVar[str] = DEPENDENCY

    rate: PerSecond = PerSecond(10_000)
    """Bytes per second and direction, of each connection."""

    def __post_init__(self) -> None:
        """Look at the values."""
        if self.rate <= 0:
            raise BadInput("no bandwidth at all", value=self.rate, hint="give 'rate' more than 0, or use the fault cut")

    def decide(self, call: Call, now: float, dice: Draw) -> Throttle:
        """Narrow, always."""
        return Throttle(self.rate)
