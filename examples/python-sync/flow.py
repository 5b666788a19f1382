"""The trade: what each message asks of an order, as steps of which each happens once.

A handler may run again from its beginning, after a crash or because a partner was away. `_step` makes that harmless:
what is recorded is not done again, what may have been done is looked up first, and every attempt has the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from partner import Find, Partner, Rejected, Unclear, clock
from stock import Stock
from store import Document, Message, Release, Store

DAY = 86_400.0
ANSWERS = {"insufficient_stock", "unknown_sku", "too_late", "not_sold", "over_returned"}
"""Refusals that are an answer of the trade: nothing is gained by asking again."""
ALREADY = {"already_exists", "already_cancelled"}
"""Refusals that say that an attempt before this one did it."""


class NotYet(Exception):
    """Something else has to come first; the message is tried again a little later."""


class Flow:
    """Works messages off. Raises NotYet, Unclear or Rejected where a message has to come again."""

    def __init__(self, store: Store, partners: list[Partner], stock: Stock) -> None:
        """The flow between these partners, remembered in the store."""
        self._store, self._stock = store, stock
        self._by_name = {partner.name: partner for partner in partners}
        self._erp = next(partner for partner in partners if partner.role == "erp")
        self._desk = next(partner for partner in partners if partner.role == "desk")
        self._carriers = [partner for partner in partners if partner.role == "carrier"]
        self._pool = ThreadPoolExecutor(8, "rates")
        self._handlers: dict[str, Callable[[Message], Any]] = {
            "placed": self._placed,
            "cancellation_requested": self._cancellation,
            "return_requested": self._return_wanted,
            "source": self._source_again,
            "void": self._void,
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

    def handle(self, message: Message) -> None:
        """Do what a message asks for; other events (a parcel in transit) ask for nothing."""
        handler = self._handlers.get(message.kind)
        if handler:
            handler(message)

    def ask_people(self, message: Message, why: str) -> None:
        """A message fails again and again: a person should know."""
        self._exception(f"stuck/{message.id}", message.body.get("order_no", ""), "integration_support", why)

    # Orders.

    def _placed(self, message: Message) -> None:
        order: Document = message.body["order"]
        no, customer = order["order_no"], order["customer"]
        self._store.put(f"order/{no}", order)
        self._stock.capture(no, order["lines"])
        self._step(f"ack/{no}", self._channel(order), f"POST /orders/{no}/acknowledgement", {}, order=no)
        known_by = {field: customer[field] for field in ("customer_no", "name", "email", "country")}
        self._step(f"customer/{no}", self._erp, "POST /customers", known_by, order=no)
        asked = {"order_no": no, "lines": order["lines"]}
        problems = self._step(f"check/{no}", self._erp, "POST /order-checks", asked, order=no)["problems"]
        wrong = [problem for problem in problems if problem["problem"] != "not_stocked"]
        goods: list[Document] = []
        if wrong:
            self._turn_down(order, wrong)
        else:
            self._enter(order)
            charges = {problem["sku"] for problem in problems}  # carriage and the like: invoiced, never shipped
            goods = [line for line in _bare(order["lines"]) if line["sku"] not in charges]
            if goods:
                self._source(order, goods, "first")
        self._stock.settle(no)
        self._store.put(f"taken/{no}", value=True)

    def _enter(self, order: Document) -> None:
        no = order["order_no"]
        body = {field: order[field] for field in ("order_no", "channel", "currency", "lines")}
        body["customer_no"] = order["customer"]["customer_no"]

        def find() -> Document | None:
            ids = self._erp.get(f"/sales-orders/{no}")["ids"]
            return {"id": ids[0]} if ids else None

        self._step(f"sales-order/{no}", self._erp, "POST /sales-orders", body, order=no, find=find)

    def _turn_down(self, order: Document, problems: list[Document]) -> None:
        """Unknown items or impossible prices: the shopper gets the money back, and finance has a look."""
        no = order["order_no"]
        reason = ", ".join(f"{problem['sku']}: {problem['problem']}" for problem in problems)
        self._answer(order, cancelled=True, reason=reason)
        self._refund(order, f"{no}/cancel", _worth(order), reason)
        self._exception(f"{no}/lines", no, "finance", reason)
        self._store.put(f"cancelled/{no}", value=True)

    # Sourcing.

    def _source(self, order: Document, lines: list[Document], why: str, excluded: Iterable[str] = ()) -> bool:
        """Release lines to the first warehouse that takes them all, else promise them for later."""
        no, tried, turn = order["order_no"], list(excluded), 0
        while True:
            turn += 1
            warehouse, release_no = self._plan(f"plan/{no}/{why}/{turn}", no, lines, tried)
            if not warehouse:
                self._backorder(order, lines, why)
                return False
            if self._release(order, Release(release_no, no, warehouse, lines, "accepted")):
                return True
            tried.append(warehouse)

    def _plan(self, name: str, no: str, lines: list[Document], tried: list[str]) -> tuple[str, str]:
        """A choice is kept before it is acted on: after a crash the same warehouse has to be asked again."""
        known = self._store.get(name)
        if known is None:
            count = self._store.get(f"releases/{no}", 0) + 1
            self._store.put(f"releases/{no}", count)
            known = [self._stock.best(lines, tried), f"{no}/R{count}"]
            self._store.put(name, known)
        return known[0], known[1]

    def _release(self, order: Document, release: Release) -> bool:
        no, release_no, warehouse = order["order_no"], release.release_no, self._by_name[release.warehouse]
        body = {"release_no": release_no, "order_no": no, "lines": release.lines}
        body |= {"country": order["customer"]["country"], "ship_by": order["ship_by"]}
        said = self._step(f"released/{release_no}", warehouse, "POST /releases", body, order=no)
        if "rejected" in said:
            return False
        if not self._store.release(release_no):
            self._stock.hold(release.warehouse, release.lines)
            self._store.place(release)
        booked = {"release_no": release_no, "warehouse": release.warehouse, "lines": release.lines}
        self._step(f"booked/{release_no}", self._erp, f"POST /sales-orders/{no}/releases", booked, order=no)
        return True

    def _backorder(self, order: Document, lines: list[Document], why: str) -> None:
        no = order["order_no"]
        ship_by = self._store.get(f"promise/{no}/{why}", clock.now + 5 * DAY)
        self._store.put(f"promise/{no}/{why}", ship_by)
        booked, path = {"lines": lines, "ship_by": ship_by}, f"/sales-orders/{no}/backorders"
        self._step(f"backorder/{no}/{why}", self._erp, f"POST {path}", booked, order=no)
        shown, path = {"ship_by": ship_by}, f"/orders/{no}/promise"
        self._step(f"promised/{no}/{why}", self._channel(order), f"PUT {path}", shown, order=no)
        self._tell(no, "customer", "backordered", why)
        self._tell(no, "service", "backordered-service", why)
        self._store.put(f"waiting/{no}", lines)

    def _source_again(self, message: Message) -> None:
        """Goods that waited: somebody may have them by now."""
        no, attempt = message.body["order_no"], message.body["attempt"]
        lines = self._store.get(f"waiting/{no}")
        if (
            lines
            and not self._store.get(f"cancelled/{no}")
            and self._source(self._order(no), lines, f"again-{attempt}")
        ):
            self._store.put(f"waiting/{no}", None)

    # What warehouses tell.

    def _fulfilment(self, message: Message) -> None:
        no, state = message.body["order_no"], message.body["state"]
        release = self._store.release(message.body["release_no"])
        if not release:
            raise NotYet(f"release {message.body['release_no']} is not ours yet")
        if release.stage in ("shipped", "stopped", "given up"):  # news that came late
            return
        if state["stage"] == "packed":
            self._packed(self._order(no), release, state)
        elif state["stage"] == "shipped":
            self._dispatched(self._order(no), release, state)
        elif state["stage"] in ("rejected", "cancelled"):  # the warehouse gave it up: the next one
            excluded = [release.warehouse] if state["stage"] == "rejected" else []
            self._source(self._order(no), release.lines, f"instead-of-{release.release_no}", excluded)
            self._store.place(replace(release, stage="given up"))

    def _packed(self, order: Document, release: Release, state: Document) -> None:
        no, parcel = order["order_no"], state["parcel_no"]
        label = self._label(order, parcel, sum(line["quantity"] for line in state["packed"]))
        body = {"order_no": no, "parcel_no": parcel, "carrier": label["carrier"], "tracking_no": label["tracking_no"]}
        path = f"/releases/{quote(release.release_no, safe='')}/label"
        self._step(f"attach/{parcel}", self._by_name[release.warehouse], f"POST {path}", body, order=no)
        self._store.place(replace(release, stage="labelled"))
        self._source_the_rest(order, release, state)

    def _source_the_rest(self, order: Document, release: Release, state: Document) -> None:
        """What was not found on the shelf comes from elsewhere, or later; each webhook of a parcel may be the last."""
        if state["short"]:
            self._source(order, state["short"], f"rest-of-{release.release_no}", [release.warehouse])

    def _dispatched(self, order: Document, release: Release, state: Document) -> None:
        no, parcel = order["order_no"], state["parcel_no"]
        lines, at = state["packed"], state["at"]
        seen = {"parcel_no": parcel, "carrier": state["carrier"], "tracking_no": state["tracking_no"], "lines": lines}
        self._step(f"confirm/{parcel}", self._channel(order), f"POST /orders/{no}/shipments", seen, order=no)
        self._tell(no, "customer", "shipped", parcel)
        gone = {"order_no": no, "parcel_no": parcel, "warehouse": release.warehouse, "lines": lines, "shipped_at": at}
        self._step(f"shipment/{parcel}", self._erp, "POST /shipments", gone, order=no)
        owed = {"order_no": no, "parcel_no": parcel, "posted_at": at}
        self._step(f"invoice/{parcel}", self._erp, "POST /invoices", owed, order=no)
        self._store.put(f"invoiced/{no}", release.warehouse)
        self._source_the_rest(order, release, state)
        self._store.place(replace(release, stage="shipped"))

    def _adjusted(self, message: Message) -> None:
        """Stock moved: the ERP books what was not a parcel of ours leaving."""
        moved = message.body
        if moved["reason"] != "shipped":
            name = f"movement/{moved['movement_no']}"
            body = {field: moved[field] for field in ("movement_no", "warehouse", "moves", "reason", "order_no")}
            self._step(name, self._erp, "POST /stock-movements", body, order=moved["order_no"])

    # Labels.

    def _label(self, order: Document, parcel: str, units: int) -> Document:
        """From the cheaper carrier, or from the other one. What one may have sold all the same is given back."""
        name, no = f"label/{parcel}", order["order_no"]
        sold = self._store.result(name)
        if sold is None and not self._store.begin(name):
            sold = self._bought_before(no, parcel)
        suspects: list[str] = []
        for rate in [] if sold else self._offers(order, parcel, units):
            sold = self._buy(rate, no, parcel, suspects)
            if sold:
                break
        if not sold:
            raise NotYet(f"no carrier sells a label for {parcel}")
        for carrier in suspects:
            self._give_back(no, parcel, carrier)
        return self._store.record(name, sold)

    def _buy(self, rate: Document, no: str, parcel: str, suspects: list[str]) -> Document | None:
        carrier: Partner = rate["carrier"]
        body = {"order_no": no, "parcel_no": parcel, "rate_id": rate["rate_id"]}
        try:
            label = carrier.call(
                "POST /labels", body, key=f"label/{parcel}", order=no,
                find=lambda: self._find_label(carrier, no, parcel),
            )  # fmt: skip
        except Unclear:
            suspects.append(carrier.name)
        except Rejected as error:
            if error.code == "already_done":  # by an attempt whose reply was lost; any other refusal sells nothing
                suspects.append(carrier.name)
        else:
            return {**label, "carrier": carrier.name}
        return None

    def _offers(self, order: Document, parcel: str, units: int) -> list[Document]:
        def ask(carrier: Partner) -> list[Document]:
            country = order["customer"]["country"]
            try:
                told = carrier.get("/rates", order_no=order["order_no"], parcel_no=parcel, units=units, country=country)
            except (Unclear, Rejected):
                return []  # it does not sell today
            return [{**rate, "carrier": carrier} for rate in told["rates"]]

        offers = [rate for rates in self._pool.map(ask, self._carriers) for rate in rates]
        return sorted(offers, key=lambda rate: rate["price"])

    def _bought_before(self, no: str, parcel: str) -> Document | None:
        """A carrier that cannot be asked may have sold one, so nothing is bought before all have answered."""
        found = [(carrier.name, self._find_label(carrier, no, parcel)) for carrier in self._carriers]
        labels = [{**label, "carrier": name} for name, label in found if label]
        for label in labels[1:]:
            self._give_back(no, parcel, label["carrier"])
        return labels[0] if labels else None

    def _find_label(self, carrier: Partner, no: str, parcel: str) -> Document | None:
        label = carrier.get(f"/labels/{quote(parcel, safe='')}", order_no=no)
        return label if label["id"] else None

    def _give_back(self, no: str, parcel: str, carrier: str) -> None:
        body = {"order_no": no, "parcel_no": parcel, "carrier": carrier}
        self._store.take(f"void/{carrier}/{parcel}", f"void/{parcel}", "void", body)

    def _void(self, message: Message) -> None:
        no, parcel = message.body["order_no"], message.body["parcel_no"]
        carrier = self._by_name[message.body["carrier"]]
        label = self._find_label(carrier, no, parcel)
        if label:
            body, path = {"order_no": no, "parcel_no": parcel}, f"/labels/{quote(label['id'], safe='')}/void"
            self._step(f"void/{label['id']}", carrier, f"POST {path}", body, order=no)

    # What carriers tell.

    def _milestone(self, message: Message) -> None:
        no, parcel, stage = message.body["order_no"], message.body["parcel_no"], message.body["stage"]
        if not self._store.result(f"invoice/{parcel}"):
            raise NotYet(f"{parcel} is not posted yet")
        body, path = {"order_no": no, "milestone": stage}, f"/parcels/{quote(parcel, safe='')}/milestones"
        self._step(f"milestone/{parcel}/{stage}", self._erp, f"POST {path}", body, order=no)

    # Second thoughts.

    def _cancellation(self, message: Message) -> None:
        """Labelled is too late. Only this order's lane attaches labels, so our books know it without a race."""
        no = message.body["order_no"]
        if not self._store.get(f"taken/{no}"):
            raise NotYet(f"order {no} is not taken yet")
        if self._store.get(f"cancelled/{no}") and not self._store.result(f"cancel/{no}"):
            return  # we had turned it down ourselves
        order, releases = self._order(no), self._store.releases(no)
        late = any(release.stage in ("labelled", "shipped") for release in releases) or not self._stop(releases)
        if not late:
            path = f"/sales-orders/{no}/cancellation"
            self._step(f"cancel/{no}", self._erp, f"POST {path}", {"reason": "shopper"}, order=no)
            self._store.put(f"cancelled/{no}", value=True)
        self._answer(order, cancelled=not late, reason="it is on its way already" if late else "as wished")
        if not late:
            self._refund(order, f"{no}/cancel", _worth(order), "cancelled")

    def _stop(self, releases: list[Release]) -> bool:
        """Stop all that can still be stopped; false where one of them is too far gone."""
        for release in releases:
            if release.stage != "accepted":
                continue
            path, warehouse = f"/releases/{quote(release.release_no, safe='')}/cancel", self._by_name[release.warehouse]
            body, no = {"order_no": release.order_no}, release.order_no
            name = f"stop/{release.release_no}"
            if "rejected" in self._step(name, warehouse, f"POST {path}", body, order=no):
                return False
            self._stock.free(release.warehouse, release.lines)
            self._store.place(replace(release, stage="stopped"))
        return True

    def _return_wanted(self, message: Message) -> None:
        no, wish = message.body["order_no"], message.body["wanted_back"]
        rma, warehouse = wish["rma_no"], self._store.get(f"invoiced/{no}")
        if not warehouse:
            raise NotYet(f"order {no} is not invoiced yet")
        body = {"order_no": no, "rma_no": rma, "lines": wish["lines"]}
        said = self._step(f"authorise/{rma}", self._erp, "POST /returns", body, order=no)
        granted = "rejected" not in said
        if granted:
            self._step(f"expect/{rma}", self._by_name[warehouse], "POST /returns", body, order=no)
        answer, path = {"warehouse": warehouse if granted else ""}, f"/orders/{no}/returns/{quote(rma, safe='')}"
        self._step(f"answer/{rma}", self._channel(self._order(no)), f"PUT {path}", answer, order=no)

    def _return_received(self, message: Message) -> None:
        no, rma = message.body["order_no"], message.body["rma_no"]
        if not rma:
            why = f"goods came back to {message.body['warehouse']} unannounced"
            self._exception(f"unannounced/{message.id}", no, "customer_service", why)
            return
        at = self._store.get(f"posted/{rma}", clock.now)  # a repeat under the same key has to say the same
        self._store.put(f"posted/{rma}", at)
        body = {"order_no": no, "rma_no": rma, "lines": message.body["lines"], "posted_at": at}
        credit = self._step(f"credit/{rma}", self._erp, "POST /credit-memos", body, order=no)
        self._refund(self._order(no), rma, credit["amount"], "returned")

    # Money and words.

    def _answer(self, order: Document, *, cancelled: bool, reason: str) -> None:
        no, body = order["order_no"], {"cancelled": cancelled, "reason": reason}
        self._step(f"answer/{no}", self._channel(order), f"PUT /orders/{no}/cancellation", body, order=no)

    def _refund(self, order: Document, refund_no: str, amount: int, reason: str) -> None:
        no, channel = order["order_no"], self._channel(order)
        body = {"refund_no": refund_no, "amount": amount, "reason": reason}

        def find() -> Document | None:
            return {"id": refund_no} if refund_no in channel.get(f"/orders/{no}")["refunds"] else None

        self._step(f"refund/{refund_no}", channel, f"POST /orders/{no}/refunds", body, order=no, find=find)

    def _tell(self, no: str, audience: str, subject: str, about: str) -> None:
        body = {"message_no": f"{no}/{subject}/{about}", "order_no": no, "audience": audience, "subject": subject}
        self._step(f"told/{body['message_no']}", self._desk, "POST /messages", body, order=no)

    def _exception(self, case_no: str, no: str, team: str, reason: str) -> None:
        body = {"case_no": case_no, "order_no": no, "team": team, "reason": reason}
        self._step(f"case/{case_no}", self._erp, "POST /exceptions", body, order=no)

    # What every handler is made of.

    def _step(
        self, name: str, partner: Partner, what: str, body: Document, *, order: str, find: Find | None = None
    ) -> Document:
        """One write, once. `find` gives what is there already; an answer of the trade is kept as {"rejected": code}."""
        known = self._store.result(name)
        if known is not None:
            return known
        if not self._store.begin(name) and find and (found := find()) is not None:
            return self._store.record(name, found)
        try:
            reply = partner.call(what, body, key=name, order=order, find=find)
        except Rejected as error:
            if error.code in ALREADY:
                reply = {"id": error.pointer}
            elif error.code in ANSWERS:
                reply = {"rejected": error.code}
            else:
                raise
        return self._store.record(name, reply)

    def _order(self, no: str) -> Document:
        order: Document = self._store.get(f"order/{no}")
        return order

    def _channel(self, order: Document) -> Partner:
        return self._by_name[order["channel"]]


def _bare(lines: list[Document]) -> list[Document]:
    return [{"sku": line["sku"], "quantity": line["quantity"]} for line in lines]


def _worth(order: Document) -> int:
    return sum(line["quantity"] * line["unit_price"] for line in order["lines"])
