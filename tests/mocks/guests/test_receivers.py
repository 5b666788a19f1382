"""Who takes webhooks: when it has answered, what is no answer, and who is told of what went wrong."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from seatrial.mocks.guests.sea import Sea, Webhook
from seatrial.voyage import Run

Sail = Callable[..., Run]


class Stop(BaseException):
    """No ordinary error."""


def taken_by(sail: Sail, receiver: Callable[..., Any], **settings: str) -> Run:
    """A run in which webhooks are brought to this."""

    async def main(sea: Sea) -> None:
        sea.webhooks(receiver)

    return sail(main, settings=settings)


def statuses(run: Run) -> set[int]:
    """What the senders of orders were answered at the first time."""
    return set(run.evidence.filter(kind="webhook", operation="order.placed", attempt=1)["status"])


def answering(status: Any = 200, *, then: Callable[[], Any] | None = None) -> Callable[..., Any]:
    """An app that answers with a status, and does something after it."""

    async def app(scope: Any, _: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            if then is not None:
                await then()

    return app


def test_an_app_has_answered_when_its_answer_is_complete(sail: Sail) -> None:
    """What it does after that keeps no sender waiting, and is done all the same."""
    done: list[float] = []

    async def work() -> None:
        await asyncio.sleep(12)
        done.append(time.monotonic())

    async def hear(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok", background=BackgroundTask(work))

    run = taken_by(sail, Starlette(routes=[Route("/webhooks/{partner}", hear, methods=["POST"])]))
    told = run.evidence.filter(kind="webhook", operation="order.placed")
    assert (statuses(run), run.mishaps) == ({200}, ())
    assert len(done) == told.height > 3


def test_what_an_app_raises_after_its_answer_is_told(sail: Sail) -> None:
    """Its sender has the 200 already."""

    async def fail() -> None:
        await asyncio.sleep(1)
        raise LookupError("no such order")

    run = taken_by(sail, answering(then=fail))
    assert statuses(run) == {200}
    assert {each.error for each in run.mishaps} == {"LookupError('no such order')"}
    assert all("test_receivers.py:" in each.place for each in run.mishaps)


def test_what_an_app_does_after_its_answer_ends_with_its_life(sail: Sail) -> None:
    """A crash ends it where it is, without a word: that was no fault of its own."""
    ended: list[float] = []

    async def work() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            ended.append(time.monotonic())

    async def main(sea: Sea) -> None:
        sea.webhooks(answering(then=work))
        await asyncio.sleep(8)
        async with httpx.AsyncClient() as client:
            await client.get(sea.url("b2b") + "/batches/next")

    crash = "[{fault: integration_crash, at: b2b.fetch_batch, times: 1, with: {down_for: 1 s}}]"
    run = sail(main, settings={"faults": crash})
    crashed = run.evidence.filter(kind="note", operation="crash")["time"].to_list()
    assert (run.failure, run.mishaps, len(crashed)) == ("", (), 1)
    assert ended[0] == ended[1] == pytest.approx(crashed[0] / 1_000_000)


@pytest.mark.parametrize("status", ["200 OK", 40_000, 99, True, None, pytest.param(10**400, id="huge")])
def test_an_answer_without_a_status_is_a_500(sail: Sail, status: Any) -> None:
    """It is told, with what was there in its place and the line that sent it."""
    run = taken_by(sail, answering(status))
    assert statuses(run) == {500}
    assert run.mishaps
    assert all("a status is a number from 100 to 599" in each.error for each in run.mishaps)
    assert all("test_receivers.py:" in each.place for each in run.mishaps)


async def _says_nothing(*_: Any) -> None:
    return


async def _says_half(scope: Any, _: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


@pytest.mark.parametrize("saying", [_says_nothing, _says_half])
def test_an_app_that_ends_without_an_answer_is_told(sail: Sail, saying: Callable[..., Any]) -> None:
    """Its sender gets a 500, also where half an answer was there."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await saying(scope, receive, send)

    run = taken_by(sail, app)
    assert statuses(run) == {500}
    assert {each.error for each in run.mishaps} == {"it ended without an answer"}


async def _cancels_itself(_: Webhook) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)


def _stops(_: Webhook) -> None:
    raise Stop("mine")


async def _stops_later(_: Webhook) -> None:
    await asyncio.sleep(1)
    raise Stop("mine")


async def _stops_app(scope: Any, _receive: Any, _send: Any) -> None:
    if scope["type"] == "http":
        raise Stop("mine")


async def _exits_app(scope: Any, _receive: Any, _send: Any) -> None:
    if scope["type"] == "http":
        sys.exit(0)


@pytest.mark.parametrize(
    ("receiver", "error"),
    [
        (_cancels_itself, "CancelledError()"),
        (_stops, "Stop('mine')"),
        (_stops_later, "Stop('mine')"),
        (_stops_app, "Stop('mine')"),
        (_exits_app, "Exited('sys.exit(0)')"),
    ],
)
def test_whatever_a_receiver_raises_is_told(sail: Sail, receiver: Callable[..., Any], error: str) -> None:
    """Also what is no ordinary error: its sender gets a 500, and the run goes on."""
    run = taken_by(sail, receiver)
    assert (run.failure, statuses(run)) == ("", {500})
    assert {each.error for each in run.mishaps} == {error}
    assert all("test_receivers.py:" in each.place for each in run.mishaps)


@pytest.mark.parametrize(
    "given", ["500 Oh", (200, "ok"), 2.5, 40_000, -40_000, 7, True, pytest.param(10**400, id="huge"), object()]
)
def test_a_function_that_gives_no_status_is_told(sail: Sail, given: Any) -> None:
    """Nothing and a status are answers; anything else is a 500, told with what it was, and the run goes on."""
    run = taken_by(sail, lambda _: given)
    assert statuses(run) == {500}
    shown = "a thing of type object" if type(given) is object else repr(given)[:80]
    assert {each.error for each in run.mishaps} == {f"it answered {shown}: a status is a number from 100 to 599"}


def _generator(_: Webhook) -> Iterator[int]:
    yield 204


async def _async_generator(_: Webhook) -> AsyncIterator[int]:
    yield 204


class _Generator:
    def __call__(self, _: Webhook) -> Iterator[int]:
        yield 204


@pytest.mark.parametrize(
    "receiver", [_generator, _async_generator, _Generator(), lambda: None, lambda _, more: more, "an app"]
)
def test_who_can_take_no_webhook_is_refused(sail: Sail, receiver: Any) -> None:
    """A generator would be answered and never run; others cannot be called: it is said where it was named."""
    failure = taken_by(sail, receiver).failure
    assert failure.startswith("BadInput(")
    assert "webhooks" in failure
    assert "test_receivers.py:" in failure


@pytest.mark.parametrize("receiver", [lambda hook, more=1: None, lambda *_: None, asyncio.Queue().put_nowait])
def test_a_receiver_may_take_more_than_it_needs(sail: Sail, receiver: Callable[..., Any]) -> None:
    """Defaults, open signatures and methods are no obstacle."""
    run = taken_by(sail, receiver)
    assert (run.failure, run.mishaps, statuses(run)) == ("", (), {200})
