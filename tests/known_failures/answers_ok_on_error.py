"""The handler logs an error and answers 200 all the same: nobody brings the order again
(Vets-Who-Code/vets-who-code-app#1200).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from over_http import Api, Document, Handle, Unclear, customer, sales_order, sweep
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea

log = logging.getLogger("shop")


async def bad(sea: Sea) -> None:
    """The order is noted as taken before it is entered, and what goes wrong then is logged."""
    erp = Api(sea, "erp")

    async def take(change: Document) -> None:
        if not await sea.database.insert(change["change_no"], "taken"):
            return
        try:
            await _enter(erp, change["order"])
        except Unclear:
            log.exception("order %s", change["order_no"])

    sea.webhooks(_app(take))
    await sweep(Api(sea, "storefront"), take)


async def good(sea: Sea) -> None:
    """The order is noted once it is entered; until then the shop gets no 2xx, and brings it again."""
    erp = Api(sea, "erp")

    async def take(change: Document) -> None:
        if await sea.database.get(change["change_no"]) is None:
            await _enter(erp, change["order"])
            await sea.database.put(change["change_no"], "entered")

    sea.webhooks(_app(take))
    await sweep(Api(sea, "storefront"), take)


def _app(take: Handle[Document]) -> Starlette:
    async def placed(request: Request) -> Response:
        try:
            await take((await request.json())["body"])
        except Unclear:
            return Response(status_code=503)
        return Response(status_code=200)

    return Starlette(routes=[Route("/webhooks/storefront", placed, methods=["POST"])])


async def _enter(erp: Api, order: Document) -> None:
    """One attempt; the number of the order is its key, however often it is brought."""
    await erp.once("POST", "/customers", customer(order))
    await erp.once("POST", "/sales-orders", sales_order(order), key=order["order_no"])
