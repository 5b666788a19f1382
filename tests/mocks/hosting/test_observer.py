"""Laws of what the integration says of itself: in order, in batches, bounded, and never in the way."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import web

from seatrial.mocks.hosting import observer as module
from seatrial.mocks.hosting.http_client import open_session
from seatrial.mocks.hosting.observer import Happened, Noted, Observer, Told

pytestmark = pytest.mark.wire


class Harness:
    """Takes batches, or refuses them."""

    def __init__(self, refusals: int = 0) -> None:
        self.told: list[Told] = []
        self.refusals = refusals

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=503)
        self.told.append(msgspec.json.decode(body, type=Told))
        return web.Response(status=204)


def with_harness(harness: Harness, work) -> None:
    async def main() -> None:
        runner = web.ServerRunner(web.Server(harness.answer))  # type: ignore[arg-type]
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with open_session() as session:
            await work(Observer(f"http://127.0.0.1:{runner.addresses[0][1]}/", session))
        await runner.cleanup()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_what_is_said_is_told_in_order_and_once() -> None:
    """Notes and events come in few batches, in their order; one that is refused is told again."""
    harness = Harness(refusals=1)

    async def work(observer: Observer) -> None:
        running = asyncio.create_task(observer.run())
        for number in range(300):
            observer.note("retry", f"{number}", detail="x")
        observer.event("order.captured", "SF-1", "SF-1")
        while not harness.told:  # noqa: ASYNC110 (what the socket brings, no event tells)
            await asyncio.sleep(0.05)
        running.cancel()
        observer.note("last")
        await observer.flush()

    with_harness(harness, work)
    notes = [note for told in harness.told for note in told.notes]
    assert [note.key for note in notes[:300]] == [f"{number}" for number in range(300)]
    assert notes[300] == Noted("last")
    assert [event for told in harness.told for event in told.events] == [Happened("order.captured", "SF-1", "SF-1")]
    assert len(harness.told) == 2


def test_what_is_too_much_is_let_go_and_counted(monkeypatch) -> None:
    """The oldest go first, and the harness hears how many."""
    monkeypatch.setattr(module, "MOST", 10)
    harness = Harness()

    async def work(observer: Observer) -> None:
        for number in range(25):
            observer.note("retry", f"{number}")
        await observer.flush()

    with_harness(harness, work)
    (told,) = harness.told
    assert [note.key for note in told.notes] == [*(f"{number}" for number in range(15, 25)), ""]
    assert told.notes[-1] == Noted("notes_lost", quantity=15)


def test_without_an_observer_nothing_is_kept() -> None:
    """No URL: nothing is told, and nothing waits."""

    async def main() -> None:
        async with open_session() as session:
            observer = Observer("", session)
            observer.note("retry")
            await observer.run()
            await observer.flush()

    asyncio.run(main())
