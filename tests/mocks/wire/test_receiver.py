"""Webhooks on a real socket: signed as the vendors sign, numbered, tried again by the schedule, and given up."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import aiohttp
import msgspec
import pytest
from letterbox import EVENT, Letter, Told, Town, town

from seatrial.mocks.hosting.signatures import is_genuine
from seatrial.sim.latency import Constant
from seatrial.sim.policies.webhooks import PRESETS, Webhooks
from seatrial.sim.quantities import Seconds

pytestmark = pytest.mark.wire
TRIP = Constant(Seconds(0.02))
SIGNING = ("shopify", "woocommerce", "easypost", "shipbob")
SECOND = 100.0
"""Business seconds in a real one."""
LATE = 0.6 * SECOND
"""A busy machine is late by so much, and never early."""


def played(policy: Webhooks, part: Callable[[Town], Coroutine[Any, Any, None]], pace: float = SECOND) -> None:
    """Have a part of a test play with a partner of this policy."""

    async def whole() -> None:
        async with town(msgspec.structs.replace(policy, latency=TRIP), pace=pace) as made:
            await asyncio.wait_for(part(made), 30)

    asyncio.run(whole())


def proof_of(name: str, secret: str, letter: Letter) -> tuple[str, str]:
    """Header and value of the signature by the vendor's own rules, written down once more."""
    digest = hmac.new(secret.encode(), letter.body, hashlib.sha256)
    match name:
        case "easypost":
            return "x-hmac-signature", f"hmac-sha256-hex={digest.hexdigest()}"
        case "shipbob":
            signed = f"{letter.headers['webhook-id']}.{letter.headers['webhook-timestamp']}.".encode() + letter.body
            key = b64decode(secret.removeprefix("whsec_"))
            return "webhook-signature", "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        case _:
            header = {"shopify": "x-shopify-hmac-sha256", "woocommerce": "x-wc-webhook-signature"}[name]
            return header, b64encode(digest.digest()).decode()


@pytest.mark.parametrize("name", SIGNING)
def test_a_signature_proves_what_arrived(name: str) -> None:
    """Over the bytes on the wire, with the secret that the environment hands over; another secret proves nothing."""

    async def part(made: Town) -> None:
        made.tell(body=Told("Grüße, £5"))
        (letter,) = await made.letters(1)
        (berth,) = made.waterfront.berths()
        header, proof = proof_of(name, berth.webhook_secret, letter)
        assert letter.headers[header] == proof
        assert is_genuine(berth.webhook_secret, letter.body, letter.headers)
        assert not is_genuine(b64encode(b"another secret").decode(), letter.body, letter.headers)

    played(PRESETS[name], part)


def test_the_standard_rules_sign_the_time_of_the_run() -> None:
    """The timestamp is the partner's clock at this delivery, in seconds since 1970."""

    async def part(made: Town) -> None:
        at = made.tell()
        (letter,) = await made.letters(1)
        start = datetime(2011, 12, 1, 8, tzinfo=UTC).timestamp()
        assert -1 <= int(letter.headers["webhook-timestamp"]) - (start + at) <= LATE

    played(PRESETS["shipbob"], part)


def test_what_is_sent_is_the_notice_at_the_subscribed_address() -> None:
    """JSON of the event with its number, to the path of this partner, unsigned where the policy does not sign."""

    async def part(made: Town) -> None:
        made.tell("MP-7", Told("packed"))
        (letter,) = await made.letters(1)
        said = letter.notice
        assert (letter.path, letter.headers["content-type"]) == ("/webhooks/erp", "application/json")
        assert (said["notice_no"], said["event"], said["partner"], said["sequence"]) == ("erp-E1", EVENT, "erp", 1)
        assert (said["key"], said["order_no"], said["body"]) == ("MP-7", "MP-7", {"text": "packed"})
        assert not [name for name in letter.headers if "signature" in name or "hmac" in name]

    played(Webhooks(), part)


@pytest.mark.parametrize(("name", "header"), [("shopify", "x-shopify-event-id"), ("shipbob", "webhook-id")])
def test_every_delivery_of_an_event_has_its_number(name: str, header: str) -> None:
    """The header to de-duplicate by is the same on every attempt, and another for another event."""

    async def part(made: Town) -> None:
        made.box.answer = lambda number: 500 if number == 1 else 200
        made.tell()
        await made.letters(2)
        made.tell()
        letters = await made.letters(3)
        assert [letter.headers[header] for letter in letters] == ["erp-E1", "erp-E1", "erp-E2"]

    played(msgspec.structs.replace(PRESETS[name], retries=(Seconds(10),)), part)


@pytest.mark.parametrize("status", [500, 301, 404], ids=["error", "redirect", "not found"])
def test_whoever_does_not_say_2xx_is_told_again_by_the_schedule(status: int) -> None:
    """Each pause is the policy's, in business time; what is refused to the end is given up, in so many words."""
    retries = (Seconds(20), Seconds(40), Seconds(80))

    async def part(made: Town) -> None:
        made.box.answer = lambda number: status
        made.tell()
        letters = await made.letters(4)
        await made.quiet()
        pauses = [later.at - earlier.at for earlier, later in pairwise(letters)]
        assert len(letters) == 4
        assert all(due <= pause <= due + LATE for due, pause in zip(retries, pauses, strict=True))
        rows = [(row["attempt"], row["outcome"], row["status"]) for row in made.rows()]
        assert rows == [(1, "failed", status), (2, "failed", status), (3, "failed", status), (4, "gave_up", status)]

    played(Webhooks(retries=retries), part)


def test_a_receiver_that_says_nothing_has_the_time_of_the_policy() -> None:
    """The timeout is real time, the pause after it business time; who then answers has taken it."""

    async def part(made: Town) -> None:
        made.box.answer = lambda number: 0 if number == 1 else 204
        made.tell()
        first, second = await made.letters(2)
        await made.quiet()
        assert 0.3 * SECOND + 20 - 2 <= second.at - first.at <= 0.3 * SECOND + 20 + LATE
        assert [(row["attempt"], row["outcome"]) for row in made.rows()] == [(1, "failed"), (2, "ok")]

    played(Webhooks(timeout=Seconds(0.3), retries=(Seconds(20),)), part)


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    """A port without a listener is a failure like any other."""

    async def part(made: Town) -> None:
        made.box.crash(30.0)
        made.box.up = True  # its death has not been noticed
        made.tell()
        await made.letters(1)
        await made.quiet()
        assert [(row["attempt"], row["outcome"], row["status"]) for row in made.rows()] == [
            (1, "failed", 0),
            (2, "ok", 200),
        ]

    played(Webhooks(retries=(Seconds(90),)), part)


@pytest.mark.parametrize(("payload", "last"), [("original", "new"), ("fresh", "packed")])
def test_a_retry_carries_what_the_policy_says(payload: str, last: str) -> None:
    """The document as it was at the event, or as it is by then; the number of the event stays."""

    async def part(made: Town) -> None:
        state = ["new"]
        made.box.answer = lambda number: 500 if number == 1 else 200
        made.tell(body=lambda: Told(state[0]))
        await made.letters(1)
        state[0] = "packed"
        letters = await made.letters(2)
        assert [letter.notice["body"]["text"] for letter in letters] == ["new", last]
        assert {letter.notice["notice_no"] for letter in letters} == {"erp-E1"}

    played(Webhooks(retries=(Seconds(20),), payload=payload), part)  # type: ignore[arg-type]


async def subscription(made: Town, url: str = "", *, ask: bool = False) -> dict[str, Any]:
    """Subscribe over HTTP, or ask how it stands."""
    (berth,) = made.waterfront.berths()
    async with aiohttp.ClientSession() as session:
        place = f"{berth.url}/subscription"
        asked = session.get(place) if ask else session.post(place, json={"url": url} if url else {})
        async with asked as reply:
            assert reply.status == 200
            told: dict[str, Any] = await reply.json()
            return told


def test_a_disabled_subscription_sends_what_it_has_begun_and_nothing_new() -> None:
    """After so many events given up in a row it is off until somebody subscribes again, who is told what was lost."""

    async def part(made: Town) -> None:
        made.box.answer = lambda number: 500
        made.tell("A")
        made.tell("B")
        await made.letters(4)
        await made.quiet()
        assert await subscription(made, ask=True) == {"active": False, "lost": 2}
        made.box.answer = lambda number: 200
        made.tell("C")
        assert await subscription(made) == {"active": True, "lost": 3}
        made.tell("D")
        letters = await made.letters(5)
        await made.quiet()
        assert sorted(letter.notice["key"] for letter in letters) == ["A", "A", "B", "B", "D"]
        assert await subscription(made, ask=True) == {"active": True, "lost": 0}

    played(Webhooks(retries=(Seconds(20),), disable_after=2), part)


def test_a_deleted_subscription_takes_its_retries_with_it() -> None:
    """What waited for another attempt never comes."""

    async def part(made: Town) -> None:
        made.box.answer = lambda number: 500
        made.tell("A")
        await made.letters(1)
        made.tell("B")
        await made.letters(3)  # A, B, and A for the last time
        await made.quiet()
        await asyncio.sleep(1.0)
        assert [letter.notice["key"] for letter in made.box.letters] == ["A", "B", "A"]
        assert await subscription(made, ask=True) == {"active": False, "lost": 2}

    played(Webhooks(retries=(Seconds(60),), delete_after=1), part)


def test_a_subscription_can_be_moved() -> None:
    """Whoever subscribes with another address gets everything there from then on, retries too."""

    async def part(made: Town) -> None:
        made.box.answer = lambda number: 500 if number == 1 else 200
        made.tell("A")
        await made.letters(1)
        await subscription(made, f"http://127.0.0.1:{made.box.port}/moved")
        letters = await made.letters(2)
        assert [letter.path for letter in letters] == ["/webhooks/erp", "/moved"]

    played(Webhooks(retries=(Seconds(60),)), part)
