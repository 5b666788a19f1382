"""Laws of the letterbox: a webhook is answered 2xx only when the integration has taken it."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import msgspec
import pytest

from seatrial.mocks.hosting.letterbox import LARGEST, Letterbox, Sender
from seatrial.mocks.hosting.mishaps import Unavailable
from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.warehouse import StockMoved
from seatrial.sim.bus import BusDown
from seatrial.sim.errors import Rejected
from seatrial.sim.notice import Notice
from seatrial.sim.policies.webhooks import PRESETS

pytestmark = pytest.mark.wire
SECRET = "hush"
MOVED = StockMoved("N-1", "north", 1, (Units("A", -2),), "shrunk")
NOTICE = Notice("north-E1", "inventory.adjusted", "north", "N-1", "", 12.5, 1, MOVED)
BODY = msgspec.json.encode(NOTICE)
SENDERS = {"north": Sender("", {"inventory.adjusted": StockMoved}), "south": Sender(SECRET, {})}


def post(asked, receive=None, ready: bool = True):
    """The statuses of some requests (method, path, body, headers), and what was received."""
    taken: list[Notice] = []

    async def take(notice: Notice) -> None:
        if receive is not None:
            await receive(notice)
        taken.append(notice)

    async def main():
        letterbox = Letterbox(SENDERS)
        letterbox.receive = take if ready else None
        async with letterbox.open(0) as port, aiohttp.ClientSession() as session:
            statuses = []
            for method, path, body, headers in asked:
                async with session.request(
                    method, f"http://127.0.0.1:{port}{path}", data=body, headers=headers
                ) as reply:
                    statuses.append(reply.status)
            return statuses

    return asyncio.run(asyncio.wait_for(main(), 30)), taken


def test_a_webhook_arrives_as_its_event_says() -> None:
    """The document has the type that the event names, and the answer is a 2xx."""
    assert post([("POST", "/webhooks/north", BODY, {})]) == ([204], [NOTICE])


def test_what_is_no_webhook_is_refused_and_not_received() -> None:
    """Unknown places, wrong methods, wrong documents, wrong senders and floods each have their status."""
    other = json.dumps({**json.loads(BODY), "partner": "south"}).encode()
    wrong = json.dumps({**json.loads(BODY), "body": {"movement_no": 7}}).encode()
    asked = [
        ("POST", "/", BODY, {}),
        ("POST", "/webhooks/east", BODY, {}),
        ("GET", "/webhooks/north", None, {}),
        ("POST", "/webhooks/north", b"{", {}),
        ("POST", "/webhooks/north", b'"' + b"[" * 100_000, {}),
        ("POST", "/webhooks/north", wrong, {}),
        ("POST", "/webhooks/north", other, {}),
        ("POST", "/webhooks/south", BODY, {}),
        ("POST", "/webhooks/north", b" " * (LARGEST + 1), {}),
    ]
    statuses, taken = post(asked)
    assert statuses == [404, 404, 405, 400, 400, 400, 400, 401, 413]
    assert taken == []


def test_an_event_nobody_declared_is_taken_and_forgotten() -> None:
    """What the partner's kind does not name cannot be read; its sender need not try again."""
    body = json.dumps({**json.loads(BODY), "event": "weather.changed"}).encode()
    assert post([("POST", "/webhooks/north", body, {})]) == ([204], [])


def test_a_signed_webhook_is_taken() -> None:
    """The right signature opens the door."""
    body = json.dumps({**json.loads(BODY), "partner": "south"}).encode()
    assert post([("POST", "/webhooks/south", body, PRESETS["easypost"].sign(SECRET, body))])[0] == [204]


@pytest.mark.parametrize(
    ("error", "status"), [(Rejected("starting", status=503), 503), (BusDown("away"), 503), (RuntimeError("bug"), 500)]
)
def test_what_was_not_taken_is_not_a_2xx(error, status) -> None:
    """An integration that starts, whose bus is away, or that fails leaves the webhook with its sender."""

    async def receive(_: Notice) -> None:
        raise error

    assert post([("POST", "/webhooks/north", BODY, {})], receive) == ([status], [])


def test_health_is_a_2xx_once_the_integration_works() -> None:
    """Before that it is a 503, and webhooks are too."""
    asked = [("GET", "/health", None, {}), ("POST", "/webhooks/north", BODY, {})]
    assert post(asked)[0] == [200, 204]
    assert post(asked, ready=False)[0] == [503, 503]


def test_a_port_that_is_taken_says_so() -> None:
    """The error names the port and says what to do, with exit code 3."""

    async def main() -> None:
        async with Letterbox(SENDERS).open(0) as port:
            with pytest.raises(Unavailable, match=f"{port}.*--port") as raised:
                async with Letterbox(SENDERS).open(port):
                    pass
            assert raised.value.exit_code == 3

    asyncio.run(main())
