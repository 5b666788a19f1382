"""How a warehouse works: people, doors, hours, and what goes wrong by itself."""

from __future__ import annotations

from typing import Annotated

import msgspec

from seatrial.mocks.books.stock_check import Loss
from seatrial.sim.quantities import Count, PerSecond, Seconds, Share, check_above_zero
from seatrial.sim.references import refers_to


class WarehouseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of a warehouse. Raises BadInput for one without people or doors."""

    pickers: Count = 8
    """People who pick and pack."""
    doors: Count = 2
    """Dock doors: trucks that can load at the same time."""
    opens: str = "06:00"
    """Time of day at which picking begins; equal to `closes`: it never stops."""
    closes: str = "22:00"
    """Time of day after which no pick is begun."""
    cut_off: str = "20:00"
    """Time of day after which a release is not begun before the next opening; empty: none."""
    pick_release: Seconds = Seconds(60)
    """Time to fetch a cart and walk, for each release."""
    pick_line: Seconds = Seconds(15)
    """Time to find the bin, for each line."""
    pick_unit: Seconds = Seconds(0.5)
    """Time for each unit."""
    pack: Seconds = Seconds(45)
    """Time to pack a parcel."""
    collections: tuple[str, ...] = ("10:00", "13:00", "16:00", "19:00")
    """Times of day at which carriers collect."""
    collect_every: Seconds = Seconds(0)
    """Interval at which carriers collect, in place of `collections`; 0: at the times of day."""
    load: Seconds = Seconds(2)
    """Time to load a parcel."""
    carriers: tuple[Annotated[str, refers_to("carrier")], ...] = ("falcon", "heron")
    """Carriers that collect here; empty: any."""
    late_rejects: Share = Share(0)
    """Share of the accepted releases that turn out impossible when a picker takes them up."""
    restockable: Share = Share(0.9)
    """Share of the returned units that can be sold again."""
    inspect: Seconds = Seconds(4 * 3600)
    """Time until a return that was announced is inspected."""
    inspect_blind: Seconds = Seconds(24 * 3600)
    """Time until a return that nobody announced is inspected."""
    put_away: Seconds = Seconds(2 * 3600)
    """Time from the arrival of a supplier's delivery until it can be sold."""
    count_every: Seconds = Seconds(24 * 3600)
    """Interval of cycle counts; 0: none."""
    count_share: Share = Share(0.1)
    """Share of the bins that a cycle count covers; the next one goes on with the others."""
    shrink_rate: PerSecond = PerSecond(0)
    """Units that vanish unnoticed, over all bins."""
    losses: tuple[Loss, ...] = ()
    """Moments at which many units vanish at once."""
    keep: Seconds = Seconds(2 * 86_400)
    """Time for which an ended release can still be looked up."""
    snapshot_life: Seconds = Seconds(3600)
    """Time for which the pages of a snapshot can be read; technical time, never scaled."""

    def __post_init__(self) -> None:
        """Look at the values: without them nothing would ever leave."""
        check_above_zero(self, "pickers", "doors")
