"""The ERP: customers, items and prices, sales orders, the stock book, shipments, and money in double entry.

A long file, because a partner is one file and an ERP can be asked for eighteen things; what they do to the books is in
the books.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from operator import attrgetter
from typing import Any, Final, get_args

from simpy.events import Timeout

from seatrial.mocks.books.batch_window import Batched, Tray
from seatrial.mocks.books.erp_settings import ErpSettings
from seatrial.mocks.books.exception_queue import Case, ExceptionQueue
from seatrial.mocks.books.general_ledger import Account, GeneralLedger
from seatrial.mocks.books.item_master import ItemMaster
from seatrial.mocks.books.order_line import tally
from seatrial.mocks.books.posting_calendar import NightGate, PostingPeriods
from seatrial.mocks.books.sales_order import MOVES, Bill, Parcel, SalesOrder
from seatrial.mocks.books.sales_orders import SalesOrders
from seatrial.mocks.books.stock_book import StockBook
from seatrial.mocks.books.valued_stock import ValuedStock
from seatrial.mocks.messages.carrier import Stage
from seatrial.mocks.messages.erp import (
    AuthoriseReturn,
    CancelSalesOrder,
    CheckLines,
    CloseException,
    CorrectStock,
    CreateSalesOrder,
    CreditPosted,
    CustomerSaved,
    ExceptionOpened,
    FindSalesOrder,
    InvoicePosted,
    LinesChecked,
    ListStock,
    OpenException,
    PostCredit,
    PostInvoice,
    PostMovement,
    PostShipment,
    RecordBackorder,
    Recorded,
    RecordMilestone,
    RecordRelease,
    ReturnAuthorised,
    SalesOrderCreated,
    SalesOrderState,
    SaveCustomer,
    ShipmentPosted,
    StockCorrected,
    StockPage,
    StockPosted,
    Team,
)
from seatrial.mocks.messages.orders import Units
from seatrial.sim.conduct import Conduct
from seatrial.sim.door import Door, Gate
from seatrial.sim.errors import Rejected
from seatrial.sim.events import Event
from seatrial.sim.ground import Ground
from seatrial.sim.operation import Operation, Request, operation
from seatrial.sim.partner import Partner

REASONS: Final[Mapping[str, Account]] = {
    "received": Account.GOODS_RECEIVED,
    "restocked": Account.COST_OF_GOODS,
    "shrunk": Account.STOCK_DIFFERENCES,
    "counted": Account.STOCK_DIFFERENCES,
}
"""Why stock moves without a shipment, and the account on the other side."""
STAGES: Final = get_args(Stage)
DATED: Final[Mapping[type, Callable[[Any], float]]] = {
    PostShipment: attrgetter("shipped_at"),
    PostInvoice: attrgetter("posted_at"),
    PostCredit: attrgetter("posted_at"),
}
"""Posting dates, which a locked period refuses."""


class Erp(Partner):
    """Keeps the books of the trade. It looks for no repeats: what is posted twice is booked twice (see `conduct`).

    A sales order is *entered*, *released* or *backordered*, *part_shipped*, *shipped*, *closed* (all that was shipped
    is invoiced) or *cancelled*; what may follow on what is the table `MOVES` of the sales order. A shipment needs
    what was released or promised, an invoice a posted shipment, a credit memo an invoice.

    The legacy character takes most writes into a tray (`queued` in the reply) and books them in batch windows. An
    entry that cannot be booked then becomes a case of finance, and is listed by FindSalesOrder until it is closed.

    Raises Rejected: 404 `unknown_order`, `unknown_sales_order`, `unknown_case` · 409 `wrong_state`,
    `already_cancelled`, `not_shipped` · 503 `closed_for_the_night` · 422 `bad_line`, `unknown_item`,
    `unknown_customer`, `unknown_warehouse`, `unknown_stage`, `unknown_reason`, `wrong_currency`, `nothing_to_ship`,
    `goods_issue`, `period_closed`, `not_sold`, `over_released`, `over_backordered`, `over_shipped`, `over_credited`,
    `over_returned`.
    """

    kind = "erp"
    by_file = True
    Settings = ErpSettings

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: ErpSettings) -> None:
        super().__init__(name, ground, conduct)
        legacy = settings.character == "legacy"
        self.settings = settings
        self.tray = Tray() if legacy else None
        self.orders = SalesOrders(settings.keep)
        self.ledger = GeneralLedger()
        self.exceptions = ExceptionQueue()
        self.items = ItemMaster(ground.assortment, settings)
        self.stock = ValuedStock(StockBook(self.items.opening), self.ledger, self.items.costs, self._level)
        self._periods = PostingPeriods(settings.period_locks, ground.day)
        self._night = (NightGate(settings.opens, settings.closes, ground.day),) if legacy else ()
        self._customers: set[str] = set()
        self._shipments = self._invoices = self._credits = self._returns = 0

    def start(self) -> None:
        """Open the books; a legacy ERP begins its batch windows."""
        self.stock.open()
        if self.tray is not None:
            self.env.process(self._windows())

    def accept(self, request: Request[Any]) -> Mapping[str, int]:
        """Look over what goes into the tray: posting dates are checked before the window, and credits are priced."""
        date_of = DATED.get(type(request))
        if date_of is not None:
            self._periods.check(date_of(request), self.env.now)
        if not isinstance(request, PostCredit):
            return {}
        wanted = tally(request.lines)
        order = self.orders.choose(request.order_no, SalesOrder.check_credit, wanted, self.env.now)
        return {"amount": order.priced(wanted).amount}

    @operation("POST", "/customers", key="customer_no")
    def save_customer(self, request: SaveCustomer) -> CustomerSaved:
        """Create a customer, or update the one with this number."""
        self._customers.add(request.customer_no)
        return CustomerSaved(f"C-{request.customer_no}")

    @operation("POST", "/order-checks", key="order_no")
    def check_lines(self, request: CheckLines) -> LinesChecked:
        """Check items and prices of an order against the master data."""
        problems = map(self.items.problem, request.lines)
        return LinesChecked(tuple([problem for problem in problems if problem is not None]))

    @operation("POST", "/sales-orders", key="order_no", document="sales_order")
    @Batched(SalesOrderCreated)
    def create_sales_order(self, request: CreateSalesOrder) -> SalesOrderCreated:
        """Enter a channel's order; a second one under the same number is entered just the same."""
        number, currency = request.order_no, self.ground.assortment.currency
        if request.currency != currency:
            raise Rejected("wrong_currency", f"{number} is in {request.currency!r} · the books are kept in {currency}")
        if request.customer_no not in self._customers:
            text = f"{number}: no customer {request.customer_no!r} · save the customer first"
            raise Rejected("unknown_customer", text)
        order = self.orders.enter(number, self.items.lines(request.lines), self.env.now)
        self._posted("sales_order", Event.ORDER_ENTERED, (number, number, order.id), order.total)
        return SalesOrderCreated(order.id)

    @operation("GET", "/sales-orders/{order_no}", key="order_no")
    def find_sales_order(self, request: FindSalesOrder) -> SalesOrderState:
        """Look sales orders up by the channel's order number."""
        until = self._seen_until()
        orders = [order for order in self.orders.under(request.order_no, self.env.now) if order.entered_at <= until]
        live = [order for order in orders if order.state != "cancelled"]
        state = (live or orders)[0].state if orders else ""
        return SalesOrderState(tuple([order.id for order in live]), state, self.exceptions.failed(request.order_no))

    @operation("POST", "/sales-orders/{order_no}/releases", key="release_no")
    @Batched(Recorded)
    def record_release(self, request: RecordRelease) -> Recorded:
        """Book which warehouse ships which part of an order."""
        wanted = tally(request.lines)
        self.stock.book.check(request.warehouse)
        order = self.orders.choose(request.order_no, SalesOrder.check_release, wanted, self.env.now)
        order.release(request.release_no, request.warehouse, wanted, self.stock.book)
        return Recorded(order.id)

    @operation("POST", "/sales-orders/{order_no}/backorders", key="order_no")
    @Batched(Recorded)
    def record_backorder(self, request: RecordBackorder) -> Recorded:
        """Book that part of an order waits for stock."""
        wanted = tally(request.lines)
        order = self.orders.choose(request.order_no, SalesOrder.check_backorder, wanted, self.env.now)
        if order.backorder(wanted, request.ship_by, self.stock.book):
            bill = order.priced(wanted)
            self.happened(Event.ORDER_BACKORDERED, request.order_no, request.order_no, bill.units, bill.amount)
        return Recorded(order.id)

    @operation("POST", "/sales-orders/{order_no}/cancellation", key="order_no")
    @Batched(Recorded)
    def cancel_sales_order(self, request: CancelSalesOrder) -> Recorded:
        """Cancel what has not shipped of an order, or of one of its duplicates."""
        orders = self.orders.known(request.order_no, self.env.now)
        named = [order for order in orders if request.id in ("", order.id)]
        if not named:
            known = ", ".join(order.id for order in orders)
            raise Rejected("unknown_sales_order", f"{request.order_no}: no {request.id!r} · live: {known}", status=404)
        can = [order for order in named if order.state in MOVES["cancel"]]
        if not can:
            named[0].check_cancel()
        for order in can:
            self._cancel(order)
        return Recorded(can[0].id)

    @operation("POST", "/parcels/{parcel_no}/milestones", key="parcel_no")
    @Batched(Recorded)
    def record_milestone(self, request: RecordMilestone) -> Recorded:
        """Book that a parcel was delivered or came back; the order is settled when nothing more is owed."""
        if request.milestone not in STAGES:
            raise Rejected("unknown_stage", f"no milestone {request.milestone!r} · known: {', '.join(STAGES)}")
        posted = self.orders.parcels(request.order_no, request.parcel_no, self.env.now)
        for order, parcel in posted:
            parcel.delivered = parcel.delivered or request.milestone == "delivered"
            parcel.back = parcel.back or request.milestone == "return_to_sender"
            self._settle(order)
        return Recorded(posted[0][1].shipment_no)

    @operation("POST", "/shipments", key="parcel_no", document="shipment")
    @Batched(ShipmentPosted)
    def post_shipment(self, request: PostShipment) -> ShipmentPosted:
        """Book a parcel as shipped: cost of goods against stock."""
        now, wanted, order_no = self.env.now, tally(request.lines), request.order_no
        self._periods.check(request.shipped_at, now)
        self.stock.book.check(request.warehouse)
        order = self.orders.choose(order_no, SalesOrder.check_shipment, wanted, now)
        self._shipments += 1
        number = f"SH-{self._shipments}"
        order.ship(Parcel(number, request.parcel_no, wanted), request.warehouse, self.stock.book)
        gone = [(sku, -units) for sku, units in wanted.items()]
        self.stock.move(request.warehouse, gone, Account.COST_OF_GOODS, now)
        names = (request.parcel_no, order_no, number)
        self._posted("shipment", Event.SHIPMENT_POSTED, names, order.priced(wanted))
        return ShipmentPosted(number)

    @operation("POST", "/invoices", key="parcel_no", document="invoice")
    @Batched(InvoicePosted)
    def post_invoice(self, request: PostInvoice) -> InvoicePosted:
        """Invoice a posted shipment: receivables against revenue; charges go with the first invoice of an order."""
        self._periods.check(request.posted_at, self.env.now)
        posted = self.orders.parcels(request.order_no, request.parcel_no, self.env.now)
        order, parcel = next((each for each in posted if not each[1].invoiced), posted[0])
        bill = order.invoice(parcel)
        self._invoices += 1
        number = f"IN-{self._invoices}"
        self._book(bill)
        self._posted("invoice", Event.INVOICE_POSTED, (request.parcel_no, request.order_no, number), bill)
        self._close(order)
        return InvoicePosted(number, bill.amount)

    @operation("POST", "/credit-memos", key="rma_no", document="credit_memo")
    @Batched(CreditPosted)
    def post_credit(self, request: PostCredit) -> CreditPosted:
        """Credit returned goods at the price they were invoiced at: revenue against receivables."""
        self._periods.check(request.posted_at, self.env.now)
        wanted = tally(request.lines)
        order = self.orders.choose(request.order_no, SalesOrder.check_credit, wanted, self.env.now)
        bill = order.credit(wanted)
        self._credits += 1
        number = f"CM-{self._credits}"
        self._book(Bill(bill.units, -bill.goods, -bill.charges))
        self._posted("credit_memo", Event.CREDIT_POSTED, (request.rma_no, request.order_no, number), bill)
        self._settle(order)
        return CreditPosted(number, bill.amount)

    @operation("POST", "/returns", key="rma_no", document="rma")
    def authorise_return(self, request: AuthoriseReturn) -> ReturnAuthorised:
        """Check a return against what was invoiced and record it; booked at once in every character."""
        wanted, key, number = tally(request.lines), request.rma_no, request.order_no
        try:
            order = self.orders.choose(number, SalesOrder.check_return, wanted, self.env.now)
        except Rejected:
            self.happened(Event.RETURN_REFUSED, key, number, sum(wanted.values()))
            raise
        self._returns += 1
        bill, document_id = order.priced(wanted), f"RA-{self._returns}"
        self._posted("rma", Event.RETURN_AUTHORISED, (key, number, document_id), bill)
        return ReturnAuthorised(document_id, bill.amount)

    @operation("POST", "/stock-movements", key="movement_no", document="movement")
    @Batched(StockPosted)
    def post_movement(self, request: PostMovement) -> StockPosted:
        """Change the stock book of a warehouse by deltas, and its worth with it."""
        if request.reason == "shipped":
            raise Rejected("goods_issue", f"{request.movement_no}: what was shipped is booked with its shipment, once")
        against = REASONS.get(request.reason)
        if against is None:
            raise Rejected("unknown_reason", f"no reason {request.reason!r} · known: {', '.join(REASONS)}")
        moves = [(move.sku, move.quantity) for move in request.moves]
        self.stock.book.check(request.warehouse, [sku for sku, _ in moves])
        number = f"JE-{self.stock.move(request.warehouse, moves, against, self.env.now)}"
        bill = Bill(sum([units for _, units in moves]), 0, 0)
        self._posted("movement", Event.INVENTORY_POSTED, (request.movement_no, request.order_no, number), bill)
        return StockPosted(number)

    @operation("POST", "/stock/{warehouse}/corrections", key="warehouse")
    @Batched(StockCorrected)
    def correct_stock(self, request: CorrectStock) -> StockCorrected:
        """Set the stock book of a warehouse to counted levels."""
        place, book = request.warehouse, self.stock.book
        counted = {each.sku: each.quantity for each in request.levels}
        book.check(place, counted)
        if any(units < 0 for units in counted.values()):
            raise Rejected("bad_line", f"a count of {place} has less than nothing of a SKU · levels are not negative")
        moves = [(sku, units - level) for sku, units in counted.items() if units != (level := book.level(place, sku))]
        number = self.stock.move(place, moves, Account.STOCK_DIFFERENCES, self.env.now)
        if moves:
            self.happened(Event.INVENTORY_POSTED, place, "", sum([abs(units) for _, units in moves]))
        return StockCorrected(f"JE-{number}", len(moves))

    @operation("GET", "/stock/{warehouse}", key="warehouse")
    def list_stock(self, request: ListStock) -> StockPage:
        """The stock book of a warehouse, page by page in the order of the SKUs."""
        reads = self.conduct.reads
        if request.limit < 1:
            raise Rejected("invalid_limit", f"a page of {request.limit} SKUs · ask for at least one", status=400)
        limit, until = min(request.limit, reads.page_limit), self._seen_until()
        rows = self.stock.book.page(request.warehouse, request.cursor, limit + 1, until)
        levels = tuple([Units(sku, units) for sku, units in rows[:limit]])
        return StockPage(levels, rows[limit - 1][0] if len(rows) > limit else "")

    @operation("POST", "/exceptions", key="case_no", document="exception")
    def open_exception(self, request: OpenException) -> ExceptionOpened:
        """Put a case into a business team's exception queue."""
        return ExceptionOpened(self._open_case(request.case_no, request.order_no, request.team, request.reason))

    @operation("POST", "/exceptions/{case_no}/solution", key="case_no")
    def close_exception(self, request: CloseException) -> Recorded:
        """Take a case out of its queue; records with the same key all go."""
        solved = self.exceptions.close(request.case_no)
        for case in solved:
            self._case(Event.EXCEPTION_CLOSED, case)
        return Recorded(f"EX-{solved[0].number}")

    def book_tray(self) -> None:
        """Book everything that was accepted since the last batch window, in the order in which it came."""
        for entry in self.tray.empty() if self.tray is not None else ():
            try:
                entry.book()
            except Rejected as error:
                reason, order_no = f"{error.code}: {error}", getattr(entry.request, "order_no", "")
                self._open_case(entry.entry_no, order_no, "finance", reason, failed_entry=True)

    def _windows(self) -> Generator[Timeout, None, None]:
        while True:
            yield self.env.timeout(self.settings.batch_every)
            self.book_tray()

    def _door(self, each: Operation, gates: tuple[Gate, ...]) -> Door:
        return super()._door(each, (*self._night, *gates))

    def _seen_until(self) -> float:
        """Second of the run after which reads see nothing."""
        return min(self.visible_until, self.env.now - self.conduct.reads.visibility_lag)

    def _level(self, warehouse: str, sku: str, level: int) -> None:
        self.evidence.stock(self.name, "book", sku, level, warehouse)

    def _posted(self, document: str, event: Event, names: tuple[str, str, str], bill: Bill) -> None:
        """Write that a document was posted; `names` are its business key, its order and its number."""
        key, order_no, document_id = names
        self.committed(document, key, order_no, document_id, quantity=bill.units, amount=bill.amount)
        self.happened(event, key, order_no, bill.units, bill.amount)

    def _book(self, bill: Bill) -> None:
        """Debit the customer; a negative bill credits them."""
        self.ledger.post(Account.RECEIVABLES, Account.REVENUE, bill.goods)
        if bill.charges:
            self.ledger.post(Account.RECEIVABLES, Account.CHARGES, bill.charges)

    def _cancel(self, order: SalesOrder) -> None:
        number, total = order.order_no, order.total
        rest = order.cancel(self.stock.book)
        if order.state != "cancelled":
            document = ("sales_order", number, number, "updated", order.id)
            self.evidence.commit(self.name, "", *document, -rest.units, -rest.amount)
            self._close(order)
            return
        self.reversed("sales_order", number, number, order.id, quantity=total.units, amount=total.amount)
        self.orders.finish(order, self.env.now)
        if all(twin.state == "cancelled" for twin in self.orders.under(number, self.env.now)):
            self.happened(Event.ORDER_CANCELLED, number, number, total.units, total.amount)

    def _close(self, order: SalesOrder) -> None:
        if order.close():
            self.happened(Event.ORDER_CLOSED, order.order_no, order.order_no)
            self.orders.finish(order, self.env.now)
            self._settle(order)

    def _settle(self, order: SalesOrder) -> None:
        if order.settle():
            self.happened(Event.ORDER_SETTLED, order.order_no, order.order_no)

    def _open_case(self, case_no: str, order_no: str, team: Team, reason: str, *, failed_entry: bool = False) -> str:
        case = self.exceptions.open(case_no, order_no, team, reason, failed_entry=failed_entry)
        number = f"EX-{case.number}"
        self.committed("exception", case_no, order_no, number)
        self._case(Event.EXCEPTION_OPENED, case)
        return number

    def _case(self, event: Event, case: Case) -> None:
        """Write what became of a case; where the number of a document stands elsewhere, here stands the team."""
        self.evidence.event(event, self.name, case.case_no, case.order_no, document_id=case.team)
