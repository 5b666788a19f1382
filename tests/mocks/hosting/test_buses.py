"""Laws of the event bus: at least once, in order, over the death of the worker and of the bus itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from seatrial.mocks.hosting.buses import bus_at
from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.mocks.middleware.files import MARK, Message
from seatrial.sim.bus import Bus, BusDown, Delivery
from seatrial.sim.errors import BadInput

pytestmark = pytest.mark.wire
WITHIN = 20.0


@pytest.fixture(params=["nats", "redis"])
def server(request):
    """A bus's server program, and its URL."""
    program = request.getfixturevalue(request.param)
    program.url = f"{request.param}://127.0.0.1:{program.port}"
    return program


def message(number: int) -> Message:
    return Message(f"M {number}/ü", "news", f"lane{number % 2}", "erp", MARK, float(number))


async def take(deliveries: AsyncIterator[Delivery], count: int) -> list[Delivery]:
    async with asyncio.timeout(WITHIN):
        return [await anext(deliveries) for _ in range(count)]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Bus, AsyncIterator[Delivery]]]:
    """The bus, and what it delivers."""
    async with bus_at(url, "x") as bus:
        assert bus is not None
        async with aclosing(bus.deliveries()) as deliveries:
            yield bus, deliveries


def numbers(taken: list[Delivery]) -> list[int]:
    return [int(each.record.at) for each in taken if isinstance(each.record, Message)]


async def publish(bus: Bus, *which: int) -> None:
    for number in which:
        await bus.publish(message(number).message_no, message(number))


def test_messages_come_in_their_order(server) -> None:
    """What is published comes out as it was, in the order in which it went in."""

    async def main() -> None:
        async with opened(server.url) as (bus, deliveries):
            await publish(bus, *range(100))
            taken = await take(deliveries, 100)
            assert [each.record for each in taken] == [message(number) for number in range(100)]

    asyncio.run(main())


def test_what_was_not_acknowledged_comes_again_first(server) -> None:
    """A new life of the worker gets what the last one left, each once, before what came later."""

    async def main() -> None:
        async with opened(server.url) as (bus, deliveries):
            await publish(bus, *range(10))
            for each in (await take(deliveries, 6))[1::2]:
                await each.acknowledge()
            await asyncio.sleep(0.2)
        async with opened(server.url) as (bus, deliveries):
            await publish(bus, 10)
            taken = await take(deliveries, 8)
            assert numbers(taken) == [0, 2, 4, 6, 7, 8, 9, 10]
            for each in taken:
                await each.acknowledge()
            await asyncio.sleep(0.2)
        async with opened(server.url) as (bus, deliveries):
            await publish(bus, 11)
            assert numbers(await take(deliveries, 1)) == [11]

    asyncio.run(main())


def test_a_bus_that_is_away_refuses_and_comes_back_by_itself(server) -> None:
    """While it is down nothing is taken; when it is back, what it has is delivered in order, and nothing twice."""

    async def main() -> None:
        async with opened(server.url) as (bus, deliveries):
            await publish(bus, *range(4))
            before = await take(deliveries, 3)
            await before[0].acknowledge()
            await asyncio.sleep(0.2)
            await asyncio.to_thread(server.stop)
            with pytest.raises(BusDown):
                await publish(bus, 99)
            await before[1].acknowledge()  # nobody hears it
            await asyncio.to_thread(server.start)
            await until_taken(bus, 4)
            assert numbers(await take(deliveries, 2)) == [3, 4]
            await before[2].acknowledge()
            await publish(bus, 5)
            assert numbers(await take(deliveries, 1)) == [5]

    asyncio.run(main())


async def until_taken(bus: Bus, number: int) -> None:
    async with asyncio.timeout(WITHIN):
        while True:
            try:
                await publish(bus, number)
            except BusDown:
                await asyncio.sleep(0.1)
            else:
                return


def test_jetstream_knows_a_number_again(nats) -> None:
    """A message that is published twice under one number is delivered once."""

    async def main() -> None:
        async with opened(f"nats://127.0.0.1:{nats.port}") as (bus, deliveries):
            await publish(bus, 1, 1, 2, 1)
            assert numbers(await take(deliveries, 2)) == [1, 2]

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["nats", "redis"])
def test_a_bus_that_is_not_there_says_so(kind, free_port) -> None:
    """Nobody at the address: the error names it and says what to do, with exit code 3."""
    url = f"{kind}://127.0.0.1:{free_port}"

    async def main() -> None:
        async with bus_at(url, "x"):
            pass

    with pytest.raises(Unavailable, match=f"{url}.*start one with") as raised:
        asyncio.run(main())
    assert raised.value.exit_code == 3


def test_an_unknown_bus_says_so() -> None:
    """A URL that names no bus is bad input."""

    async def main() -> None:
        async with bus_at("kafka://x", "x"):
            pass

    with pytest.raises(BadInput, match="known: embedded"):
        asyncio.run(main())


def test_the_embedded_bus_is_none_at_all() -> None:
    """Without a URL messages wait in the integration itself."""

    async def main() -> None:
        async with bus_at("embedded", "x") as bus:
            assert bus is None

    asyncio.run(main())
