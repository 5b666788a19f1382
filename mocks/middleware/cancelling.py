"""Step 11: cancellations, racing with shipment."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.channel import AnswerCancellation, RefundOrder
from seatrial.mocks.messages.erp import CancelSalesOrder, Recorded
from seatrial.mocks.messages.orders import Change
from seatrial.mocks.messages.warehouse import CancelRelease
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import Message, OrderFile, ReleaseFile
from seatrial.sim.errors import Rejected


class Cancelling:
    """An order is cancelled when every warehouse still lets go of it; else not at all."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def requested(self, message: Message) -> None:
        """A shopper wants to cancel."""
        assert isinstance(message.body, Change)
        deck, order_no = self._deck, message.body.order_no
        channel = deck.channels[message.source]
        if await deck.is_done(order_no):
            await deck.ask(channel, AnswerCancellation(order_no, False, "too_late"), key=f"{order_no}/answer")
            return
        file = await deck.file(order_no)
        stopped = file.stopped
        if not stopped:
            file, stopped = await self._stop(file)
        if not stopped:
            await deck.ask(channel, AnswerCancellation(order_no, False, "too_late"), key=f"{order_no}/answer")
            if file.unsourced:
                await deck.send_myself("stock_arrived", order_no, f"{order_no}/not_cancelled")
            return
        await self._cancel(file)

    async def _stop(self, file: OrderFile) -> tuple[OrderFile, bool]:
        """Stop every release that has not gone too far; tells whether that was all of them."""
        if any(each.stage in ("shipped", "delivered") for each in file.releases):
            return file, False
        for release in file.releases:
            if release.stage != "cancelled":
                file, stopped = await self._stop_one(file, release)
                if not stopped:
                    return file, False
        return file, True

    async def _stop_one(self, file: OrderFile, release: ReleaseFile) -> tuple[OrderFile, bool]:
        deck = self._deck
        request = CancelRelease(release.release_no, file.order.order_no)
        try:
            await deck.ask(deck.warehouses[release.warehouse], request, key=f"{release.release_no}/cancel")
        except Rejected as error:
            if error.code != "too_late":
                raise
            return file, False
        deck.stock.change(release.warehouse, release.lines)
        deck.stock.expect(release.lines)
        file = file.having(msgspec.structs.replace(release, stage="cancelled"))
        await deck.save(file)
        return file, True

    async def _cancel(self, file: OrderFile) -> None:
        deck, order = self._deck, file.order
        number, channel = order.order_no, deck.channels[order.channel]
        file = msgspec.structs.replace(file, stopped=True)  # from here on nothing of it is released any more
        await deck.save(file)
        if file.entered:
            request = CancelSalesOrder(number, "shopper")
            await deck.ask(deck.erp, request, key=f"{number}/cancelled", already=_already)
        answer = AnswerCancellation(number, True, "shopper")
        await deck.ask(channel, answer, key=f"{number}/answer")
        refund = RefundOrder(number, f"{number}/cancel", order.total, "cancelled")
        await deck.ask(channel, refund, key=refund.refund_no)
        await deck.tell(number, "cancelled")
        deck.stock.expect((*file.unsourced, *file.waiting), -1)
        await deck.save(msgspec.structs.replace(file, cancelled=True, waiting=()))


def _already(error: Rejected) -> Recorded | None:
    """The ERP has cancelled this order: an earlier attempt came through."""
    return Recorded(error.pointer) if error.code == "already_cancelled" else None
