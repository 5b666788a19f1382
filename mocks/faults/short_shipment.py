"""The picker does not find all of it."""

from __future__ import annotations

from typing import ClassVar

from seatrial.sim.call import INSIDE, Call
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Shorten
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Share


class ShortShipment(Fault, frozen=True, forbid_unknown_fields=True):
    """A pick in a warehouse yields less than was released, and the parcel goes out short.

    Units that the warehouse's book has and its shelf has not: a 945 whose shipped quantity is below the ordered one.
    The rest has to be invoiced, promised or cancelled by somebody. Raises BadInput where nothing would be missing.
    """

    direction: ClassVar[str] = INSIDE

    share: Share = Share(0.5)
    """Share of the units that is missing; the warehouse rounds to whole units."""

    def __post_init__(self) -> None:
        """Look at the values."""
        if self.share <= 0:
            raise BadInput("a short shipment lacks something", value=self.share, hint="give 'share' more than 0 %")

    def decide(self, call: Call, now: float, dice: Draw) -> Shorten | None:
        """Short, for every pick."""
        return Shorten(self.share) if call.operation == "pick" else None
