"""The pick floor: people who pick and pack what was released, within opening hours."""

from __future__ import annotations

from collections.abc import Generator
from math import ceil
from typing import Any

from simpy import Event, Resource

from seatrial.mocks.books.bin_stock import Slot
from seatrial.mocks.books.fulfilments import Fulfilment, FulfilmentBook
from seatrial.mocks.books.opening_hours import OpeningHours
from seatrial.mocks.books.stock_ledger import StockLedger
from seatrial.mocks.books.warehouse_settings import WarehouseSettings
from seatrial.mocks.messages.warehouse import FulfilmentUpdate, ReleaseStage
from seatrial.sim.fate import Shorten
from seatrial.sim.partner import Partner


class PickFloor:
    """Takes fulfilments from allocated to packed, or stops them."""

    def __init__(
        self,
        partner: Partner,
        settings: WarehouseSettings,
        hours: OpeningHours,
        book: FulfilmentBook,
        ledger: StockLedger,
    ) -> None:
        self._partner = partner
        self._env = partner.env
        # plain floats: sums of them are what every pick costs
        self._per_release, self._per_line = float(settings.pick_release), float(settings.pick_line)
        self._per_unit, self._pack_time = float(settings.pick_unit), float(settings.pack)
        self._late_rejects = settings.late_rejects
        self._hours = hours
        self._book = book
        self._ledger = ledger
        self.pickers = Resource(partner.env, settings.pickers)
        self._chance = partner.ground.dice.keyed("late rejects", partner.name)
        self._parcels = 0

    def begin(self, job: Fulfilment) -> None:
        """Put a fulfilment into the queue."""
        self._env.process(self._work(job))

    def stop(self, job: Fulfilment, outcome: ReleaseStage, told_as: str) -> None:
        """End a fulfilment that will not ship; its units are free again."""
        stock, partner = self._ledger.stock, self._partner
        for line in job.lines:
            if line.allocated:
                (stock.put_back if job.picked else stock.free)(line.slot, line.allocated)
        self._book.end(job, outcome, self._env.now)
        partner.reversed("fulfilment", job.release_no, job.order_no, job.id, quantity=job.units)
        partner.happened(f"fulfilment.{outcome}", job.release_no, job.order_no, job.units)
        self._tell(told_as, job)

    def _work(self, job: Fulfilment) -> Generator[Event, Any, None]:
        env = self._env
        begin = self._hours.begin(env.now)
        if begin > env.now:
            yield env.timeout(begin - env.now)
        with self.pickers.request() as picker:
            yield picker
            opening = self._hours.opening(env.now)
            if opening > env.now:  # the shift is over: this is the first job of the next
                yield env.timeout(opening - env.now)
            if self._take_up(job):
                yield env.timeout(self._pick_time(job))
                if job.open and self._pick(job):
                    yield env.timeout(self._pack_time)
                    if job.open:
                        self._pack(job)

    def _take_up(self, job: Fulfilment) -> bool:
        """Whether the picker who looks at a job can do it."""
        if not job.open:
            return False
        if self._late_rejects and self._chance(job.release_no) < self._late_rejects:
            self.stop(job, "rejected", "fulfilment.rejected")
            return False
        job.picking_at = self._env.now
        return True

    def _pick_time(self, job: Fulfilment) -> float:
        return self._per_release + self._per_line * len(job.lines) + self._per_unit * job.units

    def _pick(self, job: Fulfilment) -> bool:
        """Take what is there; whether there was anything."""
        job.picked = True
        damaged = self._damaged(job)
        emptied: list[Slot] = []
        for line in job.lines:
            slot, promised = line.slot, line.allocated
            broken = min(damaged, promised)
            found = line.allocated = min(promised - broken, slot.shelf)
            slot.picked += found
            damaged -= broken
            if found < promised:
                self._ledger.vanish(slot, broken)
                self._ledger.stock.free(slot, promised - found)
                emptied.append(slot)
        job.note_picked()
        if emptied:
            self._ledger.compare(emptied, "shrunk", job.order_no)
        return self._tell_picked(job)

    def _damaged(self, job: Fulfilment) -> int:
        """Units that a fault takes away under the picker's hands."""
        fate = self._partner.strikes("pick", job.release_no, job.order_no, job.units)
        if not isinstance(fate, Shorten):
            return 0
        return ceil(sum(line.allocated for line in job.lines) * fate.share)

    def _tell_picked(self, job: Fulfilment) -> bool:
        partner = self._partner
        found = sum([each.quantity for each in job.packed])
        if found:
            partner.happened("fulfilment.picked", job.release_no, job.order_no, found)
        if found < job.units:
            partner.happened("fulfilment.shorted", job.release_no, job.order_no, job.units - found)
        if not found:
            self.stop(job, "rejected", "fulfilment.shorted")
        return found > 0

    def _pack(self, job: Fulfilment) -> None:
        self._parcels += 1
        job.parcel_no = f"{self._partner.name}-P{self._parcels}"
        job.packed_at = self._env.now
        self._partner.happened("fulfilment.packed", job.release_no, job.order_no, job.packed_units)
        self._tell("fulfilment.packed", job)

    def _tell(self, event: str, job: Fulfilment) -> None:
        body = FulfilmentUpdate(job.release_no, job.order_no, job.state())
        self._partner.publish(event, job.release_no, job.order_no, body)
