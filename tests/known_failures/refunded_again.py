"""News of a refund that is under way comes a second time, finds no refund yet, and the money goes out twice
(woocommerce/woocommerce-paypal-payments#522, woocommerce/woocommerce-gateway-stripe#838).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from over_http import Api, Document, Handle, sweep, worth

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea, Webhook


async def bad(sea: Sea) -> None:
    """The refund is written down when it is made; until then each delivery makes one, with a number of its own."""
    shop = Api(sea, "storefront")

    async def refund(order: Document) -> None:
        number = order["order_no"]
        if await sea.database.get(f"refunded/{number}") is None:
            await give_back(shop, order, key=str(uuid4()))
            await sea.database.put(f"refunded/{number}", "done")

    await answer_wishes(sea, shop, refund)


async def good(sea: Sea) -> None:
    """Whoever asks for it asks for the same refund: its number is that of the wish, not that of the delivery."""
    shop = Api(sea, "storefront")

    async def refund(order: Document) -> None:
        await give_back(shop, order, key=f"{order['order_no']}/cancel")

    await answer_wishes(sea, shop, refund)


async def give_back(shop: Api, order: Document, key: str) -> None:
    """The whole worth of an order, until the shop has answered."""
    body = {"refund_no": f"{order['order_no']}/cancel", "amount": worth(order), "reason": "cancelled"}
    await shop.insist("POST", f"/orders/{order['order_no']}/refunds", body, key=key)


async def answer_wishes(sea: Sea, shop: Api, refund: Handle[Document]) -> None:
    """Remember orders; cancel those whose shoppers want out, and refund them."""

    async def take(change: Document) -> None:
        number = change["order_no"]
        if change["kind"] == "placed":
            await sea.database.put(f"order/{number}", change["order"])
            return
        order = await sea.database.get(f"order/{number}")
        if order is None:
            raise LookupError(number)  # no 2xx: it comes again, after its order
        answer = {"cancelled": True, "reason": "as wished"}
        await shop.insist("PUT", f"/orders/{number}/cancellation", answer, key=f"{number}/answer")
        await refund(order)

    async def told(webhook: Webhook) -> None:
        await take(webhook.json()["body"])

    sea.webhooks(told)
    await sweep(shop, take)
