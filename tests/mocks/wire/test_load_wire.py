"""Laws of the load on real sockets: a real Locust places real orders in a shop of ours."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from itertools import islice
from urllib.parse import parse_qsl

import msgspec
import polars as pl
import pytest
import uvicorn

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.channel import AnswerReturn
from seatrial.mocks.messages.shop import OrderPlaced
from seatrial.mocks.purchases import Purchase
from seatrial.mocks.whims import Whims
from seatrial.mocks.wire.load_book import LoadBook
from seatrial.mocks.wire.load_options import ENDED_EARLY, LoadOptions
from seatrial.mocks.wire.load_process import LoadOrder, free_port, launches, meaning
from seatrial.mocks.wire.load_report import Placing
from seatrial.mocks.wire.shop import Shop
from seatrial.scenarios.embark import embark, season_of
from seatrial.scenarios.loader import load_scenario, parse_scenario
from seatrial.sim.cargo import CUSTOMERS, Parcel
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.paced import PacedClock
from seatrial.sim.waits import after
from seatrial.sim.world import clock_of

pytestmark = [pytest.mark.wire, pytest.mark.slow]
SCENARIO = """
name: short
asks: Do all shoppers come?
start: 2026-03-02 10:00:00
duration: 6450 ms
calm: 4 s
demand:
  kind: synthetic
  arrivals: {kind: constant, rate: 10/s}
  skus: 50
  cancellations: 20 %
  cancel_after: {kind: constant, value: 300 ms}
  returns: 30 %
  return_after: {kind: constant, value: 200 ms}
  return_travel: {kind: constant, value: 100 ms}
  late_returns: 2 s
"""
SEED, DUE = 7, 64  # orders at 0.1, 0.2 ... 6.4 s


class Harbour:
    """A world behind one small server: every channel under its name, and the control port beside them."""

    def __init__(self, scenario, ledger, stall=None):
        self.ledger = ledger
        self.loaded = load_scenario(scenario)
        expedition = embark(self.loaded, SEED, "naive", lambda env: Evidence(clock_of(env)))
        self.world, self.book, self.stall = expedition.world, LoadBook(), stall
        self.came, self.held = {}, []
        self.channels = {name: each for name, each in self.world.partners.items() if isinstance(each, Channel)}
        self.shop = Shop(self.world.ground, self.channels, expedition.season.habits)
        for partner in self.world.partners.values():
            partner.start()
        self.clock = PacedClock(self.world.env, 1.0, lambda error: None)
        self.port = free_port()
        config = uvicorn.Config(
            self.app, port=self.port, lifespan="off", interface="asgi3", log_level="error", loop="asyncio"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self):
        self.loop, self.flows = asyncio.get_running_loop(), asyncio.Event()
        await self.server.serve()

    def open(self):
        self.thread.start()

    def begin(self, start):
        """The load is ready: business time and shoppers begin at the same moment."""
        self.book.start = start
        self.loop.call_soon_threadsafe(lambda: self.loop.call_later(start - time.time(), self.clock.start, self.loop))

    def close(self):
        self.server.should_exit = True
        self.thread.join(10)

    async def app(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if scope["path"].endswith("/shop/orders"):
            await self.come(msgspec.json.decode(body)["order_no"])
        self.clock.catch_up()
        status, reply = self.answer(scope, body)
        self.clock.arm()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(reply)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": reply})

    async def come(self, order_no):
        """From one order until another has come the shop stands still."""
        place = self.came.setdefault(order_no, len(self.came) + 1)
        if self.stall and self.stall[0] <= place < self.stall[1]:
            self.held.append(order_no)
            await self.flows.wait()
        if self.stall and place == self.stall[1]:
            self.flows.set()

    def answer(self, scope, body):
        place, _, path = scope["path"].removeprefix("/").partition("/")
        if place == "control":
            assert dict(scope["headers"])[b"authorization"] == b"Bearer secret"
            return self.book.take(body) if path == "load" else self.shop.stray(body)
        query = dict(parse_qsl(scope["query_string"].decode()))
        status, reply = self.shop.handle(place, scope["method"], f"/{path}", query, body)
        if path == "shop/orders" and status == 200:
            self.deliver(reply)
        if path == "shop/returns" and status == 200:
            self.grant(place, body, reply)
        return status, reply

    def deliver(self, reply):
        """Every order that was sold is delivered soon."""
        order = msgspec.json.decode(reply, type=OrderPlaced).order
        if order is not None:
            goods = tuple((line.sku, line.quantity) for line in order.lines)
            parcel = Parcel(f"P-{order.order_no}", order.order_no, "T", "north", goods)
            after(self.world.env, 0.5, self.world.ground.road.send, CUSTOMERS, parcel)

    def grant(self, channel, body, reply):
        rma_no, order_no = msgspec.json.decode(reply)["rma_no"], msgspec.json.decode(body)["order_no"]
        after(self.world.env, 0.1, self.channels[channel].answer_return, AnswerReturn(order_no, rma_no, "north"))

    def placings(self):
        return [msgspec.json.decode(line, type=Placing) for line in self.ledger.read_bytes().splitlines()]

    def events(self, name):
        """What the evidence has of them; it is read where it is written, for partners go on meanwhile."""

        async def read():
            return self.world.evidence.frame()

        running = self.thread.is_alive()
        frame = asyncio.run_coroutine_threadsafe(read(), self.loop).result(10) if running else asyncio.run(read())
        return frame.filter((pl.col("kind") == "event") & (pl.col("operation") == name)).select("key", "time").rows()


@pytest.fixture
def sail(tmp_path):
    """Runs a load against a harbour and gives both, with the exit codes by process."""
    ended = []

    def run(workers=0, stall=None, end_after=None, shops="", **settings):
        scenario = tmp_path / "short.yaml"
        scenario.write_text(SCENARIO)
        harbour = Harbour(scenario, tmp_path / "load.jsonl", stall)
        url = f"http://127.0.0.1:{harbour.port}"
        options = LoadOptions(
            scenario=str(scenario),
            seed=SEED,
            settings=settings,
            channels={name: f"{shops or url}/{name}" for name in harbour.channels},
            control_url=f"{url}/control",
            control_token="secret",
            ledger=str(tmp_path / "load.jsonl"),
            report_every=0.5,
        )
        harbour.open()
        ended.append(harbour)
        order = LoadOrder(options=options, lasts=8.5, workers=workers)
        started = [
            (each.name, subprocess.Popen(each.argv, env=each.environment, stdin=subprocess.DEVNULL, cwd=tmp_path))
            for each in launches(order, os.environ, time.time())
        ]
        try:
            while not harbour.book.ready and all(process.poll() is None for _, process in started):
                time.sleep(0.02)
            harbour.begin(time.time() + 0.5)
            if end_after is not None:
                while len(harbour.came) < end_after and started[0][1].poll() is None:
                    time.sleep(0.02)
                started[0][1].terminate()
            codes = {name: process.wait(60) for name, process in started}
        finally:
            for _, process in started:
                process.kill()
        return harbour, codes

    yield run
    for harbour in ended:
        harbour.close()


def demand():
    """Numbers of the orders that have to be placed."""
    intents = season_of(parse_scenario(SCENARIO), SEED).intents
    return [each.order.order_no for each in islice(intents, DUE) if isinstance(each, Purchase)]


def test_every_order_is_placed_at_its_time(sail, tmp_path):
    """All orders of the demand are placed, none before its second; load, ledger file and world agree on every one."""
    harbour, codes = sail()
    assert codes == {"load": 0}
    book, placed = harbour.book, harbour.events("order.placed")
    account = book.account([key for key, _ in placed])
    assert book.complete
    assert account.complete
    assert (account.placed, account.sold_out, account.failed) == (DUE, 0, 0)
    assert book.due == DUE
    due = {line.order_no: line.at for line in harbour.placings()}
    assert due == {number: pytest.approx((place + 1) / 10) for place, number in enumerate(demand())}
    assert all(line.latency >= line.lag >= 0 for line in harbour.placings())
    tally = book.tallies[0]
    assert tally.cancellations == len(harbour.events("cancellation.requested")) > 0
    assert tally.returns == len(harbour.events("return.requested")) > 0
    assert len(harbour.events("return.shipped")) > 0
    assert tally.failures == {}
    assert {row.name: row.requests for row in book.statistics}["place"] == DUE
    again = LoadBook()
    again.read(tmp_path / "load.jsonl")
    assert again.outcomes == book.outcomes


def test_a_slow_shop_does_not_slow_its_shoppers(sail):
    """Nobody is answered until twenty more have come: they come all the same, and their waiting counts in full."""
    harbour, codes = sail(stall=(20, 40))
    assert codes == {"load": 0}
    assert harbour.book.account(key for key, _ in harbour.events("order.placed")).placed == DUE
    lines = {line.order_no: line for line in harbour.placings()}
    kept, freed_by = [lines[number] for number in harbour.held], lines[list(harbour.came)[39]]
    assert len(kept) == 20
    assert {line.attempts for line in kept} == {1}  # none gave up and came again
    assert all(line.second >= freed_by.at for line in kept)
    assert all(line.latency == pytest.approx(line.second - line.at, abs=0.01) for line in kept)
    spread = harbour.book.tallies[0].requests["place"].latency
    assert spread.longest >= freed_by.at - min(line.at for line in kept)


def test_several_generators_place_the_same_orders(sail):
    """Two workers of a Locust master share the demand: together exactly its orders, none twice, and the same wishes."""
    harbour, codes = sail(workers=2)
    assert codes == {"load-master": 0, "load-worker-0": 0, "load-worker-1": 0}
    placed = [key for key, _ in harbour.events("order.placed")]
    assert sorted(placed) == sorted(demand())
    assert harbour.book.complete
    assert harbour.book.account(placed).complete
    due = [tally.requests["place"].latency.count for tally in harbour.book.tallies.values()]
    assert due == [DUE // 2, DUE // 2]
    whims = Whims(Dice(SEED), season_of(parse_scenario(SCENARIO), SEED).habits)
    regretted = {number for number in placed[: DUE - 4] if whims.regret(number) is not None}
    asked = {key for key, _ in harbour.events("cancellation.requested")}
    assert regretted <= asked <= {number for number in placed if whims.regret(number) is not None}
    assert {row.name: row.requests for row in harbour.book.statistics}["place"] == DUE


def test_a_load_that_is_ended_early_says_so(sail):
    """Ended by a signal in the middle, a generator tells what it placed until then, and its exit code says it."""
    harbour, codes = sail(end_after=10)
    assert codes == {"load": ENDED_EARLY}
    assert meaning(codes["load"])
    book = harbour.book
    assert book.finished
    assert not book.complete
    assert harbour.came.keys() <= book.outcomes.keys()
    assert 10 <= len(book.outcomes) < DUE
    assert book.account(key for key, _ in harbour.events("order.placed")).complete


def test_nobody_there_is_a_failure_with_its_reason(sail):
    """Where no shop listens, orders fail after a bounded number of attempts, which is no crash of the load."""
    harbour, codes = sail(shops=f"http://127.0.0.1:{free_port()}", duration="950 ms")
    assert codes == {"load": 0}
    account = harbour.book.account([])
    assert (account.placed, account.failed, account.complete) == (0, 9, True)
    assert {each.attempts for each in harbour.book.failures} == {5}
    assert any("refused" in reason.lower() for reason in harbour.book.tallies[0].failures)


def test_what_cannot_be_used_ends_the_load_with_a_word(tmp_path, capfd):
    """A scenario that is not there is bad input: exit code 2, and a line that says what."""
    options = LoadOptions(scenario="nowhere", start=time.time(), channels={"storefront": "http://127.0.0.1:9"})
    (launch,) = launches(LoadOrder(options=options, lasts=1.0), os.environ, time.time())
    code = subprocess.run(
        launch.argv, check=False, env=launch.environment, stdin=subprocess.DEVNULL, cwd=tmp_path
    ).returncode
    assert code == 2
    assert "unknown scenario: 'nowhere'" in capfd.readouterr().err
