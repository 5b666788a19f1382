"""An ASGI app that is called in memory: its life and its requests, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from seatrial.mocks.guests.sea import Webhook

Message = MutableMapping[str, Any]
_VERSION: Final = {"version": "3.0", "spec_version": "2.4"}
_LOWEST: Final = 100
_HIGHEST: Final = 599
_PLAIN: Final = (str, bytes, int, float, tuple, list, dict)  # others show an address, another one in each process
_SHOWN: Final = 80


async def post(
    app: Callable[..., Any], webhook: Webhook, state: Mapping[str, Any], answered: asyncio.Future[int]
) -> None:
    """Post a webhook to an app, and let it run to its end; `answered` is its status, once its answer is complete.

    `state` is what its lifespan keeps for every request. An answer that cannot be one is a ValueError in the app.
    """
    status = 0
    waiting: list[Message] = [{"type": "http.request", "body": webhook.body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.shield(answered)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            if wrong := unfit(status):
                raise ValueError(wrong)
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            if not status:
                raise ValueError("an answer begins with http.response.start")
            if not answered.done():
                answered.set_result(int(status))

    await app(_scope(webhook, state), receive, send)


def unfit(status: object) -> str:
    """Why this cannot be the status of an answer; empty: it can."""
    if isinstance(status, int) and not isinstance(status, bool) and _LOWEST <= status <= _HIGHEST:
        return ""
    shown = repr(status)[:_SHOWN] if isinstance(status, _PLAIN) else f"a thing of type {type(status).__qualname__}"
    return f"it answered {shown}: a status is a number from {_LOWEST} to {_HIGHEST}"


async def live(app: Callable[..., Any], ready: asyncio.Future[dict[str, Any]]) -> None:
    """The lifespan of an app: it starts, `ready` is set to its state, and it lives until this is cancelled.

    An app that knows no lifespan is ready at once; one that fails to start has its error in `ready`.
    """

    async def receive() -> Message:
        if not ready.done() and not asked:
            asked.append(True)
            return {"type": "lifespan.startup"}
        await asyncio.get_running_loop().create_future()  # a process that is killed is not told
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            _set(ready, state)
        elif message["type"] == "lifespan.startup.failed":
            failed.append(RuntimeError(f"the app did not start: {message.get('message', '')}"))

    asked: list[bool] = []
    failed: list[Exception] = []
    state: dict[str, Any] = {}
    scope = {"type": "lifespan", "asgi": _VERSION, "state": state}
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 (one that raises before it says so knows no lifespan)
        failed = [error] if failed else []
    finally:
        _set(ready, failed[0] if failed else state)


def _set(ready: asyncio.Future[dict[str, Any]], state: dict[str, Any] | Exception) -> None:
    if ready.done():
        return
    if isinstance(state, Exception):
        ready.set_exception(state)
    else:
        ready.set_result(state)


def _scope(webhook: Webhook, state: Mapping[str, Any]) -> dict[str, Any]:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in webhook.headers.items()]
    return {
        "type": "http",
        "asgi": _VERSION,
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": webhook.path,
        "raw_path": webhook.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("integration.seatrial", 80),
        "state": dict(state),
    }
