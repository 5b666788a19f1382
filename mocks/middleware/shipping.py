"""Steps 5 to 9: label a packed parcel, confirm, post and invoice its dispatch, follow it to delivery."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.carrier import Milestone
from seatrial.mocks.messages.channel import ConfirmShipment
from seatrial.mocks.messages.erp import PostInvoice, PostShipment, RecordMilestone
from seatrial.mocks.messages.warehouse import AttachLabel, FulfilmentUpdate, ReleaseState
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.doubts import Doubts
from seatrial.mocks.middleware.files import Message, NotYet, OrderFile, ReleaseFile
from seatrial.mocks.middleware.labels import Labels
from seatrial.sim.errors import Rejected


class Shipping:
    """What follows from a warehouse's and a carrier's webhooks."""

    def __init__(self, deck: Deck, labels: Labels, doubts: Doubts) -> None:
        self._deck = deck
        self._labels = labels
        self._doubts = doubts

    async def packed(self, message: Message) -> None:
        """A parcel waits for its label; what was not found is sourced anew."""
        update = _update(message)
        file, release = await self._find(update)
        state = update.state
        if file is None or release is None or (self._deck.controls.ordering_guard and release.stage != "released"):
            if message.again and state.packed:  # an earlier delivery may have bought a label besides
                await self._labels.doubt(update.order_no, state.parcel_no)
            return
        if state.packed:
            release = await self._labelled(file, release, state, message.again)
        await self._packed(file, release, state)

    async def _labelled(self, file: OrderFile, release: ReleaseFile, state: ReleaseState, again: bool) -> ReleaseFile:
        """Put a label on a parcel; one that the warehouse does not want, because it has another or none, is spare."""
        deck, parcel = self._deck, state.parcel_no
        label, carrier = await self._labels.of(file, state, again)
        request = AttachLabel(release.release_no, file.order.order_no, parcel, carrier.name, label.tracking_no)
        try:
            await deck.ask(deck.warehouses[release.warehouse], request, key=f"{parcel}/label")
        except Rejected as error:
            if error.code not in ("already_labelled", "cancelled"):
                raise
            if error.pointer != label.tracking_no:
                await self._doubts.note(carrier.name, file.order.order_no, parcel)
            return msgspec.structs.replace(release, tracking_no=error.pointer)
        return msgspec.structs.replace(release, carrier=carrier.name, tracking_no=label.tracking_no)

    async def rejected(self, message: Message) -> None:
        """The warehouse cannot ship a release after all."""
        update = _update(message)
        file, release = await self._find(update)
        if file is None or release is None or release.stage != "released":
            return
        self._deck.stock.expect(release.lines)
        self._deck.stock.nothing_left(release.warehouse, (unit.sku for unit in update.state.short or release.lines))
        file = file.having(msgspec.structs.replace(release, stage="cancelled"))
        await self._deck.save(file)
        await self._deck.send_myself("stock_arrived", file.order.order_no, f"{release.release_no}/rejected")

    async def dispatched(self, message: Message) -> None:
        """A parcel left: tell the channel, post and invoice it, tell the customer."""
        deck, update = self._deck, _update(message)
        file, release = await self._find(update)
        if (
            file is None
            or release is None
            or (deck.controls.ordering_guard and release.stage in ("shipped", "delivered"))
        ):
            return
        state, order_no, parcel = update.state, update.order_no, update.state.parcel_no
        channel = deck.channels[file.order.channel]
        confirmation = ConfirmShipment(order_no, parcel, state.carrier, state.tracking_no, state.packed)
        await deck.ask(channel, confirmation, key=parcel)
        shipment = PostShipment(order_no, parcel, release.warehouse, state.packed, state.at)
        await deck.ask(deck.erp, shipment, key=f"{parcel}/shipment")
        await deck.ask(deck.erp, PostInvoice(order_no, parcel, state.at), key=f"{parcel}/invoice")
        await deck.tell(order_no, "shipped", parcel)
        shipped = msgspec.structs.replace(
            release,
            stage="shipped",
            parcel_no=parcel,
            carrier=state.carrier,
            tracking_no=state.tracking_no,
            news_at=deck.around.now(),
        )
        await deck.save(file.having(shipped))

    async def delivered(self, message: Message) -> None:
        """A parcel arrived."""
        await self._end(message, "delivered")

    async def returned_to_sender(self, message: Message) -> None:
        """Nobody took the parcel; the goods come back to the warehouse."""
        milestone = message.body
        assert isinstance(milestone, Milestone)
        parcel = milestone.parcel_no
        await self._deck.open_case(f"{parcel}/rts", milestone.order_no, "customer_service", "return_to_sender")
        await self._end(message, "exception")

    async def excepted(self, message: Message) -> None:
        """Something went wrong on the road."""
        milestone = message.body
        assert isinstance(milestone, Milestone)
        order_no, parcel = milestone.order_no, milestone.parcel_no
        request = RecordMilestone(order_no, parcel, milestone.stage)
        await self._deck.ask(self._deck.erp, request, key=f"{parcel}/exception")
        await self._deck.tell(order_no, "exception", parcel, service=True)

    async def _find(self, update: FulfilmentUpdate) -> tuple[OrderFile | None, ReleaseFile | None]:
        """The file and the release; nothing where the order is finished and has no more news."""
        deck = self._deck
        if await deck.is_done(update.order_no):
            return None, None
        file = await deck.file(update.order_no)
        return file, file.release(update.release_no)

    async def _end(self, message: Message, subject: str) -> None:
        deck, milestone = self._deck, message.body
        assert isinstance(milestone, Milestone)
        order_no, parcel = milestone.order_no, milestone.parcel_no
        if deck.controls.ordering_guard and await deck.is_done(order_no):
            return
        file = await deck.file(order_no)
        release = next((each for each in file.releases if each.parcel_no == parcel), None)
        if release is None or release.stage == "labelled":
            raise NotYet(f"{parcel} is not known to have been shipped")
        if deck.controls.ordering_guard and release.stage == "delivered":
            return
        request = RecordMilestone(order_no, parcel, milestone.stage)
        await deck.ask(deck.erp, request, key=f"{parcel}/{milestone.stage}")
        await deck.tell(order_no, subject, parcel)
        await deck.save(file.having(msgspec.structs.replace(release, stage="delivered")))

    async def _packed(self, file: OrderFile, release: ReleaseFile, state: ReleaseState) -> None:
        """Note the parcel; what is short goes back into sourcing."""
        deck = self._deck
        kept = msgspec.structs.replace(
            release,
            stage="labelled" if state.packed else "cancelled",
            lines=state.packed or release.lines,
            parcel_no=state.parcel_no,
            news_at=deck.around.now(),
        )
        file = file.having(kept)
        await deck.save(file)
        if state.short:
            deck.stock.expect(state.short)
            await deck.send_myself("stock_arrived", file.order.order_no, f"{release.release_no}/short")


def _update(message: Message) -> FulfilmentUpdate:
    assert isinstance(message.body, FulfilmentUpdate)
    return message.body
