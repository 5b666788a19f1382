"""The library `requests` at the partners: its question as one of httpx, the answer and the errors in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from math import isnan
from typing import Any

import httpx

from seatrial.sim.errors import BadInput

__tracebackhide__ = True  # a test that fails shows its own lines and the client's

Timeout = Any
"""As `requests` takes it: seconds for both, a pair for the connection and between two bytes, a Timeout of urllib3."""


def asked(
    adapter: Any,
    request: Any,
    timeout: Timeout,
    answer: Callable[[httpx.Request], Any],
    pause: Callable[[float], object],
) -> Any:
    """Ask for an adapter of `requests`, as often as its policy wants; `answer` asks once, `pause` lets time pass."""
    question = question_of(request, timeout)

    def once() -> Any:
        with answer_of(request) as made:
            return made(answer(question), adapter)

    from seatrial.mocks.guests.requests_retries import repeated

    return repeated(request, adapter.max_retries, once, pause)


def question_of(request: Any, timeout: Timeout) -> httpx.Request:
    """A prepared request of `requests`, for the transport; `timeout` is none where it is not given."""
    body = request.body
    if body is not None and not isinstance(body, bytes | str):
        body = b"".join(body) if not hasattr(body, "read") else body.read()
    question = httpx.Request(request.method, request.url, headers=dict(request.headers), content=body or b"")
    question.extensions["timeout"] = {"read": _patience(timeout)}
    return question


def _patience(timeout: Timeout) -> Any:
    """Seconds between two bytes of an answer; none: for ever. Raises ValueError as urllib3 does."""
    from urllib3 import Timeout as Both

    if isinstance(timeout, tuple):
        if len(timeout) != len(("connect", "read")):
            raise ValueError(f"Invalid timeout {timeout}. Pass a (connect, read) timeout tuple, or a single float.")
        timeout = Both(connect=timeout[0], read=timeout[1])
    elif not isinstance(timeout, Both):
        timeout = Both(connect=timeout, read=timeout)
    given = (timeout.total, getattr(timeout, "_read", None), getattr(timeout, "_connect", None))
    if any(isinstance(each, float) and isnan(each) for each in given):
        raise ValueError("Invalid value NaN (not a number)")  # in life the socket says so
    both = given[:2]  # a connection takes nothing off the total here
    return min((each for each in both if isinstance(each, float | int)), default=None)


@contextmanager
def answer_of(request: Any) -> Iterator[Callable[[httpx.Response, Any], Any]]:
    """Makes the answer for `requests`; within, what httpx would raise becomes what `requests` raises."""
    try:
        from requests import exceptions
        from urllib3 import HTTPResponse
    except ImportError as error:  # pragma: no cover (whoever gets here has it)
        raise BadInput("requests cannot be imported", value=str(error)) from error

    def answer(response: httpx.Response, adapter: Any) -> Any:
        raw = HTTPResponse(
            body=BytesIO(response.read()),  # one that breaks off raises here, as it does for `requests`
            headers=dict(response.headers),
            status=response.status_code,
            reason=response.reason_phrase,
            preload_content=False,
            request_method=request.method,
        )
        made = adapter.build_response(request, raw)
        made.elapsed = response.elapsed
        return made

    try:
        yield answer
    except httpx.ReadTimeout as error:
        raise exceptions.ReadTimeout(str(error), request=request) from None
    except httpx.RemoteProtocolError as error:
        kind = exceptions.ChunkedEncodingError if "received" in str(error) else exceptions.ConnectionError
        raise kind(str(error), request=request) from None
    except httpx.ConnectError as error:
        from seatrial.mocks.guests.requests_retries import Unreached

        raise Unreached(str(error), request=request) from None
    except httpx.TransportError as error:
        raise exceptions.ConnectionError(str(error), request=request) from None
