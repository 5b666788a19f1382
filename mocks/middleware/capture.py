"""Steps 1 to 3: capture and acknowledge an order, check it, enter it into the ERP."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.channel import AcknowledgeOrder, AnswerCancellation, RefundOrder
from seatrial.mocks.messages.erp import (
    CheckLines,
    CreateSalesOrder,
    FindSalesOrder,
    SalesOrderCreated,
    SaveCustomer,
)
from seatrial.mocks.messages.orders import Change, ChannelOrder, Units
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import ORDERS, Message, OrderFile
from seatrial.mocks.middleware.sourcing import Sourcing
from seatrial.sim.store import Write


class Capture:
    """From a channel's order to a sales order and its first releases."""

    def __init__(self, deck: Deck, sourcing: Sourcing) -> None:
        self._deck = deck
        self._sourcing = sourcing

    async def placed(self, message: Message) -> None:
        """A shopper bought."""
        assert isinstance(message.body, Change)
        assert message.body.order is not None
        file = await self._open(message.body.order)
        if file is None or file.cancelled or file.stopped:
            return
        if not file.entered:
            file = await self._enter(file, message.again)
        await self._sourcing.source(file, message.again)

    async def _open(self, order: ChannelOrder) -> OrderFile | None:
        """The order's file, new or as an earlier delivery left it; None when the order is finished."""
        deck, file = self._deck, OrderFile(order)
        if not deck.controls.inbox:
            await deck.store.commit(Write(ORDERS, order.order_no, file))
        elif await deck.is_done(order.order_no):
            return None
        elif not await deck.store.insert(ORDERS, order.order_no, file):
            return await deck.file(order.order_no)
        deck.around.event("order.captured", order.order_no, order.order_no)
        deck.around.event("order.normalised", order.order_no, order.order_no)  # the file is the canonical order
        deck.stock.expect(file.unsourced)
        return file

    async def _enter(self, file: OrderFile, again: bool) -> OrderFile:
        deck, order = self._deck, file.order
        number, customer = order.order_no, order.customer
        await deck.ask(deck.channels[order.channel], AcknowledgeOrder(number), key=f"{number}/acknowledged")
        await deck.ask(
            deck.erp,
            SaveCustomer(customer.customer_no, customer.name, customer.email, customer.country),
            key=f"{number}/customer",
        )
        file = await self._check(file)
        if file.cancelled:
            return file
        lines = tuple(line for line in order.lines if line.sku not in file.refused)
        request = CreateSalesOrder(number, order.channel, customer.customer_no, order.currency, lines)
        await deck.ask(deck.erp, request, key=number, lookup=lambda: self._find(number), again=again)
        file = msgspec.structs.replace(file, entered=True)
        await deck.save(file)
        return file

    async def _find(self, number: str) -> SalesOrderCreated | None:
        found = await self._deck.ask(self._deck.erp, FindSalesOrder(number))
        return SalesOrderCreated(found.ids[0]) if found.ids else None

    async def _check(self, file: OrderFile) -> OrderFile:
        """Have the ERP check items and prices; what it does not know is refused and refunded."""
        deck, order = self._deck, file.order
        number = order.order_no
        found = await deck.ask(deck.erp, CheckLines(number, order.lines))
        if not found.problems:
            deck.around.event("order.validated", number, number)
            return file
        if any(each.problem == "wrong_price" for each in found.problems):
            await deck.open_case(f"{number}/price", number, "finance", "wrong_price")
        refused = tuple(each.sku for each in found.problems if each.problem != "wrong_price")
        if not refused:
            return file
        deck.stock.expect([Units(line.sku, line.quantity) for line in order.lines if line.sku in refused], -1)
        file = msgspec.structs.replace(file, refused=refused, cancelled=len(refused) == len(order.lines))
        await deck.open_case(f"{number}/items", number, "customer_service", "unknown_item")
        await self._pay_back(file)
        await deck.save(file)
        return file

    async def _pay_back(self, file: OrderFile) -> None:
        deck, order = self._deck, file.order
        channel, number = deck.channels[order.channel], order.order_no
        if file.cancelled:
            deck.around.event("order.rejected", number, number)
            await deck.ask(channel, AnswerCancellation(number, True, "unknown_item"), key=f"{number}/answer")
        amount = sum(line.quantity * line.unit_price for line in order.lines if line.sku in file.refused)
        refund = RefundOrder(number, f"{number}/items", amount, "unknown_item")
        await deck.ask(channel, refund, key=refund.refund_no)
