"""The ERP enters an order and its answer is late: the sync that timed out sends the order again (odoo/odoo#40567)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from over_http import Api, Document, Unclear, customer, follow, sales_order
from tenacity import retry, retry_if_exception_type, wait_random_exponential

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea

until_answered = retry(retry=retry_if_exception_type(Unclear), wait=wait_random_exponential(multiplier=0.2, max=2.0))


async def bad(sea: Sea) -> None:
    """The retry is a new order to the ERP: nothing says that it is the one of before."""
    erp = Api(sea, "erp")

    @until_answered
    async def push(order: Document) -> None:
        await erp.once("POST", "/sales-orders", sales_order(order))

    async def take(change: Document) -> None:
        await erp.insist("POST", "/customers", customer(change["order"]))
        await push(change["order"])

    await follow(sea, Api(sea, "marketplace"), take)


async def good(sea: Sea) -> None:
    """Every attempt carries the number of the order, by which the ERP knows it again."""
    erp = Api(sea, "erp")

    @until_answered
    async def push(order: Document) -> None:
        await erp.once("POST", "/sales-orders", sales_order(order), key=order["order_no"])

    async def take(change: Document) -> None:
        await erp.insist("POST", "/customers", customer(change["order"]))
        await push(change["order"])

    await follow(sea, Api(sea, "marketplace"), take)
