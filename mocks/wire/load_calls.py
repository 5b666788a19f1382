"""One request of a shopper over HTTP: repeated where no good answer comes, and counted from when it was due.

To be imported by Locust's processes only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import gevent
import msgspec
from locust.contrib.fasthttp import FastHttpSession, ResponseContextManager
from locust.event import EventHook

from seatrial.mocks.wire.load_tally import Counter
from seatrial.sim.envelopes import Refusal, excerpt

PAUSES: Final = (0.1, 0.5, 2.0, 5.0)
"""Real seconds before the second, third ... attempt; after the last one the request has failed."""
_JSON: Final = {"content-type": "application/json", "accept-encoding": "identity"}
_REFUSAL: Final = msgspec.json.Decoder(Refusal)


class Answer(msgspec.Struct, frozen=True, gc=False):
    """How a request ended."""

    body: bytes
    """What was answered."""
    attempts: int
    """How often it was sent."""
    failure: str
    """Why there is no good answer; empty: there is."""


class Caller:
    """Sends requests for all shoppers of a process, each in the greenlet of whoever asks.

    Locust's statistics get one entry for a request, whose response time begins when the request was due.
    """

    def __init__(self, session: FastHttpSession, told: EventHook, counter: Counter, now: Callable[[], float]) -> None:
        self._session = session
        self._told = told
        self._counter = counter
        self._now = now

    def ask(
        self, name: str, method: str, url: str, body: bytes = b"", *, due: float, headers: Mapping[str, str] = _JSON
    ) -> Answer:
        """Ask until there is an answer that another attempt would not change, or the last attempt is over."""
        attempts, headers = 1, dict(headers)
        response = self._send(name, method, url, body, headers)
        failure, may_change = _failure_of(response)
        while may_change and attempts <= len(PAUSES):
            gevent.sleep(PAUSES[attempts - 1])
            attempts += 1
            response = self._send(name, method, url, body, headers)
            failure, may_change = _failure_of(response)
        answer = Answer(response.content or b"", attempts, failure)
        self._tell(name, method, url, answer, due)
        return answer

    def _send(self, name: str, method: str, url: str, body: bytes, headers: dict[str, str]) -> ResponseContextManager:
        return self._session.request(method, url, name, body.decode(), catch_response=True, headers=headers)

    def _tell(self, name: str, method: str, url: str, answer: Answer, due: float) -> None:
        latency = max(0.0, self._now() - due)
        self._counter.answered(name, latency, answer.attempts, answer.failure)
        self._told.fire(
            request_type=method,
            name=name,
            response_time=latency * 1000,
            response_length=len(answer.body),
            exception=Exception(answer.failure) if answer.failure else None,
            context={},
            start_time=due,
            url=url,
        )


def _failure_of(response: ResponseContextManager) -> tuple[str, bool]:
    """Why a response is no good answer (empty: it is one), and whether another attempt may change that."""
    status, error = response.status_code, response.request_meta["exception"]
    if error is None:
        return "", False
    if not 0 < status < 500:
        return (f"status {status}" if status else type(error).__name__), True
    if status < 400:  # a good status, and a body that broke off
        return type(error).__name__, True
    try:
        said = _REFUSAL.decode(response.content or b"").error.code
    except (msgspec.DecodeError, msgspec.ValidationError):
        said = excerpt(response.content or b"")
    return f"status {status} {said}".rstrip(), status in (408, 429)
