"""Doubts: labels that a carrier may have sold without our hearing of it are found later, and given back."""

from __future__ import annotations

from seatrial.mocks.messages.carrier import FindLabel, VoidLabel
from seatrial.mocks.middleware.deck import Deck
from seatrial.mocks.middleware.files import DOUBTS, ORDERS, Doubt, OrderFile
from seatrial.sim.client import Client
from seatrial.sim.errors import CallError, Rejected
from seatrial.sim.store import Write


class Doubts:
    """Parcels for which a carrier may have sold one label too many; durable until they are settled.

    A look-up right after a purchase may be answered from an old copy and say "not there". So nobody waits for it: the
    parcel gets its label, and reconciliation looks again until `settled_after`. Who never reconciles has no doubts.
    """

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    async def note(self, carrier: str, order_no: str, parcel: str) -> None:
        """The carrier may have sold a label for the parcel besides the one that the parcel bears."""
        deck = self._deck
        if deck.controls.reconciliation:
            doubt = Doubt(carrier, order_no, parcel, deck.around.now())
            await deck.store.commit(Write(DOUBTS, f"{carrier}|{parcel}", doubt))

    async def settle(self) -> None:
        """Look at all of them; one that nobody can say anything about now stays for the next time."""
        deck = self._deck
        for key, doubt in await deck.store.scan(DOUBTS):
            assert isinstance(doubt, Doubt)
            try:
                await self._settle(key, doubt)
            except CallError as error:
                deck.around.note("reconciliation_failed", doubt.parcel_no, doubt.order_no, detail=error.outcome)

    async def _settle(self, key: str, doubt: Doubt) -> None:
        deck = self._deck
        old_enough = deck.around.now() >= doubt.at + deck.controls.settled_after
        file = await deck.store.read(ORDERS, doubt.order_no)
        borne = ""  # the order is finished: who knows the label that the parcel bears is its carrier
        if isinstance(file, OrderFile):
            release = next((each for each in file.releases if each.parcel_no == doubt.parcel_no), None)
            if release is None:
                return  # it has no label yet
            borne = release.tracking_no
        await self._give_back(deck.carriers[doubt.carrier], doubt, borne)
        if old_enough and await deck.store.read(DOUBTS, key) == doubt:
            await deck.store.commit(Write(DOUBTS, key, None))

    async def _give_back(self, carrier: Client, doubt: Doubt, borne: str) -> None:
        """Void every label of the parcel but the one that it bears: that one is known, or has been scanned."""
        ask, order_no, parcel = self._deck.ask, doubt.order_no, doubt.parcel_no
        given: list[str] = [""]
        label = await ask(carrier, FindLabel(order_no, parcel, borne))
        while label.id not in given:
            given.append(label.id)
            try:
                await ask(carrier, VoidLabel(order_no, parcel, label.id), key=f"{label.id}/void")
            except Rejected as error:
                if error.code != "already_scanned":
                    raise
                borne = label.tracking_no
            label = await ask(carrier, FindLabel(order_no, parcel, borne))
