"""Libraries that integrations are written with behave in virtual time as in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest
import respx
import stamina
import tenacity

from seatrial.sim.loop import VirtualLoop, run_virtual
from seatrial.sim.waits import pause
from seatrial.sim.wallclock import virtual_wall_clock

URL = "http://erp.example/orders"


def here() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


class Body(httpx.AsyncByteStream):
    """A reply that takes its time."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await pause(here().env, 0.5)
        yield b'{"order": "O-1"}'


class InMemory(httpx.AsyncBaseTransport):
    """A partner that answers after `latency` seconds, unless the read timeout of the request is over before."""

    def __init__(self, latency: float, status: int = 200) -> None:
        self.latency = latency
        self.status = status
        self.calls: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(here().time())
        limit = request.extensions["timeout"]["read"]
        if limit is not None and limit < self.latency:
            await pause(here().env, limit)
            raise httpx.ReadTimeout("no reply in time", request=request)
        await pause(here().env, self.latency)
        return httpx.Response(self.status, stream=Body())


def on_the_wall(main: Callable[[], Awaitable[Any]]) -> Any:
    async def walled() -> Any:
        with virtual_wall_clock(here(), datetime(2011, 12, 1, tzinfo=UTC)):
            return await main()

    return run_virtual(walled())


def test_httpx_waits_on_a_transport_and_keeps_its_timeout() -> None:
    """Calls take their virtual latency, run side by side, time out at their limit and measure virtual `elapsed`."""

    async def main() -> list[object]:
        async with httpx.AsyncClient(transport=InMemory(2.0), timeout=5) as client:
            replies = await asyncio.gather(*[client.post(URL, json={"n": n}) for n in range(10)])
            seen: list[object] = [here().time(), replies[0].json(), replies[9].elapsed.total_seconds()]
            with pytest.raises(httpx.ReadTimeout):
                await client.get(URL, timeout=1.5)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await client.get(URL)
            return [*seen, here().time()]

    assert on_the_wall(main) == [2.5, {"order": "O-1"}, 2.5, 5.0]


def test_respx_side_effects_take_virtual_time() -> None:
    """An async side effect of a respx route waits on the run's clock; errors and retries follow in order."""
    moments: list[float] = []

    async def slow(request: httpx.Request) -> httpx.Response:
        moments.append(here().time())
        await pause(here().env, 3)
        return httpx.Response(503 if len(moments) < 3 else 201, json={"attempt": len(moments)})

    async def main() -> object:
        with respx.mock(assert_all_called=True) as router:
            router.post(URL).mock(side_effect=slow)
            async with httpx.AsyncClient() as client:
                while (reply := await client.post(URL)).status_code == 503:  # noqa: ASYNC110 - a client that polls
                    await asyncio.sleep(1)
                return reply.json()

    assert run_virtual(main()) == {"attempt": 3}
    assert moments == [0, 4, 8]


def attempts_until(
    retrying: Callable[[Callable[[], Awaitable[None]]], Awaitable[object]], error: type[Exception]
) -> Any:
    """Moments at which something that always fails is tried, and when it was given up."""
    moments: list[float] = []

    async def fails() -> None:
        moments.append(here().time())
        raise ConnectionError("reset")

    async def main() -> None:
        with pytest.raises(error):
            await retrying(fails)
        moments.append(here().time())

    on_the_wall(main)
    return moments


def test_tenacity_stops_exactly() -> None:
    """Waits are virtual, and `stop_after_delay` counts virtual seconds: 35 s with waits of 10 s are five attempts."""
    by_delay = tenacity.AsyncRetrying(stop=tenacity.stop_after_delay(35), wait=tenacity.wait_fixed(10))
    assert attempts_until(by_delay, tenacity.RetryError) == [0, 10, 20, 30, 40, 40]
    before = tenacity.AsyncRetrying(stop=tenacity.stop_before_delay(35), wait=tenacity.wait_fixed(10))
    assert attempts_until(before, tenacity.RetryError) == [0, 10, 20, 30, 30]
    by_count = tenacity.AsyncRetrying(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_exponential(min=1))
    assert attempts_until(by_count, tenacity.RetryError) == [0, 1, 3, 7, 7]


def test_stamina_keeps_its_timeout() -> None:
    """stamina's `timeout` counts virtual seconds."""

    def retrying(fails: Callable[[], Awaitable[None]]) -> Awaitable[object]:
        caller = stamina.AsyncRetryingCaller(attempts=None, timeout=35, wait_initial=10, wait_max=10, wait_jitter=0)
        return caller(ConnectionError, fails)

    moments = attempts_until(retrying, ConnectionError)
    assert moments[:3] == [0, 10, 20]
    assert 30 <= moments[-1] <= 40
    assert len(moments) <= 6


def test_httpx_under_tenacity_is_exact() -> None:
    """A retried call: three attempts of 2.5 s and two waits of 4 s."""
    transport = InMemory(2.0, status=503)

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(4), reraise=True)
    async def order(client: httpx.AsyncClient) -> None:
        (await client.post(URL)).raise_for_status()

    async def main() -> float:
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(httpx.HTTPStatusError):
                await order(client)
        return here().time()

    assert on_the_wall(main) == 15.5
    assert transport.calls == [0, 6.5, 13]


def test_anyio_runs_on_the_same_clock() -> None:
    """anyio's sleeps, task groups, cancel scopes, deadlines and events are virtual."""

    async def main() -> list[float]:
        moments: list[float] = []
        with anyio.move_on_after(2) as scope:
            await anyio.sleep(9)
        assert scope.cancelled_caught
        moments.append(here().time())
        with pytest.raises(TimeoutError):
            with anyio.fail_after(3):
                await anyio.sleep_forever()
        moments.append(here().time())
        async with anyio.create_task_group() as group:
            ready = anyio.Event()
            group.start_soon(anyio.sleep, 1)
            group.start_soon(ready.wait)
            await anyio.sleep(4)
            ready.set()
        return [*moments, anyio.current_time()]

    assert run_virtual(main()) == [2, 5, 9]
