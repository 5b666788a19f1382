"""What can be asked of the ERP: customers, items and prices, sales orders, the stock book, shipments and money.

A long file, because all messages of one partner stand together. An ERP of the legacy character answers writes to
orders, stock and money with `queued`: the id is that of its queue entry. An amount is then known for a credit memo
only, which is priced at once; everything else is found out in the next batch window.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from seatrial.mocks.messages.orders import OrderLine, Units
from seatrial.sim.operation import Request

Team = Literal["customer_service", "logistics", "finance", "integration_support"]
"""Business teams that own exception queues."""


class CustomerSaved(msgspec.Struct, frozen=True, gc=False):
    """The customer is in the ERP."""

    id: str
    """The ERP's number of the customer."""


class SaveCustomer(Request[CustomerSaved], frozen=True):
    """Create a customer, or update the one with this number."""

    customer_no: str
    """The channel's number for this customer."""
    name: str
    """Full name."""
    email: str
    """Address for messages."""
    country: str
    """Country."""


class LineProblem(msgspec.Struct, frozen=True, gc=False):
    """Why a line cannot be ordered as it stands."""

    sku: str
    """Stock keeping unit."""
    problem: Literal["unknown_item", "wrong_price", "not_stocked"]
    """What is wrong with it. `not_stocked` (carriage, charges) can be ordered and invoiced, never released."""
    list_price: int
    """The ERP's price in minor units; 0 where it has none."""


class LinesChecked(msgspec.Struct, frozen=True, gc=False):
    """What the ERP finds wrong with the lines of an order; nothing: they are good."""

    problems: tuple[LineProblem, ...] = ()
    """One for every bad line."""


class CheckLines(Request[LinesChecked], frozen=True):
    """Check items and prices of an order against the ERP's master data."""

    order_no: str
    """Order number."""
    lines: tuple[OrderLine, ...]
    """Its lines."""


class SalesOrderCreated(msgspec.Struct, frozen=True, gc=False):
    """The sales order is in the ERP, or in its queue for the next batch window."""

    id: str
    """The ERP's number of the sales order."""
    queued: bool = False
    """Whether it waits for the next batch window; the id is then that of the queue entry."""


class CreateSalesOrder(Request[SalesOrderCreated], frozen=True):
    """Enter a channel's order as a sales order."""

    order_no: str
    """The channel's order number."""
    channel: str
    """Name of the channel."""
    customer_no: str
    """The channel's number for the customer."""
    currency: str
    """ISO 4217 code."""
    lines: tuple[OrderLine, ...]
    """What was bought."""


class SalesOrderState(msgspec.Struct, frozen=True, gc=False):
    """What the ERP holds under an order number."""

    ids: tuple[str, ...] = ()
    """Live sales orders with this number, oldest first; more than one is a duplicate."""
    state: str = ""
    """State of the oldest live one, or of the oldest: entered, released, backordered, part_shipped, shipped, closed,
    cancelled; empty: there is none."""
    failed: tuple[str, ...] = ()
    """Queue entries with this number that a batch window could not commit, and why; each is also a case of finance."""


class FindSalesOrder(Request[SalesOrderState], frozen=True):
    """Look a sales order up by the channel's order number: the look-up before a repeated create."""

    order_no: str
    """The channel's order number."""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """The ERP took note."""

    id: str
    """The document it was noted on."""
    queued: bool = False
    """Whether it waits for the next batch window; the id is then that of the queue entry."""


class RecordRelease(Request[Recorded], frozen=True):
    """Book which warehouse ships which part of an order: the ERP allocates its stock book accordingly.

    Units that an older release holds are moved to this one: the older release is taken for dead.
    """

    order_no: str
    """Order number."""
    release_no: str
    """Release number."""
    warehouse: str
    """Name of the warehouse."""
    lines: tuple[Units, ...]
    """What it ships."""


class RecordBackorder(Request[Recorded], frozen=True):
    """Book that part of an order waits for stock."""

    order_no: str
    """Order number."""
    lines: tuple[Units, ...]
    """What waits."""
    ship_by: float
    """New promise date, second of the run."""


class CancelSalesOrder(Request[Recorded], frozen=True):
    """Cancel what has not shipped of a sales order; `id` names one of several duplicates and spares the others."""

    order_no: str
    """Order number."""
    reason: str
    """Why."""
    id: str = ""
    """One sales order of several with this number; empty: all of them."""


class RecordMilestone(Request[Recorded], frozen=True):
    """Book that a parcel was delivered, came back or had an exception; its shipment has to be posted."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number."""
    milestone: str
    """The carrier's milestone (`delivered`, `return_to_sender`, ...)."""


class ShipmentPosted(msgspec.Struct, frozen=True, gc=False):
    """The goods issue is booked."""

    id: str
    """The ERP's number of the shipment."""
    queued: bool = False
    """Whether it waits for the next batch window; the id is then that of the queue entry."""


class PostShipment(Request[ShipmentPosted], frozen=True):
    """Book a parcel as shipped: cost of goods against stock. More than was ordered is rejected (`over_shipped`)."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number: one shipment a parcel."""
    warehouse: str
    """Where it left."""
    lines: tuple[Units, ...]
    """What was in it."""
    shipped_at: float
    """Second of the run: the posting date."""


class InvoicePosted(msgspec.Struct, frozen=True, gc=False):
    """The invoice is booked."""

    id: str
    """The ERP's number of the invoice."""
    amount: int = 0
    """Minor units."""
    queued: bool = False
    """Whether it waits for the next batch window; the id is then that of the queue entry."""


class PostInvoice(Request[InvoicePosted], frozen=True):
    """Invoice a posted shipment: receivables against revenue. Without shipment it is rejected (`not_shipped`)."""

    order_no: str
    """Order number."""
    parcel_no: str
    """Parcel number: one invoice a parcel."""
    posted_at: float
    """Second of the run: the posting date."""


class CreditPosted(msgspec.Struct, frozen=True, gc=False):
    """The credit memo is booked."""

    id: str
    """The ERP's number of the credit memo."""
    amount: int = 0
    """Minor units."""
    queued: bool = False
    """Whether it waits for the next batch window; the id is then that of the queue entry."""


class PostCredit(Request[CreditPosted], frozen=True):
    """Credit returned goods at the price they were invoiced at: revenue against receivables.

    More than was invoiced and not credited yet is rejected (`over_credited`).
    """

    order_no: str
    """Order number."""
    rma_no: str
    """Return number: one credit memo a return."""
    lines: tuple[Units, ...]
    """What came back."""
    posted_at: float
    """Second of the run: the posting date."""


class ReturnAuthorised(msgspec.Struct, frozen=True, gc=False):
    """The return is known to the ERP."""

    id: str
    """The ERP's number of the return."""
    amount: int
    """What the goods were invoiced at, minor units."""


class AuthoriseReturn(Request[ReturnAuthorised], frozen=True):
    """Check a return against what was invoiced and record it; rejected where the goods were never sold."""

    order_no: str
    """Order number."""
    rma_no: str
    """Return number."""
    lines: tuple[Units, ...]
    """What the shopper wants to send back."""


class StockPosted(msgspec.Struct, frozen=True, gc=False):
    """The stock book is changed."""

    id: str
    """Number of the journal entry."""
    queued: bool = False
    """Whether it waits for the next batch window; the id is then that of the queue entry."""


class PostMovement(Request[StockPosted], frozen=True):
    """Change the stock book of a warehouse by deltas. What left in a parcel is booked by `PostShipment` and not again
    here: the reason `shipped` is rejected (`goods_issue`).
    """

    movement_no: str
    """The warehouse's number of the movement: one posting a movement."""
    warehouse: str
    """Whose stock."""
    moves: tuple[Units, ...]
    """SKUs and units, negative for what left."""
    reason: str
    """Why: received, restocked, shrunk, counted."""
    order_no: str = ""
    """Order number, where there is one."""


class StockCorrected(msgspec.Struct, frozen=True, gc=False):
    """The stock book agrees with a snapshot."""

    id: str
    """Number of the journal entry."""
    corrected: int = 0
    """SKUs whose level changed."""
    queued: bool = False
    """Whether it waits for the next batch window; the id is then that of the queue entry."""


class CorrectStock(Request[StockCorrected], frozen=True):
    """Set the stock book of a warehouse to counted levels (reconciliation)."""

    warehouse: str
    """Whose stock."""
    sequence: int
    """Rising number of the correction, for partners whose conduct guards the order."""
    levels: tuple[Units, ...]
    """SKUs and their on hand units."""


class StockPage(msgspec.Struct, frozen=True, gc=False):
    """A page of the stock book, by SKU."""

    levels: tuple[Units, ...] = ()
    """SKUs and their on hand units in the book."""
    cursor: str = ""
    """Where the next page begins; empty: there is none."""


class ListStock(Request[StockPage], frozen=True):
    """The stock book of a warehouse."""

    warehouse: str
    """Whose stock."""
    cursor: str = ""
    """Where to begin."""
    limit: int = 500
    """SKUs on a page, at most."""


class ExceptionOpened(msgspec.Struct, frozen=True, gc=False):
    """A person will look at it."""

    id: str
    """Number of the exception record."""


class OpenException(Request[ExceptionOpened], frozen=True):
    """Put a case into a business team's exception queue."""

    case_no: str
    """Business key: one record a case."""
    order_no: str
    """Order number; empty where there is none."""
    team: Team
    """Who has to act."""
    reason: str
    """What is wrong, in a word."""


class CloseException(Request[Recorded], frozen=True):
    """The case has been solved."""

    case_no: str
    """Business key of the case."""
    order_no: str = ""
    """Order number; empty where there is none."""
