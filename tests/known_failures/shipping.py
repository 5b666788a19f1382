"""What the pairs about parcels share: orders of the storefront go to a warehouse, whose news is passed on.

News comes by webhook, any number of times; what no webhook told is asked for. Whoever is passed it may get it again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from over_http import Api, Document, Handle, Inbox, Refused, Unclear, sweep

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea, Webhook

_NEWS = ("fulfilment.packed", "fulfilment.rejected", "fulfilment.shorted", "shipment.dispatched")
_ENDS = ("shipped", "rejected")
SILENCE = 4.0
"""Seconds after which a warehouse is asked about the releases that it has not shipped."""


async def ship(sea: Sea, packed: Handle[Document], shipped: Handle[Document]) -> None:
    """Release orders to the warehouse north; `packed` and `shipped` take its `{release_no, order_no, state}`."""
    shop, north = Api(sea, "storefront"), Api(sea, "north")

    async def work(change: Document) -> None:
        await release(north, change["order"])
        await sea.database.put(f"under way/{change['order_no']}", units_of(change["order"]))

    inbox = Inbox(sea, work)

    async def tell(news: Document) -> None:
        stage = news["state"]["stage"]
        if stage == "packed":
            await packed(news)
            return
        if stage == "shipped":
            await shipped(news)
        elif stage == "rejected":  # nothing of it is there
            answer = {"cancelled": True, "reason": "out of stock"}
            await shop.insist("PUT", f"/orders/{news['order_no']}/cancellation", answer)
        if stage in _ENDS:
            await sea.database.delete(f"under way/{news['order_no']}")

    async def told(webhook: Webhook) -> None:
        if webhook.event == "order.placed":
            await inbox.take(webhook.json()["body"])
        elif webhook.event in _NEWS:
            await tell(webhook.json()["body"])

    sea.webhooks(told)
    await asyncio.gather(inbox.work(), _ask(sea, north, tell), sweep(shop, inbox.take))


async def _ask(sea: Sea, north: Api, tell: Handle[Document]) -> None:
    """Ask after releases that have not been shipped, for what no webhook told."""
    while True:
        await asyncio.sleep(SILENCE)
        for name, _ in await sea.database.items("under way/"):
            number = name.removeprefix("under way/")
            state = await north.get(f"/releases/{number}")
            with suppress(Unclear, Refused):  # the next round asks again
                await tell({"release_no": number, "order_no": number, "state": state})


async def release(north: Api, order: Document) -> None:
    """Release a whole order under its own number; one that the warehouse has already is as good."""
    body = {"release_no": order["order_no"], "order_no": order["order_no"], "lines": units_of(order)}
    try:
        await north.insist(
            "POST", "/releases", body | {"country": order["customer"]["country"], "ship_by": order["ship_by"]}
        )
    except Refused as error:
        if error.code != "already_exists":
            raise


def units_of(order: Document) -> list[Document]:
    """What was ordered, without its price."""
    return [{"sku": line["sku"], "quantity": line["quantity"]} for line in order["lines"]]


async def offer(falcon: Api, news: Document) -> Document:
    """The cheapest offer for a packed parcel, as it can be bought."""
    order, parcel = news["order_no"], news["state"]["parcel_no"]
    units = sum(line["quantity"] for line in news["state"]["packed"])
    rates = await falcon.get("/rates", order_no=order, parcel_no=parcel, units=units, country="United Kingdom")
    return {"order_no": order, "parcel_no": parcel, "rate_id": rates["rates"][0]["rate_id"]}


async def attach(north: Api, news: Document, label: Document) -> None:
    """Stick a label of the carrier falcon on a parcel."""
    body = {"order_no": news["order_no"], "parcel_no": news["state"]["parcel_no"], "carrier": "falcon"}
    path = f"/releases/{news['release_no']}/label"
    await north.insist("POST", path, body | {"tracking_no": label["tracking_no"]}, key=f"attach/{label['id']}")


async def buy_once(sea: Sea, falcon: Api, news: Document) -> Document:
    """The label of a parcel. What is going to be bought is written down first, so that every attempt is the same."""
    plan = f"plan/{news['state']['parcel_no']}"
    if await sea.database.get(plan) is None:
        await sea.database.insert(plan, await offer(falcon, news))
    return await falcon.insist("POST", "/labels", await sea.database.get(plan), key=plan)


def confirmation(news: Document) -> Document:
    """What a channel is told of a parcel that has left."""
    state = news["state"]
    told = {name: state[name] for name in ("parcel_no", "carrier", "tracking_no")}
    return {**told, "order_no": news["order_no"], "lines": state["packed"]}


def confirm(shop: Api) -> Handle[Document]:
    """Tells a shop that a parcel has left, until it knows."""

    async def shipped(news: Document) -> None:
        path = f"/orders/{news['order_no']}/shipments"
        await shop.insist("POST", path, confirmation(news), key=f"confirm/{news['state']['parcel_no']}")

    return shipped
