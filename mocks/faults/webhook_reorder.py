"""A webhook is overtaken by later ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from seatrial.sim.call import WEBHOOK, Call
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Behind
from seatrial.sim.fault import Draw, Fault
from seatrial.sim.quantities import Seconds


class WebhookReorder(Fault, frozen=True, forbid_unknown_fields=True):
    """The webhook is held back until later ones of the same partner have gone first.

    No vendor promises an order: *shipped* comes before *packed*, *delivered* before *in transit*, and who writes
    down the last one that came ends in an old state. Raises BadInput where nothing would overtake it.
    """

    direction: ClassVar[str] = WEBHOOK
    usual: ClassVar[Mapping[str, tuple[object, ...]]] = {"others": (1, 2, 3, 5)}

    others: int = 3
    """Number of later webhooks that go first."""
    at_most: Seconds = Seconds(600)
    """Seconds after which it goes in any case."""

    def __post_init__(self) -> None:
        """Look at the values."""
        if self.others < 1:
            raise BadInput("nothing overtakes the webhook", value=self.others, hint="give 'others' 1 or more")

    def decide(self, call: Call, now: float, dice: Draw) -> Behind:
        """Held back, always."""
        return Behind(self.others, self.at_most)
