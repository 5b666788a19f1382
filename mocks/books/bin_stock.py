"""The stock of one warehouse, bin by bin: what its system believes, and what really lies on the shelf."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

WriteLevel = Callable[[str, str, int], None]
"""Takes down a new level: book (`on_hand`, `allocated`, `physical`), SKU, units."""


class Slot:
    """The bin of one SKU. Always: 0 <= picked <= allocated <= on_hand, and 0 <= missing <= on_hand - picked."""

    __slots__ = ("allocated", "missing", "on_hand", "picked", "sku")

    def __init__(self, sku: str, on_hand: int) -> None:
        self.sku = sku
        self.on_hand = on_hand  # units in the building, as the warehouse's system knows them
        self.allocated = 0  # units of these that are promised to fulfilments
        self.picked = 0  # units of the allocated that lie in parcels
        self.missing = 0  # units of on_hand that are gone without anybody knowing

    @property
    def available(self) -> int:
        """Units that can still be promised."""
        return self.on_hand - self.allocated

    @property
    def shelf(self) -> int:
        """Units that a picker would find."""
        return self.on_hand - self.picked - self.missing

    @property
    def overpromised(self) -> int:
        """Units that are promised and not there; nobody knows until the bin is counted."""
        return max(0, self.allocated - self.on_hand + self.missing)


class BinStock:
    """Every bin of a warehouse; each change of a level is written down."""

    __slots__ = ("_bins", "_write")

    def __init__(self, levels: Mapping[str, int], write: WriteLevel) -> None:
        self._write = write
        self._bins = {sku: Slot(sku, level) for sku, level in levels.items()}

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._bins.values())

    def __len__(self) -> int:
        return len(self._bins)

    def find(self, sku: str) -> Slot | None:
        """The bin of a SKU; None where the warehouse does not know it."""
        return self._bins.get(sku)

    def allocate(self, slot: Slot, units: int) -> None:
        """Promise available units."""
        slot.allocated += units
        self._write("allocated", slot.sku, slot.allocated)

    def free(self, slot: Slot, units: int) -> None:
        """Take back a promise of units that were not picked."""
        slot.allocated -= units
        self._write("allocated", slot.sku, slot.allocated)

    def put_back(self, slot: Slot, units: int) -> None:
        """Lay picked units back on the shelf."""
        slot.picked -= units
        self.free(slot, units)

    def ship(self, slot: Slot, units: int) -> None:
        """Let picked units go."""
        write = self._write
        slot.picked -= units
        slot.allocated -= units
        slot.on_hand -= units
        write("allocated", slot.sku, slot.allocated)
        write("on_hand", slot.sku, slot.on_hand)

    def receive(self, sku: str, units: int) -> None:
        """Lay new units on the shelf; an unknown SKU gets a bin."""
        slot = self._bins.get(sku)
        if slot is None:
            slot = self._bins[sku] = Slot(sku, 0)
        slot.on_hand += units
        self._write("on_hand", sku, slot.on_hand)

    def lose(self, slot: Slot, units: int) -> int:
        """Units vanish from the shelf without anybody knowing; gives how many there were to vanish."""
        lost = min(units, slot.shelf)
        if lost > 0:
            slot.missing += lost
            self._write("physical", slot.sku, slot.on_hand - slot.missing)
        return lost

    def correct(self, slot: Slot) -> int:
        """Bring the system's level down to what is there; gives the units found missing.

        What is overpromised has to be freed before.
        """
        missing, slot.missing = slot.missing, 0
        if missing:
            slot.on_hand -= missing
            self._write("on_hand", slot.sku, slot.on_hand)
        return missing
