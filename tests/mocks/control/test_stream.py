"""Laws of the stream: everybody hears of everything in time, and nobody who is slow holds up the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from seatrial.mocks.control import stream as stream_module
from seatrial.mocks.control.stream import MOST


class Watcher:
    """A browser that watches: reads as fast as it is let, until it goes."""

    def __init__(self, scene: Any) -> None:
        self.head: dict[str, Any] = {}
        self.text = ""
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        scope = scene.scope("GET", "/api/events", f"token={scene.room.token}", {})
        self.task = asyncio.create_task(scene.room(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.head = message
        self.text += message.get("body", b"").decode()

    def heard(self, event: str) -> list[Any]:
        """The data of every event of a name so far."""
        blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in self.text.split("\n\n") if block]
        return [json.loads(each["data"]) for each in blocks if each.get("event") == event]

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():  # noqa: ASYNC110 (what it waits for is anything at all)
            await asyncio.sleep(0.01)


def test_a_watcher_is_told_everything_from_the_start(played: Callable) -> None:
    """How to come back, the trends, the state, the last calls; then states and calls as they come, numbered."""

    async def part(scene) -> None:
        scene.world.evidence.call("erp", "find", "", "K0", "", 1, "ok", 200, 0.1, "")
        scene.room.begin()
        watcher = Watcher(scene)
        await watcher.until(lambda: watcher.heard("calls"))
        assert watcher.text.startswith("retry: ")
        assert [each["key"] for each in watcher.heard("calls")[0]] == ["K0"]
        assert watcher.heard("trends")
        assert dict(watcher.head["headers"])[b"content-type"].startswith(b"text/event-stream")
        scene.world.evidence.call("erp", "find", "", "K1", "", 1, "ok", 200, 0.1, "")
        await watcher.until(lambda: len(watcher.heard("state")) >= 2 and len(watcher.heard("calls")) >= 2)
        assert [each["key"] for each in watcher.heard("calls")[1]] == ["K1"]
        numbers = [int(line[4:]) for line in watcher.text.split("\n") if line.startswith("id: ")]
        assert numbers == sorted(set(numbers))
        watcher.gone.set()
        await watcher.task

    played(part)


def test_what_others_wrote_cannot_forge_an_event(played: Callable) -> None:
    """Line breaks in a key stay inside the JSON of one event."""

    async def part(scene) -> None:
        key = "K\n\nevent: state\ndata: {}\r\n"
        scene.world.evidence.call("erp", "find", "", key, "", 1, "ok", 200, 0.1, "")
        watcher = Watcher(scene)
        await watcher.until(lambda: watcher.heard("calls"))
        assert watcher.heard("calls")[0][0]["key"] == key
        assert len(watcher.heard("state")) == 1
        watcher.gone.set()
        await watcher.task

    played(part)


def test_a_slow_watcher_holds_up_nobody(played: Callable) -> None:
    """What it misses is left out: it gets the newest state and the last calls, and the others get all of them."""

    async def part(scene) -> None:
        slow, quick = Watcher(scene), Watcher(scene)
        await quick.until(lambda: slow.heard("calls") and quick.heard("calls"))
        slow.reads.clear()
        for number in range(400):
            scene.world.evidence.call("erp", "find", "", f"K{number}", "", 1, "ok", 200, 0.1, "")
            if number % 20 == 19:
                scene.room._publish(scene.room.look())
                await asyncio.sleep(0)
        await quick.until(lambda: sum(map(len, quick.heard("calls"))) == 400)
        slow.reads.set()
        await slow.until(lambda: sum(map(len, slow.heard("calls"))) >= 100)
        keys = [each["key"] for calls in slow.heard("calls") for each in calls]
        assert keys[-1] == "K399"
        assert len(keys) <= 200
        assert len(slow.heard("state")) <= 4
        for each in (slow, quick):
            each.gone.set()
            await each.task

    played(part)


def test_a_watcher_that_takes_nothing_is_given_up(played: Callable, monkeypatch) -> None:
    """Its place is free again, although it never left."""
    monkeypatch.setattr(stream_module, "_PATIENCE", 0.05)

    async def part(scene) -> None:
        stuck = Watcher(scene)
        await stuck.until(lambda: stuck.heard("calls"))
        stuck.reads.clear()
        scene.room._publish(scene.room.look())
        async with asyncio.timeout(5):
            await stuck.task
        assert len(scene.room._broadcast) == 0

    played(part)


def test_there_are_so_many_places_and_each_is_given_back(played: Callable) -> None:
    """One watcher more than there are places is sent away with 503 and a time to wait; who leaves makes room."""

    async def part(scene) -> None:
        watchers = [Watcher(scene) for _ in range(MOST)]
        await watchers[-1].until(lambda: all(each.heard("calls") for each in watchers))
        refused = await scene.ask("GET", "/api/events")
        assert (refused.status, refused.code) == (503, "too_many_watchers")
        watchers[0].gone.set()
        await watchers[0].task
        late = Watcher(scene)
        await late.until(lambda: late.heard("calls"))
        for each in (*watchers[1:], late):
            each.gone.set()
            await each.task

    played(part)


def test_the_end_of_the_room_ends_every_stream(played: Callable) -> None:
    """Nobody waits for a stream that says nothing more, and the last that it says is that."""

    async def part(scene) -> None:
        scene.room.begin()
        watcher = Watcher(scene)
        await watcher.until(lambda: watcher.heard("state"))
        await scene.room.end()
        async with asyncio.timeout(5):
            await watcher.task
        assert watcher.heard("end") == [{}]

    played(part)
