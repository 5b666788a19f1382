"""How orders arrive: polled pages, batch files, webhooks."""

from __future__ import annotations

from seatrial.mocks.messages.channel import AcknowledgeBatch, Batch, ChangePage, FetchBatch, ListChanges
from seatrial.mocks.messages.orders import Change
from seatrial.mocks.messages.warehouse import StockMoved
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import CURSORS, Message, Position
from seatrial.mocks.middleware.inventory import Inventory
from seatrial.mocks.middleware.mailroom import Mailroom
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError, Rejected, Unreadable
from seatrial.sim.notice import Notice
from seatrial.sim.store import Write


class Arrivals:
    """Pollers and the webhook handler; everything ends in the mailroom.

    A poller with `strict_reading` keeps the channel's cursor and moves it past what it has taken in. Without it, the
    poller asks for what changed since its last poll, and takes any body that is no page for "nothing new".
    """

    def __init__(self, deck: Deck, mailroom: Mailroom, inventory: Inventory) -> None:
        self._deck = deck
        self._mailroom = mailroom
        self._inventory = inventory

    async def receive(self, notice: Notice) -> None:
        """Take a webhook."""
        await self._mailroom.take(message_of(notice))

    async def poll(self, channel: Client) -> None:
        """Ask a channel for changes, for ever."""
        while True:
            try:
                await self.catch_up(channel)
            except CallError as error:
                self._deck.around.note("poll_failed", channel.name, detail=error.outcome)
            await self._deck.around.rest(self._deck.controls.poll_every)

    async def catch_up(self, channel: Client) -> None:
        """Read all changes that the channel shows now."""
        if not self._deck.controls.strict_reading:
            await self._read_window(channel)
            return
        cursor = await self._position(channel)
        more = True
        while more:
            page = await self._page(channel, cursor)
            for change in page.changes:
                await self._mailroom.take(Message.of_change(change, channel.name))
            if page.cursor != cursor:
                cursor, more = page.cursor, page.more
                await self._deck.store.commit(Write(CURSORS, channel.name, Position(cursor)))
            else:
                more = False

    async def fetch(self, channel: Client) -> None:
        """Ask a batch channel for its next file, for ever."""
        while True:
            try:
                await self._batches(channel)
            except CallError as error:
                self._deck.around.note("poll_failed", channel.name, detail=error.outcome)
            await self._deck.around.rest(self._deck.controls.batch_every)

    async def _page(self, channel: Client, cursor: str) -> ChangePage:
        try:
            return await self._deck.ask(channel, ListChanges(cursor))
        except Rejected as error:
            if error.code != "invalid_cursor":
                raise
            return await self._deck.ask(channel, ListChanges())  # a dead cursor: from the start, known ones are skipped

    async def _read_window(self, channel: Client) -> None:
        """The careless poller: its window moves on whatever came back."""
        since = float(await self._position(channel) or -1.0)
        until = self._deck.around.now() - self._deck.controls.poll_behind
        try:
            page = await self._deck.ask(channel, ListChanges(changed_after=since, changed_before=until))
        except Unreadable:
            page = ChangePage()
        for change in page.changes:
            await self._mailroom.take(Message.of_change(change, channel.name))
        await self._deck.store.commit(Write(CURSORS, channel.name, Position(str(until))))

    async def _batches(self, channel: Client) -> None:
        deck = self._deck
        while True:
            after = await self._position(channel)
            try:
                batch = await deck.ask(channel, FetchBatch(after))
            except Unreadable:
                if deck.controls.strict_reading:
                    raise
                batch = Batch("", 0)
            if not batch.batch_no:
                return
            for change in batch.changes:
                await self._mailroom.take(Message.of_change(change, channel.name))
            await deck.store.commit(Write(CURSORS, channel.name, Position(batch.batch_no)))
            self._inventory.batch_processed()
            await deck.ask(channel, AcknowledgeBatch(batch.batch_no), key=f"{batch.batch_no}/997")

    async def _position(self, channel: Client) -> str:
        found = await self._deck.store.read(CURSORS, channel.name)
        return found.cursor if isinstance(found, Position) else ""


def message_of(notice: Notice) -> Message:
    """A webhook as a message. Changes are known by their own number, whichever way they come."""
    body = notice.body
    if isinstance(body, Change):
        return Message.of_change(body, notice.partner)
    lane = f"stock/{body.warehouse}" if isinstance(body, StockMoved) else notice.order_no or notice.key
    return Message(notice.notice_no, notice.event, lane, notice.partner, body, notice.at)
