"""Step 6: a label for every parcel, from the cheapest carrier that sells one, and none too many."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.mocks.messages.carrier import BuyLabel, FindLabel, GetRates, Label, LabelVoided, Rate, VoidLabel
from seatrial.mocks.messages.warehouse import ReleaseState
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import Message, NotYet, OrderFile
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError, Rejected

Offer = tuple[Rate, Client]
Bought = tuple[Label, Client]


class Labels:
    """Buys labels; what a carrier may have sold besides is given back later."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def of(self, file: OrderFile, state: ReleaseState, again: bool) -> Bought:
        """Rate-shop and buy; on failure the second carrier; then the message comes again (the service rule).

        Where an earlier delivery may have bought one, every carrier is asked for it first. Raises CallError.
        """
        order_no, parcel = file.order.order_no, state.parcel_no
        doubtful: dict[str, None] = {}
        if again and self._deck.controls.idempotency_key:
            bought = await self._bought(order_no, parcel, doubtful)
            if bought is not None:
                return bought
        units = sum(unit.quantity for unit in state.packed)
        offers = [offer for offer in await self._offers(file, parcel, units) if offer[1].name not in doubtful]
        return await self._first(offers, order_no, parcel, doubtful)

    async def void(self, message: Message) -> None:
        """A carrier may have sold a label besides: give it back, unless the parcel bears it."""
        deck = self._deck
        name, order_no, parcel = message.lane.split("|")
        used = ""
        if not await deck.is_done(order_no):
            file = await deck.file(order_no)
            release = next((each for each in file.releases if each.parcel_no == parcel), None)
            if release is None:
                raise NotYet(f"{parcel} has no label yet")
            used = release.tracking_no
        carrier = deck.carriers[name]
        label = await deck.ask(carrier, FindLabel(order_no, parcel))
        if label.id and label.tracking_no != used:
            request = VoidLabel(order_no, parcel, label.id)
            await deck.ask(carrier, request, key=f"{label.id}/void", already=_travels)

    async def _bought(self, order_no: str, parcel: str, doubtful: dict[str, None]) -> Bought | None:
        """A label that an earlier delivery bought; who else may have sold one gives it back. Raises CallError.

        Carriers that do not answer become doubtful. Where none answers, nobody knows, and nothing is bought.
        """
        failure: CallError | None = None
        for carrier in self._deck.carriers.values():
            try:
                label = await self._deck.ask(carrier, FindLabel(order_no, parcel))
            except CallError as error:
                failure = error
                doubtful[carrier.name] = None
                continue
            if label.id:
                await self._doubt(self._deck.carriers, carrier, order_no, parcel)
                return label, carrier
        if failure is not None and len(doubtful) == len(self._deck.carriers):
            raise failure
        return None

    async def _first(self, offers: list[Offer], order_no: str, parcel: str, doubtful: dict[str, None]) -> Bought:
        """The first label that is sold. Raises the last CallError."""
        failure: CallError | None = None
        for rate, carrier in offers if self._deck.controls.fallback_carrier else offers[:1]:
            try:
                label = await self._buy(carrier, order_no, parcel, rate, doubtful)
            except CallError as error:
                failure = error
            else:
                await self._doubt(doubtful, carrier, order_no, parcel)
                return label, carrier
        await self._doubt(doubtful, None, order_no, parcel)  # the order may be cancelled before anybody asks again
        raise failure or NotYet(f"no carrier to buy a label for {parcel} from")

    async def _doubt(self, names: Iterable[str], used: Client | None, order_no: str, parcel: str) -> None:
        """Have every other carrier give back what it may have sold."""
        for name in names:
            if used is None or name != used.name:
                await self.spare(name, order_no, parcel)

    async def spare(self, carrier: str, order_no: str, parcel: str) -> None:
        """A label that a carrier sold for a parcel is not needed: give it back, later."""
        lane = f"{carrier}|{order_no}|{parcel}"
        await self._deck.send_myself("label_doubtful", lane, f"void/{lane}")

    async def spare_all(self, order_no: str, parcel: str) -> None:
        """Any carrier may have sold a label for a parcel: all give back what it does not bear, later."""
        await self._doubt(self._deck.carriers, None, order_no, parcel)

    async def _offers(self, file: OrderFile, parcel_no: str, units: int) -> list[Offer]:
        """The cheapest rate of every carrier that quotes, the cheapest carrier first. Raises CallError: none does."""
        deck, order = self._deck, file.order
        failure: CallError | None = None
        offers: list[Offer] = []
        for carrier in deck.carriers.values():
            try:
                request = GetRates(order.order_no, parcel_no, units, order.customer.country)
                rates = (await deck.ask(carrier, request)).rates
            except CallError as error:
                failure = error
            else:
                offers += [(rate, carrier) for rate in rates[:1]]
            if not deck.controls.fallback_carrier:
                break
        if failure is not None and not offers:
            raise failure
        return sorted(offers, key=lambda offer: offer[0].price)

    async def _buy(
        self, carrier: Client, order_no: str, parcel_no: str, rate: Rate, doubtful: dict[str, None]
    ) -> Label:
        """Buy a label; a carrier of which an attempt ended unclear is doubtful from then on."""
        deck = self._deck

        async def find() -> Label | None:
            doubtful[carrier.name] = None
            label = await deck.ask(carrier, FindLabel(order_no, parcel_no))
            return label if label.id else None

        request = BuyLabel(order_no, parcel_no, rate.rate_id)
        try:
            return await deck.ask(carrier, request, key=parcel_no, lookup=find)
        except CallError as error:
            if error.may_have_committed:
                doubtful[carrier.name] = None
            raise


def _travels(error: Rejected) -> LabelVoided | None:
    """The parcel is on its way with this label, so it is the one that it needs."""
    return LabelVoided("") if error.code == "already_scanned" else None
