"""Step 12: stock movements from the warehouses to the ERP and to every channel."""

from __future__ import annotations

from seatrial.mocks.messages.channel import ListingUpdate, SubmitListings
from seatrial.mocks.messages.erp import PostMovement
from seatrial.mocks.messages.warehouse import StockMoved
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import DIRTY, MARK, Message
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError
from seatrial.sim.store import Write

BATCH_CHANNEL = "b2b"
_SHARES = {"marketplace": 0.4, "storefront": 0.4, BATCH_CHANNEL: 0.2}
_SUBMISSION = 500  # listings in one submission


class Inventory:
    """Posts movements in their order and keeps listings near what can be promised.

    With `reservation` each channel may sell its share of what is available less what is sold and not released; the
    batch channel's share stays reserved until its next file tells what it sold. Without it, every channel shows all.
    """

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._reserved: dict[str, int] = {}
        self._batch_open = True
        self._turn = 0

    async def moved(self, message: Message) -> None:
        """Stock changed in a warehouse."""
        assert isinstance(message.body, StockMoved)
        deck, move = self._deck, message.body
        if move.reason == "shipped":
            return  # the ERP books it with the shipment, and the view took it when it was released
        request = PostMovement(move.movement_no, move.warehouse, move.moves, move.reason, move.order_no)
        await deck.ask(deck.erp, request, key=move.movement_no)
        deck.stock.change(move.warehouse, move.moves)
        if deck.controls.outbox:
            await deck.store.commit(*(Write(DIRTY, unit.sku, MARK) for unit in move.moves))
        await self._wake(message)

    def batch_processed(self) -> None:
        """The batch channel's sales are known up to now: its listings may be set again."""
        self._batch_open = True

    async def keep_listings(self) -> None:
        """Tell the channels about changed stock, for ever."""
        for sku, _ in await self._deck.store.scan(DIRTY):
            self._deck.stock.dirty[sku] = None
        while True:
            await self.synchronise()
            await self._deck.around.rest(self._deck.controls.listings_every)

    async def synchronise(self) -> None:
        """Tell every channel once what changed since the last time."""
        deck, stock = self._deck, self._deck.stock
        skus = changed = sorted(stock.dirty)
        stock.dirty.clear()
        carried = True
        if self._batch_open and deck.controls.reservation:
            skus = stock.skus()
        for channel in deck.channels.values():
            if channel.kind != BATCH_CHANNEL:
                carried &= await self._submit_all(channel, skus)
            elif self._batch_open or not deck.controls.reservation:
                self._batch_open = not await self._submit_all(channel, skus)
                carried &= not self._batch_open
        for sku in changed if carried else ():
            deck.around.event("inventory.synchronised", sku, "")
        if deck.controls.outbox:
            told = (sku for sku in skus if sku not in stock.dirty)
            await deck.store.commit(*(Write(DIRTY, sku, None) for sku in told))

    async def _submit_all(self, channel: Client, skus: list[str]) -> bool:
        """Submit as many at a time as a submission holds; tells whether the channel took them all."""
        starts = range(0, len(skus), _SUBMISSION)
        return all([await self._submit(channel, skus[start : start + _SUBMISSION]) for start in starts])

    async def _submit(self, channel: Client, skus: list[str]) -> bool:
        deck = self._deck
        updates = tuple(ListingUpdate(sku, self._quantity(channel, sku)) for sku in skus)
        self._turn += 1
        sequence = int(deck.around.now() * 1000) * 1000 + self._turn % 1000
        try:
            await deck.ask(channel, SubmitListings(sequence, updates), key=f"{channel.name}/{sequence}")
        except CallError:
            if deck.controls.outbox:
                deck.stock.dirty.update(dict.fromkeys(skus))
            return False
        return True

    def _quantity(self, channel: Client, sku: str) -> int:
        deck = self._deck
        if not deck.controls.reservation:
            return deck.stock.promise(sku, reserved=False)
        total = deck.stock.promise(sku, reserved=True)
        if channel.kind == BATCH_CHANNEL:
            self._reserved[sku] = int(total * _SHARES[BATCH_CHANNEL])
            return self._reserved[sku]
        rest = max(0, total - self._reserved.get(sku, int(total * _SHARES[BATCH_CHANNEL])))
        return int(rest * _SHARES[channel.kind] / (1 - _SHARES[BATCH_CHANNEL]))

    async def _wake(self, message: Message) -> None:
        """Orders that wait for what came in are sourced again, oldest first."""
        assert isinstance(message.body, StockMoved)
        deck = self._deck
        for unit in message.body.moves:
            if unit.quantity <= 0:
                continue
            for order_no in deck.waiting.pop(unit.sku, {}):
                number = f"{message.message_no}/{unit.sku}/{order_no}"
                await deck.send_myself("stock_arrived", order_no, number)
