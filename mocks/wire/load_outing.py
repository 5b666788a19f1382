"""All shoppers of one generator: each comes at his time, however slow the shops are, and does what he is minded to.

To be imported by Locust's processes only.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final
from urllib.parse import quote

import gevent
import msgspec
from gevent.pool import Group, Pool

from seatrial.mocks.messages.shop import CancellationWanted, OrderPlaced, PlaceOrder, Stray, WantCancellation
from seatrial.mocks.purchases import Purchase, StrayReturn
from seatrial.mocks.whims import Whims
from seatrial.mocks.wire.load_calls import Answer, Caller
from seatrial.mocks.wire.load_ledger import Ledger
from seatrial.mocks.wire.load_options import LoadOptions
from seatrial.mocks.wire.load_plan import Browsing, Demand, Lookahead, Timetable
from seatrial.mocks.wire.load_report import Outcome, Placing
from seatrial.mocks.wire.load_returns import Unpacking
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput

UNDER_WAY: Final = 5000
"""Requests of a generator under way at the same time; an order beyond that fails, and says so."""
_THINKING: Final = 3.0  # real seconds for which it reads ahead before it is ready
_SPARE: Final = 0.002  # real seconds before an order is due in which there is time to read ahead
_TELL_AGAIN: Final = (0.5, 2.0, 0.0)
_PLACED: Final = msgspec.json.Decoder(OrderPlaced)
_CANCELLED: Final = msgspec.json.Decoder(CancellationWanted)


class Outing:
    """Lets the shoppers of one part of a demand come. States: ready, running, done or stopped: those of its ledger.

    Every order has a greenlet of its own, and its latency is counted from when it was due. A generator that is late
    itself says so: its lag is in the ledger and in the tally.
    """

    def __init__(
        self, demand: Demand, options: LoadOptions, caller: Caller, ledger: Ledger, now: Callable[[], float]
    ) -> None:
        dice = Dice(options.seed)
        whims = Whims(dice, demand.habits)
        self._demand = demand
        self._options = options
        self._caller = caller
        self._ledger = ledger
        self._counter = ledger.counter
        self._now = now
        self._time = Timetable(options.start, options.time_scale)
        self._ahead = Lookahead(demand.dealt(ledger.part, ledger.parts))
        self._whims = whims
        self._browsing = Browsing(dice, options.pages)
        self._under_way = Pool(UNDER_WAY)
        self._regrets = Group()
        self._around: list[gevent.Greenlet[..., None]] = []
        self.unpacking = Unpacking(caller, ledger.counter, options.channels, whims)

    def run(self) -> None:
        """Place everything, and stay until nothing can be cancelled or sent back any more."""
        ledger, end = self._ledger, self._demand.returns_until
        self._get_ready()
        ledger.state = "running"
        self._around = [
            gevent.spawn(self._report),
            gevent.spawn(self.unpacking.watch, self._time, end, self._now),
        ]
        self._dispatch()
        self._under_way.join()
        self._regrets.join()
        while self.unpacking.waits and self._now() < self._time.due(end):
            gevent.sleep(0.1)
        self._under_way.join()
        ledger.state = "done"
        self.close()

    def close(self) -> None:
        """End, before the time if it has to be: what was under way has failed, and the last report is told."""
        if self._ledger.state in ("ready", "running"):
            self._ledger.state = "stopped"
        self._regrets.kill()
        self.unpacking.stop()
        self._under_way.kill()
        gevent.killall(self._around)
        for pause in _TELL_AGAIN:
            if self._ledger.report():
                break
            gevent.sleep(pause)
        self._ledger.close()

    def _get_ready(self) -> None:
        """Think of the first shoppers, and wait until it is known when they are to come."""
        ledger, end = self._ledger, min(self._now() + _THINKING, self._options.start or inf)
        while not self._ahead.full and self._now() < end:
            self._ahead.read(self._now() + 0.05, self._now)
            gevent.sleep(0)  # Locust's heart has to beat
        while not ledger.report() and self._options.start > self._now():
            gevent.sleep(0.1)
        while not (start := self._options.start or ledger.start):
            gevent.sleep(0.1)
            ledger.report()
        self._time = Timetable(start, self._options.time_scale)

    def _dispatch(self) -> None:
        while (intent := self._ahead.take()) is not None:
            due = self._time.due(intent.at)
            gevent.sleep(0)  # also when late: the others have to have their turn
            while (early := due - self._now()) > 0:
                if early > _SPARE and not self._ahead.full:
                    self._ahead.read(self._now() + _SPARE / 2, self._now)
                    gevent.sleep(0)
                else:
                    gevent.sleep(early)
            if isinstance(intent, Purchase):
                self._send_shopper(intent, due)
            else:
                self._under_way.spawn(self._turn_up, intent, due)

    def _send_shopper(self, purchase: Purchase, due: float) -> None:
        """Whether the shops are slow or not: this takes no time."""
        number = purchase.order.order_no
        if purchase.channel not in self._options.channels:
            known = self._options.channels
            raise BadInput("no such channel for a purchase", value=purchase.channel, known=known)
        self._ledger.due += 1
        pages = self._browsing.pages(number)
        if self._under_way.free_count() < pages + 1:
            self._enter(purchase, due, self._now() - due, "failed", Answer(b"", 0, "generator full"))
            return
        self._under_way.spawn(self._buy, purchase, due)
        for page in range(pages):
            self._under_way.spawn(self._browse, purchase, page, due)

    def _buy(self, purchase: Purchase, due: float) -> None:
        order, url = purchase.order, self._options.channels[purchase.channel]
        body = msgspec.json.encode(PlaceOrder(order.order_no, order.customer, order.currency, order.lines))
        outcome: Outcome = "failed"
        answer = Answer(b"", 1, "stopped")
        lag = max(0.0, self._now() - due)
        self._counter.lag.add(lag)
        self.unpacking.expect(purchase)
        try:
            answer = self._caller.ask("place", "POST", f"{url}/shop/orders", body, due=due)
            outcome, answer = _outcome(answer)
        finally:  # whatever becomes of it: it stands in the ledger
            if outcome != "placed":
                self.unpacking.forget(order.order_no)
            self._enter(purchase, due, lag, outcome, answer)
        if outcome == "placed":
            self._maybe_regret(purchase)

    def _browse(self, purchase: Purchase, page: int, due: float) -> None:
        """Look around: a page behind one of the things that are going to be bought."""
        lines, url = purchase.order.lines, self._options.channels[purchase.channel]
        cursor = quote(lines[page % len(lines)].sku, safe="")
        self._caller.ask("browse", "GET", f"{url}/shop/listings?cursor={cursor}", due=due)

    def _maybe_regret(self, purchase: Purchase) -> None:
        delay = self._whims.regret(purchase.order.order_no)
        if delay is None or purchase.at + delay >= self._demand.until:
            return
        due = self._time.due(purchase.at + delay)
        wait = max(0.0, due - self._now())
        self._regrets.add(gevent.spawn_later(wait, self._cancel, purchase, due))

    def _cancel(self, purchase: Purchase, due: float) -> None:
        url = f"{self._options.channels[purchase.channel]}/shop/cancellations"
        body = msgspec.json.encode(WantCancellation(purchase.order.order_no))
        answer = self._caller.ask("cancel", "POST", url, body, due=due)
        if not answer.failure:
            try:
                self._counter.cancellations += _CANCELLED.decode(answer.body).accepted
            except (msgspec.DecodeError, msgspec.ValidationError):
                self._counter.answered("cancel", 0.0, 1, "unreadable")

    def _turn_up(self, stray: StrayReturn, due: float) -> None:
        """Send goods back without asking anybody."""
        options = self._options
        if options.control_url:
            body = msgspec.json.encode(Stray(stray.warehouse, stray.goods, f"{stray.at}/{stray.goods}"))
            headers = {"content-type": "application/json", "authorization": f"Bearer {options.control_token}"}
            self._caller.ask("stray", "POST", f"{options.control_url}/strays", body, due=due, headers=headers)

    def _enter(self, purchase: Purchase, due: float, lag: float, outcome: Outcome, answer: Answer) -> None:
        now = self._now()
        self._ledger.enter(
            Placing(
                order_no=purchase.order.order_no,
                channel=purchase.channel,
                outcome=outcome,
                at=purchase.at,
                second=self._time.second(now),
                latency=now - due,
                lag=lag,
                attempts=answer.attempts,
                reason=answer.failure,
            )
        )

    def _report(self) -> None:
        while True:
            self._ledger.report()
            gevent.sleep(self._options.report_every)


def _outcome(answer: Answer) -> tuple[Outcome, Answer]:
    if answer.failure:
        return "failed", answer
    try:
        return ("placed" if _PLACED.decode(answer.body).order is not None else "sold_out"), answer
    except (msgspec.DecodeError, msgspec.ValidationError):
        return "failed", Answer(answer.body, answer.attempts, "unreadable")
