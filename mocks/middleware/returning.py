"""Step 10: returns: authorise, receive, restock, credit, refund."""

from __future__ import annotations

from seatrial.mocks.messages.channel import AnswerReturn, RefundOrder
from seatrial.mocks.messages.erp import AuthoriseReturn, PostCredit
from seatrial.mocks.messages.orders import Change
from seatrial.mocks.messages.warehouse import ExpectReturn, ReturnReceived
from seatrial.mocks.middleware.caller import is_worth_repeating
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import RETURNS, Message, NotYet, ReturnFile
from seatrial.sim.errors import Rejected
from seatrial.sim.store import Write


class Returning:
    """From a shopper's wish to the money back; what nobody announced goes to customer service."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def requested(self, message: Message) -> None:
        """A shopper wants to send goods back."""
        assert isinstance(message.body, Change)
        assert message.body.wanted_back is not None
        deck, wanted = self._deck, message.body.wanted_back
        rma, order_no = wanted.rma_no, wanted.order_no
        try:
            await deck.ask(deck.erp, AuthoriseReturn(order_no, rma, wanted.lines), key=f"{rma}/authorised")
        except Rejected as error:
            if is_worth_repeating(error):
                raise
            await deck.open_case(f"{rma}/refused", order_no, "customer_service", error.code)
            refusal = AnswerReturn(order_no, rma, "")
            await deck.ask(deck.channels[message.source], refusal, key=f"{rma}/answer")
            return
        await deck.store.commit(Write(RETURNS, rma, ReturnFile(rma, order_no, message.source)))
        warehouse = min(deck.warehouses)
        expected = ExpectReturn(rma, order_no, wanted.lines)
        await deck.ask(deck.warehouses[warehouse], expected, key=f"{rma}/expected")
        await deck.ask(deck.channels[message.source], AnswerReturn(order_no, rma, warehouse), key=f"{rma}/answer")

    async def received(self, message: Message) -> None:
        """Goods came back: credit and refund what was in the parcel."""
        assert isinstance(message.body, ReturnReceived)
        deck, parcel = self._deck, message.body
        if not parcel.rma_no:
            case = f"{message.message_no}/blind"
            await deck.open_case(case, parcel.order_no, "customer_service", "return_without_rma")
            return
        known = await deck.store.read(RETURNS, parcel.rma_no)
        if not isinstance(known, ReturnFile):
            raise NotYet(f"return {parcel.rma_no} is not known")
        rma, order_no, channel = known.rma_no, known.order_no, deck.channels[known.channel]
        memo = PostCredit(order_no, rma, parcel.lines, message.at)
        credit = await deck.ask(deck.erp, memo, key=f"{rma}/credit")
        if credit.amount:
            await deck.ask(channel, RefundOrder(order_no, rma, credit.amount, "returned"), key=rma)
            await deck.tell(order_no, "refunded", rma)
        if deck.controls.inbox:
            await deck.store.commit(Write(RETURNS, rma, None))
