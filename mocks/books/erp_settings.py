"""How an ERP is run: its character, its hours, its periods and its item master."""

from __future__ import annotations

from typing import Literal

import msgspec

from seatrial.sim.quantities import Seconds, Share, check_above_zero

CHARGES = ("POST", "DOT", "C2", "M", "D", "S", "B", "CRUK", "PADS", "BANK CHARGES", "AMAZONFEE")
"""Pseudo-SKUs of the real trace: carriage, manual lines, discounts, samples, fees."""


class ErpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of an ERP. Raises BadInput for a batch interval that never comes round."""

    character: Literal["cloud", "legacy"] = "cloud"
    """`cloud` books at once, day and night; `legacy` books in batch windows and closes for the night."""
    batch_every: Seconds = Seconds(15 * 60)
    """Time between two batch windows of a legacy ERP; they run at night, too."""
    opens: str = "06:00"
    """Time of day at which a legacy ERP takes calls again; equal to `closes`: it never stops."""
    closes: str = "22:00"
    """Time of day after which a legacy ERP answers every call with 503 `closed_for_the_night`."""
    period_locks: Seconds = Seconds("inf")
    """Time after the end of a calendar month from which postings with a date in it are refused."""
    price_tolerance: Share = Share(0.9)
    """How far an order's price may lie below the list price, as a share of it, or the list price below the order's:
    50 % lets pass from half to twice."""
    cost_share: Share = Share(0.6)
    """Standard cost of an item as a share of its list price."""
    charges: tuple[str, ...] = CHARGES
    """Items that are ordered and invoiced at any price and never shipped, unless a warehouse stocks them."""
    keep: Seconds = Seconds(30 * 86_400)
    """Time for which a closed or cancelled order is known, for returns."""

    def __post_init__(self) -> None:
        """Check what the types cannot."""
        check_above_zero(self, "batch_every")
