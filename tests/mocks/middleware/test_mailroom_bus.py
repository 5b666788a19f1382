"""Laws of the mailroom with a bus: nothing counts as taken before the bus has it, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec
import pytest
from simpy import Environment

from seatrial.mocks.messages.channel import ChangePage, ListChanges
from seatrial.mocks.messages.orders import Change
from seatrial.mocks.middleware.arrivals import Arrivals
from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.files import CURSORS, INBOX, MARK, Message, NotYet
from seatrial.mocks.middleware.mailroom import Mailroom
from seatrial.sim.bus import BusDown, Delivery
from seatrial.sim.integration import Surroundings
from seatrial.sim.loop import run_virtual
from seatrial.sim.store import MemoryStore, Record


class Bus:
    """A bus in memory: what was not acknowledged is delivered to the next who asks."""

    def __init__(self) -> None:
        self.down = False
        self.kept: dict[int, Record] = {}
        self.count = 0
        self.news = asyncio.Event()

    async def publish(self, number: str, record: Record) -> None:
        if self.down:
            raise BusDown("away")
        self.count += 1
        self.kept[self.count] = record
        self.news.set()

    async def deliveries(self) -> AsyncGenerator[Delivery, None]:
        last = 0
        while True:
            for place in [place for place in self.kept if place > last]:
                last = place

                async def acknowledge(place: int = place) -> None:
                    self.kept.pop(place, None)

                yield Delivery(self.kept[place], acknowledge)
            self.news.clear()
            await self.news.wait()


class Office:
    """Lives of a process with one store and one bus."""

    def __init__(self, **switches: object) -> None:
        self.env = Environment()
        self.store = MemoryStore()
        self.controls = msgspec.structs.replace(Controls(), **switches)
        self.bus = Bus()
        self.done: list[str] = []
        self.failing = 0

    async def handle(self, message: Message) -> None:
        await asyncio.sleep(10)
        if self.failing:
            self.failing -= 1
            raise NotYet("not now")
        self.done.append(message.message_no)

    async def life(self, work, lasts: float) -> None:
        around = Surroundings(
            {}, self.store, lambda *_, **__: None, lambda: self.env.now, lambda _: 0.5, lambda *_: None, self.bus
        )

        async def whole() -> None:
            async with asyncio.TaskGroup() as tasks:
                room = Mailroom(around, self.controls, tasks, {"news": self.handle, "placed": self.handle})
                await room.recover()
                tasks.create_task(room.collect(self.bus))
                await work(room, around)

        task = asyncio.create_task(whole())
        await asyncio.sleep(lasts)
        task.cancel()
        await asyncio.wait([task])


def message(number: int, lane: str = "a") -> Message:
    return Message(f"M{number}", "news", lane, "erp", MARK, 0.0)


async def hand_in(room: Mailroom, around: Surroundings) -> None:
    for number in (1, 2, 3, 2):
        await room.take(message(number))


async def nothing(room: Mailroom, around: Surroundings) -> None:
    """Only what is left."""


def sail(office: Office, *lives) -> None:
    async def main() -> None:
        for work, lasts in lives:
            await office.life(work, lasts)

    run_virtual(main(), env=office.env)


def test_each_message_is_worked_on_once_and_in_order() -> None:
    """A number that comes twice is worked on once, and the bus is told of all of them."""
    office = Office()
    sail(office, (hand_in, 100))
    assert office.done == ["M1", "M2", "M3"]
    assert office.bus.kept == {}


@pytest.mark.parametrize("inbox", [True, False])
def test_what_was_under_way_is_taken_up_again(inbox) -> None:
    """A process that died in between leaves its messages to the next, in their order."""
    office = Office(inbox=inbox)
    sail(office, (hand_in, 15), (nothing, 100))
    assert office.done == ["M1", "M2", "M3"] + ([] if inbox else ["M2"])
    assert office.bus.kept == {}


def test_what_fails_is_put_aside_and_not_kept_on_the_bus() -> None:
    """A message that is tried again later is safe in the inbox, and is done in the end."""
    office = Office()
    office.failing = 2
    sail(office, (hand_in, 12), (nothing, 1000))
    assert sorted(office.done) == ["M1", "M2", "M3"]
    assert office.bus.kept == {}


def test_a_bus_that_is_away_keeps_the_sender_waiting() -> None:
    """What the bus does not take is not stored either, so that its sender may come again."""
    office = Office()
    office.bus.down = True

    async def refused(room: Mailroom, around: Surroundings) -> None:
        with pytest.raises(BusDown):
            await room.take(message(1))

    sail(office, (refused, 5))
    assert run_virtual(office.store.scan(INBOX), env=Environment()) == []


def test_a_poller_does_not_go_past_what_the_bus_does_not_take() -> None:
    """The cursor stays where it was until every change of the page is on the bus."""
    office = Office()
    office.bus.down = True
    page = ChangePage((Change("C1", "placed", 0.0, "MP-1"),), cursor="9")

    class Channel:
        name, kind = "marketplace", "marketplace"

    class Deck:
        """As much of a deck as a poller needs."""

        controls, store = office.controls, office.store

        async def ask(self, channel: Channel, request: ListChanges) -> ChangePage:
            return page if not request.cursor else ChangePage(cursor="9")

    async def poll(room: Mailroom, around: Surroundings) -> None:
        arrivals = Arrivals(Deck(), room, None)  # type: ignore[arg-type]
        with pytest.raises(BusDown):
            await arrivals.catch_up(Channel())  # type: ignore[arg-type]
        assert await office.store.scan(CURSORS) == []
        office.bus.down = False
        await arrivals.catch_up(Channel())  # type: ignore[arg-type]

    sail(office, (poll, 50))
    assert office.done == ["C1"]
    assert len(run_virtual(office.store.scan(CURSORS), env=Environment())) == 1
