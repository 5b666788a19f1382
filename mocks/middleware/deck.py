"""What every part of the integration works with."""

from __future__ import annotations

import msgspec

from seatrial.mocks.messages.desk import Notify
from seatrial.mocks.messages.erp import CloseException, OpenException, Recorded, Team
from seatrial.mocks.middleware.caller import Caller
from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.files import DONE, MARK, ORDERS, Message, NotYet, OrderFile
from seatrial.mocks.middleware.mailroom import Mailroom
from seatrial.mocks.middleware.stockview import StockView
from seatrial.mocks.middleware.watch import Watch
from seatrial.sim.errors import Rejected
from seatrial.sim.integration import Surroundings
from seatrial.sim.store import Write


class Deck:
    """Clients, caller, store, stock view; and the few calls that every step makes."""

    def __init__(self, around: Surroundings, controls: Controls) -> None:
        self.around = around
        self.controls = controls
        self.store = around.store
        self.caller = Caller(around, controls)
        self.ask = self.caller.ask
        self.erp = around.one("erp")
        self.desk = around.one("desk")
        self.supply = around.one("supply")
        self.warehouses = {client.name: client for client in around.of_kind("warehouse")}
        self.carriers = {client.name: client for client in around.of_kind("carrier")}
        self.channels = {client.name: client for client in around.of_kind("marketplace", "storefront", "b2b")}
        self.stock = StockView(list(self.warehouses))
        self.waiting: dict[str, dict[str, None]] = {}
        self.watch = Watch()
        self.mailroom: Mailroom | None = None

    async def file(self, order_no: str) -> OrderFile:
        """The open file of an order. Raises NotYet where there is none: its order has not arrived yet."""
        found = await self.store.read(ORDERS, order_no)
        if isinstance(found, OrderFile):
            return found
        raise NotYet(f"no file of order {order_no}")

    async def is_done(self, order_no: str) -> bool:
        """Whether the order is finished."""
        return await self.store.read(DONE, order_no) is not None

    async def save(self, file: OrderFile) -> None:
        """Keep a file; a finished one shrinks to its number."""
        number = file.order.order_no
        self.watch.see(file)
        if not file.finished:
            await self.store.commit(Write(ORDERS, number, file))
            return
        await self.store.commit(Write(ORDERS, number, None), Write(DONE, number, MARK))

    async def send_myself(self, topic: str, lane: str, number: str, body: msgspec.Struct = MARK) -> None:
        """Leave a message for later work."""
        assert self.mailroom is not None
        await self.mailroom.take(Message(number, topic, lane, "", body, self.around.now()))

    async def tell(self, order_no: str, subject: str, about: str = "", service: bool = False) -> None:
        """Have the desk tell the customer, or customer service."""
        number = "/".join(part for part in (order_no, subject, about) if part)
        if service:
            number += "/service"
        await self.ask(self.desk, Notify(number, order_no, "service" if service else "customer", subject), key=number)

    async def open_case(self, case_no: str, order_no: str, team: Team, reason: str) -> None:
        """Put a case into a team's exception queue."""
        self.around.note("exception_opened", case_no, order_no, team=team, detail=reason)
        await self.ask(self.erp, OpenException(case_no, order_no, team, reason), key=case_no)

    async def close_case(self, case_no: str, order_no: str) -> None:
        """The case is solved."""
        self.around.note("exception_closed", case_no, order_no)
        await self.ask(self.erp, CloseException(case_no, order_no), key=f"{case_no}/closed", already=_solved)


def _solved(error: Rejected) -> Recorded | None:
    """The ERP has no such case open: an earlier attempt came through."""
    return Recorded(error.pointer) if error.code == "unknown_case" else None
