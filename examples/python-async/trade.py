"""The trade: what each message asks of an order, as steps of which each happens once.

A handler may run again from its beginning, after a crash or because a partner was away. `_step` makes that harmless:
what is recorded is not done again, what may have been done is looked up first, and every attempt has the same key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from urllib.parse import quote

from partner import Failed, Find, Partner, Rejected, Unclear
from stock import Stock
from store import Document, Store

DAY = 86_400.0
SETTLED = 10.0
"""Seconds after which a carrier's look-up can be believed to show what it has sold."""
ALREADY = {"already_exists", "already_cancelled"}
"""Refusals that say: it is done. An earlier attempt of ours was here before."""
ANSWERS = {"insufficient_stock", "unknown_sku", "too_late", "cancelled", "not_sold", "over_returned"}
"""Refusals that are an answer of the trade: nothing is gained by asking again."""
ON_THE_WAY = {"labelled", "shipped"}
OVER = {"refused", "shipped", "stopped", "given up"}


class NotYet(Exception):
    """Something else has to come first; the message is tried again a little later."""


@dataclass(frozen=True)
class Message:
    """Something that has to be worked off."""

    number: str
    """The sender's number of it: a second copy is no second message."""
    lane: str
    """Of those with one lane, mostly an order, one is worked off at a time."""
    kind: str
    """What it is: an event, or a kind of change."""
    body: Document
    """What it says."""
    at: float = 0.0
    """Second of the run at which it happened."""


@dataclass(frozen=True)
class Release:
    """What a warehouse was asked to ship."""

    release_no: str
    """Our number of it."""
    order_no: str
    """Number of the order."""
    warehouse: str
    """Who ships it."""
    lines: list[Document]
    """What it ships."""
    need: str
    """What it is for: the whole order, or the rest of another release."""
    stage: str = "planned"
    """Where it stands, as far as we know: planned, refused, accepted, labelled, shipped, stopped, given up."""
    since: float = 0.0
    """Unix time of that."""


class Trade:
    """Works messages off. Raises NotYet or Failed where a message has to come again."""

    def __init__(self, store: Store, partners: list[Partner], stock: Stock, take: Callable[[Message], None]) -> None:
        """The trade between these partners, remembered in the store; `take` takes messages to ourselves."""
        self._store, self._stock, self._take = store, stock, take
        self._by_name = {partner.name: partner for partner in partners}
        self._erp = next(partner for partner in partners if partner.role == "erp")
        self._desk = next(partner for partner in partners if partner.role == "desk")
        self._carriers = [partner for partner in partners if partner.role == "carrier"]
        self._handlers: dict[str, Callable[[Message], Awaitable[None]]] = {
            "placed": self._placed,
            "cancellation_requested": self._cancellation,
            "return_requested": self._return_wanted,
            "source": self._source_again,
            "spare_labels": self._give_spare_labels_back,
            "inventory.adjusted": self._adjusted,
            "return.received": self._return_received,
            "fulfilment.packed": self._fulfilment,
            "fulfilment.shorted": self._fulfilment,
            "fulfilment.rejected": self._fulfilment,
            "fulfilment.cancelled": self._fulfilment,
            "fulfilment.asked": self._fulfilment,  # by our own sweep, because no webhook came
            "shipment.dispatched": self._fulfilment,
            "shipment.delivered": self._milestone,
            "shipment.excepted": self._milestone,
            "shipment.returned_to_sender": self._milestone,
        }

    async def handle(self, message: Message) -> None:
        """Do what a message asks for; other events (a parcel in transit) ask for nothing."""
        handler = self._handlers.get(message.kind)
        if handler:
            await handler(message)

    async def ask_people(self, message: Message) -> None:
        """A message fails again and again: a person should know."""
        no, why = message.body.get("order_no", ""), "cannot be worked off"
        await self._exception(f"stuck/{message.number}", no, "integration_support", why)

    # Orders.

    async def _placed(self, message: Message) -> None:
        order: Document = message.body["order"]
        no, customer = order["order_no"], order["customer"]
        self._store.put("order", no, order)
        self._stock.capture(no, order["lines"])
        await self._step(f"ack/{no}", self._channel(order), f"POST /orders/{no}/acknowledgement", {}, order=no)
        known_by = {field: customer[field] for field in ("customer_no", "name", "email", "country")}
        await self._step(f"customer/{no}", self._erp, "POST /customers", known_by, order=no)
        asked = {"order_no": no, "lines": order["lines"]}
        problems = (await self._step(f"check/{no}", self._erp, "POST /order-checks", asked, order=no))["problems"]
        wrong = [problem for problem in problems if problem["problem"] != "not_stocked"]
        if wrong:
            await self._turn_down(order, wrong)
        else:
            await self._enter(order)
            charges = {problem["sku"] for problem in problems}  # carriage and the like: invoiced, never shipped
            goods = [line for line in _bare(order["lines"]) if line["sku"] not in charges]
            if goods:
                await self._source_or_promise(order, goods, f"{no}/first")
        self._stock.settle(no)
        self._store.put("taken", no, True)

    async def _enter(self, order: Document) -> None:
        no = order["order_no"]
        body = {field: order[field] for field in ("order_no", "channel", "currency", "lines")}
        body["customer_no"] = order["customer"]["customer_no"]

        async def find() -> Document | None:
            ids = (await self._erp.get(f"/sales-orders/{no}"))["ids"]
            return {"id": ids[0]} if ids else None

        await self._step(f"sales-order/{no}", self._erp, "POST /sales-orders", body, order=no, find=find)

    async def _turn_down(self, order: Document, problems: list[Document]) -> None:
        """Unknown items or impossible prices: the shopper gets the money back, and finance has a look."""
        no = order["order_no"]
        reason = ", ".join(f"{problem['sku']}: {problem['problem']}" for problem in problems)
        self._store.put("cancelled", no, "by us")
        await self._answer(order, cancelled=True, reason=reason)
        await self._refund(order, f"{no}/cancel", _worth(order), reason)
        await self._exception(f"{no}/lines", no, "finance", reason)

    # Sourcing.

    async def _source_or_promise(
        self, order: Document, lines: list[Document], need: str, excluded: Iterable[str] = ()
    ) -> None:
        promised = self._store.get("promise", need) is not None
        if promised or not await self._source(order, lines, need, excluded):
            await self._promise(order, lines, need)

    async def _source(self, order: Document, lines: list[Document], need: str, excluded: Iterable[str] = ()) -> bool:
        """Release lines to the first warehouse that takes them all; false: none does."""
        if not self._stock.known:
            raise NotYet("the stock is not counted yet")
        tried = list(excluded)
        for turn in count(1):
            release = self._planned(order["order_no"], lines, f"{need}/{turn}", tried)
            if release is None:
                return False
            if await self._released(order, release):
                return True
            tried.append(release.warehouse)
        raise AssertionError

    def _planned(self, no: str, lines: list[Document], need: str, tried: list[str]) -> Release | None:
        """A choice is kept before it is acted on: after a crash the same warehouse has to be asked again."""
        releases = self._releases(no)
        known = next((release for release in releases if release.need == need), None)
        warehouse = self._stock.best(lines, tried)
        if known is None and warehouse:
            known = self._place(Release(f"{no}/R{len(releases) + 1}", no, warehouse, lines, need))
        return known

    async def _released(self, order: Document, release: Release) -> bool:
        no, release_no, warehouse = order["order_no"], release.release_no, self._by_name[release.warehouse]
        if release.stage == "planned":
            body = {"release_no": release_no, "order_no": no, "lines": release.lines}
            body |= {"country": order["customer"]["country"], "ship_by": order["ship_by"]}
            said = await self._step(f"released/{release_no}", warehouse, "POST /releases", body, order=no)
            release = self._place(replace(release, stage="refused" if "rejected" in said else "accepted"))
            if release.stage == "accepted":
                self._stock.hold(release.warehouse, release.lines)
        if release.stage == "refused":
            return False
        booked = {"release_no": release_no, "warehouse": release.warehouse, "lines": release.lines}
        await self._step(f"booked/{release_no}", self._erp, f"POST /sales-orders/{no}/releases", booked, order=no)
        return True

    async def _promise(self, order: Document, lines: list[Document], need: str) -> None:
        """Nobody has it: everybody is told a later date, and the sweep looks for goods from now on."""
        no = order["order_no"]
        ship_by = self._store.get("promise", need, self._erp.now + 5 * DAY)
        self._store.put("promise", need, ship_by)
        booked, path = {"lines": lines, "ship_by": ship_by}, f"/sales-orders/{no}/backorders"
        await self._step(f"backorder/{need}", self._erp, f"POST {path}", booked, order=no)
        shown, path = {"ship_by": ship_by}, f"/orders/{no}/promise"
        await self._step(f"promised/{need}", self._channel(order), f"PUT {path}", shown, order=no)
        about = need.removeprefix(f"{no}/")
        await self._tell(no, "customer", "backordered", about)
        await self._tell(no, "service", "backordered-service", about)
        self._wait(need, {"order_no": no, "lines": lines, "turn": 1})

    async def _source_again(self, message: Message) -> None:
        """Goods that waited: somebody may have them by now."""
        no, need = message.body["order_no"], message.body["need"]
        waiting = self._store.get("waiting", need)
        if waiting:
            turn = waiting["turn"]
            found = await self._source(self._order(no), waiting["lines"], f"{need}/again-{turn}")
            self._wait(need, None if found else {**waiting, "turn": turn + 1})

    def _wait(self, need: str, waiting: Document | None) -> None:
        """Keep what an order waits for; none: it does not wait any more."""
        self._store.put("waiting", need, waiting)
        if waiting:
            self._stock.capture(need, waiting["lines"])
        else:
            self._stock.settle(need)

    # What warehouses tell.

    async def _fulfilment(self, message: Message) -> None:
        no, state = message.body["order_no"], message.body["state"]
        release = self._release(message.body["release_no"])
        if release is None or release.stage == "planned":
            raise NotYet(f"release {message.body['release_no']} is not ours yet")
        if release.stage in OVER:  # news that came late
            if self._asked(state["parcel_no"]):
                self._suspect_spare_labels(release, state["parcel_no"])
        elif state["stage"] == "packed":
            await self._packed(self._order(no), release, state)
        elif state["stage"] == "shipped":
            await self._dispatched(self._order(no), release, state)
        elif state["stage"] == "rejected":  # the warehouse gave it up: the next one
            await self._instead(release, [release.warehouse])
        elif state["stage"] == "cancelled" and not self._store.begun(f"stop/{release.release_no}"):  # nor was it us
            await self._instead(release)

    async def _instead(self, release: Release, excluded: Iterable[str] = ()) -> None:
        """What a release does not ship any more is sourced anew."""
        no = release.order_no
        need = f"{no}/instead-of-{release.release_no.removeprefix(f'{no}/')}"
        await self._source_or_promise(self._order(no), release.lines, need, excluded)
        self._place(replace(release, stage="given up"))

    async def _packed(self, order: Document, release: Release, state: Document) -> None:
        no, parcel = order["order_no"], state["parcel_no"]
        label = await self._label(order, release, parcel, sum(line["quantity"] for line in state["packed"]))
        body = {"order_no": no, "parcel_no": parcel, "carrier": label["carrier"], "tracking_no": label["tracking_no"]}
        path = f"/releases/{_in_path(release.release_no)}/label"
        said = await self._step(f"attach/{parcel}", self._by_name[release.warehouse], f"POST {path}", body, order=no)
        if "rejected" in said:  # it was stopped, and whoever stopped it goes on from there
            self._suspect_spare_labels(release, parcel)
            return
        await self._source_the_rest(order, release, state)
        self._place(replace(release, stage="labelled"))

    async def _source_the_rest(self, order: Document, release: Release, state: Document) -> None:
        """What was not found on the shelf comes from elsewhere, or later."""
        if state["short"]:
            no = order["order_no"]
            need = f"{no}/rest-of-{release.release_no.removeprefix(f'{no}/')}"
            await self._source_or_promise(order, state["short"], need, [release.warehouse])

    async def _dispatched(self, order: Document, release: Release, state: Document) -> None:
        """A parcel left. Only what is in it is confirmed, posted and invoiced, and the confirmation comes first."""
        no, parcel = order["order_no"], state["parcel_no"]
        lines, at = state["packed"], state["at"]
        seen = {"parcel_no": parcel, "carrier": state["carrier"], "tracking_no": state["tracking_no"], "lines": lines}
        await self._step(f"confirm/{parcel}", self._channel(order), f"POST /orders/{no}/shipments", seen, order=no)
        await self._tell(no, "customer", "shipped", parcel)
        gone = {"order_no": no, "parcel_no": parcel, "warehouse": release.warehouse, "lines": lines, "shipped_at": at}
        await self._step(f"shipment/{parcel}", self._erp, "POST /shipments", gone, order=no)
        owed = {"order_no": no, "parcel_no": parcel, "posted_at": at}
        await self._step(f"invoice/{parcel}", self._erp, "POST /invoices", owed, order=no)
        self._store.put("invoiced", no, release.warehouse)
        await self._source_the_rest(order, release, state)
        self._place(replace(release, stage="shipped"))

    async def _adjusted(self, message: Message) -> None:
        """Stock moved: the ERP books what was not a parcel of ours leaving."""
        moved = message.body
        if moved["reason"] != "shipped":
            name = f"movement/{moved['movement_no']}"
            body = {field: moved[field] for field in ("movement_no", "warehouse", "moves", "reason", "order_no")}
            await self._step(name, self._erp, "POST /stock-movements", body, order=moved["order_no"])

    # Labels.

    async def _label(self, order: Document, release: Release, parcel: str, units: int) -> Document:
        """One that was bought before, or a new one. Who may have sold another has to take it back later."""
        name, no = f"label/{parcel}", order["order_no"]
        label = self._store.result(name)
        if label is not None:
            return label
        label, closed = await self._bought_before(no, parcel)
        if label is None:
            label = await self._buy(order, parcel, units, closed)
        if len(self._asked(parcel)) > 1:
            self._suspect_spare_labels(release, parcel)
        if label is None:
            raise NotYet(f"no carrier sells a label for {parcel}")
        return self._store.record(name, label)

    async def _bought_before(self, no: str, parcel: str) -> tuple[Document | None, set[str]]:
        """A label from an attempt whose end nobody knows; carriers that may have sold one and do not show it yet."""
        closed: set[str] = set()
        for carrier, asked in self._asked(parcel):
            try:
                label = await self._find_label(carrier, no, parcel)
            except Failed:
                closed.add(carrier.name)
            else:
                if label:
                    return {**label, "carrier": carrier.name}, closed
                if time.time() < asked + SETTLED:
                    closed.add(carrier.name)
        return None, closed

    async def _buy(self, order: Document, parcel: str, units: int, closed: set[str]) -> Document | None:
        """From the cheapest carrier that sells one. No carrier is asked twice before its look-up can be believed."""
        no = order["order_no"]
        for carrier, rate in await self._offers(order, parcel, units):
            if carrier.name in closed:
                continue
            asked, key = f"{parcel}/{carrier.name}", f"label/{parcel}/{rate['rate_id']}"
            body = {"order_no": no, "parcel_no": parcel, "rate_id": rate["rate_id"]}
            self._store.put("asked", asked, time.time())
            try:
                label = await carrier.once("POST /labels", body, key=key, order=no)
            except Unclear:
                closed.add(carrier.name)
            except Rejected as error:  # an offer that has expired, mostly: next time there are new ones
                if error.code != "already_done":
                    self._store.put("asked", asked, 0.0)
            else:
                return {**label, "carrier": carrier.name}
        return None

    def _asked(self, parcel: str) -> list[tuple[Partner, float]]:
        """The carriers that have sold a label for a parcel, or may have, and when they were asked for it."""
        asked = [(carrier, self._store.get("asked", f"{parcel}/{carrier.name}", 0.0)) for carrier in self._carriers]
        return [(carrier, when) for carrier, when in asked if when]

    async def _offers(self, order: Document, parcel: str, units: int) -> list[tuple[Partner, Document]]:
        """What carriers ask for a parcel, the cheapest first."""

        async def ask(carrier: Partner) -> list[tuple[Partner, Document]]:
            country = order["customer"]["country"]
            asked: dict[str, str | int] = {"order_no": order["order_no"], "parcel_no": parcel, "units": units}
            try:
                told = await carrier.get("/rates", **asked, country=country)
            except Failed:
                return []  # it does not sell today
            return [(carrier, rate) for rate in told["rates"]]

        offers = [offer for told in await asyncio.gather(*map(ask, self._carriers)) for offer in told]
        return sorted(offers, key=lambda offer: offer[1]["price"])

    async def _find_label(self, carrier: Partner, no: str, parcel: str) -> Document | None:
        label = await carrier.get(f"/labels/{_in_path(parcel)}", order_no=no)
        return label if label["id"] else None

    def _suspect_spare_labels(self, release: Release, parcel: str) -> None:
        body = {"order_no": release.order_no, "release_no": release.release_no, "parcel_no": parcel}
        self._take(Message(f"spare/{parcel}", f"spare/{parcel}", "spare_labels", body))

    async def _give_spare_labels_back(self, message: Message) -> None:
        """Every label of a parcel but the one that it carries."""
        no, parcel = message.body["order_no"], message.body["parcel_no"]
        release = self._release(message.body["release_no"])
        if release is None or release.stage == "accepted" or time.time() < release.since + SETTLED:
            raise NotYet(f"another label for {parcel} may still be bought, or show up")
        used = self._store.result(f"label/{parcel}") if release.stage in ON_THE_WAY else None
        for carrier in self._carriers:
            label = await self._find_label(carrier, no, parcel)
            if label and (used is None or label["tracking_no"] != used["tracking_no"]):
                body, path = {"order_no": no, "parcel_no": parcel}, f"/labels/{_in_path(label['id'])}/void"
                await self._step(f"void/{label['id']}", carrier, f"POST {path}", body, order=no)
                raise NotYet(f"a label for {parcel} was given back; {carrier.name} may have sold more than one")

    # What carriers tell.

    async def _milestone(self, message: Message) -> None:
        no, parcel, stage = message.body["order_no"], message.body["parcel_no"], message.body["stage"]
        if not self._store.result(f"invoice/{parcel}"):
            raise NotYet(f"{parcel} is not posted yet")
        body, path = {"order_no": no, "milestone": stage}, f"/parcels/{_in_path(parcel)}/milestones"
        await self._step(f"milestone/{parcel}/{stage}", self._erp, f"POST {path}", body, order=no)

    # Second thoughts.

    async def _cancellation(self, message: Message) -> None:
        """Labelled is too late. Only this order's lane attaches labels, so our books know it without a race."""
        no = message.body["order_no"]
        if not self._store.get("taken", no):
            raise NotYet(f"order {no} is not taken yet")
        order, cancelled = self._order(no), self._store.get("cancelled", no)
        if cancelled == "by us":  # it was turned down, and the shopper knows
            return
        if not cancelled and not await self._stopped(no):
            await self._answer(order, cancelled=False, reason="it is on its way already")
            return
        self._store.put("cancelled", no, "as wished")
        for need, waiting in self._store.all("waiting"):
            if waiting and waiting["order_no"] == no:
                self._wait(need, None)
        path = f"/sales-orders/{no}/cancellation"
        await self._step(f"cancel/{no}", self._erp, f"POST {path}", {"reason": "shopper"}, order=no)
        await self._answer(order, cancelled=True, reason="as wished")
        await self._refund(order, f"{no}/cancel", _worth(order), "cancelled")

    async def _stopped(self, no: str) -> bool:
        """Stop all releases of an order. Where one of them is too far gone, all go on: what was stopped, elsewhere."""
        if any(release.stage == "planned" for release in self._releases(no)):
            raise NotYet(f"a warehouse has not answered yet whether it ships {no}")
        late = any(release.stage in ON_THE_WAY for release in self._releases(no))
        for release in self._releases(no):
            if not late and release.stage == "accepted":
                late = not await self._stop(release)
        for release in self._releases(no):
            if late and release.stage == "stopped":
                await self._instead(release)
        return not late

    async def _stop(self, release: Release) -> bool:
        warehouse, path = self._by_name[release.warehouse], f"/releases/{_in_path(release.release_no)}/cancel"
        body, name = {"order_no": release.order_no}, f"stop/{release.release_no}"
        if "rejected" in await self._step(name, warehouse, f"POST {path}", body, order=release.order_no):
            return False
        self._stock.free(release.warehouse, release.lines)
        self._place(replace(release, stage="stopped"))
        return True

    async def _return_wanted(self, message: Message) -> None:
        no, wish = message.body["order_no"], message.body["wanted_back"]
        rma, warehouse = wish["rma_no"], self._store.get("invoiced", no)
        if not warehouse:
            raise NotYet(f"order {no} is not invoiced yet")
        body = {"order_no": no, "rma_no": rma, "lines": wish["lines"]}
        said = await self._step(f"authorise/{rma}", self._erp, "POST /returns", body, order=no)
        is_granted = "rejected" not in said
        if not is_granted and any(release.stage not in OVER for release in self._releases(no)):
            self._store.forget(f"authorise/{rma}")
            raise NotYet(f"{rma} may be about a parcel that is not invoiced yet")
        if is_granted:
            await self._step(f"expect/{rma}", self._by_name[warehouse], "POST /returns", body, order=no)
        answer, path = {"warehouse": warehouse if is_granted else ""}, f"/orders/{no}/returns/{_in_path(rma)}"
        await self._step(f"answer/{rma}", self._channel(self._order(no)), f"PUT {path}", answer, order=no)

    async def _return_received(self, message: Message) -> None:
        no, rma = message.body["order_no"], message.body["rma_no"]
        if not rma:
            why = f"goods came back to {message.body['warehouse']} unannounced"
            await self._exception(f"unannounced/{message.number}", no, "customer_service", why)
            return
        body = {"order_no": no, "rma_no": rma, "lines": message.body["lines"], "posted_at": message.at}
        credit = await self._step(f"credit/{rma}", self._erp, "POST /credit-memos", body, order=no)
        await self._refund(self._order(no), rma, credit["amount"], "returned")

    # Money and words.

    async def _answer(self, order: Document, *, cancelled: bool, reason: str) -> None:
        no, body = order["order_no"], {"cancelled": cancelled, "reason": reason}
        await self._step(f"answer/{no}", self._channel(order), f"PUT /orders/{no}/cancellation", body, order=no)

    async def _refund(self, order: Document, refund_no: str, amount: int, reason: str) -> None:
        no, channel = order["order_no"], self._channel(order)
        body = {"refund_no": refund_no, "amount": amount, "reason": reason}

        async def find() -> Document | None:
            refunds = (await channel.get(f"/orders/{no}"))["refunds"]
            return {"id": refund_no} if refund_no in refunds else None

        await self._step(f"refund/{refund_no}", channel, f"POST /orders/{no}/refunds", body, order=no, find=find)

    async def _tell(self, no: str, audience: str, subject: str, about: str) -> None:
        body = {"message_no": f"{no}/{subject}/{about}", "order_no": no, "audience": audience, "subject": subject}
        await self._step(f"told/{body['message_no']}", self._desk, "POST /messages", body, order=no)

    async def _exception(self, case_no: str, no: str, team: str, reason: str) -> None:
        body = {"case_no": case_no, "order_no": no, "team": team, "reason": reason}
        await self._step(f"case/{case_no}", self._erp, "POST /exceptions", body, order=no)

    # What every handler is made of.

    async def _step(
        self, name: str, partner: Partner, what: str, body: Document, *, order: str, find: Find | None = None
    ) -> Document:
        """One write, once. `find` gives what is there already; an answer of the trade is kept as {"rejected": code}."""
        known = self._store.result(name)
        if known is not None:
            return known
        if not self._store.begin(name) and find and (found := await find()) is not None:
            return self._store.record(name, found)
        try:
            reply = await partner.call(what, body, key=name, order=order, find=find)
        except Rejected as error:
            if error.code in ALREADY:
                reply = {"id": error.pointer}
            elif error.code in ANSWERS:
                reply = {"rejected": error.code}
            else:
                raise
        return self._store.record(name, reply)

    def _place(self, release: Release) -> Release:
        """Keep where a release stands."""
        release = replace(release, since=time.time())
        self._store.put("release", release.release_no, dict(vars(release)))
        return release

    def _release(self, release_no: str) -> Release | None:
        found = self._store.get("release", release_no)
        return Release(**found) if found else None

    def _releases(self, no: str) -> list[Release]:
        return [Release(**kept) for _, kept in self._store.all("release") if kept["order_no"] == no]

    def _order(self, no: str) -> Document:
        order: Document = self._store.get("order", no)
        return order

    def _channel(self, order: Document) -> Partner:
        return self._by_name[order["channel"]]


def _bare(lines: list[Document]) -> list[Document]:
    return [{"sku": line["sku"], "quantity": line["quantity"]} for line in lines]


def _worth(order: Document) -> int:
    return sum(line["quantity"] * line["unit_price"] for line in order["lines"])


def _in_path(number: str) -> str:
    """A number as it stands in a path: release numbers have a slash in them."""
    return quote(number, safe="")
