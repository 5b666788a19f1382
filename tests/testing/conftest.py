"""A repository of somebody who uses the plugin: an integration that enters orders, and tests of it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import requests

import seatrial.testing.fixtures
import seatrial.testing.transport
from seatrial.mocks.guests import habitat, requests_retries

# The modules above are loaded before any inner session: what one imports anew is forgotten at its end.
LOADED = (httpx, requests, seatrial.testing.fixtures, seatrial.testing.transport, habitat, requests_retries)

SHOP = '''\
"""Enters the storefront's orders into the ERP: with an idempotency key, or without."""

import asyncio

import httpx


async def call(client, path, body, key):
    while True:
        try:
            reply = await client.post(path, json=body, headers={"Idempotency-Key": key} if key else {})
            if reply.status_code < 500:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.2)


async def enter(sea, keyed):
    orders = asyncio.Queue()

    async def hear(hook):
        if hook.event == "order.placed":
            orders.put_nowait(hook.json()["body"]["order"])

    sea.webhooks(hear)
    token = {"Authorization": f"Bearer {sea.token('erp')}"}
    async with httpx.AsyncClient(base_url=sea.url("erp"), headers=token, timeout=2) as client:
        while True:
            order = await orders.get()
            buyer, number = order["customer"], order["order_no"]
            await call(client, "/customers", {name: buyer[name] for name in FIELDS}, "")
            entry = {name: order[name] for name in ("order_no", "channel", "currency", "lines")}
            entry["customer_no"] = buyer["customer_no"]
            await call(client, "/sales-orders", entry, f"enter/{number}" if keyed else "")


FIELDS = ("customer_no", "name", "email", "country")


async def forgetful(sea):
    await enter(sea, keyed=False)


async def careful(sea):
    await enter(sea, keyed=True)


async def dead(sea):
    raise LookupError("no such setting: ERP_URL")
'''


@pytest.fixture
def repository(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A repository with the integration in it."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(shop=SHOP)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


@pytest.fixture
def test_session(repository: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Runs one file of tests in that repository, in this process."""

    def run(text: str, *options: str) -> pytest.RunResult:
        repository.makepyfile(test_orders=text)
        return repository.runpytest_inprocess("-p", "no:cacheprovider", *options)

    return run
