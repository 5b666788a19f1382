"""Step 6: a label for every parcel, from the cheapest carrier that sells one, and none too many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seatrial.mocks.messages.carrier import BuyLabel, FindLabel, GetRates, Label, Rate
from seatrial.mocks.messages.warehouse import ReleaseState
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.doubts import Doubts
from seatrial.mocks.middleware.files import NotYet, OrderFile
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError

Offer = tuple[Rate, Client]
Bought = tuple[Label, Client]


class Labels:
    """Buys labels; what a carrier may have sold besides is doubted, and given back later."""

    def __init__(self, deck: Deck, doubts: Doubts) -> None:
        self._deck = deck
        self._doubts = doubts

    async def of(self, file: OrderFile, state: ReleaseState, again: bool) -> Bought:
        """Rate-shop and buy; on failure the second carrier; then the message comes again (the service rule).

        Where an earlier delivery may have bought one, every carrier is asked for it first. Raises CallError.
        """
        order_no, parcel = file.order.order_no, state.parcel_no
        again = again and self._deck.controls.idempotency_key
        doubtful: dict[str, None] = dict.fromkeys(self._deck.carriers) if again else {}
        try:
            silent: list[str] = []
            bought = await self._bought(order_no, parcel, silent) if again else None
            return bought or await self._first(file, state, silent, doubtful)
        finally:  # whatever came of it: the order may be cancelled before anybody asks again
            await self.doubt(order_no, parcel, doubtful)

    async def doubt(self, order_no: str, parcel: str, names: Iterable[str] | None = None) -> None:
        """These carriers, or any, may have sold a label for the parcel besides the one that it bears."""
        for name in self._deck.carriers if names is None else names:
            await self._doubts.note(name, order_no, parcel)

    async def _bought(self, order_no: str, parcel: str, silent: list[str]) -> Bought | None:
        """A label that an earlier delivery bought. Raises CallError.

        Carriers that do not answer are silent. Where none answers, nobody knows, and nothing is bought.
        """
        failure: CallError | None = None
        for carrier in self._deck.carriers.values():
            try:
                label = await self._deck.ask(carrier, FindLabel(order_no, parcel))
            except CallError as error:
                failure = error
                silent.append(carrier.name)
                continue
            if label.id:
                return label, carrier
        if failure is not None and len(silent) == len(self._deck.carriers):
            raise failure
        return None

    async def _first(
        self, file: OrderFile, state: ReleaseState, silent: Sequence[str], doubtful: dict[str, None]
    ) -> Bought:
        """The first label that is sold, by those who are not silent. Raises the last CallError."""
        order_no, parcel = file.order.order_no, state.parcel_no
        units = sum(unit.quantity for unit in state.packed)
        offers = [offer for offer in await self._offers(file, parcel, units) if offer[1].name not in silent]
        failure: CallError | None = None
        for rate, carrier in offers if self._deck.controls.fallback_carrier else offers[:1]:
            try:
                return await self._buy(carrier, order_no, parcel, rate, doubtful), carrier
            except CallError as error:
                failure = error
        raise failure or NotYet(f"no carrier to buy a label for {parcel} from")

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
