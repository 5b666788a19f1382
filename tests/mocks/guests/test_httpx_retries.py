"""What httpx repeats by itself: connections that were refused, as often as its transport was told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from seatrial.mocks.guests.sea import Sea
from seatrial.testing.partner import PartnerAtHand
from seatrial.testing.partners import Partners
from seatrial.voyage import Run

MESSAGE = {"message_no": "MP-1/shipped", "order_no": "MP-1", "audience": "customer", "subject": "shipped"}


def ask(url: str, retries: int) -> int:
    with httpx.Client(transport=httpx.HTTPTransport(retries=retries)) as client:
        return client.post(url, json=MESSAGE).status_code


async def ask_async(url: str, retries: int) -> int:
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=retries)) as client:
        return (await client.post(url, json=MESSAGE)).status_code


def ask_in_a_loop(url: str, retries: int) -> int:
    return asyncio.run(ask_async(url, retries))


@pytest.mark.parametrize("client", [ask, ask_in_a_loop])
def test_a_refused_connection_is_tried_again_after_its_pauses(
    client: Callable[[str, int], int], desk: PartnerAtHand, partners: Partners
) -> None:
    """Three retries wait 0, 0.5 and 1 s, on the partners' clock."""
    with desk.fault("refuse", at="notify", first=3) as refused:
        assert client(f"{desk.url}/messages", 3) == 200
    assert refused.struck == 3
    assert partners.now == pytest.approx(1.5, abs=0.2)


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3)])
def test_what_is_exhausted_is_raised(retries: int, attempts: int, desk: PartnerAtHand) -> None:
    """After the last attempt the client sees what it saw."""
    with desk.fault("refuse", at="notify") as refused, pytest.raises(httpx.ConnectError):
        ask(f"{desk.url}/messages", retries)
    assert refused.struck == attempts


def test_only_connections_are_tried_again(desk: PartnerAtHand) -> None:
    """A request that may have arrived is not repeated."""
    with desk.fault("lost_reply", at="notify") as lost, pytest.raises(httpx.ReadTimeout):
        ask(f"{desk.url}/messages", 3)
    assert lost.struck == 1


@pytest.mark.parametrize("is_async", [True, False])
def test_a_guest_waits_in_virtual_time(is_async: bool, sail: Callable[..., Run]) -> None:
    """In a run the pauses are virtual, for clients made within it."""
    seen: list[Any] = []

    async def main(sea: Sea) -> None:
        seen.append(await ask_async(f"{sea.url('desk')}/messages", 3))
        seen.append(asyncio.get_running_loop().time())

    def blocking(sea: Sea) -> None:
        seen.append(ask(f"{sea.url('desk')}/messages", 3))
        seen.append(1.5)

    refusing = "[{fault: refuse, at: desk, first: 3}]"
    sail(main if is_async else blocking, {"faults": refusing})
    assert seen[0] == 200
    assert seen[1] == pytest.approx(1.5, abs=0.2)
